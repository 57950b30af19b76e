import Model

/// Stopping, and taking back what was done, the last first.
extension SequenceTable {
    /// Ends a step on a device.
    mutating func close(
        _ node: Int, of index: Int, _ state: StepState, reason: String = "",
        _ scene: inout Scene
    ) {
        let before = runs[index].nodes[node]
        runs[index].nodes[node].state = state
        runs[index].nodes[node].deadline = nil
        runs[index].updated = scene.now
        if !reason.isEmpty {
            tell(
                runs[index], node, from: before.state.description, to: state.description,
                reason: reason, &scene)
        }
        if before.preparation == .ready || before.preparation == .asked, !before.maybeExecuted,
            !before.isSent
        {
            release(node, of: index, &scene)
        }
    }

    /// No further step begins on a device.
    mutating func halt(
        _ member: Int, of index: Int, _ phase: SequenceRun.Phase, _ scene: inout Scene
    ) {
        switch runs[index].members[member].phase {
        case .excluded: return
        case .undoing: break
        case .ready, .active, .halted: runs[index].members[member].phase = phase
        }
        for node in runs[index].nodes.indices where runs[index].nodes[node].member == member {
            switch runs[index].nodes[node].state {
            case .waiting, .pausing:
                let begun = runs[index].nodes[node].order > 0
                close(node, of: index, begun ? .failed : .cancelled, &scene)
            case .awaiting: close(node, of: index, .succeeded, &scene)
            default: break
            }
        }
    }

    /// Stops all devices, and with `.compensating` takes back what they did.
    mutating func stop(
        _ index: Int, _ state: SequenceState, reason: String, _ scene: inout Scene
    ) {
        let from = runs[index].state.description
        runs[index].state = state
        runs[index].reason = reason
        runs[index].deadline = nil
        tell(runs[index], from: from, &scene)
        for member in runs[index].members.indices {
            halt(member, of: index, state == .compensating ? .undoing : .halted, &scene)
        }
        guard state == .compensating || runs[index].isCancelled else { return }
        for node in runs[index].nodes.indices where runs[index].nodes[node].state == .running {
            expire(node, of: index, &scene)
        }
    }

    /// Asks for the end of the command under way; what becomes of it is told as of any other.
    mutating func expire(_ node: Int, of index: Int, _ scene: inout Scene) {
        guard let command = runs[index].nodes[node].command else { return }
        runs[index].nodes[node].state = .expiring
        runs[index].nodes[node].deadline = nil
        scene.actions.append(.cancel(command))
    }

    /// Takes back everything that may be by now.
    mutating func undo(_ index: Int, _ plan: GraphPlan?, _ scene: inout Scene) {
        for node in runs[index].nodes.indices where runs[index].nodes[node].needsUndo {
            guard runs[index].members[runs[index].nodes[node].member].phase == .undoing,
                runs[index].nodes[node].state.isFinal,
                !runs[index].mustWait(toUndo: node, plan),
                let undo = runs[index].nodes[node].compensation
            else { continue }
            let request = runs[index].request(
                node, "undo", undo.name, undo.parameters, timeToLive: undo.timeToLive)
            runs[index].nodes[node].undo = .compensating
            tell(
                runs[index], node, from: runs[index].nodes[node].state.description,
                to: "compensating", reason: runs[index].reason, &scene)
            owners[request.id] = Owner(run: runs[index].number, node: node, isUndo: true)
            scene.actions.append(
                .submit(
                    SequenceOrder(
                        request: request, sequence: runs[index].sequence,
                        step: runs[index].nodes[node].step, policy: .compensation)))
        }
    }

    mutating func settleUndo(
        _ node: Int, of index: Int, _ end: StepEnd, _ scene: inout Scene
    ) {
        let isDone = end.outcome == .succeeded
        runs[index].nodes[node].undo = isDone ? .compensated : .compensationFailed
        tell(
            runs[index], node, from: "compensating",
            to: isDone ? "compensated" : "compensationFailed", reason: end.reason, &scene)
        guard !isDone else { return }
        counters.compensationsFailed += 1
        let step = runs[index].nodes[node]
        scene.actions.append(
            .tell(
                .alarm(
                    SequenceAlarm(
                        time: scene.now, run: runs[index].id, sequence: runs[index].sequence,
                        step: step.id, device: runs[index].members[step.member].device,
                        reason: end.reason))))
    }

    /// Nothing is under way any more: says how it ended.
    mutating func end(_ index: Int, _ plan: GraphPlan?, _ scene: inout Scene) {
        let number = runs[index].number
        let from = runs[index].state.description
        runs[index].state = outcome(of: runs[index], plan)
        runs[index].updated = scene.now
        tell(runs[index], from: from, &scene)
        let run = runs.remove(at: index)
        owners = owners.filter { $0.value.run != number }
        conclude(run, &scene)
        follow(run, &scene)
    }

    private func outcome(of run: SequenceRun, _ plan: GraphPlan?) -> SequenceState {
        if run.nodes.contains(where: { $0.undo == .compensationFailed }) {
            return .compensationFailed
        }
        if run.state == .compensating { return .compensated }
        if run.isCancelled { return .cancelled }
        let isComplete = run.members.allSatisfy { !$0.hasFailed }
        switch plan?.policy {
        case nil: return .failed
        case .quorum?, .allOrCompensate?: return run.state == .running ? .succeeded : .failed
        case .stopOnFirst?:
            return isComplete && run.state == .running ? .succeeded : .failed
        case .bestEffort?:
            guard run.state == .running else { return .failed }
            let isAny = run.soundMembers > 0
            return isComplete ? .succeeded : isAny ? .partial : .failed
        }
    }
}

extension RetryPolicy {
    /// How a step is taken back: with more patience than it was done.
    static let compensation = RetryPolicy(
        maxAttempts: 5, isExponential: true, initialDelay: .second, maxDelay: .minute,
        skipsFailures: true, verifyTimeout: nil)
}
