import Crypto
import Model

/// One write transaction in the making: puts a group into the tables and keeps the ledger beside
/// it.
struct Commit: ~Copyable {
    let transaction: Transaction
    let configuration: StoreConfiguration
    let key: SigningKey
    var ledger: Ledger
    /// Bytes of keys and values put.
    private(set) var bytesPut = 0

    /// Rows deleted per table and commit to get back under a limit: enough to outrun what comes in,
    /// few enough not to be felt.
    static let trimmedMax = 4096
    private static let trimmedBlocksMax = 64

    init(
        _ environment: Environment, _ ledger: Ledger, _ configuration: StoreConfiguration,
        _ key: SigningKey
    ) throws(StoreError) {
        transaction = try Transaction(environment, .write)
        self.key = key
        self.ledger = ledger
        self.configuration = configuration
    }

    /// Makes everything durable and answers the ledger that goes with it.
    consuming func finish() throws(StoreError) -> Ledger {
        let after = ledger
        try transaction.commit()
        return after
    }

    mutating func put(_ group: CommitGroup) throws(StoreError) {
        for name in group.names {
            let key = [name.kind.rawValue] + Key.bytes(name.index)
            try put(.name, key, Array(name.name.utf8))
        }
        if let configuration = group.configuration {
            try put(.meta, KeptConfiguration.key, configuration)
        }
        let firstBlock = ledger.journalSequence
        for block in group.blocks { try append(block) }
        for (key, value) in group.twins.sorted(by: { $0.key < $1.key }) {
            try put(.twin, Key.bytes(key), value)
        }
        for (key, value) in group.commands.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) })
        {
            if let value {
                try put(.command, key, value)
            } else {
                try transaction.delete(.command, key)
            }
        }
        try append(audit: group.audit, now: monotonicNow())
        try put(group.history)
        if !group.history.isEmpty {
            try trimHistory(at: group.time)
        }
        for row in group.outbox { try put(row) }
        if let checkpoint = group.checkpoint {
            try put(
                checkpoint: checkpoint.bytes, covering: firstBlock + UInt64(checkpoint.blockCount))
            ledger.uncoveredBytes = group.blocks[checkpoint.blockCount...]
                .reduce(0) { $0 + $1.count }
        }
    }

    /// Moves cursors forward, never back, and trims what every sink has passed.
    mutating func advance(_ cursors: [OutboxCursor.Place: UInt64]) throws(StoreError) {
        for (place, sequence) in cursors where sequence > ledger.cursors[place] ?? 0 {
            ledger.cursors[place] = sequence
            let cursor = OutboxCursor(sink: place.sink, lane: place.lane, sequence: sequence)
            try cursor.store(transaction)
        }
    }

    /// Deletes what is over its limit, oldest first, and what nobody needs any more.
    mutating func trim() throws(StoreError) {
        try trimJournal(
            over: configuration.journalLimit, age: configuration.journalAge,
            countMax: Commit.trimmedBlocksMax)
        try trimAudit()
        for lane in ledger.lanes.indices { try trimPassed(lane) }
        try trimLanes()
    }

    /// Frees about `bytes` so that a full store moves again: journal that the checkpoint covers,
    /// then old history, then the outbox from its least urgent lane. Twins, commands and audit are
    /// never touched.
    mutating func relieve(bytes: Int) throws(StoreError) {
        let before = ledger.journalBytes
        try trimJournal(over: max(before - bytes, 0), countMax: Commit.trimmedMax)
        var missing = bytes - (before - ledger.journalBytes)
        let samples = HistoryRow.Part.samples.rawValue
        let history = ledger.history[samples].bytes
        if missing > 0 { try trimHistory(.samples, over: max(history - missing, 0)) }
        missing -= history - ledger.history[samples].bytes
        for lane in ledger.lanes.indices.reversed() where missing > 0 {
            missing -= try drop(lane: lane, bytes: missing)
        }
        // Something is written in any case: pages freed by one transaction can be used by the
        // second after it.
        try transaction.put(.meta, Array("relieved".utf8), Key.bytes(UInt64(bytes)))
    }

    private mutating func append(_ block: [UInt8]) throws(StoreError) {
        ledger.journalSequence += 1
        ledger.journalBytes += block.count
        ledger.journalBlocks += 1
        ledger.newestBlock = JournalBlock.time(block)
        ledger.oldestBlock = ledger.oldestBlock ?? ledger.newestBlock
        ledger.uncoveredBytes += block.count
        try put(.journal, Key.bytes(ledger.journalSequence), block, .append)
    }

    private mutating func put(_ row: OutboxRow) throws(StoreError) {
        let key = OutboxRow.key(lane: row.lane, sequence: row.sequence)
        guard try put(.outbox, key, row.value, .keep) else { return }
        ledger.lanes[Int(row.lane)].records += 1
        ledger.lanes[Int(row.lane)].bytes += row.value.count
    }

    private mutating func put(
        checkpoint: [UInt8], covering covered: UInt64
    ) throws(StoreError) {
        let size = max(configuration.schedule.blockSize, 1)
        var chunks = 0
        for start in stride(from: 0, to: checkpoint.count, by: size) {
            let part = Array(checkpoint[start..<min(start + size, checkpoint.count)])
            try put(.checkpoint, Key.bytes(UInt32(chunks)), part)
            chunks += 1
        }
        for chunk in chunks..<max(ledger.checkpointChunks, chunks) {
            try transaction.delete(.checkpoint, Key.bytes(UInt32(chunk)))
        }
        let header = CheckpointHeader(covered: covered, chunks: chunks, length: checkpoint.count)
        try header.store(transaction)
        ledger.checkpointChunks = chunks
        ledger.coveredSequence = covered
    }

    @discardableResult
    mutating func put(
        _ table: Table, _ key: [UInt8], _ value: [UInt8], _ mode: Transaction.PutMode = .replace
    ) throws(StoreError) -> Bool {
        bytesPut += key.count + value.count
        return try transaction.put(table, key, value, mode)
    }
}

extension Commit {
    /// Nothing that the checkpoint does not cover goes, however much or old it is.
    private mutating func trimJournal(
        over limit: Int, age: Milliseconds? = nil, countMax: Int
    ) throws(StoreError) {
        guard ledger.coveredSequence > 0, ledger.exceeds(limit, age) else { return }
        var ledger = ledger
        try transaction.withCursor(.journal) { cursor throws(StoreError) in
            var count = 0
            var found = try cursor.first()
            while found, count < countMax, ledger.exceeds(limit, age),
                Key.number(cursor.key) <= ledger.coveredSequence
            {
                ledger.journalBytes -= cursor.valueCount
                ledger.journalBlocks -= 1
                try cursor.delete()
                count += 1
                found = try cursor.next()
                ledger.oldestBlock =
                    found
                    ? JournalBlock.time(cursor.valuePrefix(JournalBlock.headerSize)) : nil
            }
        }
        self.ledger = ledger
    }

    /// Trims the records of a lane that every configured sink has taken.
    private mutating func trimPassed(_ lane: Int) throws(StoreError) {
        var passed = UInt64.max
        for sink in configuration.sinks {
            let place = OutboxCursor.Place(sink: sink, lane: UInt8(lane))
            passed = min(passed, ledger.cursors[place] ?? 0)
        }
        guard !configuration.sinks.isEmpty, passed > 0, ledger.lanes[lane].records > 0 else {
            return
        }
        _ = try deleteOldest(lane) { sequence, _ in sequence <= passed }
    }

    /// Each lane may use its own limit and those of the lanes after it; what is over goes from the
    /// last lane first.
    private mutating func trimLanes() throws(StoreError) {
        for first in ledger.lanes.indices.reversed() {
            var limit = 0
            var bytes = 0
            for lane in first..<ledger.lanes.count {
                let own = configuration.outboxLimits[lane]
                limit += min(own, Int.max - limit)
                bytes += ledger.lanes[lane].bytes
            }
            for lane in (first..<ledger.lanes.count).reversed() where bytes > limit {
                bytes -= try drop(lane: lane, bytes: bytes - limit)
            }
        }
    }

    /// Drops about `bytes` of a lane's oldest records, counts them as a gap, answers how many
    /// bytes.
    private mutating func drop(lane: Int, bytes: Int) throws(StoreError) -> Int {
        guard ledger.lanes[lane].records > 0 else { return 0 }
        let before = ledger.lanes[lane]
        let range = try deleteOldest(lane) { _, dropped in dropped < bytes }
        let after = ledger.lanes[lane]
        if let range {
            if after.dropped == 0 { ledger.lanes[lane].firstDropped = range.lowerBound }
            ledger.lanes[lane].lastDropped = range.upperBound
            ledger.lanes[lane].dropped += UInt64(before.records - after.records)
            try OutboxGap.store(transaction, lane: UInt8(lane), ledger.lanes[lane])
        }
        return before.bytes - after.bytes
    }

    /// Deletes from a lane's beginning while `condition` holds for (sequence, bytes deleted so
    /// far); answers the sequences deleted.
    private mutating func deleteOldest(
        _ lane: Int, while condition: (UInt64, Int) -> Bool
    ) throws(StoreError) -> ClosedRange<UInt64>? {
        var statistics = ledger.lanes[lane]
        let bytesBefore = statistics.bytes
        let range = try transaction.withCursor(.outbox) {
            cursor throws(StoreError) -> ClosedRange<UInt64>? in
            var range: ClosedRange<UInt64>?
            var count = 0
            var found = try cursor.seek(OutboxRow.key(lane: UInt8(lane), sequence: 0))
            while found, count < Commit.trimmedMax, cursor.key.first == UInt8(lane) {
                let sequence = Key.number(cursor.key.dropFirst())
                guard condition(sequence, bytesBefore - statistics.bytes) else { break }
                statistics.records -= 1
                statistics.bytes -= cursor.valueCount
                range = (range?.lowerBound ?? sequence)...sequence
                try cursor.delete()
                count += 1
                found = try cursor.next()
            }
            return range
        }
        ledger.lanes[lane] = statistics
        return range
    }
}
