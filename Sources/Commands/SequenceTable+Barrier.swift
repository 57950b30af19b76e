import Model

/// All devices get ready, then all begin.
extension SequenceTable {
    /// Asks every device to be ready for its first steps.
    mutating func prepare(_ index: Int, _ plan: GraphPlan, _ scene: inout Scene) {
        for member in runs[index].members.indices where runs[index].members[member].ownStep == nil {
            runs[index].members[member].phase = .ready
        }
        for node in runs[index].nodes.indices
        where plan.steps[runs[index].nodes[node].step].parents.isEmpty
            && runs[index].members[runs[index].nodes[node].member].ownStep == nil
        {
            runs[index].nodes[node].preparation = .asked
            let member = runs[index].members[runs[index].nodes[node].member]
            let form = plan.steps[runs[index].nodes[node].step].variants[member.variant].form
            let request = runs[index].request(
                node, "1", form.name, form.parameters, timeToLive: nil)
            runs[index].nodes[node].command = request.id
            owners[request.id] = Owner(run: runs[index].number, node: node, isUndo: false)
            transmit(.prepare, node, of: index, form, &scene)
        }
    }

    private func transmit(
        _ purpose: Transmission.Purpose, _ node: Int, of index: Int, _ form: CommandForm,
        _ scene: inout Scene
    ) {
        let run = runs[index]
        guard let command = run.nodes[node].command else { return }
        scene.actions.append(
            .tell(
                .transmit(
                    Transmission(
                        command: command, attempt: 1,
                        device: run.members[run.nodes[node].member].device,
                        name: form.name, method: form.method, path: form.path, query: form.query,
                        parameters: form.parameters, isCritical: run.priority == .critical,
                        purpose: purpose))))
    }

    /// Asks those again whose answer may have been lost with the process.
    mutating func askAgain(_ index: Int, _ plan: GraphPlan, _ scene: inout Scene) {
        guard runs[index].state == .preparing else { return }
        for (node, step) in runs[index].nodes.enumerated() where step.preparation == .asked {
            let variant = runs[index].members[step.member].variant
            let form = plan.steps[step.step].variants[variant].form
            transmit(.prepare, node, of: index, form, &scene)
        }
    }

    /// The prepared command will not come.
    mutating func release(_ node: Int, of index: Int, _ scene: inout Scene) {
        let step = runs[index].nodes[node]
        runs[index].nodes[node].preparation = .refused
        guard let plan = plan(of: runs[index]) else { return }
        let member = runs[index].members[step.member]
        let form = plan.steps[step.step].variants[member.variant].form
        transmit(.release, node, of: index, form, &scene)
    }

    /// Takes a device's answer to `prepare`.
    mutating func receivePrepared(_ response: CommandResponse, _ scene: inout Scene) {
        guard response.purpose == .prepare, let owner = owners[response.command], !owner.isUndo,
            let index = index(of: owner.run), runs[index].state == .preparing,
            runs[index].nodes[owner.node].preparation == .asked, let plan = plan(of: runs[index])
        else { return }
        let reason: String
        switch response.outcome {
        case .acknowledged, .accepted, .completed:
            runs[index].nodes[owner.node].preparation = .ready
            decide(index, plan, isTimeUp: false, &scene)
            return
        case .refused(let code, let diagnostic): reason = "\(code) \(diagnostic)"
        case .unsuccessful(_, let text): reason = text
        default: reason = "no answer"
        }
        let member = runs[index].nodes[owner.node].member
        runs[index].reason = "\(runs[index].members[member].name) is not ready: \(reason)"
        runs[index].nodes[owner.node].preparation = .refused
        decide(index, plan, isTimeUp: false, &scene)
    }

    /// Lets the devices begin once all have answered, or the time is up; or none, where too few are
    /// ready.
    mutating func decide(
        _ index: Int, _ plan: GraphPlan, isTimeUp: Bool, _ scene: inout Scene
    ) {
        var ready = 0
        var asked = 0
        var late: [Int] = []
        for member in runs[index].members.indices where runs[index].members[member].phase == .ready
        {
            let states = runs[index].nodes.filter { $0.member == member }.map(\.preparation)
            if states.contains(.refused) || (isTimeUp && states.contains(.asked)) {
                late.append(member)
            } else if states.contains(.asked) {
                asked += 1
            } else {
                ready += 1
            }
        }
        let quorum = plan.barrier?.quorum ?? (ready + asked + late.count)
        if ready + asked < quorum {
            let words = "\(ready) of \(quorum) are ready; " + runs[index].reason
            for member in runs[index].members.indices {
                runs[index].members[member].hasFailed = true
            }
            stop(index, .stopping, reason: words, &scene)
        } else if asked == 0 {
            for member in late { halt(member, of: index, .excluded, &scene) }
            for member in runs[index].members.indices
            where runs[index].members[member].phase == .ready {
                runs[index].members[member].phase = .active
            }
            runs[index].state = .running
            runs[index].deadline = plan.barrier.map { scene.now + $0.span }
            runs[index].reason = "\(ready) devices are ready"
            tell(runs[index], from: "preparing", &scene)
        }
        progress(runs[index].number, &scene)
    }

    /// The time in which all first steps had to be sent is over.
    mutating func closeWindow(_ index: Int, _ plan: GraphPlan, _ scene: inout Scene) {
        runs[index].deadline = nil
        let late = runs[index].nodes.indices.filter { node in
            runs[index].nodes[node].preparation == .ready && !runs[index].nodes[node].isSent
                && !runs[index].nodes[node].state.isFinal
        }
        guard !late.isEmpty, let barrier = plan.barrier else { return }
        let members = Set(late.map { runs[index].nodes[$0].member })
        let names = members.map { runs[index].members[$0].name }.sorted()
        let quorum = barrier.quorum ?? runs[index].members.count { $0.ownStep == nil }
        if runs[index].soundMembers - members.count < quorum {
            let reason = "not sent within \(barrier.span): " + names.joined(separator: " ")
            for member in members { runs[index].members[member].hasFailed = true }
            stop(index, .compensating, reason: reason, &scene)
        } else {
            for node in late where runs[index].nodes[node].state == .running {
                expire(node, of: index, &scene)
            }
        }
    }
}
