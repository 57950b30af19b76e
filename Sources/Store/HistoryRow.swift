package import Model

/// A sealed block of a property's history, as the store keeps it.
package struct HistoryRow: Hashable, Sendable {
    package var device: UInt32
    package var property: UInt16
    /// What kind of block it is; kinds are kept apart.
    package var kind: UInt8
    package var start: Instant
    package var end: Instant
    /// In the order blocks were sealed, so that the oldest can be found.
    package var sequence: UInt64
    package var value: [UInt8]

    package init(
        device: UInt32, property: UInt16, kind: UInt8, start: Instant, end: Instant,
        sequence: UInt64, value: [UInt8]
    ) {
        self.device = device
        self.property = property
        self.kind = kind
        self.start = start
        self.end = end
        self.sequence = sequence
        self.value = value
    }

    /// Ordered by time within a property; the sequence tells blocks with one start apart.
    var key: [UInt8] {
        HistoryRow.prefix(device, property, kind) + HistoryRow.bytes(start) + Key.bytes(sequence)
    }

    static func prefix(_ device: UInt32, _ property: UInt16, _ kind: UInt8) -> [UInt8] {
        Key.bytes(device) + [UInt8(property >> 8), UInt8(property & 0xff), kind]
    }

    /// Times before 1970 come first.
    static func bytes(_ time: Instant) -> [UInt8] {
        Key.bytes(UInt64(bitPattern: time.milliseconds) ^ 1 << 63)
    }

    static func time(_ bytes: some Sequence<UInt8>) -> Instant {
        Instant(milliseconds: Int64(bitPattern: Key.number(bytes) ^ 1 << 63))
    }

    /// Behind all blocks, for no device has this number, stands in which order they were sealed.
    static let order: [UInt8] = [0xff, 0xff, 0xff, 0xff]

    /// Samples and what they come to have limits of their own, hence orders of their own.
    enum Part: Int, CaseIterable {
        case samples, rollups

        init(kind: UInt8) { self = kind < 2 ? .samples : .rollups }

        var order: [UInt8] { HistoryRow.order + [UInt8(rawValue)] }
    }

    var part: Part { Part(kind: kind) }

    var orderKey: [UInt8] { part.order + Key.bytes(sequence) }
    /// The block's key, its end and its size.
    var orderValue: [UInt8] {
        key + HistoryRow.bytes(end) + Key.bytes(UInt32(clamping: value.count))
    }

    static let keySize = 23
}

/// How much of a part of the history there is.
struct HistorySize: Hashable, Sendable {
    var blocks = 0
    var bytes = 0
}

extension Commit {
    mutating func put(_ rows: [HistoryRow]) throws(StoreError) {
        for row in rows {
            let key = row.key
            // After a replay the same block may come again.
            if try put(.history, key, row.value, .keep) {
                try put(.history, row.orderKey, row.orderValue)
                ledger.history[row.part.rawValue].bytes += HistoryRow.stored(row.value.count)
                ledger.history[row.part.rawValue].blocks += 1
            }
        }
    }

    /// Deletes the oldest blocks of a part that are over the limit, or too old at `now`.
    mutating func trimHistory(
        _ part: HistoryRow.Part, over limit: Int, age: Milliseconds? = nil, at now: Instant? = nil
    ) throws(StoreError) {
        let oldest = now.flatMap { now in age.map { now - $0 } }
        var size = ledger.history[part.rawValue]
        guard size.bytes > limit || oldest != nil && size.blocks > 0 else { return }
        var keys: [[UInt8]] = []
        try transaction.withCursor(.history) { cursor throws(StoreError) in
            var found = try cursor.seek(part.order)
            while found, keys.count < Commit.trimmedMax, cursor.key.starts(with: part.order) {
                let value = cursor.value
                let end = HistoryRow.time(value.dropFirst(HistoryRow.keySize).prefix(8))
                guard size.bytes > limit || oldest.map({ end < $0 }) ?? false else { return }
                size.bytes -= HistoryRow.stored(Int(Key.number(value.suffix(4))))
                size.blocks -= 1
                keys.append(Array(value.prefix(HistoryRow.keySize)))
                try cursor.delete()
                found = try cursor.next()
            }
        }
        for key in keys { try transaction.delete(.history, key) }
        ledger.history[part.rawValue] = size
    }

    /// Deletes what is over the limits of both parts. Samples take what roll-ups leave.
    mutating func trimHistory(at now: Instant?) throws(StoreError) {
        let limit = configuration.historyLimit
        try trimHistory(
            .rollups, over: limit / 4, age: configuration.rollupAge, at: now)
        let rest = limit - ledger.history[HistoryRow.Part.rollups.rawValue].bytes
        try trimHistory(.samples, over: rest, age: configuration.historyAge, at: now)
    }
}

extension HistoryRow {
    /// Bytes that a block takes with its keys.
    static func stored(_ size: Int) -> Int { size + 2 * keySize + 20 }
}

extension Transaction {
    /// Blocks and bytes of each part of the history.
    func historySizes() throws(StoreError) -> [HistorySize] {
        try withCursor(.history) { cursor throws(StoreError) in
            var sizes = HistoryRow.Part.allCases.map { _ in HistorySize() }
            var found = try cursor.first()
            while found {
                let key = cursor.key
                if key.starts(with: HistoryRow.order) { break }
                let part = HistoryRow.Part(kind: key.dropFirst(6).first ?? 0).rawValue
                sizes[part].blocks += 1
                sizes[part].bytes += HistoryRow.stored(cursor.valueCount)
                found = try cursor.next()
            }
            return sizes
        }
    }

    /// The place of the last block sealed; 0 before the first.
    func historySequence() throws(StoreError) -> UInt64 {
        try withCursor(.history) { cursor throws(StoreError) in
            var last: UInt64 = 0
            for part in HistoryRow.Part.allCases {
                guard try cursor.seek(before: part.order + Key.bytes(UInt64.max)),
                    cursor.key.starts(with: part.order)
                else { continue }
                last = max(last, Key.number(cursor.key.suffix(8)))
            }
            return last
        }
    }

    /// A property's blocks of a kind that may hold something from `from` to `to`, in the order of
    /// their starts, where none spans more than `span`.
    func history(
        _ device: UInt32, _ property: UInt16, kind: UInt8, from: Instant, to: Instant,
        span: Milliseconds
    ) throws(StoreError) -> [[UInt8]] {
        let prefix = HistoryRow.prefix(device, property, kind)
        return try withCursor(.history) { cursor throws(StoreError) in
            var blocks: [[UInt8]] = []
            var found = try cursor.seek(prefix + HistoryRow.bytes(from - span))
            while found {
                let key = cursor.key
                guard key.starts(with: prefix),
                    HistoryRow.time(key[prefix.count..<prefix.count + 8]) <= to
                else { break }
                blocks.append(cursor.value)
                found = try cursor.next()
            }
            return blocks
        }
    }
}
