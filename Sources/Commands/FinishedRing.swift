import Model

/// The last commands that ended, up to a limit; the oldest makes room for the newest.
struct FinishedRing: Sendable {
    let limit: Int
    private var ring: [CommandRecord] = []
    /// Where the oldest is, once the ring is full.
    private var start = 0
    private var places: [CommandID: Int] = [:]

    init(limit: Int) { self.limit = limit }

    /// Oldest first.
    var records: [CommandRecord] { Array(ring[start...] + ring[..<start]) }

    func contains(_ id: CommandID) -> Bool { places[id] != nil }

    func record(_ id: CommandID) -> CommandRecord? { places[id].map { ring[$0] } }

    /// Adds a record, or puts it in place of the one of the same command.
    mutating func append(_ record: CommandRecord) {
        if let place = places[record.id] {
            ring[place] = record
        } else if ring.count < limit {
            places[record.id] = ring.count
            ring.append(record)
        } else if limit > 0 {
            places[ring[start].id] = nil
            places[record.id] = start
            ring[start] = record
            start = (start + 1) % limit
        }
    }
}
