package import Model

/// What a sequence would do if it were started now.
package struct SequenceRehearsal: Hashable, Sendable {
    package var sequence: String
    package var selection: String
    /// By name.
    package var targets: [Device]
    /// In the order they could begin.
    package var steps: [Step]
    package var conflicts: [Conflict]
    /// With the acknowledgements, if every step runs once.
    package var messages: Int
    package var bytes: Int
    /// On a shared medium of `bitsPerSecond`.
    package var airtime: Milliseconds

    /// IEEE 802.15.4 at 2.4 GHz.
    package static let bitsPerSecond = 250_000

    /// One command for one device.
    package struct Step: Hashable, Sendable {
        package var id: String
        package var device: Device
        package var command: String
        package var parameters: [Field]
        /// From 1: steps with the same number can run at the same time.
        package var wave: Int
        /// What `when` says now; true where there is none.
        package var wouldRun: Bool
        package var compensation: String?
    }

    /// Something else that is after the same property.
    package struct Conflict: Hashable, Sendable {
        package var step: String
        package var device: Device
        package var property: Property
        /// `sequence stop_line`, `command set_mode`, `desired 20.5`.
        package var other: String
    }
}

extension SequenceTable {
    /// Plans a start without starting anything; nil where there is no such sequence. The devices
    /// are those that a start now would take.
    package func rehearse(
        _ sequence: String, context: Device?, commands: some CommandRunner,
        twins: any TwinSurvey, registry: Registry, at now: Instant
    ) -> SequenceRehearsal? {
        guard let plan = plans[sequence] else { return nil }
        let scene = Scene(registry: registry, twins: twins, now: now)
        let members = choose(
            plan, near: context, load: { commands.load(of: $0) }, scene
        ).members
        var result = SequenceRehearsal(
            sequence: sequence, selection: plan.selection.description,
            targets: members.filter { $0.ownStep == nil }.map(\.device), steps: [], conflicts: [],
            messages: 0, bytes: 0, airtime: .zero)
        for node in SequenceTable.nodes(of: plan, members) {
            let member = members[node.member]
            let step = plan.steps[node.step]
            let variant = step.variants[member.variant]
            let wouldRun = variant.when.map { scene.holds($0, for: member.device) } ?? true
            result.steps.append(
                SequenceRehearsal.Step(
                    id: step.id, device: member.device, command: variant.form.name,
                    parameters: variant.form.parameters, wave: plan.wave(of: node.step),
                    wouldRun: wouldRun, compensation: variant.compensation?.name))
            result.conflicts += conflicts(
                step.id, variant.form, member.device, commands: commands, twins)
            guard wouldRun else { continue }
            let isPrepared = plan.barrier != nil && step.parents.isEmpty && member.ownStep == nil
            result.messages += isPrepared ? 4 : 2
            result.bytes += variant.form.bytesOnAir * (isPrepared ? 2 : 1)
        }
        // Stable, as steps of one wave stay in the order written.
        result.steps = (1...GraphPlan.stepsMax).flatMap { wave in
            result.steps.filter { $0.wave == wave }
        }
        let bits = Int64(result.bytes * 8)
        result.airtime = Milliseconds(
            (bits * 1000 + Int64(SequenceRehearsal.bitsPerSecond) - 1)
                / Int64(SequenceRehearsal.bitsPerSecond))
        return result
    }

    private func conflicts(
        _ step: String, _ form: CommandForm, _ device: Device, commands: some CommandRunner,
        _ twins: any TwinSurvey
    ) -> [SequenceRehearsal.Conflict] {
        form.writes.flatMap { write in
            var others = runs.filter { writes(write.property, on: device, $0) }
                .map { "sequence \($0.sequence)" }
            others += commands.writers(of: write.property, on: device).map { "command \($0)" }
            if let desired = twins.desired(write.property, of: device), !write.isMet(by: desired) {
                others.append("desired \(desired)")
            }
            return others.map {
                SequenceRehearsal.Conflict(
                    step: step, device: device, property: write.property, other: $0)
            }
        }
    }

    /// Whether a run has yet to write the property.
    private func writes(_ property: Property, on device: Device, _ run: SequenceRun) -> Bool {
        guard let plan = plan(of: run) else { return false }
        return run.nodes.contains { node in
            let member = run.members[node.member]
            let form = plan.steps[node.step].variants[member.variant].form
            return member.device == device && !node.state.isFinal
                && form.writes.contains { $0.property == property }
        }
    }
}

extension GraphPlan {
    /// How many steps must end one after the other before the step can, itself included.
    func wave(of step: Int) -> Int {
        1 + (steps[step].parents.map { wave(of: $0) }.max() ?? 0)
    }
}

extension CommandForm {
    /// About what a transmission and its acknowledgement take on a constrained link: IPv6 and UDP
    /// compressed to 12 bytes (RFC 6282), 12 of link frame each, CoAP with a token of 4, the
    /// options and a map with the id.
    var bytesOnAir: Int {
        let options = (path + query).reduce(0) { $0 + 1 + $1.utf8.count }
        let payload = parameters.reduce(24) { sum, field in
            sum + field.name.utf8.count + 1 + (field.value?.description.utf8.count ?? 0) + 1
        }
        return 2 * (24 + 8) + options + payload
    }
}
