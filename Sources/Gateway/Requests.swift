import CoAP
import Commands
import Config
import Engine
import Loop
import Model
import Wire

/// What people ask of the running gateway that changes something: it becomes an input of the next
/// turn, and is answered when that turn is durable.
extension Gateway {
    /// As the audit knows who sits at the control socket.
    private static let principal = "operator"

    /// The answer, or nil where it comes later.
    func request(_ words: [String]) -> [UInt8]? {
        do throws(Refusal) {
            switch words.first {
            case "twin": try requestTwin(Array(words.dropFirst()))
            case "command": return try requestCommand(Array(words.dropFirst()))
            case "sequence": return try requestSequence(Array(words.dropFirst()))
            default: throw Refusal(.notFound, "not a request", .malformedRequest)
            }
            return nil
        } catch {
            return Document.failure(error.text).json
        }
    }

    /// `set DEVICE PROPERTY VALUE SLOT FOR`, `relinquish DEVICE PROPERTY SLOT`, and
    /// `delete|reassert|accept DEVICE PROPERTY`; `-` stands for what was left out.
    private func requestTwin(_ words: [String]) throws(Refusal) {
        let device = try device(named: words.count > 1 ? words[1] : "")
        switch (words[0], words.count) {
        case ("set", 6):
            try wish(device, words[2], words[3], slot: words[4], span: words[5])
        case ("relinquish", 4): try wish(device, words[2], nil, slot: words[3], span: "-")
        case ("delete", 3), ("reassert", 3), ("accept", 3):
            let decision: TwinOrder.Decision =
                switch words[0] {
                case "delete": .delete
                case "reassert": .reassert
                default: .acceptReported
                }
            let property = words[2] == "-" ? nil : engine.registry.property(named: words[2])
            guard words[2] == "-" || property != nil else {
                throw Refusal(.notFound, "no property '\(words[2])'", .unknownProperty)
            }
            try take(
                .twin(
                    TwinOrder(
                        principal: Gateway.principal, device: device, property: property,
                        decision: decision)), .twin(device))
        default: throw Refusal(.badRequest, "not a request", .malformedRequest)
        }
    }

    private func wish(
        _ device: Device, _ name: String, _ text: String?, slot: String, span: String
    ) throws(Refusal) {
        let property = engine.registry.property(named: name)
        let model = property.flatMap { engine.registry.model(of: $0, on: device) }
        let value = try text.map { text throws(Refusal) in
            try Gateway.value(text, isText: model?.type == .text)
        }
        let (known, accepted) = try desired(name, value, of: device)
        var write = DesiredWrite(
            device, known, accepted, source: .operatorRequest, slot: .manualOperator)
        try terms(
            slot: slot == "-" ? nil : slot, span: span == "-" ? nil : span, of: &write)
        try take(.desired(write), .twin(device))
    }

    /// `send DEVICE NAME PRIORITY TTL KEY name=value…`, `list`, `show ID`, `cancel ID`,
    /// `approve ID`.
    private func requestCommand(_ words: [String]) throws(Refusal) -> [UInt8]? {
        switch (words.first, words.count) {
        case ("list", 1): return Document.array(engine.commands.records.map(document)).json
        case ("show", 2): return document(try command(words[1])).json
        case ("cancel", 2), ("approve", 2):
            let record = try command(words[1])
            let order = CommandOrder(
                principal: Gateway.principal, command: record.id,
                decision: words[0] == "cancel" ? .cancel : .approve)
            try take(.order(order), .order(record))
        case ("send", 6...):
            let request = try commandRequest(words)
            if let refusal = engine.commands.refusal(
                of: request, registry: engine.registry, at: turn.now)
            {
                throw Refusal(.badRequest, refusal.description, .malformedRequest)
            }
            try take(.command(request), .command(request.id))
        default: throw Refusal(.badRequest, "not a request", .malformedRequest)
        }
        return nil
    }

    private func commandRequest(_ words: [String]) throws(Refusal) -> CommandRequest {
        let device = try device(named: words[1])
        let model = engine.registry.entry(device)?.model.flatMap { index in
            engine.registry.models[index].commands.first { $0.name == words[2] }
        }
        var request = CommandRequest(
            principal: Gateway.principal, key: words[5], device: device, name: words[2])
        switch words[3] {
        case "critical": request.priority = .critical
        case "high": request.priority = .high
        case "normal", "-": request.priority = .normal
        case "low": request.priority = .low
        case let other:
            throw Refusal(
                .badRequest, "'\(other)' is none of critical, high, normal, low",
                .malformedRequest)
        }
        if words[4] != "-" {
            guard let span = Milliseconds(words[4]), span > .zero else {
                throw Refusal(
                    .badRequest, "'\(words[4])' is no length of time", .malformedRequest)
            }
            request.timeToLive = span
        }
        for word in words.dropFirst(6) {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else {
                throw Refusal(.badRequest, "'\(word)' is not name=value", .malformedRequest)
            }
            let isText = model?.inputs.first { $0.name == parts[0] }?.type == .text
            request.parameters.append(
                Field(String(parts[0]), try Gateway.value(String(parts[1]), isText: isText)))
        }
        return request
    }

    /// `run NAME DEVICE KEY`, or `rehearse` with the same.
    private func requestSequence(_ words: [String]) throws(Refusal) -> [UInt8]? {
        guard words.count == 4, words[0] == "run" || words[0] == "rehearse" else {
            throw Refusal(.badRequest, "not a request", .malformedRequest)
        }
        let context = words[2] == "-" ? nil : try device(named: words[2])
        if words[0] == "rehearse" {
            guard let rehearsal = engine.rehearse(words[1], context: context, at: turn.now) else {
                throw Refusal(
                    .notFound, "no sequence '\(words[1])' that can be rehearsed",
                    .unknownCommand)
            }
            return document(rehearsal).json
        }
        let request = SequenceRequest(
            principal: Gateway.principal, key: words[3], name: words[1], context: context)
        let known = Set(engine.commands.records.map(\.id))
            .union(engine.sequences.records.map(\.id))
        try take(.sequence(request), .sequence(words[1], known: known))
        return nil
    }

    /// Puts an input into the next turn; its answer is promised.
    private func take(_ input: Input, _ answer: Turn.Answer) throws(Refusal) {
        if let refusal = intakeRefusal(queued: turn.inputs.count) { throw refusal }
        turn.inputs.append(input)
        turn.promises.append(.answer(answer))
    }

    // MARK: Answering

    /// What came of a request, after the step that took it.
    func document(of answer: Turn.Answer) -> Document {
        switch answer {
        case .twin(let device): return engine.twinDocument(of: device) ?? .null
        case .command(let id):
            guard let record = engine.commands.record(id) else {
                return .failure("the command was not taken")
            }
            let ended = document(record)
            return record.state == .rejected
                ? .failure(record.result.isEmpty ? "rejected" : record.result) : ended
        case .order(let before):
            guard let record = engine.commands.record(before.id) else {
                return .failure("the command is gone")
            }
            // What is refused leaves the command as it was.
            let isTaken =
                record.state != before.state || record.updated != before.updated
                || record.result != before.result
            return isTaken
                ? document(record)
                : .failure("a command that is \(record.state) takes no such order")
        case .sequence(let name, let known):
            let records = engine.commands.records.filter { !known.contains($0.id) }
            let runs = engine.sequences.records.filter { !known.contains($0.id) }
            guard !records.isEmpty || !runs.isEmpty else {
                return .failure("nothing began: no sequence '\(name)', or nothing for it to do")
            }
            return .map([
                .init("sequence", .text(name)),
                .init(
                    "runs",
                    .array(
                        runs.map { run in
                            .map([
                                .init("id", .text(run.id.description)),
                                .init("state", .text(run.state.description)),
                                .init("reason", .text(run.reason)),
                            ])
                        })),
                .init("commands", .array(records.map(document))),
            ])
        }
    }

    private func document(_ record: CommandRecord) -> Document {
        .map([
            .init("id", .text(record.id.description)),
            .init("device", .text(engine.registry.name(of: record.device))),
            .init("command", .text(record.name)),
            .init("state", .text(record.state.description)),
            .init("result", .text(record.result)),
            .init("percent", record.percent.map { .integer(Int64($0)) } ?? .null),
            .init("maybe_executed", .boolean(record.maybeExecuted)),
            .init("is_final", .boolean(record.state.isFinal)),
            .init("attempts", .integer(Int64(record.attempts))),
            .init("priority", .text("\(record.priority)")),
            .init("principal", .text(record.principal)),
            .init("sequence", record.sequence.isEmpty ? .null : .text(record.sequence)),
            .init("created", .timestamp(record.created)),
            .init("updated", .timestamp(record.updated)),
            .init("output", Document(record.output)),
        ])
    }

    private func document(_ rehearsal: SequenceRehearsal) -> Document {
        let names = engine.registry
        return .map([
            .init("sequence", .text(rehearsal.sequence)),
            .init("selection", .text(rehearsal.selection)),
            .init("targets", .array(rehearsal.targets.map { .text(names.name(of: $0)) })),
            .init(
                "steps",
                .array(
                    rehearsal.steps.map { step in
                        .map([
                            .init("id", .text(step.id)),
                            .init("device", .text(names.name(of: step.device))),
                            .init("command", .text(step.command)),
                            .init("parameters", Document(step.parameters)),
                            .init("wave", .integer(Int64(step.wave))),
                            .init("would_run", .boolean(step.wouldRun)),
                            .init("compensation", step.compensation.map { .text($0) } ?? .null),
                        ])
                    })),
            .init(
                "conflicts",
                .array(
                    rehearsal.conflicts.map { conflict in
                        .map([
                            .init("step", .text(conflict.step)),
                            .init("device", .text(names.name(of: conflict.device))),
                            .init("property", .text(names.name(of: conflict.property))),
                            .init("other", .text(conflict.other)),
                        ])
                    })),
            .init("messages", .integer(Int64(rehearsal.messages))),
            .init("bytes", .integer(Int64(rehearsal.bytes))),
            .init("airtime_ms", .integer(rehearsal.airtime.count)),
        ])
    }

    private func command(_ digits: String) throws(Refusal) -> CommandRecord {
        guard let id = CommandID(digits: digits), let record = engine.commands.record(id) else {
            throw Refusal(.notFound, "no command '\(digits)'", .unknownCommand)
        }
        return record
    }

    private func device(named name: String) throws(Refusal) -> Device {
        guard let device = engine.registry.device(named: name) else {
            throw Refusal(.notFound, "no device is called '\(name)'", .unknownDevice)
        }
        return device
    }

    /// A value as it stands on a command line: a number, `true`, `false`, or text.
    private static func value(_ text: String, isText: Bool) throws(Refusal) -> Value {
        if isText { return .text(text) }
        var pack = TelemetryPack()
        do throws(WireError) {
            try pack.decode(Array(text.utf8).span, format: .text)
        } catch {
            throw Refusal(.badRequest, "'\(text)': \(error)", .malformedRequest)
        }
        guard let value = pack.records.first?.value else {
            throw Refusal(.badRequest, "'\(text)' is no value", .noValue)
        }
        return value
    }
}
