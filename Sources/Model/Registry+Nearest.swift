extension Registry {
    /// The candidate nearest to `device`: by position where both have one, else by the number of
    /// tags they share; ties go to the first by name. Nil only where there are no candidates.
    package func nearest(to device: Device, among candidates: [Device]) -> Device? {
        let byName = candidates.sorted { name(of: $0) < name(of: $1) }
        if let here = entry(device)?.position {
            let placed = byName.compactMap { candidate in
                entry(candidate)?.position.map { (candidate, $0.squaredDistance(to: here)) }
            }
            if let best = placed.min(by: { $0.1 < $1.1 }) { return best.0 }
        }
        let tags = entry(device)?.tags ?? [:]
        // `max` answers the first of equals.
        return byName.max { sharedTags($0, tags) < sharedTags($1, tags) }
    }

    private func sharedTags(_ device: Device, _ tags: [String: String]) -> Int {
        let own = entry(device)?.tags ?? [:]
        return tags.count { own[$0.key] == $0.value }
    }
}
