import Model

/// A sequence made ready: its steps in the form each model of the target group needs, its
/// candidates in order, and its policy.
struct SequencePlan: Sendable {
    var name: String
    var isCritical: Bool
    var selection: TargetDefinition.Selection
    /// Ascending by name.
    var candidates: [Candidate]
    /// By model of the group's devices, then by step.
    var variants: [[CommandForm]]
    var policy: RetryPolicy

    /// A device the sequence may run on.
    struct Candidate: Sendable {
        var device: Device
        var name: String
        var variant: Int
    }

    /// The devices to run on, in order of their names; none where the group is empty.
    func targets(near context: Device?, registry: Registry) -> [Candidate] {
        switch selection {
        case .all, .leastLoaded, .freshest, .any: candidates
        case .nearest:
            Registry.nearest(
                to: context.flatMap { registry.entry($0) }, count: candidates.count
            ) { registry.entry(candidates[$0].device) }.map { [candidates[$0]] } ?? []
        }
    }
}
