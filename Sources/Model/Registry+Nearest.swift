extension Registry {
    /// The candidate nearest to `device`: itself if it is one; else by position where both have
    /// one, else by the number of tags they share. Ties go to the first by name. Nil only where
    /// there are no candidates.
    package func nearest(to device: Device, among candidates: [Device]) -> Device? {
        let byName = candidates.sorted { name(of: $0) < name(of: $1) }
        return Registry.nearest(to: entry(device), count: byName.count) { entry(byName[$0]) }
            .map { byName[$0] }
    }

    /// The same of `count` candidates in the order of their names: the place of the nearest.
    /// Nothing is sorted or allocated.
    package static func nearest(
        to here: Entry?, count: Int, entry: (Int) -> Entry?
    ) -> Int? {
        if let here, let own = (0..<count).first(where: { entry($0)?.name == here.name }) {
            return own
        }
        if let position = here?.position {
            var best: (place: Int, distance: Double)?
            for place in 0..<count {
                guard let other = entry(place)?.position else { continue }
                let distance = other.squaredDistance(to: position)
                // Strictly, so that ties go to the first.
                if distance < best?.distance ?? .infinity { best = (place, distance) }
            }
            if let best { return best.place }
        }
        var best = count > 0 ? 0 : nil
        var most = 0
        for place in 0..<count {
            let own = entry(place)?.tags ?? [:]
            let shared = here?.tags.count { own[$0.key] == $0.value } ?? 0
            if shared > most { (best, most) = (place, shared) }
        }
        return best
    }
}
