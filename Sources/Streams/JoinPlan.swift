import Model

/// A join of a stream's sources with others of its sources, as it is compiled.
struct JoinPlan: Sendable {
    let kind: Kind
    /// Whether a row without a partner comes out too.
    let keepsUnmatched: Bool
    /// Rows alike in these columns are joined; rows of one device where there are none.
    let by: [Int]
    /// Holds the number of the source that a row is from.
    let sourceColumn: Int
    /// Sources from this one on are the partners.
    let firstPartner: Int
    /// By source: whether its rows come from another stream.
    let isFollowing: [Bool]
    /// What a row never takes from its partner: what is known of its own device.
    let ownColumns: Set<Int>

    enum Kind: Hashable, Sendable {
        /// A partner's time is in `[t - before, t + after)`.
        case interval(before: Milliseconds, after: Milliseconds)
        /// A partner is in the same window, aligned to the epoch.
        case window(size: Milliseconds, every: Milliseconds, offset: Milliseconds)
    }

    /// What rows must share to be joined; nil where a part of it is missing.
    func key(of row: [Value?], _ device: Device) -> [Value]? {
        if by.isEmpty { return [.integer(Int64(device.index))] }
        var key: [Value] = []
        key.reserveCapacity(by.count)
        for column in by {
            guard let value = row[column] else { return nil }
            key.append(value)
        }
        return key
    }

    func source(of row: [Value?]) -> Int {
        guard case .integer(let number)? = row[sourceColumn] else { return 0 }
        return Int(clamping: number)
    }

    /// Decides between rows of one device and time whose order is that of their arrival, because
    /// they come from other streams: by source. Others are in order.
    func rank(of row: [Value?]) -> Int {
        let source = source(of: row)
        return isFollowing.indices.contains(source) && isFollowing[source] ? source + 1 : 0
    }

    /// A row with what it lacks from its partner.
    func joined(_ row: [Value?], _ partner: [Value?]) -> [Value?] {
        var result = row
        for column in result.indices where result[column] == nil && !ownColumns.contains(column) {
            result[column] = partner[column]
        }
        return result
    }
}

/// A row on its way through a stream's steps.
struct StepRow: Sendable {
    var device: Device
    var property: Property
    var row: [Value?]
}

/// Rows of one side of a join that may still find partners: in the total order, and by key. When
/// there are too many, of one key or in all, the oldest is given up.
struct JoinSide: Sendable {
    private let limit: Int
    private let limitPerKey: Int
    private var entries: [UInt64: Entry] = [:]
    /// Some may have been given up already.
    private var order = Deque<UInt64>()
    private var keys: [[Value]: Deque<UInt64>] = [:]
    private var next: UInt64 = 0
    /// How many were given up.
    var dropped: UInt64 = 0

    struct Entry: Sendable {
        var row: StepRow
        var time: Instant
        /// Nil where it can have no partner.
        var key: [Value]?
        var isMatched = false
    }

    init(limit: Int, limitPerKey: Int) {
        self.limit = limit
        self.limitPerKey = limitPerKey
    }

    /// Bytes of one row. A dictionary that has just grown is hardly more than a third full.
    static func bytes(width: Int, key: Int) -> Int {
        3 * (MemoryLayout<Entry>.stride + 8) + width * MemoryLayout<Value?>.stride
            + 2 * key * MemoryLayout<Value>.stride + 192
    }

    var count: Int { entries.count }

    subscript(number: UInt64) -> Entry? { entries[number] }

    /// The numbers of all rows, in the total order.
    var numbers: [UInt64] { order.elements.filter { entries[$0] != nil } }

    /// The numbers of a key's rows, in the total order.
    func numbers(of key: [Value]) -> ArraySlice<UInt64> { keys[key]?.elements ?? [] }

    /// Takes a row, which comes behind all others in the total order; its number.
    @discardableResult
    mutating func add(_ entry: Entry) -> UInt64 {
        if let key = entry.key, let own = keys[key], own.count >= limitPerKey,
            let oldest = own.first
        {
            remove(oldest)
            dropped += 1
        }
        if entries.count >= limit, let oldest = firstNumber() {
            remove(oldest)
            dropped += 1
        }
        let number = next
        next += 1
        entries[number] = entry
        order.append(number)
        if let key = entry.key { keys[key, default: Deque()].append(number) }
        return number
    }

    /// The number of a row that is not kept.
    mutating func skip() -> UInt64 {
        defer { next += 1 }
        return next
    }

    mutating func markMatched(_ number: UInt64) { entries[number]?.isMatched = true }

    /// The oldest row there is.
    mutating func first() -> Entry? { firstNumber().flatMap { entries[$0] } }

    mutating func removeFirst() -> Entry? {
        guard let number = firstNumber() else { return nil }
        return remove(number)
    }

    private mutating func firstNumber() -> UInt64? {
        while let number = order.first {
            if entries[number] != nil { return number }
            order.removeFirst()
        }
        return nil
    }

    /// A key's oldest row, or the oldest of all, which is both.
    @discardableResult
    private mutating func remove(_ number: UInt64) -> Entry? {
        guard let entry = entries.removeValue(forKey: number) else { return nil }
        if let key = entry.key {
            keys[key]?.removeFirst()
            if keys[key]?.count == 0 { keys[key] = nil }
        }
        if order.count > 2 * entries.count + 64 {
            let left = numbers
            order = Deque()
            for number in left { order.append(number) }
        }
        return entry
    }
}

extension JoinSide {
    func write(into writer: inout ByteWriter) {
        writer.list(numbers) { writer, number in
            guard let entry = entries[number] else { return }
            writer.instant(entry.time)
            writer.unsigned(UInt64(entry.row.device.index))
            writer.unsigned(UInt64(entry.row.property.index))
            writer.bool(entry.isMatched)
            for value in entry.row.row { writer.value(value) }
        }
    }

    mutating func restore(
        from reader: inout ByteReader, _ plan: JoinPlan, width: Int
    ) throws(RecordError) {
        self = JoinSide(limit: limit, limitPerKey: limitPerKey)
        var last = Instant.distantPast
        for _ in 0..<(try reader.count()) {
            let time = try reader.instant()
            let device = Device(index: UInt32(try reader.count()))
            let property = try reader.count()
            let isMatched = try reader.bool()
            var row: [Value?] = []
            for _ in 0..<width { row.append(try reader.value()) }
            guard time >= last, time.milliseconds.magnitude < 1 << 60,
                property <= Int(UInt16.max)
            else {
                throw .malformed(at: reader.offset)
            }
            last = time
            add(
                Entry(
                    row: StepRow(
                        device: device, property: Property(index: UInt16(property)), row: row),
                    time: time, key: plan.key(of: row, device), isMatched: isMatched))
            guard dropped == 0 else { throw .malformed(at: reader.offset) }
        }
    }
}
