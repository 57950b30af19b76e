package import Language
package import Model

/// The functions of one pattern or step that remember rows, for all its keys.
///
/// Keys are numbered densely by whoever owns the table, which bounds how many there are. A key
/// takes `bytesPerKey`, all of it when its first row comes; rows allocate nothing after that.
///
/// `stale` becomes true between rows. After `fill`, the owner asks `nextStale` when that is, sets a
/// timer, and when it is due calls `fillStale` on the key's latest row and judges it again.
package struct CallTable: Sendable {
    package let calls: [Call]
    private var columns: [any CallColumn]
    private var keys = 0
    /// Whether any of them looks ahead.
    let hasOutlooks: Bool

    package init(_ calls: [Call]) {
        self.calls = calls
        hasOutlooks = calls.contains { if case .outlook = $0.kind { true } else { false } }
        columns = calls.map(CallTable.column)
    }

    private static func column(_ call: Call) -> any CallColumn {
        switch call.kind {
        case .previous(let distance): PreviousColumn(distance: max(1, distance))
        case .elapsed: ElapsedColumn()
        case .time: TimeColumn()
        case .stale(let span): StaleColumn(after: span)
        case .detector(let detector, let parameters):
            detector.column(detector.filled(parameters))
        case .outlook(let outlook): OutlookColumn(outlook)
        }
    }

    /// Computes all calls for the next row of `key`, in the total order, and puts their values into
    /// `row[first...]`.
    package mutating func fill(_ row: inout [Value?], from first: Int, key: Int, at time: Instant) {
        grow(to: key + 1)
        for index in columns.indices {
            let value = columns[index].readsArgument ? calls[index].argument.evaluate(row) : nil
            row[first + index] = columns[index].next(value, key: key, at: time)
        }
    }

    private mutating func grow(to count: Int) {
        guard keys < count else { return }
        keys = count
        for index in columns.indices { columns[index].grow(to: count) }
    }

    /// How often since it was last asked the past of a key led nowhere that could be believed.
    package mutating func takeUnskilled() -> UInt64 {
        guard hasOutlooks else { return 0 }
        var sum: UInt64 = 0
        for index in columns.indices { sum += columns[index].takeUnskilled() }
        return sum
    }

    // MARK: Staleness

    /// The first time after `time` at which a `stale` of this key turns true if no row comes.
    package func nextStale(key: Int, after time: Instant) -> Instant? {
        guard key < keys else { return nil }
        var result: Instant?
        for column in columns {
            guard let due = column.staleSince(key), due > time else { continue }
            result = min(result ?? due, due)
        }
        return result
    }

    /// Puts the values that `stale` has at `time` into a row of this key; nothing else changes.
    package func fillStale(_ row: inout [Value?], from first: Int, key: Int, at time: Instant) {
        guard key < keys else { return }
        for (index, column) in columns.enumerated() {
            guard let due = column.staleSince(key) else { continue }
            row[first + index] = .boolean(time >= due)
        }
    }

    // MARK: Memory and snapshots

    /// Bytes each key takes.
    package var bytesPerKey: Int { columns.reduce(0) { $0 + $1.bytesPerKey } }

    /// Everything that rows have left behind.
    package func write(into writer: inout ByteWriter) {
        writer.unsigned(keys)
        for column in columns { column.write(into: &writer) }
    }

    /// Into a table of the same calls. `keys` is how many keys there may be; damage throws.
    package mutating func restore(
        from reader: inout ByteReader, keys limit: Int
    ) throws(RecordError) {
        self = CallTable(calls)
        grow(to: try reader.count(upTo: limit))
        for index in columns.indices { try columns[index].restore(from: &reader) }
    }
}

/// One call, for all keys.
protocol CallColumn: Sendable {
    /// False where only the row's time matters.
    var readsArgument: Bool { get }
    var bytesPerKey: Int { get }
    mutating func grow(to count: Int)
    /// Takes in the value the next row of `key` has; the call's value on that row.
    mutating func next(_ value: Value?, key: Int, at time: Instant) -> Value?
    /// From when on the call is true if no row comes. Nil of all but `stale`.
    func staleSince(_ key: Int) -> Instant?
    /// How often since it was last asked there was no skill in looking ahead.
    mutating func takeUnskilled() -> UInt64
    func write(into writer: inout ByteWriter)
    mutating func restore(from reader: inout ByteReader) throws(RecordError)
}

extension CallColumn {
    var readsArgument: Bool { true }
    func staleSince(_ key: Int) -> Instant? { nil }
    mutating func takeUnskilled() -> UInt64 { 0 }
}

/// `previous(x, n)`: a ring of the last n values of each key.
private struct PreviousColumn: CallColumn {
    let distance: Int
    private var rings: [Value?] = []
    private var positions: [Int32] = []

    init(distance: Int) { self.distance = distance }

    var bytesPerKey: Int { MemoryLayout<Value?>.stride * distance + 4 }

    mutating func grow(to count: Int) {
        let missing = count - positions.count
        rings += Array(repeating: nil, count: missing * distance)
        positions += Array(repeating: 0, count: missing)
    }

    mutating func next(_ value: Value?, key: Int, at time: Instant) -> Value? {
        let position = Int(positions[key])
        let place = key * distance + position
        let result = rings[place]
        rings[place] = value
        positions[key] = Int32(position + 1 == distance ? 0 : position + 1)
        return result
    }

    func write(into writer: inout ByteWriter) {
        for position in positions { writer.unsigned(Int(position)) }
        for value in rings { writer.value(value) }
    }

    mutating func restore(from reader: inout ByteReader) throws(RecordError) {
        for key in positions.indices {
            positions[key] = Int32(try reader.count(upTo: distance - 1))
        }
        for place in rings.indices { rings[place] = try reader.value() }
    }
}

/// The row's own time, for `hour()` and `weekday()`.
private struct TimeColumn: CallColumn {
    var readsArgument: Bool { false }
    var bytesPerKey: Int { 0 }
    mutating func grow(to count: Int) {}
    mutating func next(_ value: Value?, key: Int, at time: Instant) -> Value? { .timestamp(time) }
    func write(into writer: inout ByteWriter) {}
    mutating func restore(from reader: inout ByteReader) throws(RecordError) {}
}

/// `elapsed()`: when each key's last row was.
private struct ElapsedColumn: CallColumn {
    private var times: [Instant] = []

    var readsArgument: Bool { false }
    var bytesPerKey: Int { MemoryLayout<Instant>.stride }

    mutating func grow(to count: Int) {
        times += Array(repeating: .distantPast, count: count - times.count)
    }

    mutating func next(_ value: Value?, key: Int, at time: Instant) -> Value? {
        let last = times[key]
        times[key] = time
        return last == .distantPast ? nil : .number(Double((time - last).count) / 1000)
    }

    func write(into writer: inout ByteWriter) { for time in times { writer.instant(time) } }

    mutating func restore(from reader: inout ByteReader) throws(RecordError) {
        for key in times.indices { times[key] = try reader.instant() }
    }
}

/// `x is stale`: when x was last there.
private struct StaleColumn: CallColumn {
    let span: Milliseconds
    private var times: [Instant] = []

    init(after span: Milliseconds) { self.span = span }

    var bytesPerKey: Int { MemoryLayout<Instant>.stride }

    mutating func grow(to count: Int) {
        times += Array(repeating: .distantPast, count: count - times.count)
    }

    mutating func next(_ value: Value?, key: Int, at time: Instant) -> Value? {
        if value != nil { times[key] = max(times[key], time) }
        return staleSince(key).map { .boolean(time >= $0) }
    }

    /// Longer ago than the span: from the next millisecond on.
    func staleSince(_ key: Int) -> Instant? {
        times[key] == .distantPast ? nil : times[key] + span + Milliseconds(1)
    }

    func write(into writer: inout ByteWriter) { for time in times { writer.instant(time) } }

    mutating func restore(from reader: inout ByteReader) throws(RecordError) {
        for key in times.indices { times[key] = try reader.instant() }
    }
}
