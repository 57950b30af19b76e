import Model

/// Which of a group's devices a sequence or a step takes, in order of preference.
struct Selection: Sendable {
    var kind: TargetDefinition.Selection
    /// How many; nil for all there are.
    var count: Int?
    var rebindsOnRetry: Bool
    var zones: ZoneGraph?
    /// Ascending by name, so that nothing depends on the order devices were numbered in.
    var candidates: [SequencePlan.Candidate]

    /// All candidates, the best first.
    func ranked(
        near context: Device?, registry: Registry, twins: any TwinSurvey,
        load: (Device) -> Int
    ) -> [SequencePlan.Candidate] {
        switch kind {
        case .all, .any: candidates
        case .leastLoaded: sorted { Double(load($0.device)) }
        case .freshest:
            sorted { -Double(twins.lastSeen($0.device)?.milliseconds ?? .min) }
        case .nearest: nearest(to: context.flatMap { registry.entry($0) }, registry)
        }
    }

    /// What the audit says of it.
    var description: String { count.map { "\(kind.rawValue) \($0)" } ?? kind.rawValue }

    /// Stable, so that ties stay in the order of names.
    private func sorted(
        by rank: (SequencePlan.Candidate) -> Double
    ) -> [SequencePlan.Candidate] {
        candidates.map { (rank($0), $0) }.enumerated()
            .sorted { ($0.element.0, $0.offset) < ($1.element.0, $1.offset) }
            .map { $0.element.1 }
    }

    /// Itself, then by zones apart, then by metres, then by tags not shared.
    private func nearest(
        to here: Registry.Entry?, _ registry: Registry
    ) -> [SequencePlan.Candidate] {
        let zone = zones.flatMap { here?.tags[$0.tag] }
        let hops = zone.flatMap { zones?.distances(from: $0) } ?? [:]
        let keys = candidates.enumerated().map { place, candidate in
            let there = registry.entry(candidate.device)
            let thereZone = zones.flatMap { there?.tags[$0.tag] }
            var metres = Double.infinity
            if let from = here?.position, let to = there?.position {
                metres = to.squaredDistance(to: from)
            }
            let shared = here?.tags.count { there?.tags[$0.key] == $0.value } ?? 0
            return Key(
                isOther: candidate.name == here?.name ? 0 : 1,
                hops: thereZone.flatMap { hops[$0] } ?? .max, squaredMetres: metres,
                unshared: -shared, place: place)
        }
        return keys.sorted().map { candidates[$0.place] }
    }

    private struct Key: Comparable {
        var isOther: Int
        var hops: Int
        var squaredMetres: Double
        var unshared: Int
        var place: Int

        static func < (left: Key, right: Key) -> Bool {
            (left.isOther, left.hops, left.squaredMetres, left.unshared, left.place)
                < (right.isOther, right.hops, right.squaredMetres, right.unshared, right.place)
        }
    }
}
