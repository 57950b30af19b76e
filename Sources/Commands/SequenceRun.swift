import Model

/// One run of a graph: what it was begun with, and where each of its steps is on each device.
///
/// It needs its plan to go on, but not to take back what it did: what undoes a step is kept with
/// the step from before its command is sent.
struct SequenceRun: Hashable, Sendable {
    var id: CommandID
    /// The order runs were started in; never used twice.
    var number: UInt64
    var sequence: String
    var fingerprint: UInt128
    var trigger: String
    var priority: CommandPriority
    var state: SequenceState
    var started: Instant
    var updated: Instant
    var reason = ""
    /// Of the barrier: when devices must be ready, then when the first steps must be on their way.
    var deadline: Instant?
    var nextOrder = 1
    var isCancelled = false
    var members: [Member]
    /// Devices that a failed step may still move to, the best first.
    var reserves: [Member]
    /// By step, then by name of the device.
    var nodes: [Node]

    /// One device, or with a step's own target one device of that step.
    struct Member: Hashable, Sendable {
        var device: Device
        var name: String
        var variant: Int
        /// Not one of the sequence's devices: the only step it has is this one's.
        var ownStep: Int?
        var phase = Phase.active
        var hasFailed = false
    }

    enum Phase: UInt8, Hashable, Sendable, CaseIterable {
        /// Waits for the barrier.
        case ready
        case active
        /// Was not ready in time; the others run without it.
        case excluded
        /// No further step begins.
        case halted
        /// What it did is taken back.
        case undoing
    }

    enum Preparation: UInt8, Hashable, Sendable, CaseIterable { case none, asked, ready, refused }

    /// One step on one device.
    struct Node: Hashable, Sendable {
        var step: Int
        var id: String
        var member: Int
        var state = StepState.waiting
        /// Commands made.
        var tries = 0
        /// Transmissions under a new attempt number, of all its commands.
        var attempts = 0
        var command: CommandID?
        /// The place of its first command among those of the run; 0 before.
        var order = 0
        var deadline: Instant?
        /// When the step must be over, from its first command on.
        var end: Instant?
        var preparation = Preparation.none
        /// A command of it may have been run.
        var maybeExecuted = false
        /// Its present command is on its way.
        var isSent = false
        /// Its failure is nobody's trouble.
        var isSkippable = false
        /// What takes it back, from before it is sent.
        var compensation: CommandTerms.Compensation?
        var undo = UndoState.none

        /// Something is to be taken back, and has not been.
        var needsUndo: Bool { maybeExecuted && compensation != nil && undo == .none }
        var isSatisfied: Bool {
            state == .succeeded || state == .skipped || (state.isFinal && isSkippable)
        }
    }

    /// Names the node's commands: the same trigger makes the same commands after a crash.
    func request(
        _ node: Int, _ word: String, _ name: String, _ parameters: [Field],
        timeToLive: Milliseconds?
    ) -> CommandRequest {
        let member = members[nodes[node].member]
        return CommandRequest(
            principal: "sequence",
            key: "\(sequence)/\(trigger)/\(member.name)/\(nodes[node].id)/\(word)",
            device: member.device, name: name, parameters: parameters,
            priority: priority, timeToLive: timeToLive)
    }

    /// Whether what this node did may not yet be taken back, because what came after it on its
    /// device, or what depends on it, has not been.
    func mustWait(toUndo node: Int, _ plan: GraphPlan?) -> Bool {
        nodes.indices.contains { later in
            guard nodes[later].order > nodes[node].order,
                members[nodes[later].member].phase == .undoing,
                !nodes[later].state.isFinal || nodes[later].needsUndo
                    || nodes[later].undo == .compensating
            else { return false }
            let (mine, other) = (nodes[node].member, nodes[later].member)
            guard mine != other, let plan else { return true }
            // The sequence's devices do not wait for each other, only a step of its own devices
            // does.
            guard members[mine].ownStep != nil || members[other].ownStep != nil else {
                return false
            }
            return plan.steps[nodes[later].step].ancestors >> UInt64(nodes[node].step) & 1 == 1
        }
    }

    /// Nothing is under way and nothing more will be.
    var isOver: Bool {
        nodes.allSatisfy { node in
            node.state.isFinal && node.undo != .compensating
                && !(node.needsUndo && members[node.member].phase == .undoing)
        }
    }

    /// The next time it has something to do.
    var nextDeadline: Instant? {
        nodes.compactMap(\.deadline).reduce(deadline) { min($0 ?? $1, $1) }
    }

    /// The sequence's own devices that are still of use.
    var soundMembers: Int {
        members.count { $0.ownStep == nil && !$0.hasFailed && $0.phase != .excluded }
    }

    var record: SequenceRecord {
        SequenceRecord(
            id: id, sequence: sequence, trigger: trigger, state: state, started: started,
            updated: updated, reason: reason,
            steps: nodes.map {
                SequenceRecord.Step(
                    id: $0.id, device: members[$0.member].device, state: $0.state, undo: $0.undo,
                    command: $0.command)
            })
    }
}
