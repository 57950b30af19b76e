import Model

/// The last commands that ended, up to a limit; the oldest makes room for the newest.
struct FinishedRing: Sendable {
    let limit: Int
    private var ring: [CommandRecord] = []
    /// Where the oldest is, once the ring is full.
    private var start = 0
    private var known: Set<CommandID> = []

    init(limit: Int) { self.limit = limit }

    /// Oldest first.
    var records: [CommandRecord] { Array(ring[start...] + ring[..<start]) }

    func contains(_ id: CommandID) -> Bool { known.contains(id) }

    mutating func append(_ record: CommandRecord) {
        guard limit > 0, known.insert(record.id).inserted else { return }
        if ring.count < limit {
            ring.append(record)
        } else {
            known.remove(ring[start].id)
            ring[start] = record
            start = (start + 1) % limit
        }
    }
}
