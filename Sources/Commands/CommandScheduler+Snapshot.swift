package import Model

/// A scheduler's commands as bytes. Live commands carry their own form and policy, so that they go
/// on as they were begun even if the configuration has changed since.
extension CommandScheduler {
    /// Written as the first byte; a snapshot that starts otherwise is not ours.
    private static let snapshotVersion: UInt8 = 2

    /// Writes all live commands with their own form and policy, those that ended last, the keys
    /// that are known and the last lease.
    package func snapshot(into writer: inout ByteWriter) {
        writer.byte(CommandScheduler.snapshotVersion)
        writer.unsigned(nextSerial)
        writer.unsigned(nextRun)
        writer.unsigned(fence)
        let queued = lanes.flatMap(\.queue)
        let kept = commands.indices.filter { commands[$0].life.state.isFinal }
        writer.list((queued + kept).map { commands[$0] }) { $0.command($1) }
        writer.list(finished.records) { $0.record($1) }
        writer.list(Array(keys.entries)) { writer, entry in
            writer.fixed(entry.id.value)
            writer.fixed(entry.body.value)
            writer.instant(entry.time)
        }
        writer.list(lanes.indices.filter { lanes[$0].awakeUntil > .distantPast }) {
            $0.unsigned($1)
            $0.instant(lanes[$1].awakeUntil)
        }
    }

    /// Replaces all commands by stored ones. Damaged bytes leave the scheduler as it is. Nothing is
    /// sent until `resume`.
    package mutating func restore(from reader: inout ByteReader, registry: Registry)
        throws(RecordError)
    {
        guard try reader.byte() == CommandScheduler.snapshotVersion else {
            throw .malformed(at: reader.offset - 1)
        }
        let deviceCount = registry.deviceNames.count
        let serial = try reader.unsigned()
        let run = try reader.unsigned()
        let lease = try reader.unsigned()
        let live = try reader.list { reader throws(RecordError) in
            try reader.command(registry)
        }
        let ended = try reader.list { reader throws(RecordError) in
            try reader.record(deviceCount: deviceCount)
        }
        let entries = try reader.list { reader throws(RecordError) in
            KeyRing.Entry(
                id: CommandID(value: try reader.fixed128()),
                body: CommandID(value: try reader.fixed128()), time: try reader.instant())
        }
        let awake = try reader.list { reader throws(RecordError) in
            (device: try reader.count(), until: try reader.instant())
        }
        let busy = live.filter(\.holdsDevice).map(\.device)
        guard Set(live.map(\.id)).count == live.count, Set(busy).count == busy.count,
            Set(entries.map(\.id)).count == entries.count,
            awake.allSatisfy({ $0.device < deviceCount }),
            live.allSatisfy({
                $0.serial > 0 && $0.serial < serial && $0.run < run && $0.isConsistent
            })
        else { throw .malformed(at: reader.offset) }
        replace(live: live, ended: ended, keys: entries, registry: registry)
        for (device, until) in awake {
            lanes[lane(of: Device(index: UInt32(device)), registry)].awakeUntil = until
        }
        nextSerial = serial
        nextRun = run
        fence = lease
    }
}

extension LiveCommand {
    /// Whether the scheduler could have written this; anything else might never end, or trap.
    fileprivate var isConsistent: Bool {
        guard (1...SequenceCompiler.attemptsAllowed.upperBound).contains(policy.maxAttempts),
            attempts <= policy.maxAttempts, policy.initialDelay >= .zero,
            policy.maxDelay >= .zero
        else { return false }
        switch life.state {
        case .blocked, .queued: return !isAwaitingAnswer && deadline == nil
        case .leased: return deadline != nil && preconditions.lease != nil
        case .sent: return isAwaitingAnswer && deadline != nil && attempts > 0
        case .accepted, .executing, .verifying, .backoff:
            return !isAwaitingAnswer && deadline != nil
        case .reconciling, .cancelling: return limit != nil
        case .compensating:
            return hasCompensation && (!isAwaitingAnswer || deadline != nil)
        default: return isKept && life.state.isFinal
        }
    }
}

extension ByteWriter {
    fileprivate mutating func record(_ record: CommandRecord) {
        fixed(record.id.value)
        unsigned(UInt64(record.device.index))
        string(record.name)
        string(record.sequence)
        unsigned(record.step)
        string(record.principal)
        byte(record.priority.rawValue)
        string(record.state.rawValue)
        bool(record.maybeExecuted)
        unsigned(record.attempts)
        instant(record.created)
        instant(record.updated)
        string(record.result)
        optional(record.percent) { $0.unsigned($1) }
        fields(record.output)
    }

    fileprivate mutating func command(_ command: LiveCommand) {
        record(command.record)
        unsigned(command.serial)
        unsigned(command.run)
        for flag in [
            command.isKept, command.isOverdue, command.isAwaitingAnswer, command.isUncertain,
            command.wasUncertain, command.isInterrupted, command.hasPrepared,
            command.preconditions.isHeld, command.preconditions.needsApproval,
        ] {
            bool(flag)
        }
        unsigned(command.tries)
        unsigned(command.met)
        unsigned(command.fence)
        for time in [command.deadline, command.limit, command.expires, command.firstSent] {
            optional(time) { $0.instant($1) }
        }
        optional(command.wish) { $0.byte($1.rawValue) }
        optional(command.inherited) { $0.byte($1.rawValue) }
        optional(command.preconditions.condition) { $0.string($1.text) }
        byte(command.preconditions.onFalse.rawValue)
        optional(command.preconditions.lease) { $0.signed($1.count) }
        form(command.form)
        optional(command.hasCompensation ? command.compensation : nil) {
            $0.string($1.name)
            $0.form($1)
        }
        policy(command.policy)
    }

    private mutating func form(_ form: CommandForm) {
        string(form.method.rawValue)
        list(form.path) { $0.string($1) }
        list(form.query) { $0.string($1) }
        fields(form.parameters)
        list(form.writes) { writer, write in
            writer.unsigned(Int(write.property.index))
            writer.value(write.value)
            writer.double(write.tolerance)
        }
        bool(form.isIdempotent)
        bool(form.isConcurrent)
        optional(form.executionTimeout) { $0.signed($1.count) }
        optional(form.verify) { $0.string($1.text) }
    }

    private mutating func policy(_ policy: RetryPolicy) {
        unsigned(policy.maxAttempts)
        bool(policy.isExponential)
        signed(policy.initialDelay.count)
        signed(policy.maxDelay.count)
        bool(policy.skipsFailures)
        optional(policy.verifyTimeout) { $0.signed($1.count) }
    }

    private mutating func fields(_ fields: [Field]) {
        list(fields) { writer, field in
            writer.string(field.name)
            writer.value(field.value)
        }
    }

    private mutating func optional<Element>(
        _ element: Element?, _ write: (inout ByteWriter, Element) -> Void
    ) {
        bool(element != nil)
        if let element { write(&self, element) }
    }
}

extension ByteReader {
    fileprivate mutating func record(deviceCount: Int) throws(RecordError) -> CommandRecord {
        let id = CommandID(value: try fixed128())
        let device = try count()
        let (name, sequence, step) = (try string(), try string(), try count())
        let principal = try string()
        guard device < deviceCount, let priority = CommandPriority(rawValue: try byte()),
            let state = CommandState(rawValue: try string())
        else { throw .malformed(at: offset) }
        return CommandRecord(
            id: id, device: Device(index: UInt32(device)), name: name, sequence: sequence,
            step: step, principal: principal, priority: priority, state: state,
            maybeExecuted: try bool(), attempts: try count(), created: try instant(),
            updated: try instant(), result: try string(),
            percent: try optional { reader throws(RecordError) in try reader.count() },
            output: try fields())
    }

    fileprivate mutating func command(_ registry: Registry) throws(RecordError) -> LiveCommand {
        let record = try record(deviceCount: registry.deviceNames.count)
        let model = registry.entry(record.device)?.model.map { registry.models[$0] }
        guard let life = CommandLife(state: record.state, maybeExecuted: record.maybeExecuted)
        else { throw .malformed(at: offset) }
        var command = LiveCommand(
            id: record.id, serial: try unsigned(), run: try unsigned(), sequence: record.sequence,
            step: record.step, device: record.device, principal: record.principal,
            priority: record.priority,
            form: CommandForm(
                name: record.name, method: .post, path: [], query: [], parameters: [], writes: []),
            policy: RetryPolicy(maxAttempts: 1), life: life, attempts: record.attempts,
            created: record.created, updated: record.updated, percent: record.percent,
            output: record.output, result: record.result)
        command.isKept = try bool()
        command.isOverdue = try bool()
        command.isAwaitingAnswer = try bool()
        command.isUncertain = try bool()
        command.wasUncertain = try bool()
        command.isInterrupted = try bool()
        command.hasPrepared = try bool()
        command.preconditions.isHeld = try bool()
        command.preconditions.needsApproval = try bool()
        command.tries = try count()
        command.met = try unsigned()
        command.fence = try unsigned()
        command.deadline = try time()
        command.limit = try time()
        command.expires = try time()
        command.firstSent = try time()
        command.wish = try choice { LiveCommand.Wish(rawValue: $0) }
        command.inherited = try choice { CommandPriority(rawValue: $0) }
        command.preconditions.condition = try condition(model, registry)
        guard let onFalse = CommandTerms.Refrain(rawValue: try byte()) else {
            throw .malformed(at: offset)
        }
        command.preconditions.onFalse = onFalse
        command.preconditions.lease = try span()
        command.form = try form(named: record.name, model, registry)
        command.compensation =
            try optional { reader throws(RecordError) in
                try reader.form(named: try reader.string(), model, registry)
            } ?? .none
        command.policy = try policy()
        return command
    }

    private mutating func form(
        named name: String, _ model: DeviceModel?, _ registry: Registry
    ) throws(RecordError) -> CommandForm {
        guard let method = CommandModel.Method(rawValue: try string()) else {
            throw .malformed(at: offset)
        }
        return CommandForm(
            name: name, method: method,
            path: try list { reader throws(RecordError) in try reader.string() },
            query: try list { reader throws(RecordError) in try reader.string() },
            parameters: try fields(),
            writes: try list { reader throws(RecordError) in try reader.write() },
            isIdempotent: try bool(), isConcurrent: try bool(), executionTimeout: try span(),
            verify: try condition(model, registry))
    }

    private mutating func condition(
        _ model: DeviceModel?, _ registry: Registry
    ) throws(RecordError) -> CommandCondition? {
        var diagnostics: [Diagnostic] = []
        return try optional { reader throws(RecordError) in try reader.string() }.map {
            CommandCondition(
                Located($0), model: model, registry: registry, diagnostics: &diagnostics)
        }
    }

    private mutating func write() throws(RecordError) -> PropertyWrite {
        guard let property = UInt16(exactly: try unsigned()), let value = try value() else {
            throw .malformed(at: offset)
        }
        return PropertyWrite(
            property: Property(index: property), value: value, tolerance: try double())
    }

    private mutating func policy() throws(RecordError) -> RetryPolicy {
        RetryPolicy(
            maxAttempts: try count(), isExponential: try bool(),
            initialDelay: Milliseconds(try signed()), maxDelay: Milliseconds(try signed()),
            skipsFailures: try bool(), verifyTimeout: try span())
    }

    private mutating func fields() throws(RecordError) -> [Field] {
        try list { reader throws(RecordError) in
            Field(try reader.string(), try reader.value())
        }
    }

    private mutating func time() throws(RecordError) -> Instant? {
        try optional { reader throws(RecordError) in try reader.instant() }
    }

    private mutating func span() throws(RecordError) -> Milliseconds? {
        try optional { reader throws(RecordError) in Milliseconds(try reader.signed()) }
    }

    private mutating func choice<Element>(
        _ element: (UInt8) -> Element?
    ) throws(RecordError) -> Element? {
        guard try bool() else { return nil }
        guard let element = element(try byte()) else { throw .malformed(at: offset) }
        return element
    }

    private mutating func optional<Element>(
        _ read: (inout ByteReader) throws(RecordError) -> Element
    ) throws(RecordError) -> Element? {
        try bool() ? try read(&self) : nil
    }
}
