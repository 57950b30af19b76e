package import Model

/// A table's runs and lines as bytes. What takes a step back is written with the step; all else a
/// run needs is its plan, which must be the same to go on.
extension SequenceTable {
    /// Written as the first byte; a snapshot that starts otherwise is not ours.
    private static let snapshotVersion: UInt8 = 1

    /// Writes the runs under way, those that ended last, and the state of all lines.
    package func snapshot(into writer: inout ByteWriter) {
        writer.byte(SequenceTable.snapshotVersion)
        writer.unsigned(nextNumber)
        writer.list(runs) { $0.run($1) }
        writer.list(ended) { $0.record($1) }
        writer.list(lines) {
            $0.string($1.name)
            $0.byte($1.state.rawValue)
            $0.instant($1.since)
            $0.string($1.reason)
            $0.id($1.run)
            $0.unsigned($1.actions)
        }
    }

    /// Replaces all runs by stored ones. Damaged bytes leave the table as it is. Lines that are no
    /// longer configured are forgotten.
    package mutating func restore(from reader: inout ByteReader, registry: Registry)
        throws(RecordError)
    {
        guard try reader.byte() == SequenceTable.snapshotVersion else {
            throw .malformed(at: reader.offset - 1)
        }
        let deviceCount = registry.deviceNames.count
        let number = try reader.unsigned()
        let runs = try reader.list { reader throws(RecordError) in
            try reader.run(deviceCount: deviceCount)
        }
        let ended = try reader.list { reader throws(RecordError) in
            try reader.record(deviceCount: deviceCount)
        }
        var lines = lines
        for _ in 0..<(try reader.count()) {
            let name = try reader.string()
            let state = try reader.choice(of: LineState.self)
            let since = try reader.instant()
            let reason = try reader.string()
            let run = try reader.id()
            let actions = try reader.unsigned()
            guard let place = lines.firstIndex(where: { $0.name == name }) else { continue }
            lines[place].state = state
            lines[place].since = since
            lines[place].reason = reason
            lines[place].run = run
            lines[place].actions = actions
        }
        guard runs.allSatisfy({ run in run.number < number && isConsistent(run) }) else {
            throw .malformed(at: reader.offset)
        }
        self.lines = lines
        replace(runs: runs, ended: ended, nextNumber: number)
    }

    /// Whether the table could have written this; anything else might trap.
    private func isConsistent(_ run: SequenceRun) -> Bool {
        guard !run.state.isFinal, !run.members.isEmpty else { return false }
        guard let plan = plan(of: run) else {
            return run.nodes.allSatisfy { run.members.indices.contains($0.member) }
        }
        return run.nodes.allSatisfy { node in
            plan.steps.indices.contains(node.step) && run.members.indices.contains(node.member)
        }
            && (run.members + run.reserves).allSatisfy { member in
                plan.steps.enumerated().allSatisfy { place, step in
                    member.ownStep != (step.selection == nil ? nil : place)
                        || step.variants.indices.contains(member.variant)
                }
            }
    }
}

extension ByteWriter {
    fileprivate mutating func id(_ id: CommandID?) {
        bool(id != nil)
        if let id { fixed(id.value) }
    }

    private mutating func moment(_ moment: Instant?) {
        bool(moment != nil)
        if let moment { instant(moment) }
    }

    fileprivate mutating func record(_ record: SequenceRecord) {
        id(record.id)
        string(record.sequence)
        string(record.trigger)
        byte(record.state.rawValue)
        instant(record.started)
        instant(record.updated)
        string(record.reason)
        list(record.steps) {
            $0.string($1.id)
            $0.unsigned(UInt64($1.device.index))
            $0.byte($1.state.rawValue)
            $0.byte($1.undo.rawValue)
            $0.id($1.command)
        }
    }

    fileprivate mutating func run(_ run: SequenceRun) {
        fixed(run.id.value)
        unsigned(run.number)
        string(run.sequence)
        fixed(run.fingerprint)
        string(run.trigger)
        byte(run.priority.rawValue)
        byte(run.state.rawValue)
        instant(run.started)
        instant(run.updated)
        string(run.reason)
        moment(run.deadline)
        unsigned(run.nextOrder)
        bool(run.isCancelled)
        list(run.members) { $0.member($1) }
        list(run.reserves) { $0.member($1) }
        list(run.nodes) { $0.node($1) }
    }

    private mutating func member(_ member: SequenceRun.Member) {
        unsigned(UInt64(member.device.index))
        string(member.name)
        unsigned(member.variant)
        unsigned((member.ownStep ?? -1) + 1)
        byte(member.phase.rawValue)
        bool(member.hasFailed)
    }

    private mutating func node(_ node: SequenceRun.Node) {
        unsigned(node.step)
        string(node.id)
        unsigned(node.member)
        byte(node.state.rawValue)
        unsigned(node.tries)
        unsigned(node.attempts)
        id(node.command)
        unsigned(node.order)
        moment(node.deadline)
        moment(node.end)
        byte(node.preparation.rawValue)
        bool(node.maybeExecuted)
        bool(node.isSent)
        bool(node.isSkippable)
        byte(node.undo.rawValue)
        bool(node.compensation != nil)
        if let undo = node.compensation {
            string(undo.name)
            list(undo.parameters) {
                $0.string($1.name)
                $0.value($1.value)
            }
            bool(undo.timeToLive != nil)
            if let timeToLive = undo.timeToLive { signed(timeToLive.count) }
        }
    }
}

extension ByteReader {
    fileprivate mutating func choice<Choice: RawRepresentable<UInt8>>(
        of _: Choice.Type
    ) throws(RecordError) -> Choice {
        guard let choice = Choice(rawValue: try byte()) else {
            throw .malformed(at: offset - 1)
        }
        return choice
    }

    fileprivate mutating func id() throws(RecordError) -> CommandID? {
        try bool() ? CommandID(value: try fixed128()) : nil
    }

    private mutating func moment() throws(RecordError) -> Instant? {
        try bool() ? try instant() : nil
    }

    private mutating func device(_ deviceCount: Int) throws(RecordError) -> Device {
        let index = try count()
        guard index < deviceCount else { throw .malformed(at: offset) }
        return Device(index: UInt32(index))
    }

    fileprivate mutating func record(deviceCount: Int) throws(RecordError) -> SequenceRecord {
        guard let id = try id() else { throw .malformed(at: offset) }
        return SequenceRecord(
            id: id, sequence: try string(), trigger: try string(),
            state: try choice(of: SequenceState.self), started: try instant(),
            updated: try instant(), reason: try string(),
            steps: try list { reader throws(RecordError) in
                SequenceRecord.Step(
                    id: try reader.string(), device: try reader.device(deviceCount),
                    state: try reader.choice(of: StepState.self),
                    undo: try reader.choice(of: UndoState.self), command: try reader.id())
            })
    }

    fileprivate mutating func run(deviceCount: Int) throws(RecordError) -> SequenceRun {
        SequenceRun(
            id: CommandID(value: try fixed128()), number: try unsigned(),
            sequence: try string(), fingerprint: try fixed128(), trigger: try string(),
            priority: try choice(of: CommandPriority.self),
            state: try choice(of: SequenceState.self),
            started: try instant(), updated: try instant(), reason: try string(),
            deadline: try moment(), nextOrder: try count(), isCancelled: try bool(),
            members: try list { reader throws(RecordError) in
                try reader.member(deviceCount: deviceCount)
            },
            reserves: try list { reader throws(RecordError) in
                try reader.member(deviceCount: deviceCount)
            },
            nodes: try list { reader throws(RecordError) in try reader.node() })
    }

    private mutating func member(deviceCount: Int) throws(RecordError) -> SequenceRun.Member {
        let device = try device(deviceCount)
        let (name, variant, own) = (try string(), try count(), try count())
        return SequenceRun.Member(
            device: device, name: name, variant: variant, ownStep: own == 0 ? nil : own - 1,
            phase: try choice(of: SequenceRun.Phase.self), hasFailed: try bool())
    }

    private mutating func node() throws(RecordError) -> SequenceRun.Node {
        var node = SequenceRun.Node(step: try count(), id: try string(), member: try count())
        node.state = try choice(of: StepState.self)
        node.tries = try count()
        node.attempts = try count()
        node.command = try id()
        node.order = try count()
        node.deadline = try moment()
        node.end = try moment()
        node.preparation = try choice(of: SequenceRun.Preparation.self)
        node.maybeExecuted = try bool()
        node.isSent = try bool()
        node.isSkippable = try bool()
        node.undo = try choice(of: UndoState.self)
        if try bool() {
            node.compensation = CommandTerms.Compensation(
                name: try string(),
                parameters: try list { reader throws(RecordError) in
                    Field(try reader.string(), try reader.value())
                },
                timeToLive: try bool() ? Milliseconds(try signed()) : nil)
        }
        return node
    }
}
