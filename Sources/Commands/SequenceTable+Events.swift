package import Model

/// What a table is told, and has done in turn.
extension SequenceTable {
    /// Starts a sequence on the devices it selects. The same trigger is the same start: it is
    /// ignored. While the sequence runs on one of the devices, another start adds nothing.
    package mutating func start(
        _ sequence: String, trigger: String, context: Device?, isCritical: Bool,
        commands: inout some CommandRunner, twins: any TwinSurvey, registry: Registry,
        at now: Instant, into effects: inout [CommandEffect]
    ) {
        var scene = Scene(registry: registry, twins: twins, now: now)
        _ = start(
            sequence, trigger: trigger, context: context, isCritical: isCritical,
            load: { [commands] in commands.load(of: $0) }, &scene)
        perform(&scene, &commands, from: effects.count, &effects)
    }

    /// Takes what became of commands since place `start` of the scheduler's effects.
    package mutating func follow(
        _ effects: inout [CommandEffect], from start: Int, commands: inout some CommandRunner,
        twins: any TwinSurvey, registry: Registry, at now: Instant
    ) {
        guard !runs.isEmpty, start < effects.count else { return }
        var scene = Scene(registry: registry, twins: twins, now: now)
        perform(&scene, &commands, from: start, &effects)
    }

    /// Whether it answers what a barrier asked.
    package func awaits(_ response: CommandResponse) -> Bool {
        switch response.purpose {
        case .prepare, .release: owners[response.command] != nil
        case .execute, .probe, .cancel: false
        }
    }

    /// Takes a device's answer to what a barrier asked of it.
    package mutating func receive(
        _ response: CommandResponse, commands: inout some CommandRunner, twins: any TwinSurvey,
        registry: Registry, at now: Instant, into effects: inout [CommandEffect]
    ) {
        var scene = Scene(registry: registry, twins: twins, now: now)
        receivePrepared(response, &scene)
        perform(&scene, &commands, from: effects.count, &effects)
    }

    /// The device has reported something; for those that `isConcerned` says.
    package mutating func reported(
        _ device: Device, commands: inout some CommandRunner, twins: any TwinSurvey,
        registry: Registry, at now: Instant, into effects: inout [CommandEffect]
    ) {
        var scene = Scene(registry: registry, twins: twins, now: now)
        for number in runs.map(\.number) {
            guard let index = index(of: number) else { continue }
            let plan = plan(of: runs[index])
            for (node, step) in runs[index].nodes.enumerated()
            where step.state == .awaiting && runs[index].members[step.member].device == device {
                look(node, of: index, plan, &scene)
            }
            progress(number, &scene)
        }
        perform(&scene, &commands, from: effects.count, &effects)
    }

    /// Does everything that is due.
    package mutating func advance(
        to now: Instant, commands: inout some CommandRunner, twins: any TwinSurvey,
        registry: Registry, into effects: inout [CommandEffect]
    ) {
        guard let due = nextDeadline, due <= now else { return }
        var scene = Scene(registry: registry, twins: twins, now: now)
        for number in runs.map(\.number) { expire(number, &scene) }
        perform(&scene, &commands, from: effects.count, &effects)
    }

    /// Ends a run early. What it did is taken back only if its policy says so. False where no such
    /// run is under way.
    package mutating func cancel(
        _ run: CommandID, principal: String, commands: inout some CommandRunner,
        twins: any TwinSurvey, registry: Registry, at now: Instant,
        into effects: inout [CommandEffect]
    ) -> Bool {
        guard let index = runs.firstIndex(where: { $0.id == run }) else { return false }
        var scene = Scene(registry: registry, twins: twins, now: now)
        cancel(index, reason: "cancelled by \(principal)", &scene)
        perform(&scene, &commands, from: effects.count, &effects)
        return true
    }

    /// After a restart: asks again whoever has not answered a barrier, and stops the runs whose
    /// sequence is not what it was.
    package mutating func resume(
        commands: inout some CommandRunner, twins: any TwinSurvey, registry: Registry,
        at now: Instant, into effects: inout [CommandEffect]
    ) {
        var scene = Scene(registry: registry, twins: twins, now: now)
        for number in runs.map(\.number) {
            guard let index = index(of: number) else { continue }
            if let plan = plan(of: runs[index]) {
                askAgain(index, plan, &scene)
            } else if !runs[index].isCancelled {
                runs[index].isCancelled = true
                stop(index, .compensating, reason: "the sequence has changed", &scene)
            }
            progress(number, &scene)
        }
        perform(&scene, &commands, from: effects.count, &effects)
    }

    mutating func cancel(_ index: Int, reason: String, _ scene: inout Scene) {
        let state = runs[index].state
        runs[index].isCancelled = true
        if state == .preparing || state == .running {
            let undoes = plan(of: runs[index])?.policy == .allOrCompensate
            stop(index, undoes ? .compensating : .stopping, reason: reason, &scene)
        }
        progress(runs[index].number, &scene)
    }

    /// Does what is due of one run.
    private mutating func expire(_ number: UInt64, _ scene: inout Scene) {
        guard let index = index(of: number) else { return }
        let plan = plan(of: runs[index])
        for node in runs[index].nodes.indices {
            guard let due = runs[index].nodes[node].deadline, due <= scene.now else { continue }
            runs[index].nodes[node].deadline = nil
            let isOver = runs[index].nodes[node].end.map { $0 <= scene.now } ?? false
            switch runs[index].nodes[node].state {
            case .running: expire(node, of: index, &scene)
            case .pausing where !isOver:
                if let plan { send(node, of: index, plan, &scene) }
            case .pausing: fail(node, of: index, .failed, "timeout", plan, &scene)
            default: miss(node, of: index, reason: "wait_for is not true", plan, &scene)
            }
        }
        if let due = runs[index].deadline, due <= scene.now, let plan {
            if runs[index].state == .preparing {
                decide(index, plan, isTimeUp: true, &scene)
            } else {
                closeWindow(index, plan, &scene)
            }
        }
        progress(number, &scene)
    }

    /// Has everything done that was asked for, and takes what comes of it, until nothing does.
    mutating func perform(
        _ scene: inout Scene, _ commands: inout some CommandRunner, from start: Int,
        _ effects: inout [CommandEffect]
    ) {
        var action = 0
        var effect = start
        var refused: CommandID?
        while action < scene.actions.count || effect < effects.count {
            while action < scene.actions.count {
                switch scene.actions[action] {
                case .submit(let order):
                    let end = commands.submit(
                        order, registry: scene.registry, twins: scene.twins, at: scene.now,
                        into: &effects)
                    if let end { settle(end, &scene) }
                case .cancel(let command):
                    commands.cancel(
                        command, twins: scene.twins, at: scene.now, into: &effects)
                case .tell(let told): effects.append(told)
                }
                action += 1
            }
            while effect < effects.count {
                switch effects[effect] {
                case .audit(let entry) where entry.saysRefused: refused = entry.command
                case .finished(let record):
                    settle(StepEnd(record, isRefused: refused == record.id), &scene)
                case .transmit(let sent) where sent.purpose == .execute: note(sent.command)
                default: break
                }
                effect += 1
            }
        }
        countWatched()
    }

    private mutating func note(_ command: CommandID) {
        guard let owner = owners[command], !owner.isUndo, let index = index(of: owner.run) else {
            return
        }
        runs[index].nodes[owner.node].isSent = true
    }
}

/// Who runs the commands of sequences.
package protocol CommandRunner {
    /// Makes a command; answers its end where it has ended already, or cannot be.
    mutating func submit(
        _ order: SequenceOrder, registry: Registry, twins: any TwinReader, at now: Instant,
        into effects: inout [CommandEffect]
    ) -> StepEnd?
    mutating func cancel(
        _ command: CommandID, twins: any TwinReader, at now: Instant,
        into effects: inout [CommandEffect])
    /// How many commands wait for the device.
    func load(of device: Device) -> Int
    /// The names of commands under way that write the property.
    func writers(of property: Property, on device: Device) -> [String]
}
