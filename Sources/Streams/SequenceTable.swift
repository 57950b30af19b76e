import Model

/// The numbers that each device has given its events, so that one that is delivered twice counts
/// once.
///
/// Of each device the last `span` numbers are known; lower ones count as taken. A number at least
/// `fall` below the greatest, on an event newer than all before, means that the device counts anew.
/// What it counted before is still known then, for events that are on their way.
struct SequenceTable: Sendable {
    static let span = 1024
    static let fall = 64
    private static let words = span / 64
    /// Devices may not be more than this, those of each source apart.
    let limit: Int
    private var places: [Owner: Int32] = [:]
    private var owners: [Owner] = []
    /// By place, the time of the newest event.
    private var newest: [Instant] = []
    /// By place: the count that goes on, and the one before.
    private var counts: [Count] = []
    /// By count: a bit for each number below the greatest, at the number modulo `span`.
    private var bits: [UInt64] = []

    private struct Owner: Hashable, Sendable {
        var source: Int32
        var device: UInt32
    }

    private struct Count: Sendable {
        var isThere = false
        var greatest: Int64 = 0
        /// The earliest event's.
        var first = Instant.distantFuture
        /// The newest event's.
        var last = Instant.distantPast
    }

    enum Verdict { case new, repeated, tooManyDevices }

    init(limit: Int) { self.limit = limit }

    static var bytesPerDevice: Int {
        2 * (MemoryLayout<Count>.stride + words * MemoryLayout<UInt64>.stride)
            + MemoryLayout<Instant>.stride + 5 * MemoryLayout<Owner>.stride
    }

    // MARK: Numbers

    /// Takes note of an event's number.
    mutating func take(
        _ number: Int64, of device: Device, source: Int, at time: Instant
    ) -> Verdict {
        let owner = Owner(source: Int32(source), device: device.index)
        guard let place = places[owner].map({ Int($0) }) ?? add(owner) else {
            return .tooManyDevices
        }
        var count = 2 * place
        let (greatest, first) = (counts[count].greatest, counts[count].first)
        defer { newest[place] = max(newest[place], time) }
        if !counts[count].isThere { return begin(count, number, time) }
        if number < greatest, distance(number, greatest) >= SequenceTable.fall,
            time > newest[place]
        {
            keep(count)
            return begin(count, number, time)
        }
        if time < first {
            if isEarlier(number, time, than: count) {
                count += 1
                if !counts[count].isThere { return begin(count, number, time) }
            }
            counts[count].first = min(counts[count].first, time)
        }
        counts[count].last = max(counts[count].last, time)
        return mark(number, count)
    }

    private mutating func add(_ owner: Owner) -> Int? {
        guard owners.count < limit else { return nil }
        places[owner] = Int32(owners.count)
        owners.append(owner)
        newest.append(.distantPast)
        counts += [Count(), Count()]
        bits += Array(repeating: 0, count: 2 * SequenceTable.words)
        return owners.count - 1
    }

    private func distance(_ left: Int64, _ right: Int64) -> UInt64 {
        UInt64(bitPattern: left > right ? left &- right : right &- left)
    }

    /// Whether an event from before a count began belongs to the count before it: by its time or,
    /// as the last of that count may still be on their way, by its number.
    private func isEarlier(_ number: Int64, _ time: Instant, than count: Int) -> Bool {
        if time <= counts[count + 1].last { return true }
        let far = distance(number, counts[count].greatest)
        return counts[count + 1].isThere
            ? distance(number, counts[count + 1].greatest) < far : far >= SequenceTable.span
    }

    /// Makes a count the one before.
    private mutating func keep(_ count: Int) {
        counts[count + 1] = counts[count]
        let first = count * SequenceTable.words
        for word in first..<first + SequenceTable.words {
            bits[word + SequenceTable.words] = bits[word]
        }
    }

    private mutating func begin(_ count: Int, _ number: Int64, _ time: Instant) -> Verdict {
        counts[count] = Count(isThere: true, greatest: number, first: time, last: time)
        let first = count * SequenceTable.words
        for word in first..<first + SequenceTable.words { bits[word] = 0 }
        set(number, count)
        return .new
    }

    private mutating func mark(_ number: Int64, _ count: Int) -> Verdict {
        let greatest = counts[count].greatest
        let far = distance(number, greatest)
        if number > greatest {
            // The numbers between are not taken.
            for step in 1...min(far, UInt64(SequenceTable.span)) {
                clear(greatest &+ Int64(step), count)
            }
            counts[count].greatest = number
        } else if far >= SequenceTable.span || isSet(number, count) {
            return .repeated
        }
        set(number, count)
        return .new
    }

    private func place(of number: Int64, _ count: Int) -> (word: Int, bit: UInt64) {
        let bit = Int(truncatingIfNeeded: number) & (SequenceTable.span - 1)
        return (count * SequenceTable.words + bit / 64, 1 << UInt64(bit % 64))
    }

    private func isSet(_ number: Int64, _ count: Int) -> Bool {
        let (word, bit) = place(of: number, count)
        return bits[word] & bit != 0
    }

    private mutating func set(_ number: Int64, _ count: Int) {
        let (word, bit) = place(of: number, count)
        bits[word] |= bit
    }

    private mutating func clear(_ number: Int64, _ count: Int) {
        let (word, bit) = place(of: number, count)
        bits[word] &= ~bit
    }
}

extension SequenceTable {
    func write(into writer: inout ByteWriter) {
        writer.unsigned(owners.count)
        for (place, owner) in owners.enumerated() {
            writer.unsigned(UInt64(owner.source))
            writer.unsigned(UInt64(owner.device))
            writer.instant(newest[place])
            for count in 2 * place...2 * place + 1 {
                writer.bool(counts[count].isThere)
                guard counts[count].isThere else { continue }
                writer.signed(counts[count].greatest)
                writer.instant(counts[count].first)
                writer.instant(counts[count].last)
                let first = count * SequenceTable.words
                for word in bits[first..<first + SequenceTable.words] { writer.fixed(word) }
            }
        }
    }

    mutating func restore(
        from reader: inout ByteReader, sources: Int
    ) throws(RecordError) {
        self = SequenceTable(limit: limit)
        for _ in 0..<(try reader.count(upTo: limit)) {
            let source = try reader.count(upTo: sources - 1)
            let owner = Owner(
                source: Int32(source),
                device: UInt32(try reader.count(upTo: Int(UInt32.max))))
            guard places[owner] == nil, let place = add(owner) else {
                throw .malformed(at: reader.offset)
            }
            newest[place] = try reader.instant()
            for count in 2 * place...2 * place + 1 {
                guard try reader.bool() else { continue }
                counts[count].isThere = true
                counts[count].greatest = try reader.signed()
                counts[count].first = try reader.instant()
                counts[count].last = try reader.instant()
                let first = count * SequenceTable.words
                for word in first..<first + SequenceTable.words { bits[word] = try reader.fixed() }
            }
        }
    }
}
