import Model

/// What the writer knows by heart about the tables: next numbers, sizes, cursors. A value, so that
/// a commit that fails leaves it as it was.
struct Ledger: Sendable {
    /// The number of the last journal block written; blocks count from 1.
    var journalSequence: UInt64 = 0
    var journalBytes = 0
    var journalBlocks = 0
    /// The times of the oldest block and the newest; nil without any.
    var oldestBlock: Instant?
    var newestBlock: Instant?
    /// The last journal block that the checkpoint covers.
    var coveredSequence: UInt64 = 0
    /// Bytes of the blocks after it.
    var uncoveredBytes = 0
    var checkpointChunks = 0
    var audit: AuditTrail
    /// By `HistoryRow.Part`.
    var history = HistoryRow.Part.allCases.map { _ in HistorySize() }
    var lanes: [LaneStatistics]
    /// The last sequence each sink has passed, by lane.
    var cursors: [OutboxCursor.Place: UInt64] = [:]

    /// Reads the tables through, keys only.
    init(
        _ transaction: borrowing Transaction, _ identity: Identity, laneCount: Int
    ) throws(StoreError) {
        audit = try AuditTrail(transaction, identity)
        lanes = Array(repeating: LaneStatistics(), count: laneCount)
        if let header = try CheckpointHeader.load(transaction) {
            coveredSequence = header.covered
            checkpointChunks = header.chunks
        }
        try loadSizes(transaction)
        try loadOutbox(transaction)
    }

    private mutating func loadSizes(_ transaction: borrowing Transaction) throws(StoreError) {
        journalSequence = coveredSequence
        for (sequence, size) in try blockSizes(transaction) {
            journalSequence = max(journalSequence, sequence)
            journalBytes += size
            journalBlocks += 1
            if sequence > coveredSequence { uncoveredBytes += size }
        }
        (oldestBlock, newestBlock) = try transaction.journalTimes()
        if transaction.has(.history) {
            history = try transaction.historySizes()
        }
    }

    private func blockSizes(
        _ transaction: borrowing Transaction
    ) throws(StoreError) -> [(UInt64, Int)] {
        try transaction.withCursor(.journal) { cursor throws(StoreError) in
            var rows: [(UInt64, Int)] = []
            var found = try cursor.first()
            while found {
                rows.append((Key.number(cursor.key), cursor.valueCount))
                found = try cursor.next()
            }
            return rows
        }
    }

    /// Whether the journal takes more than its limit, or begins longer before its end than it may.
    func exceeds(_ limit: Int, _ age: Milliseconds?) -> Bool {
        if journalBytes > limit { return true }
        guard let age, let oldestBlock, let newestBlock else { return false }
        return newestBlock - oldestBlock > age
    }

    private mutating func loadOutbox(_ transaction: borrowing Transaction) throws(StoreError) {
        for index in lanes.indices {
            lanes[index] = try OutboxGap.load(transaction, lane: UInt8(index))
        }
        var lanes = lanes
        try transaction.withCursor(.outbox) { cursor throws(StoreError) in
            var found = try cursor.first()
            while found {
                let lane = Int(cursor.key.first ?? 0)
                if lane < lanes.count {
                    lanes[lane].records += 1
                    lanes[lane].bytes += cursor.valueCount
                }
                found = try cursor.next()
            }
        }
        self.lanes = lanes
        cursors = try OutboxCursor.loadAll(transaction)
    }
}

/// How numbers and names become keys: big-endian, so that LMDB's byte order is theirs.
enum Key {
    static func bytes(_ number: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64(56 - 8 * $0)) }
    }

    static func bytes(_ number: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: number >> UInt32(24 - 8 * $0)) }
    }

    /// The big-endian number that the bytes are, or end with.
    static func number(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// Says of the checkpoint's chunks how far the journal is in them.
struct CheckpointHeader: Sendable {
    var covered: UInt64
    var chunks: Int
    var length: Int

    private static let key = Array("checkpoint".utf8)

    static func load(_ transaction: borrowing Transaction) throws(StoreError) -> CheckpointHeader? {
        guard let row = try transaction.get(.meta, key) else { return nil }
        var reader = ByteReader(row)
        do throws(RecordError) {
            return CheckpointHeader(
                covered: try reader.unsigned(), chunks: try reader.count(),
                length: try reader.count())
        } catch {
            throw StoreError.damaged(table: Table.meta.name)
        }
    }

    func store(_ transaction: borrowing Transaction) throws(StoreError) {
        var row = ByteWriter()
        row.unsigned(covered)
        row.unsigned(chunks)
        row.unsigned(length)
        try transaction.put(.meta, CheckpointHeader.key, row.bytes)
    }
}
