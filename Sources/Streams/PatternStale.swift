import Language
import Model

/// The latest row of each key, with the aggregates and calls behind it, kept to be judged again
/// when something in it turns stale: `x is stale after 5m`.
struct PatternStale: Sendable {
    /// Columns, aggregates and calls.
    let width: Int
    var keys: [Key] = []
    /// By key, then by column: the latest row.
    private(set) var rows: [Value?] = []

    struct Key: Sendable {
        /// Where its latest row went; negative if nowhere.
        var slot: Int32 = -1
        /// Of the latest row, or of the timer that fired last.
        var judged = Instant.distantPast
        /// When the next timer is due.
        var queued = Instant.distantFuture
    }

    init(width: Int) { self.width = width }

    static func bytesPerKey(width: Int) -> Int {
        MemoryLayout<Key>.stride + width * MemoryLayout<Value?>.stride
    }

    /// Keeps the front of a row.
    mutating func keep(_ row: [Value?], key: Int, slot: Int32, at time: Instant) {
        let missing = key + 1 - keys.count
        if missing > 0 {
            keys += Array(repeating: Key(), count: missing)
            rows += Array(repeating: nil, count: missing * width)
        }
        for column in 0..<width { rows[key * width + column] = row[column] }
        keys[key].slot = slot
        keys[key].judged = time
    }

    /// Puts the kept row back where it was.
    func load(_ row: inout [Value?], key: Int) {
        for column in 0..<width { row[column] = rows[key * width + column] }
    }

    func write(into writer: inout ByteWriter) {
        writer.list(keys) { writer, key in
            writer.unsigned(Int(key.slot + 1))
            writer.instant(key.judged)
        }
        for value in rows { writer.value(value) }
    }

    mutating func restore(
        from reader: inout ByteReader, keys limit: Int, slots: Int
    ) throws(RecordError) {
        self = PatternStale(width: width)
        let count = try reader.count(upTo: limit)
        for _ in 0..<count {
            let slot = try reader.count(upTo: slots) - 1
            keys.append(Key(slot: Int32(slot), judged: try reader.instant()))
        }
        for _ in 0..<count * width { rows.append(try reader.value()) }
    }
}
