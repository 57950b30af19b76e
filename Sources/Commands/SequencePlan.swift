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
        var position: Registry.Position?
        var tags: [String: String]
        var variant: Int
    }

    /// The devices to run on, in order of their names; none where the group is empty.
    func targets(near context: Device?, registry: Registry) -> [Candidate] {
        switch selection {
        case .all: candidates
        case .nearest: nearest(to: context.flatMap { registry.entry($0) }).map { [$0] } ?? []
        }
    }

    /// By position where the context and a candidate have one, else by the number of tags shared,
    /// else the first by name. Comparisons are strict, so ties go to the first by name.
    private func nearest(to context: Registry.Entry?) -> Candidate? {
        if let here = context?.position {
            var best: (candidate: Candidate, distance: Double)?
            for candidate in candidates {
                guard let distance = candidate.position?.squaredDistance(to: here) else { continue }
                if distance < best?.distance ?? .infinity { best = (candidate, distance) }
            }
            if let best { return best.candidate }
        }
        var best = candidates.first
        var most = 0
        for candidate in candidates {
            let shared = context?.tags.count { candidate.tags[$0.key] == $0.value } ?? 0
            if shared > most { (best, most) = (candidate, shared) }
        }
        return best
    }
}
