import Model

/// Deadlines in the order they fall due; equal ones in the order of their commands.
///
/// Deadlines are never taken out when a command moves on: whoever asks drops the stale ones from
/// the top.
struct DeadlineHeap: Sendable {
    /// One deadline of the command at `slot`, which is still meant if its serial is `serial`.
    struct Entry: Hashable, Sendable {
        var deadline: Instant
        var serial: UInt64
        var slot: Int

        fileprivate func isBefore(_ other: Entry) -> Bool {
            deadline != other.deadline ? deadline < other.deadline : serial < other.serial
        }
    }

    private(set) var entries: [Entry] = []

    var first: Entry? { entries.first }

    mutating func push(_ entry: Entry) {
        entries.append(entry)
        var child = entries.count - 1
        while child > 0, entries[child].isBefore(entries[(child - 1) / 2]) {
            entries.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func removeFirst() {
        entries.swapAt(0, entries.count - 1)
        entries.removeLast()
        if entries.isEmpty { return }
        var (parent, least) = (0, 0)
        repeat {
            entries.swapAt(parent, least)
            parent = least
            for child in [parent * 2 + 1, parent * 2 + 2]
            where child < entries.count && entries[child].isBefore(entries[least]) {
                least = child
            }
        } while least != parent
    }

    /// Forgets all but these.
    mutating func replace(with kept: [Entry]) {
        entries.removeAll(keepingCapacity: true)
        for entry in kept { push(entry) }
    }
}
