import Model

/// Which properties are due when: a binary heap. An entry that its property no longer stands for
/// is dropped when it comes up.
struct TwinTimers: Sendable {
    struct Entry: Hashable, Comparable, Sendable {
        var due: Instant
        var device: UInt32
        var property: UInt16

        static func < (left: Entry, right: Entry) -> Bool {
            (left.due, left.device, left.property) < (right.due, right.device, right.property)
        }
    }

    private(set) var entries: [Entry] = []

    var first: Entry? { entries.first }

    mutating func insert(_ entry: Entry) {
        entries.append(entry)
        var place = entries.count - 1
        while place > 0, entries[place] < entries[(place - 1) / 2] {
            entries.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    /// Takes the first entry out if it is due.
    mutating func pop(until now: Instant) -> Entry? {
        guard let first = entries.first, first.due <= now else { return nil }
        entries.swapAt(0, entries.count - 1)
        entries.removeLast()
        var place = 0
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2]
            where child < entries.count && entries[child] < entries[least] {
                least = child
            }
            if least == place { return first }
            entries.swapAt(place, least)
            place = least
        }
    }

    /// Puts these in place of all.
    mutating func replace(by entries: [Entry]) {
        // Sorted, it is a heap.
        self.entries = entries.sorted()
    }
}
