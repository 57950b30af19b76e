import Model

/// Starting a run: which devices, and whether it may.
extension SequenceTable {
    /// Makes a run; nil where there is none to wait for. The same trigger is the same run, for as
    /// long as it is remembered.
    mutating func start(
        _ sequence: String, trigger: String, context: Device?, isCritical: Bool,
        load: (Device) -> Int, _ scene: inout Scene
    ) -> CommandID? {
        guard let plan = plans[sequence] else {
            counters.targetless += 1
            return nil
        }
        let id = CommandID("sequence", sequence, trigger)
        if runs.contains(where: { $0.id == id }) || ended.contains(where: { $0.id == id }) {
            counters.duplicates += 1
            return id
        }
        let (members, reserves) = choose(plan, near: context, load: load, scene)
        guard members.contains(where: { $0.ownStep == nil }) else {
            counters.targetless += 1
            return nil
        }
        let devices = Set(members.map(\.device))
        let isBusy = runs.contains { run in
            run.sequence == sequence && run.members.contains { devices.contains($0.device) }
        }
        if isBusy {
            counters.coalesced += 1
            return nil
        }
        var run = SequenceRun(
            id: id, number: nextNumber, sequence: sequence, fingerprint: plan.fingerprint,
            trigger: trigger, priority: isCritical ? .critical : plan.priority, state: .running,
            started: scene.now, updated: scene.now, members: members, reserves: reserves,
            nodes: SequenceTable.nodes(of: plan, members))
        nextNumber += 1
        if runs.count >= limits.liveRuns || run.nodes.count > limits.stepsPerRun {
            counters.refused += 1
            run.state = .rejected
            run.reason = "too many runs or steps"
            tell(run, from: "created", plan: plan, &scene)
            conclude(run, &scene)
            return nil
        }
        counters.started += 1
        run.reason = trigger
        if let barrier = plan.barrier {
            run.state = .preparing
            run.deadline = scene.now + barrier.prepareTimeout
        }
        tell(run, from: "created", plan: plan, &scene)
        runs.append(run)
        if run.state == .preparing { prepare(runs.count - 1, plan, &scene) }
        progress(run.number, &scene)
        return id
    }

    /// The devices, in order of their names for each target, and those that could take their place:
    /// what the run will stay with.
    func choose(
        _ plan: GraphPlan, near context: Device?, load: (Device) -> Int, _ scene: Scene
    ) -> (members: [SequenceRun.Member], reserves: [SequenceRun.Member]) {
        var members: [SequenceRun.Member] = []
        var reserves: [SequenceRun.Member] = []
        func take(_ selection: Selection, _ step: Int?) {
            let ranked = selection.ranked(
                near: context, registry: scene.registry, twins: scene.twins, load: load
            ).map {
                SequenceRun.Member(
                    device: $0.device, name: $0.name, variant: $0.variant, ownStep: step)
            }
            let count = selection.count ?? ranked.count
            members += ranked.prefix(count).sorted { $0.name < $1.name }
            if selection.rebindsOnRetry { reserves += ranked.dropFirst(count) }
        }
        take(plan.selection, nil)
        for (place, step) in plan.steps.enumerated() {
            if let selection = step.selection { take(selection, place) }
        }
        return (members, reserves)
    }

    static func nodes(
        of plan: GraphPlan, _ members: [SequenceRun.Member]
    ) -> [SequenceRun.Node] {
        plan.steps.enumerated().flatMap { place, step in
            members.indices.filter { member in
                members[member].ownStep == (step.selection == nil ? nil : place)
            }.map { SequenceRun.Node(step: place, id: step.id, member: $0) }
        }
    }

    // MARK: Telling

    /// The run's change for the audit; at its start with the devices it has chosen.
    func tell(_ run: SequenceRun, from: String, plan: GraphPlan? = nil, _ scene: inout Scene) {
        var details: [Field] = []
        if let plan {
            details = [
                Field("selection", .text(plan.selection.description)),
                Field(
                    "devices",
                    .text(
                        run.members.filter { $0.ownStep == nil }.map(\.name)
                            .joined(separator: " "))),
            ]
            for (place, step) in plan.steps.enumerated() {
                guard let selection = step.selection else { continue }
                let names = run.members.filter { $0.ownStep == place }.map(\.name)
                let text = selection.description + ": " + names.joined(separator: " ")
                details.append(Field("devices of \(step.id)", .text(text)))
            }
        }
        scene.actions.append(
            .tell(
                .audit(
                    AuditEntry(
                        time: scene.now, command: run.id, device: run.members[0].device,
                        name: run.sequence, from: from, to: run.state.description,
                        reason: run.reason, details: details))))
    }

    /// One step's change for the audit, under its command's id.
    func tell(
        _ run: SequenceRun, _ node: Int, from: String, to: String, reason: String,
        _ scene: inout Scene
    ) {
        let step = run.nodes[node]
        scene.actions.append(
            .tell(
                .audit(
                    AuditEntry(
                        time: scene.now, command: step.command ?? run.id,
                        device: run.members[step.member].device, name: "\(run.sequence)/\(step.id)",
                        from: from, to: to, reason: reason))))
    }

    /// A run that ended, for whoever wants to know.
    mutating func conclude(_ run: SequenceRun, _ scene: inout Scene) {
        switch run.state {
        case .succeeded, .partial: counters.succeeded += 1
        case .compensated: counters.compensated += 1
        default: counters.failed += 1
        }
        ended.append(run.record)
        if ended.count > limits.finishedRuns { ended.removeFirst() }
        scene.actions.append(.tell(.ran(run.record)))
    }
}
