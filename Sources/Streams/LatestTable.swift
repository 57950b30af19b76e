import Model

/// The latest value of some columns for every key of an as-of join.
struct LatestTable: Sendable {
    /// Keys may not be more than this.
    let limit: Int
    private var numbers: [[Value?]: Int] = [:]
    private var entries: [Entry] = []

    private struct Entry: Sendable {
        var key: [Value?]
        /// By joined column.
        var values: [Latest]
    }

    private struct Latest: Sendable {
        var value: Value?
        var time = Instant.distantPast
    }

    init(limit: Int) { self.limit = limit }

    /// Bytes of one key.
    static func bytes(columns: Int, on: Int) -> Int {
        128 + columns * MemoryLayout<Latest>.stride + 2 * on * MemoryLayout<Value?>.stride
    }

    /// Remembers what a row has; false where there are too many keys.
    @discardableResult
    mutating func learn(_ row: [Value?], _ columns: [Int], on key: [Value?], at time: Instant)
        -> Bool
    {
        guard let number = number(of: key, columns: columns.count) else { return false }
        for (index, column) in columns.enumerated() {
            guard let value = row[column] else { continue }
            entries[number].values[index] = Latest(value: value, time: time)
        }
        return true
    }

    /// Remembers what a row has and gives it what it lacks; false where there are too many keys.
    mutating func fill(
        _ row: inout [Value?], _ columns: [Int], on key: [Value?], at time: Instant,
        within span: Milliseconds
    ) -> Bool {
        guard learn(row, columns, on: key, at: time), let number = numbers[key] else {
            return false
        }
        for (index, column) in columns.enumerated() where row[column] == nil {
            let latest = entries[number].values[index]
            if latest.value != nil, time - latest.time < span { row[column] = latest.value }
        }
        return true
    }

    private mutating func number(of key: [Value?], columns: Int) -> Int? {
        if let number = numbers[key] { return number }
        guard entries.count < limit else { return nil }
        numbers[key] = entries.count
        entries.append(Entry(key: key, values: Array(repeating: Latest(), count: columns)))
        return entries.count - 1
    }
}

extension LatestTable {
    func write(into writer: inout ByteWriter) {
        writer.list(entries) { writer, entry in
            writer.list(entry.key) { $0.value($1) }
            writer.list(entry.values) { writer, latest in
                writer.value(latest.value)
                writer.instant(latest.time)
            }
        }
    }

    mutating func restore(from reader: inout ByteReader) throws(RecordError) {
        self = LatestTable(limit: limit)
        for _ in 0..<(try reader.count()) {
            var entry = Entry(key: [], values: [])
            for _ in 0..<(try reader.count()) { entry.key.append(try reader.value()) }
            for _ in 0..<(try reader.count()) {
                let value = try reader.value()
                entry.values.append(Latest(value: value, time: try reader.instant()))
            }
            guard numbers[entry.key] == nil, entries.count < limit else {
                throw .malformed(at: reader.offset)
            }
            numbers[entry.key] = entries.count
            entries.append(entry)
        }
    }
}
