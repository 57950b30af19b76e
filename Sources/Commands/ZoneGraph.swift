/// Which zones of a site lie next to each other; a device's zone is the value of one of its tags.
package struct ZoneGraph: Hashable, Sendable {
    package let tag: String
    /// Both ways, whichever way it was written.
    private var neighbours: [String: Set<String>] = [:]

    /// One way of each pair is enough.
    package init(tag: String, adjacency: [(zone: String, neighbours: [String])]) {
        self.tag = tag
        for (zone, others) in adjacency {
            for other in others {
                neighbours[zone, default: []].insert(other)
                neighbours[other, default: []].insert(zone)
            }
        }
    }

    /// How many steps away each zone is that can be reached.
    func distances(from zone: String) -> [String: Int] {
        var distances = [zone: 0]
        var front: Set<String> = [zone]
        var steps = 0
        while !front.isEmpty {
            steps += 1
            var next: Set<String> = []
            for zone in front { next.formUnion(neighbours[zone] ?? []) }
            front = next.filter { distances[$0] == nil }
            for zone in front { distances[zone] = steps }
        }
        return distances
    }
}
