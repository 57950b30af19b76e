package import Model

/// What a store knew when it was opened, apart from the journal.
package struct Recovery: Sendable {
    /// By number, from 0.
    package var deviceNames: [String] = []
    package var propertyNames: [String] = []
    package var checkpoint: Checkpoint?
    /// The greatest sequence the outbox has ever held; 0 before the first record.
    package var outboxSequence: UInt64 = 0
    package var cursors: [OutboxCursor] = []
    /// The sequence of the newest block of history; 0 before the first.
    package var historySequence: UInt64 = 0
    package var twins: [(key: UInt32, value: [UInt8])] = []
    package var commands: [(key: [UInt8], value: [UInt8])] = []
    /// As a batch brought it last.
    package var configuration: [UInt8]?

    /// The newest state of the core that is stored.
    package struct Checkpoint: Hashable, Sendable {
        package var bytes: [UInt8]
        /// The last journal block whose turns are in it; 0 when none is.
        package var covered: UInt64
    }
}

/// Turns that were committed together.
package struct JournalBlock: Hashable, Sendable {
    package var sequence: UInt64
    /// The time of its last turn.
    package var time: Instant
    /// Whole turns, one after the other.
    package var turns: [UInt8]

    /// The time before the turns.
    static let headerSize = 8

    fileprivate init(_ cursor: borrowing Cursor) throws(StoreError) {
        let value = cursor.value
        guard value.count >= JournalBlock.headerSize else {
            throw .damaged(table: Table.journal.name)
        }
        sequence = Key.number(cursor.key)
        time = JournalBlock.time(value)
        turns = Array(value.dropFirst(JournalBlock.headerSize))
    }

    /// Of a row, or of its beginning.
    static func time(_ value: [UInt8]) -> Instant {
        Instant(milliseconds: Int64(bitPattern: Key.number(value.prefix(headerSize))))
    }
}

/// Where the configuration in force is kept.
enum KeptConfiguration {
    static let key = Array("configuration".utf8)
}

/// Where to start reading the journal.
package enum JournalStart: Hashable, Sendable {
    /// With the block after this one; 0 is the beginning.
    case after(UInt64)
    /// With the oldest block of those at the end whose times are within this of the newest.
    case within(Milliseconds)
}

extension Transaction {
    func recover() throws(StoreError) -> Recovery {
        var recovery = Recovery()
        recovery.deviceNames = try names(.device)
        recovery.propertyNames = try names(.property)
        recovery.checkpoint = try checkpoint()
        recovery.cursors = try OutboxCursor.loadAll(self)
            .map { OutboxCursor(sink: $0.sink, lane: $0.lane, sequence: $1) }
            .sorted { ($0.sink, $0.lane) < ($1.sink, $1.lane) }
        recovery.outboxSequence = try outboxSequence(recovery.cursors)
        recovery.historySequence = try historySequence()
        recovery.twins = try twins()
        recovery.commands = try rows(.command)
        recovery.configuration = try get(.meta, KeptConfiguration.key)
        return recovery
    }

    func twins() throws(StoreError) -> [(key: UInt32, value: [UInt8])] {
        try rows(.twin).map { (UInt32(truncatingIfNeeded: Key.number($0.key)), $0.value) }
    }

    /// The names of a kind in order; a missing number means damage.
    func names(_ kind: NameKind) throws(StoreError) -> [String] {
        try withCursor(.name) { cursor throws(StoreError) in
            var names: [String] = []
            var found = try cursor.seek([kind.rawValue])
            while found, cursor.key.first == kind.rawValue {
                guard Key.number(cursor.key.dropFirst()) == UInt64(names.count) else {
                    throw .damaged(table: Table.name.name)
                }
                names.append(String(decoding: cursor.value, as: UTF8.self))
                found = try cursor.next()
            }
            return names
        }
    }

    /// Lends the blocks from `start` on, in order, until `body` answers false.
    func readJournal(
        _ start: JournalStart, _ body: (JournalBlock) -> Bool
    ) throws(StoreError) {
        try withCursor(.journal) { cursor throws(StoreError) in
            var found =
                switch start {
                case .after(.max): false
                case .after(let sequence): try cursor.seek(Key.bytes(sequence + 1))
                case .within(let span): try seekRecent(&cursor, span)
                }
            while found {
                guard body(try JournalBlock(cursor)) else { return }
                found = try cursor.next()
            }
        }
    }

    func journalRange() throws(StoreError) -> ClosedRange<UInt64>? {
        try withCursor(.journal) { cursor throws(StoreError) -> ClosedRange<UInt64>? in
            guard try cursor.first() else { return nil }
            let first = Key.number(cursor.key)
            guard try cursor.last() else { return nil }
            return first...max(first, Key.number(cursor.key))
        }
    }

    /// The times of the oldest block and the newest.
    func journalTimes() throws(StoreError) -> (oldest: Instant?, newest: Instant?) {
        try withCursor(.journal) { cursor throws(StoreError) -> (Instant?, Instant?) in
            guard try cursor.first() else { return (nil, nil) }
            let oldest = JournalBlock.time(cursor.valuePrefix(JournalBlock.headerSize))
            guard try cursor.last() else { return (oldest, nil) }
            return (oldest, JournalBlock.time(cursor.valuePrefix(JournalBlock.headerSize)))
        }
    }

    private func seekRecent(
        _ cursor: inout Cursor, _ span: Milliseconds
    ) throws(StoreError) -> Bool {
        guard try cursor.last() else { return false }
        let oldest = JournalBlock.time(cursor.value) - span
        while try cursor.previous() {
            if JournalBlock.time(cursor.value) < oldest { return try cursor.next() }
        }
        return try cursor.first()
    }

    private func rows(_ table: Table) throws(StoreError) -> [(key: [UInt8], value: [UInt8])] {
        try withCursor(table) { cursor throws(StoreError) in
            var rows: [(key: [UInt8], value: [UInt8])] = []
            var found = try cursor.first()
            while found {
                rows.append((cursor.key, cursor.value))
                found = try cursor.next()
            }
            return rows
        }
    }

    private func checkpoint() throws(StoreError) -> Recovery.Checkpoint? {
        guard let header = try CheckpointHeader.load(self) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(header.length)
        for chunk in 0..<UInt32(header.chunks) {
            guard let part = try get(.checkpoint, Key.bytes(chunk)) else {
                throw .damaged(table: Table.checkpoint.name)
            }
            bytes += part
        }
        guard bytes.count == header.length else { throw .damaged(table: Table.checkpoint.name) }
        return Recovery.Checkpoint(bytes: bytes, covered: header.covered)
    }

    /// Records leave the outbox only because sinks have passed them or because they were dropped,
    /// and both are recorded: so the greatest of what is there and of those is the greatest ever.
    private func outboxSequence(_ cursors: [OutboxCursor]) throws(StoreError) -> UInt64 {
        var greatest = cursors.map(\.sequence).max() ?? 0
        for lane in 0...UInt8.max {
            greatest = max(greatest, try OutboxGap.load(self, lane: lane).lastDropped)
            greatest = max(greatest, try lastSequence(lane: lane))
        }
        return greatest
    }

    private func lastSequence(lane: UInt8) throws(StoreError) -> UInt64 {
        try withCursor(.outbox) { cursor throws(StoreError) in
            guard try cursor.seek(before: OutboxRow.key(lane: lane, sequence: .max)),
                cursor.key.first == lane
            else { return 0 }
            return Key.number(cursor.key.dropFirst())
        }
    }
}
