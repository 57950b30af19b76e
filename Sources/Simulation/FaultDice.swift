import Model

/// Which of a scenario's faults hit one device, and when: by chance where it says so, but the same
/// for the same seed.
struct FaultDice: Sendable {
    private var faults: [(definition: FaultDefinition, hits: Int)] = []
    private var random: SplitMix64

    init(_ device: Device, scenario: ScenarioDefinition, registry: Registry, seed: UInt64) {
        let name = registry.name(of: device)
        random = SplitMix64(seed: seed, name: name + "/faults")
        for fault in scenario.faults {
            let isMember =
                fault.group.flatMap { registry.group(named: $0) }?.members.contains(device) ?? false
            if isMember || fault.devices.contains(name) { faults.append((fault, 0)) }
        }
    }

    /// What goes wrong with a command that arrives `elapsed` after the scenario's start; nil for
    /// nothing. `kinds` limits what may.
    mutating func hit(
        _ command: String, elapsed: Milliseconds,
        among kinds: [FaultDefinition.Kind] = FaultDefinition.Kind.allCases
    ) -> FaultDefinition? {
        for place in faults.indices {
            let fault = faults[place].definition
            guard kinds.contains(fault.kind), elapsed >= fault.after,
                faults[place].hits < fault.times ?? .max,
                fault.commands.isEmpty || fault.commands.contains(command)
            else { continue }
            // 53 bits of it, in [0, 1).
            let draw = Double(random.next() >> 11) * 0x1p-53
            guard draw < fault.probability else { continue }
            faults[place].hits += 1
            return fault
        }
        return nil
    }
}
