package import Model

/// A scheduler's commands as bytes. Live commands carry their own form and policy, so that they go
/// on as they were begun even if the configuration has changed since.
extension CommandScheduler {
    /// Written as the first byte; a snapshot that starts otherwise is not ours.
    private static let snapshotVersion: UInt8 = 1

    /// Writes all live commands with their own form and policy, and those that ended last.
    package func snapshot(into writer: inout ByteWriter) {
        writer.byte(CommandScheduler.snapshotVersion)
        writer.unsigned(nextSerial)
        writer.unsigned(nextRun)
        writer.list(lanes.flatMap(\.queue).compactMap { commands[$0] }) { $0.command($1) }
        writer.list(finished.records) { $0.record($1) }
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
        let live = try reader.list { reader throws(RecordError) in
            try reader.command(deviceCount: deviceCount)
        }
        let ended = try reader.list { reader throws(RecordError) in
            try reader.record(deviceCount: deviceCount)
        }
        let busy = live.filter { $0.life.state.isInFlight }.map(\.device)
        guard Set(live.map(\.id)).count == live.count, Set(busy).count == busy.count,
            live.allSatisfy({ $0.serial < serial && $0.run < run && $0.isConsistent })
        else { throw .malformed(at: reader.offset) }
        replace(live: live, ended: ended)
        nextSerial = serial
        nextRun = run
    }
}

extension LiveCommand {
    /// Whether the scheduler could have written this; anything else might never end, or trap.
    fileprivate var isConsistent: Bool {
        guard SequenceCompiler.attemptsAllowed.contains(policy.maxAttempts),
            attempts <= policy.maxAttempts, policy.initialDelay >= .zero,
            policy.maxDelay >= .zero
        else { return false }
        switch life.state {
        case .queued: return !isAwaitingAnswer
        case .sent: return isAwaitingAnswer && deadline != nil
        case .reconciling: return deadline != nil
        case .verifying, .backoff: return !isAwaitingAnswer && deadline != nil
        default: return false
        }
    }
}

extension ByteWriter {
    fileprivate mutating func id(_ id: CommandID) { fixed(id.value) }

    fileprivate mutating func record(_ record: CommandRecord) {
        id(record.id)
        unsigned(UInt64(record.device.index))
        string(record.name)
        string(record.sequence)
        unsigned(record.step)
        byte(record.state.rawValue)
        unsigned(record.attempts)
        instant(record.created)
        instant(record.updated)
        string(record.result)
    }

    fileprivate mutating func command(_ command: LiveCommand) {
        record(command.record)
        unsigned(command.serial)
        unsigned(command.run)
        bool(command.isCritical)
        bool(command.life.maybeExecuted)
        bool(command.isAwaitingAnswer)
        bool(command.isUncertain)
        unsigned(command.met)
        bool(command.deadline != nil)
        if let deadline = command.deadline { instant(deadline) }
        form(command.form)
        policy(command.policy)
    }

    private mutating func form(_ form: CommandForm) {
        string(form.method.rawValue)
        list(form.path) { $0.string($1) }
        list(form.query) { $0.string($1) }
        list(form.parameters) { writer, field in
            writer.string(field.name)
            writer.value(field.value)
        }
        list(form.writes) { writer, write in
            writer.unsigned(Int(write.property.index))
            writer.value(write.value)
            writer.double(write.tolerance)
        }
    }

    private mutating func policy(_ policy: RetryPolicy) {
        unsigned(policy.maxAttempts)
        bool(policy.isExponential)
        signed(policy.initialDelay.count)
        signed(policy.maxDelay.count)
        bool(policy.skipsFailures)
        bool(policy.verifyTimeout != nil)
        if let timeout = policy.verifyTimeout { signed(timeout.count) }
    }
}

extension ByteReader {
    fileprivate mutating func record(deviceCount: Int) throws(RecordError) -> CommandRecord {
        let id = CommandID(value: try fixed128())
        let device = try count()
        let (name, sequence, step) = (try string(), try string(), try count())
        guard device < deviceCount, let state = CommandState(rawValue: try byte()) else {
            throw .malformed(at: offset)
        }
        return CommandRecord(
            id: id, device: Device(index: UInt32(device)), name: name, sequence: sequence,
            step: step, state: state, attempts: try count(), created: try instant(),
            updated: try instant(), result: try string())
    }

    fileprivate mutating func command(deviceCount: Int) throws(RecordError) -> LiveCommand {
        let record = try record(deviceCount: deviceCount)
        let (serial, run) = (try unsigned(), try unsigned())
        let (isCritical, maybeExecuted) = (try bool(), try bool())
        let (isAwaitingAnswer, isUncertain) = (try bool(), try bool())
        let met = try unsigned()
        let deadline = try bool() ? try instant() : nil
        let form = try form(named: record.name)
        guard !record.state.isFinal,
            let life = CommandLife(state: record.state, maybeExecuted: maybeExecuted)
        else { throw .malformed(at: offset) }
        return LiveCommand(
            id: record.id, serial: serial, run: run, sequence: record.sequence, step: record.step,
            device: record.device, isCritical: isCritical, form: form, policy: try policy(),
            life: life, attempts: record.attempts, created: record.created,
            updated: record.updated, deadline: deadline, isAwaitingAnswer: isAwaitingAnswer,
            isUncertain: isUncertain, met: met, result: record.result)
    }

    private mutating func form(named name: String) throws(RecordError) -> CommandForm {
        guard let method = CommandModel.Method(rawValue: try string()) else {
            throw .malformed(at: offset)
        }
        return CommandForm(
            name: name, method: method,
            path: try list { reader throws(RecordError) in try reader.string() },
            query: try list { reader throws(RecordError) in try reader.string() },
            parameters: try list { reader throws(RecordError) in
                Field(try reader.string(), try reader.value())
            },
            writes: try list { reader throws(RecordError) in try reader.write() })
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
            skipsFailures: try bool(),
            verifyTimeout: try bool() ? Milliseconds(try signed()) : nil)
    }
}
