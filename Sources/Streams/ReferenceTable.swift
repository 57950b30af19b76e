package import Model

/// Rows that are known beforehand and that events are enriched from: found by their key and, where
/// they have times, by the event's time.
package struct ReferenceTable: Sendable {
    package let name: Located<String>
    /// What a row is found by, in this order.
    package let key: [Column]
    /// What a row tells.
    package let columns: [Column]
    /// False where the table could not be read; streams that use it are left out without a word.
    package let isSound: Bool
    /// A number for the whole content: another content hardly ever has the same.
    let fingerprint: UInt64
    /// How many rows there are.
    let count: Int
    /// The most bytes of memory that it takes.
    let bytes: Int
    /// By key: the places of its versions.
    private let spans: [[Value]: Range<Int>]
    /// By place, in the order of time within a key.
    private let times: [Instant]
    /// By place, then by column.
    private let values: [Value?]

    /// What one column holds.
    package struct Column: Hashable, Sendable {
        package var name: String
        package var type: ValueType
        package var unit: Unit?

        package init(_ name: String, _ type: ValueType, _ unit: Unit? = nil) {
            self.name = name
            self.type = type
            self.unit = unit
        }
    }

    /// One version of what is known of a key.
    package struct Row: Sendable {
        package var key: [Value]
        /// It holds from here on, until the key's next version.
        package var since: Instant
        package var values: [Value?]

        package init(
            key: [Value], since: Instant = .distantPast, values: [Value?]
        ) {
            self.key = key
            self.since = since
            self.values = values
        }
    }

    /// Of two rows with one key and one time the later counts; each has a value per column.
    package init(
        _ name: Located<String>, key: [Column], columns: [Column], rows: [Row]
    ) {
        self.init(name, key: key, columns: columns, rows: rows, isSound: true)
    }

    /// Stands for a table that could not be read.
    package init(unreadable name: Located<String>) {
        self.init(name, key: [], columns: [], rows: [], isSound: false)
    }

    private init(
        _ name: Located<String>, key: [Column], columns: [Column], rows: [Row], isSound: Bool
    ) {
        self.name = name
        self.key = key
        self.columns = columns
        self.isSound = isSound
        count = rows.count
        var versions: [[Value]: [Int]] = [:]
        for (place, row) in rows.enumerated() { versions[row.key, default: []].append(place) }
        var spans: [[Value]: Range<Int>] = [:]
        var times: [Instant] = []
        var values: [Value?] = []
        var bytes = 0
        for row in rows {
            guard let places = versions.removeValue(forKey: row.key) else { continue }
            let start = times.count
            for place in places.sorted(by: { (rows[$0].since, $0) < (rows[$1].since, $1) }) {
                precondition(rows[place].values.count == columns.count, "a value per column")
                times.append(rows[place].since)
                values += rows[place].values
                bytes += rows[place].values.reduce(0) { $0 + ($1?.textBytes ?? 0) }
            }
            spans[row.key] = start..<times.count
            bytes += 96 + row.key.reduce(0) { $0 + MemoryLayout<Value>.stride + $1.textBytes }
        }
        (self.spans, self.times, self.values) = (spans, times, values)
        self.bytes =
            bytes + times.count * MemoryLayout<Instant>.stride
            + values.count * MemoryLayout<Value?>.stride
        fingerprint = ReferenceTable.fingerprint(key, columns, rows)
    }

    /// The place of the version that holds for a key at a time: the last that began by then. Nil
    /// where the key is unknown, or has none yet.
    func place(of key: [Value], at time: Instant) -> Int? {
        guard let span = spans[key] else { return nil }
        var (low, high) = (span.lowerBound, span.upperBound)
        while low < high {
            let middle = (low + high) / 2
            if times[middle] <= time { low = middle + 1 } else { high = middle }
        }
        return low > span.lowerBound ? low - 1 : nil
    }

    func value(_ column: Int, at place: Int) -> Value? { values[place * columns.count + column] }

    private static func fingerprint(
        _ key: [Column], _ columns: [Column], _ rows: [Row]
    ) -> UInt64 {
        var writer = ByteWriter()
        for column in key + columns {
            writer.string(column.name)
            writer.string(column.type.rawValue)
            writer.string(column.unit?.symbol ?? "")
        }
        for row in rows {
            for value in row.key { writer.value(value) }
            writer.instant(row.since)
            for value in row.values { writer.value(value) }
        }
        return writer.bytes.reduce(0xcbf2_9ce4_8422_2325) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01b3
        }
    }
}

extension Value {
    /// Bytes that a text takes beside the value itself.
    fileprivate var textBytes: Int {
        if case .text(let text) = self, text.utf8.count > 15 { return text.utf8.count + 32 }
        return 0
    }
}

/// A step that gives a row what a table knows, as it is compiled.
///
/// A class, so that a step is one pointer to pass around.
final class TableLookup: Sendable {
    let table: ReferenceTable
    /// By part of the table's key: the row's column that has it.
    let on: [Int]
    let fills: [(column: Int, source: Int)]

    init(_ table: ReferenceTable, on: [Int], fills: [(column: Int, source: Int)]) {
        self.table = table
        self.on = on
        self.fills = fills
    }

    /// Fills the columns; they are missing, and the answer is false, where nothing is known.
    func fill(_ row: inout [Value?], at time: Instant) -> Bool {
        let place = key(of: row).flatMap { table.place(of: $0, at: time) }
        for (column, source) in fills {
            row[column] = place.flatMap { table.value(source, at: $0) }
        }
        return place != nil
    }

    private func key(of row: [Value?]) -> [Value]? {
        var key: [Value] = []
        key.reserveCapacity(on.count)
        for (part, column) in on.enumerated() {
            guard let value = row[column]?.converted(to: table.key[part].type) else { return nil }
            key.append(value)
        }
        return key
    }
}
