package import Commands
package import Model
package import Streams
package import Twins

/// START HERE. The deterministic state machine that decides: inputs and the time go in, effects
/// come out, and nothing else is consulted.
///
/// The host's whole loop: gather inputs; `step`; store the inputs together with the effects that
/// `publish` and `audit`; then perform the other effects; sleep until `nextDeadline` or new inputs.
/// A critical `transmit` may be performed before storing. The same inputs at the same times give
/// the same effects bit for bit, which is what makes replaying a journal the same as never having
/// stopped.
package struct Engine: Sendable {
    package let workflow: String
    package internal(set) var registry: Registry
    package internal(set) var twins: TwinTable
    /// What properties were; off until `keepHistory`.
    package internal(set) var history = HistoryTable()
    package internal(set) var commands: CommandScheduler
    package internal(set) var sequences: SequenceTable
    package internal(set) var tally = Tally()
    var streams: StreamProcessor
    var registrations: [Device: Registration] = [:]
    /// Devices that were accepted without being configured, in order of acceptance.
    var accepted: [Device] = []
    /// The sequence of the newest record published, 0 before the first.
    package internal(set) var outboxSequence: UInt64 = 0

    /// Some devices listen only for a while after each message.
    private let hasSleepers: Bool
    private let metrics: [String: [Tally.Metric]]
    /// Streams whose late events are published.
    private let publishesLate: Set<String>
    private let actions: [Plan.PatternName: [Plan.Action]]
    // Scratch, empty between steps; kept so that a step does not allocate.
    private var outputs: [StreamOutput] = []
    var commandEffects: [CommandEffect] = []

    /// Where a device said it listens.
    struct Registration: Hashable, Sendable {
        var address: String
        var expires: Instant
    }

    package init(_ plan: Plan) {
        workflow = plan.workflow
        registry = plan.registry
        hasSleepers = plan.registry.models.contains { $0.awakeWindow != nil }
        twins = plan.twins
        commands = plan.commands
        sequences = plan.sequences
        streams = plan.streams
        actions = plan.actions
        metrics = plan.metrics
        publishesLate = plan.publishesLate
    }

    /// One turn: takes the inputs in order, then lets time reach `now`.
    ///
    /// `now` may not be earlier than in the step before; if it is, it counts as that one's.
    package mutating func step(
        _ inputs: [Input], at now: Instant, into effects: inout [Effect]
    ) {
        for input in inputs {
            switch input {
            case .reading(let reading): receive(reading, at: now, into: &effects)
            case .exchange: break
            case .deviceAccepted(let device): accept(device)
            case .registered(let device, let address, let lifetime):
                let known = registrations[device]?.address
                if lifetime != nil, known != address {
                    twins.linked(device, registry: registry, at: now)
                }
                registrations[device] = lifetime.map {
                    Registration(address: address, expires: now + $0)
                }
                heard(device, at: now, into: &effects)
            case .response(let response): receive(response, at: now, into: &effects)
            case .desired(let write): take(write, at: now, into: &effects)
            case .twin(let order): take(order, at: now, into: &effects)
            case .command(let request):
                _ = commands.submit(
                    request, registry: registry, twins: Reports(twins), at: now,
                    into: &commandEffects)
                perform(at: now, into: &effects)
            case .sequence(let request):
                run(
                    request.name, trigger: "\(request.principal) \(request.key)",
                    principal: request.principal, context: request.context, isCritical: false,
                    at: now)
                perform(at: now, into: &effects)
            case .order(let order):
                if !cancelRun(order, at: now) {
                    commands.decide(
                        order, twins: Reports(twins), at: now, into: &commandEffects)
                }
                perform(at: now, into: &effects)
            }
        }
        streams.advance(to: now, registry: registry, into: &outputs)
        if !outputs.isEmpty { act(at: now, into: &effects) }
        reconcileTwins(at: now, into: &effects)
        if let due = commands.nextDeadline, due <= now {
            commands.advance(
                to: now, registry: registry, twins: Reports(twins), into: &commandEffects)
            perform(at: now, into: &effects)
        }
        if let due = sequences.nextDeadline, due <= now {
            advanceSequences(at: now)
            perform(at: now, into: &effects)
        }
        tellConflicts(at: now, into: &effects)
    }

    /// When `step` must run next even without inputs; nil while nothing is waiting for time.
    package var nextDeadline: Instant? {
        [
            streams.nextDeadline, commands.nextDeadline, sequences.nextDeadline,
            twins.nextDeadline, twins.nextNotification,
        ].compactMap { $0 }.min()
    }

    /// Where to send a device's commands at `now`: what it registered, else what is configured.
    package func address(of device: Device, at now: Instant) -> String? {
        if let registration = registrations[device], registration.expires > now {
            return registration.address
        }
        return registry.entry(device)?.address
    }

    /// Numbers a device name that no configuration has, ahead of its `.deviceAccepted`; nil when
    /// the table is full.
    package mutating func intern(deviceNamed name: String) -> Device? {
        registry.addDeviceName(name)
    }

    /// Numbers a property name; nil when the table is full.
    package mutating func intern(propertyNamed name: String) -> Property? {
        registry.addProperty(name)
    }

    /// From here on keeps a history, whose sealed blocks the host must take after each step. To be
    /// called before anything is restored.
    package mutating func keepHistory(_ limits: HistoryTable.Limits) {
        history = HistoryTable(limits)
    }

    /// The blocks of history that were sealed since the last call.
    package mutating func takeSealedHistory() -> [HistoryTable.SealedBlock] {
        history.takeSealed()
    }

    /// Seals all blocks of history, before a checkpoint that no later turn goes behind.
    package mutating func sealHistory() { history.sealAll() }

    /// After recovery: makes sure that no block's sequence is given twice.
    package mutating func continueHistory(after sequence: UInt64) {
        history.continueSequence(after: sequence)
    }

    /// After recovery under another plan: makes sure that no record's sequence is given twice.
    package mutating func continueOutbox(after sequence: UInt64) {
        outboxSequence = max(outboxSequence, sequence)
    }

    /// Publishes how far the audit has come. The journal does not know of it: replayed, the records
    /// behind it have smaller numbers, and those that are stored stay as they are.
    package mutating func publishAudit(
        at now: Instant, fields: [Field], into effects: inout [Effect]
    ) {
        publish(
            .audit, name: "checkpoint", time: now, start: nil, key: [], fields: fields,
            window: nil, into: &effects)
    }

    package var streamCounters: StreamCounters { streams.counters }

    /// After recovery: sends again, under their own ids, the commands whose answer was lost with
    /// the process.
    package mutating func resume(at now: Instant, into effects: inout [Effect]) {
        commands.resume(at: now, twins: Reports(twins), into: &commandEffects)
        resumeSequences(at: now)
        perform(at: now, into: &effects)
    }

    private mutating func receive(
        _ reading: Reading, at now: Instant, into effects: inout [Effect]
    ) {
        if reading.flags.contains(.decideOnly) {
            streams.accept(reading, registry: registry, at: now, into: &outputs)
            if !outputs.isEmpty { act(at: now, into: &effects) }
            return
        }
        tally.eventsProcessed += 1
        let outcome = twins.report(reading, source: .device, registry: registry, at: now)
        history.note(reading, outcome.effect)
        streams.accept(reading, registry: registry, at: now, into: &outputs)
        if !outputs.isEmpty { act(at: now, into: &effects) }
        if outcome.effect != .late, commands.isConcerned(reading.device) {
            commands.reported(
                reading.device, reading.property, reading.value, registry: registry,
                twins: Reports(twins), at: now, into: &commandEffects)
            perform(at: now, into: &effects)
        }
        if outcome.effect != .late, sequences.isConcerned(reading.device) {
            showSequences(reading.device, at: now)
            perform(at: now, into: &effects)
        }
        if hasSleepers { heard(reading.device, at: now, into: &effects) }
    }

    private mutating func receive(
        _ response: CommandResponse, at now: Instant, into effects: inout [Effect]
    ) {
        if case .accepted = response.outcome, let record = commands.record(response.command) {
            twins.answered(.accepted, to: record.id, of: record.device, at: now)
        }
        if sequences.awaits(response) {
            receivePrepared(response, at: now)
            perform(at: now, into: &effects)
            return
        }
        commands.receive(
            response, registry: registry, twins: Reports(twins), at: now, into: &commandEffects)
        perform(at: now, into: &effects)
        switch response.outcome {
        case .noResponse, .unreachable: break
        default:
            if hasSleepers, let device = commands.record(response.command)?.device {
                heard(device, at: now, into: &effects)
            }
        }
    }

    /// A device that only listens for a while after it has spoken has spoken.
    private mutating func heard(
        _ device: Device, at now: Instant, into effects: inout [Effect]
    ) {
        guard let model = registry.entry(device)?.model,
            let window = registry.models[model].awakeWindow
        else { return }
        commands.setAwake(
            device, until: now + window, registry: registry, twins: Reports(twins), at: now,
            into: &commandEffects)
        perform(at: now, into: &effects)
    }

    private mutating func accept(_ device: Device) {
        guard registry.entry(device) == nil else { return }
        registry.add(Registry.Entry(name: registry.name(of: device)))
        accepted.append(device)
    }

    /// Publishes and acts upon what the streams put out.
    private mutating func act(at now: Instant, into effects: inout [Effect]) {
        for output in outputs {
            switch output {
            case .row(let row):
                // A revised row replaces one that has been counted.
                let isNew = row.revision == 0
                if isNew { tally.note(row, metrics: metrics[row.name] ?? []) }
                publish(
                    .aggregate, name: row.name, time: row.end, start: row.start,
                    key: row.key,
                    fields: row.fields
                        + (isNew ? [] : [Field("revision", .integer(row.revision))]),
                    quality: row.quality, window: row.window, into: &effects)
            case .late(let event):
                guard publishesLate.contains(event.stream) else { continue }
                publish(
                    .aggregate, name: event.stream, time: event.time, start: nil,
                    key: event.device.map {
                        [Field("device_id", .text(registry.name(of: $0)))]
                    } ?? [],
                    fields: event.values, window: "late", into: &effects)
            case .match(let match):
                let isMatch = match.timedOutStep == nil
                publish(
                    .match, name: match.pattern, time: match.time, start: match.since,
                    key: match.key, fields: match.values, window: isMatch ? nil : "timeout",
                    into: &effects)
                guard isMatch else { continue }
                tally.note(match)
                act(on: match, at: now, into: &effects)
            }
        }
        outputs.removeAll(keepingCapacity: true)
        perform(at: now, into: &effects)
    }

    private mutating func act(on match: Match, at now: Instant, into effects: inout [Effect]) {
        let name = Plan.PatternName(stream: match.stream, pattern: match.pattern)
        for action in actions[name] ?? [] {
            switch action {
            case .log(let topic):
                let values = match.values.map { field in
                    "\(field.name)=\(field.value?.description ?? "missing")"
                }
                let device = match.device.map { " device=\(registry.name(of: $0))" } ?? ""
                effects.append(
                    .log(
                        "\(topic): \(match.pattern)\(device) time=\(match.time) "
                            + values.joined(separator: " ")))
            case .updateTwin:
                guard let device = match.device,
                    let property = registry.property(named: match.pattern)
                else { continue }
                let reading = Reading(
                    device: device, property: property, time: match.time,
                    value: .timestamp(match.time))
                let outcome = twins.report(
                    reading, source: .pattern, registry: registry, at: now)
                history.note(reading, outcome.effect)
            case .run(let sequence):
                run(
                    sequence, trigger: match.id, principal: match.pattern,
                    context: match.device, isCritical: match.isCritical, at: now)
            }
        }
    }

    /// Turns what the command scheduler asks for into effects.
    mutating func perform(at now: Instant, into effects: inout [Effect]) {
        guard !commandEffects.isEmpty else { return }
        followCommands(at: now)
        for effect in commandEffects {
            switch effect {
            case .transmit(let transmission):
                if transmission.attempt == 1, transmission.purpose == .execute {
                    tally.commandsIssued += 1
                }
                effects.append(.transmit(transmission))
            case .audit(let entry): effects.append(.audit(entry))
            case .prepared: break
            case .ran(let record): tell(record, into: &effects)
            case .alarm(let alarm): tell(alarm, into: &effects)
            case .line(let line): tell(line, into: &effects)
            case .desire(let device, let property, let value, let command):
                note(command, sets: property, of: device, to: value, at: now)
            case .finished(let record):
                tally.note(record)
                note(record, at: now)
                publish(
                    .command, name: record.name, time: record.updated, start: record.created,
                    key: [Field("device_id", .text(registry.name(of: record.device)))],
                    fields: [
                        Field("command_id", .text(record.id.description)),
                        Field("state", .text(record.state.description)),
                        Field("attempts", .integer(Int64(record.attempts))),
                    ], window: nil, into: &effects)
            }
        }
        commandEffects.removeAll(keepingCapacity: true)
    }

    mutating func publish(
        _ kind: OutboxRecord.Kind, name: String, time: Instant, start: Instant?, key: [Field],
        fields: [Field], quality: [Field] = [], window: String?, into effects: inout [Effect]
    ) {
        outboxSequence += 1
        let record = OutboxRecord(
            sequence: outboxSequence, kind: kind, workflow: workflow,
            name: window.map { "\(name)/\($0)" } ?? name, time: time, start: start, key: key,
            fields: fields, quality: quality)
        effects.append(.publish(record))
    }
}

/// What commands' conditions may know of the twins.
struct Reports: TwinReader {
    let twins: TwinTable

    init(_ twins: TwinTable) { self.twins = twins }

    func reported(_ property: Property, of device: Device) -> TwinReport? {
        twins.twin(of: device)?.properties.first { $0.property == property }?.reported.map {
            TwinReport($0.value, arrived: $0.arrival)
        }
    }
}
