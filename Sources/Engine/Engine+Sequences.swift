package import Commands
package import Model

/// Sequences and lines: what starts them, and what they make of the commands they had run.
extension Engine {
    /// Starts whatever goes by the name: a sequence, or what a line is told to do.
    mutating func run(
        _ name: String, trigger: String, principal: String, context: Device?, isCritical: Bool,
        at now: Instant
    ) {
        if sequences.has(name) {
            sequences.start(
                name, trigger: trigger, context: context, isCritical: isCritical,
                commands: &commands, twins: Survey(twins: twins), registry: registry, at: now,
                into: &commandEffects)
        } else if let (line, command) = SequenceTable.order(name) {
            _ = sequences.tell(
                line, command, principal: principal, commands: &commands,
                twins: Survey(twins: twins), registry: registry, at: now, into: &commandEffects)
        } else {
            commands.start(
                name, trigger: trigger, context: context, isCritical: isCritical,
                registry: registry, twins: Reports(twins), at: now, into: &commandEffects)
        }
    }

    /// Ends a run of a sequence early; false where the id is none's.
    mutating func cancelRun(_ order: CommandOrder, at now: Instant) -> Bool {
        guard order.decision == .cancel else { return false }
        return sequences.cancel(
            order.command, principal: order.principal, commands: &commands,
            twins: Survey(twins: twins), registry: registry, at: now, into: &commandEffects)
    }

    /// Lets runs see what became of their commands.
    mutating func followCommands(at now: Instant) {
        guard !sequences.isIdle else { return }
        sequences.follow(
            &commandEffects, from: 0, commands: &commands, twins: Survey(twins: twins),
            registry: registry, at: now)
    }

    mutating func advanceSequences(at now: Instant) {
        sequences.advance(
            to: now, commands: &commands, twins: Survey(twins: twins), registry: registry,
            into: &commandEffects)
    }

    /// Lets steps see what a device they wait for has reported.
    mutating func showSequences(_ device: Device, at now: Instant) {
        sequences.reported(
            device, commands: &commands, twins: Survey(twins: twins), registry: registry, at: now,
            into: &commandEffects)
    }

    mutating func receivePrepared(_ response: CommandResponse, at now: Instant) {
        sequences.receive(
            response, commands: &commands, twins: Survey(twins: twins), registry: registry,
            at: now, into: &commandEffects)
    }

    mutating func resumeSequences(at now: Instant) {
        sequences.resume(
            commands: &commands, twins: Survey(twins: twins), registry: registry, at: now,
            into: &commandEffects)
    }

    /// What a sequence would do if it were started now; nil where there is none of that name.
    /// Nothing changes.
    package func rehearse(
        _ sequence: String, context: Device?, at now: Instant
    ) -> SequenceRehearsal? {
        sequences.rehearse(
            sequence, context: context, commands: commands, twins: Survey(twins: twins),
            registry: registry, at: now)
    }

    /// What is to be told of runs and lines.
    mutating func tell(_ record: SequenceRecord, into effects: inout [Effect]) {
        publish(
            .command, name: record.sequence, time: record.updated, start: record.started,
            key: [Field("run_id", .text(record.id.description))],
            fields: [
                Field("state", .text(record.state.description)),
                Field("reason", .text(record.reason)),
            ], window: "run", into: &effects)
    }

    mutating func tell(_ alarm: SequenceAlarm, into effects: inout [Effect]) {
        let device = registry.name(of: alarm.device)
        effects.append(
            .log(
                "alarm: \(alarm.sequence) step=\(alarm.step) device=\(device) "
                    + "time=\(alarm.time) \(alarm.reason)"))
        publish(
            .command, name: alarm.sequence, time: alarm.time, start: nil,
            key: [Field("device_id", .text(device))],
            fields: [
                Field("run_id", .text(alarm.run.description)),
                Field("step", .text(alarm.step)), Field("reason", .text(alarm.reason)),
            ], window: "alarm", into: &effects)
    }

    mutating func tell(_ line: LineRecord, into effects: inout [Effect]) {
        publish(
            .command, name: line.name, time: line.since, start: nil,
            key: [Field("line", .text(line.name))],
            fields: [
                Field("state", .text(line.state.description)),
                Field("reason", .text(line.reason)),
            ], window: "line", into: &effects)
    }
}
