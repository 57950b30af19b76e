package import Model

/// Lines: each acting state runs its sequence; once that is done the line waits, and if it failed
/// the line aborts.
extension SequenceTable {
    /// The lines, by name.
    package var lineRecords: [LineRecord] { lines.map(\.record) }

    /// What tells a line to do something: `packaging.hold`.
    package static func order(_ words: String) -> (line: String, command: LineCommand)? {
        guard let point = words.lastIndex(of: "."),
            let command = LineCommand(rawValue: String(words[words.index(after: point)...]))
        else { return nil }
        return (String(words[..<point]), command)
    }

    /// Tells a line to do something. False where there is no such line, or its state has no place
    /// for that.
    package mutating func tell(
        _ line: String, _ command: LineCommand, principal: String,
        commands: inout some CommandRunner, twins: any TwinSurvey, registry: Registry,
        at now: Instant, into effects: inout [CommandEffect]
    ) -> Bool {
        guard let place = lines.firstIndex(where: { $0.name == line }),
            let state = lines[place].state.state(after: command)
        else {
            counters.ordersRefused += 1
            return false
        }
        var scene = Scene(registry: registry, twins: twins, now: now)
        enter(state, place, reason: "\(command.rawValue) by \(principal)", &scene)
        perform(&scene, &commands, from: effects.count, &effects)
        return true
    }

    private mutating func enter(
        _ state: LineState, _ place: Int, reason: String, _ scene: inout Scene
    ) {
        let former = lines[place].run
        let from = lines[place].state
        lines[place].run = nil
        lines[place].state = state
        lines[place].since = scene.now
        lines[place].reason = reason
        let line = lines[place]
        scene.actions.append(
            .tell(
                .audit(
                    AuditEntry(
                        time: scene.now, command: CommandID("line", line.name),
                        device: line.device, name: line.name, from: from.description,
                        to: state.description, reason: reason))))
        scene.actions.append(.tell(.line(line.record)))
        if let former, let index = runs.firstIndex(where: { $0.id == former }) {
            cancel(index, reason: "the line is \(state)", &scene)
        }
        guard let next = state.next else { return }
        guard let sequence = line.sequences[state] else {
            enter(next, place, reason: reason, &scene)
            return
        }
        lines[place].actions += 1
        let trigger = "line \(line.name) \(line.actions + 1)"
        // Known before it starts, for a run may be over at once.
        lines[place].run = CommandID("sequence", sequence, trigger)
        let run = start(
            sequence, trigger: trigger, context: nil, isCritical: state == .aborting,
            load: { _ in 0 }, &scene)
        if run == nil, lines[place].run == CommandID("sequence", sequence, trigger) {
            leave(place, hasFailed: true, reason: "\(sequence) cannot start", &scene)
        }
    }

    /// Takes the end of a run that a line may wait for.
    mutating func follow(_ run: SequenceRun, _ scene: inout Scene) {
        guard let place = lines.firstIndex(where: { $0.run == run.id }) else { return }
        leave(
            place, hasFailed: run.state != .succeeded,
            reason: "\(run.sequence) \(run.state): \(run.reason)", &scene)
    }

    private mutating func leave(
        _ place: Int, hasFailed: Bool, reason: String, _ scene: inout Scene
    ) {
        lines[place].run = nil
        let state = lines[place].state
        if hasFailed, state != .aborting {
            enter(.aborting, place, reason: reason, &scene)
            return
        }
        if hasFailed {
            scene.actions.append(
                .tell(
                    .alarm(
                        SequenceAlarm(
                            time: scene.now, run: CommandID("line", lines[place].name),
                            sequence: lines[place].name, step: state.description,
                            device: lines[place].device, reason: reason))))
        }
        if let next = state.next { enter(next, place, reason: reason, &scene) }
    }
}

extension SequenceCompiler {
    /// The lines by name; what they name must exist.
    mutating func compile(_ definitions: [LineDefinition], sequences: Set<String>) -> [Line] {
        var lines: [Line] = []
        for definition in definitions.sorted(by: { $0.name.value < $1.name.value }) {
            let group = registry.group(named: definition.group.value)
            if group == nil {
                unknown("group", definition.group, "E0311", among: registry.groups.map(\.name))
            }
            if lines.contains(where: { $0.name == definition.name.value }) {
                report(
                    .error, "E0310", "there is another line '\(definition.name.value)'",
                    definition.name)
            }
            var byState: [LineState: String] = [:]
            for (command, sequence) in definition.sequences {
                if !sequences.contains(sequence.value) {
                    unknown("command sequence", sequence, "E0508", among: sequences.sorted())
                }
                byState[command.acting] = sequence.value
            }
            let first = group?.members.min { registry.name(of: $0) < registry.name(of: $1) }
            lines.append(
                Line(
                    name: definition.name.value, group: definition.group.value, sequences: byState,
                    device: first ?? Device(index: 0)))
        }
        return lines
    }
}
