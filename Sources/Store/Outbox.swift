import Model

/// How far a sink has come in a lane of the outbox.
package struct OutboxCursor: Hashable, Sendable {
    package var sink: String
    package var lane: UInt8
    /// The last record the sink has taken; 0 before the first.
    package var sequence: UInt64

    package init(sink: String, lane: UInt8, sequence: UInt64) {
        self.sink = sink
        self.lane = lane
        self.sequence = sequence
    }

    struct Place: Hashable, Sendable {
        var sink: String
        var lane: UInt8
    }

    private static let prefix = Array("cursor ".utf8)

    static func loadAll(
        _ transaction: borrowing Transaction
    ) throws(StoreError) -> [Place: UInt64] {
        try transaction.withCursor(.meta) { cursor throws(StoreError) in
            var cursors: [Place: UInt64] = [:]
            var found = try cursor.seek(prefix)
            while found, cursor.key.starts(with: prefix) {
                let name = cursor.key.dropFirst(prefix.count)
                let place = Place(
                    sink: String(decoding: name.dropFirst(), as: UTF8.self), lane: name.first ?? 0)
                cursors[place] = Key.number(cursor.value)
                found = try cursor.next()
            }
            return cursors
        }
    }

    func store(_ transaction: borrowing Transaction) throws(StoreError) {
        let key = OutboxCursor.prefix + [lane] + Array(sink.utf8)
        try transaction.put(.meta, key, Key.bytes(sequence))
    }
}

/// A record waiting for upstream.
package struct OutboxRow: Hashable, Sendable {
    package var lane: UInt8
    package var sequence: UInt64
    package var value: [UInt8]

    static func key(lane: UInt8, sequence: UInt64) -> [UInt8] { [lane] + Key.bytes(sequence) }

    /// The oldest records of a lane after `sequence`, at least one where there is one.
    static func load(
        _ transaction: borrowing Transaction, lane: UInt8, after sequence: UInt64,
        countMax: Int, bytesMax: Int
    ) throws(StoreError) -> [OutboxRow] {
        guard sequence < .max else { return [] }
        return try transaction.withCursor(.outbox) { cursor throws(StoreError) in
            var rows: [OutboxRow] = []
            var bytes = 0
            var found = try cursor.seek(key(lane: lane, sequence: sequence + 1))
            while found, cursor.key.first == lane, rows.count < countMax {
                bytes += cursor.valueCount
                if bytes > bytesMax, !rows.isEmpty { break }
                rows.append(
                    OutboxRow(
                        lane: lane, sequence: Key.number(cursor.key.dropFirst()),
                        value: cursor.value))
                found = try cursor.next()
            }
            return rows
        }
    }
}

/// What a lane has lost for want of room, kept for as long as the store lives.
enum OutboxGap {
    static func load(
        _ transaction: borrowing Transaction, lane: UInt8
    ) throws(StoreError) -> LaneStatistics {
        var statistics = LaneStatistics()
        guard let row = try transaction.get(.meta, key(lane)) else { return statistics }
        var reader = ByteReader(row)
        do throws(RecordError) {
            statistics.dropped = try reader.unsigned()
            statistics.firstDropped = try reader.unsigned()
            statistics.lastDropped = try reader.unsigned()
        } catch {
            throw StoreError.damaged(table: Table.meta.name)
        }
        return statistics
    }

    static func store(
        _ transaction: borrowing Transaction, lane: UInt8, _ statistics: LaneStatistics
    ) throws(StoreError) {
        var row = ByteWriter()
        row.unsigned(statistics.dropped)
        row.unsigned(statistics.firstDropped)
        row.unsigned(statistics.lastDropped)
        try transaction.put(.meta, key(lane), row.bytes)
    }

    private static func key(_ lane: UInt8) -> [UInt8] { Array("gap ".utf8) + [lane] }
}
