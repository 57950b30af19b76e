import Model

/// A run from step to step.
extension SequenceTable {
    /// Begins whatever may begin, takes back what may be taken back, and ends the run where nothing
    /// is left.
    mutating func progress(_ number: UInt64, _ scene: inout Scene) {
        guard let index = index(of: number) else { return }
        let plan = plan(of: runs[index])
        if runs[index].state == .running, let plan {
            var isMoving = true
            while isMoving, runs[index].state == .running {
                isMoving = false
                for node in runs[index].nodes.indices
                where runs[index].nodes[node].state == .waiting {
                    guard let mayBegin = mayBegin(node, of: runs[index], plan) else { continue }
                    isMoving = true
                    if mayBegin {
                        begin(node, of: index, plan, &scene)
                    } else {
                        runs[index].members[runs[index].nodes[node].member].hasFailed = true
                        close(node, of: index, .cancelled, &scene)
                    }
                }
            }
        }
        undo(index, plan, &scene)
        if runs[index].state != .preparing, runs[index].isOver { end(index, plan, &scene) }
    }

    /// The plan that a run was started under; nil where the configuration has changed since.
    func plan(of run: SequenceRun) -> GraphPlan? {
        plans[run.sequence].flatMap { $0.fingerprint == run.fingerprint ? $0 : nil }
    }

    /// Nil while the node must wait; false where what it waits for can no longer come.
    private func mayBegin(_ node: Int, of run: SequenceRun, _ plan: GraphPlan) -> Bool? {
        let member = run.nodes[node].member
        guard run.members[member].phase == .active else { return nil }
        var mayBegin = true
        for parent in plan.steps[run.nodes[node].step].parents {
            let before = run.nodes.filter { $0.step == parent }
            if let own = before.first(where: { $0.member == member }) {
                // What failed here has halted the device.
                guard own.isSatisfied else { return nil }
                continue
            }
            guard before.allSatisfy(\.state.isFinal) else { return nil }
            let done = before.count { $0.isSatisfied }
            let wanted =
                switch plan.policy {
                case .bestEffort: min(1, before.count)
                case .quorum(let count) where plan.steps[parent].selection == nil: count
                default: before.count { run.members[$0.member].phase != .excluded }
                }
            mayBegin = mayBegin && done >= wanted
        }
        return mayBegin
    }

    private mutating func begin(
        _ node: Int, of index: Int, _ plan: GraphPlan, _ scene: inout Scene
    ) {
        let member = runs[index].members[runs[index].nodes[node].member]
        let step = plan.steps[runs[index].nodes[node].step]
        if let when = step.variants[member.variant].when,
            !scene.holds(when, for: member.device)
        {
            close(node, of: index, .skipped, reason: "when is not true", &scene)
            return
        }
        runs[index].nodes[node].end = step.timeout.map { scene.now + $0 }
        runs[index].nodes[node].isSkippable = step.handling.strategy == .skip
        send(node, of: index, plan, &scene)
    }

    /// Makes the node's next command. What takes it back is registered first.
    mutating func send(_ node: Int, of index: Int, _ plan: GraphPlan, _ scene: inout Scene) {
        let step = plan.steps[runs[index].nodes[node].step]
        let member = runs[index].members[runs[index].nodes[node].member]
        let variant = step.variants[member.variant]
        runs[index].nodes[node].tries += 1
        runs[index].nodes[node].compensation = variant.compensation
        if runs[index].nodes[node].order == 0 {
            runs[index].nodes[node].order = runs[index].nextOrder
            runs[index].nextOrder += 1
        }
        var policy = step.policy
        if variant.form.verify != nil, policy.verifyTimeout == nil {
            policy.verifyTimeout = SequenceTable.settle
        }
        let rebinds = (step.selection ?? plan.selection).rebindsOnRetry
        policy.maxAttempts = rebinds ? 1 : policy.maxAttempts - runs[index].nodes[node].attempts
        let request = runs[index].request(
            node, "\(runs[index].nodes[node].tries)", variant.form.name,
            variant.form.parameters, timeToLive: plan.timeToLive)
        if let former = runs[index].nodes[node].command { owners[former] = nil }
        owners[request.id] = Owner(run: runs[index].number, node: node, isUndo: false)
        runs[index].nodes[node].command = request.id
        runs[index].nodes[node].isSent = false
        runs[index].nodes[node].state = .running
        runs[index].nodes[node].deadline = runs[index].nodes[node].end
        scene.actions.append(
            .submit(
                SequenceOrder(
                    request: request, sequence: runs[index].sequence,
                    step: runs[index].nodes[node].step, policy: policy)))
    }

    // MARK: Ends of steps

    /// Takes what became of a command.
    mutating func settle(_ end: StepEnd, _ scene: inout Scene) {
        guard let owner = owners[end.command], let index = index(of: owner.run) else { return }
        owners[end.command] = nil
        let node = owner.node
        runs[index].updated = scene.now
        if owner.isUndo {
            settleUndo(node, of: index, end, &scene)
            progress(owner.run, &scene)
            return
        }
        let isExpired = runs[index].nodes[node].state == .expiring
        runs[index].nodes[node].attempts += max(1, end.attempts)
        if end.maybeExecuted { runs[index].nodes[node].maybeExecuted = true }
        runs[index].nodes[node].deadline = nil
        let plan = plan(of: runs[index])
        switch end.outcome {
        case .succeeded where isExpired:
            fail(node, of: index, .failed, "too late", plan, &scene)
        case .succeeded: succeed(node, of: index, plan, &scene)
        case .indeterminate: fail(node, of: index, .indeterminate, end.reason, plan, &scene)
        case .failed where isExpired: fail(node, of: index, .failed, "timeout", plan, &scene)
        case .failed:
            if let plan, rebind(node, of: index, plan) {
                pause(node, of: index, reason: end.reason, plan, &scene)
            } else {
                fail(node, of: index, .failed, end.reason, plan, &scene)
            }
        }
        progress(owner.run, &scene)
    }

    /// The command is done; the step is, once its device shows it.
    private mutating func succeed(
        _ node: Int, of index: Int, _ plan: GraphPlan?, _ scene: inout Scene
    ) {
        let step = runs[index].nodes[node]
        let variant = plan?.steps[step.step].variants[runs[index].members[step.member].variant]
        guard let variant, variant.awaited != nil, runs[index].members[step.member].phase == .active
        else {
            close(node, of: index, .succeeded, &scene)
            return
        }
        runs[index].nodes[node].state = .awaiting
        let due = scene.now + variant.span
        runs[index].nodes[node].deadline = step.end.map { min($0, due) } ?? due
        look(node, of: index, plan, &scene)
    }

    /// Whether the device shows by now what its step waits for.
    mutating func look(_ node: Int, of index: Int, _ plan: GraphPlan?, _ scene: inout Scene) {
        let step = runs[index].nodes[node]
        let member = runs[index].members[step.member]
        let awaited = plan?.steps[step.step].variants[member.variant].awaited
        guard let awaited, scene.holds(awaited, for: member.device) else {
            return
        }
        close(node, of: index, .succeeded, reason: "wait_for is true", &scene)
    }

    /// A command failed, or its device does not show it: another try, or the end of the step.
    mutating func miss(
        _ node: Int, of index: Int, reason: String, _ plan: GraphPlan?, _ scene: inout Scene
    ) {
        let step = runs[index].nodes[node]
        let handling = plan?.steps[step.step].handling
        if let plan, let handling, handling.strategy == .retry,
            step.attempts < handling.maxAttempts, runs[index].state == .running,
            step.end.map({ $0 > scene.now }) ?? true
        {
            pause(node, of: index, reason: reason, plan, &scene)
        } else {
            fail(node, of: index, .failed, reason, plan, &scene)
        }
    }

    private mutating func pause(
        _ node: Int, of index: Int, reason: String, _ plan: GraphPlan, _ scene: inout Scene
    ) {
        let step = runs[index].nodes[node]
        let seed = CommandID(value: runs[index].id.value ^ UInt128(node))
        let due = scene.now + plan.steps[step.step].policy.delay(after: step.attempts, of: seed)
        tell(
            runs[index], node, from: step.state.description, to: "pausing", reason: reason, &scene)
        runs[index].nodes[node].state = .pausing
        runs[index].nodes[node].deadline = step.end.map { min($0, due) } ?? due
    }

    /// Moves a step that failed for certain to the next device, with all its device has still to
    /// do; only while nothing was done on the old one.
    private mutating func rebind(_ node: Int, of index: Int, _ plan: GraphPlan) -> Bool {
        let run = runs[index]
        let member = run.nodes[node].member
        let handling = plan.steps[run.nodes[node].step].handling
        let isFirst = run.nodes.indices.allSatisfy { other in
            other == node || run.nodes[other].member != member
                || [.waiting, .skipped].contains(run.nodes[other].state)
        }
        guard run.state == .running, run.members[member].phase == .active, isFirst,
            handling.strategy == .retry, !run.nodes[node].maybeExecuted,
            run.nodes[node].attempts < handling.maxAttempts,
            let next = run.reserves.firstIndex(where: {
                $0.ownStep == run.members[member].ownStep
            })
        else { return false }
        runs[index].members[member] = runs[index].reserves.remove(at: next)
        return true
    }

    /// The step has failed; what that means is its `on_error` and the group's policy.
    mutating func fail(
        _ node: Int, of index: Int, _ state: StepState, _ reason: String, _ plan: GraphPlan?,
        _ scene: inout Scene
    ) {
        let step = runs[index].nodes[node]
        close(node, of: index, state, reason: reason, &scene)
        guard !step.isSkippable else { return }
        let name = runs[index].members[step.member].name
        let words = "step \(step.id) on \(name) \(state): \(reason)"
        runs[index].members[step.member].hasFailed = true
        let undoes = plan?.steps[step.step].handling.strategy == .compensate
        halt(step.member, of: index, undoes ? .undoing : .halted, &scene)
        if runs[index].state == .running, let plan { judge(index, words, plan, &scene) }
    }

    /// What one device's failure means for all.
    private mutating func judge(
        _ index: Int, _ reason: String, _ plan: GraphPlan, _ scene: inout Scene
    ) {
        let run = runs[index]
        let isShared = run.members.contains { $0.ownStep != nil && $0.hasFailed }
        switch plan.policy {
        case .bestEffort: runs[index].reason = reason
        case .stopOnFirst: stop(index, .stopping, reason: reason, &scene)
        case .quorum(let count) where run.soundMembers >= count && !isShared:
            runs[index].reason = reason
        case .quorum, .allOrCompensate: stop(index, .compensating, reason: reason, &scene)
        }
    }
}

/// What became of one command of a run.
package struct StepEnd: Hashable, Sendable {
    var command: CommandID
    var outcome: Outcome
    /// The device may have run it.
    var maybeExecuted: Bool
    var attempts: Int
    var reason: String

    enum Outcome: Hashable, Sendable { case succeeded, failed, indeterminate }
}
