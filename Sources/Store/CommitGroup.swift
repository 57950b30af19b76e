import Model

/// Batches that share a commit, merged: turns packed into blocks, the last value of each key kept.
struct CommitGroup: Sendable {
    /// Journal rows in order: the time of the last turn, then turns. One, unless a checkpoint or
    /// the block size cuts.
    private(set) var blocks: [[UInt8]] = []
    private(set) var twins: [UInt32: [UInt8]] = [:]
    private(set) var commands: [[UInt8]: [UInt8]?] = [:]
    private(set) var audit: [[UInt8]] = []
    private(set) var history: [HistoryRow] = []
    /// The time of the last batch; nil without any.
    private(set) var time: Instant?
    private(set) var outbox: [OutboxRow] = []
    private(set) var names: [(kind: NameKind, index: UInt32, name: String)] = []
    /// The last checkpoint, and how many of `blocks` it covers.
    private(set) var checkpoint: (bytes: [UInt8], blockCount: Int)?
    private(set) var configuration: [UInt8]?

    private let blockSize: Int
    private let omitsCoveredTurns: Bool
    private var block: [UInt8] = []

    /// A store without room may omit turns that a checkpoint in the same commit covers: recovery
    /// does not need them.
    init(
        _ batches: some Sequence<WriteBatch>, blockSize: Int, omitsCoveredTurns: Bool = false
    ) {
        self.blockSize = blockSize
        self.omitsCoveredTurns = omitsCoveredTurns
        for batch in batches { add(batch) }
        closeBlock()
    }

    private mutating func add(_ batch: WriteBatch) {
        if !batch.turn.isEmpty {
            if block.isEmpty { block = Array(repeating: 0, count: JournalBlock.headerSize) }
            let time = Key.bytes(UInt64(bitPattern: batch.time.milliseconds))
            block.replaceSubrange(0..<JournalBlock.headerSize, with: time)
            block += batch.turn
            if block.count >= blockSize { closeBlock() }
        }
        for row in batch.twins { twins[row.key] = row.value }
        for row in batch.commands { commands[row.key] = .some(row.value) }
        audit += batch.audit
        history += batch.history
        time = batch.time
        for row in batch.outbox {
            outbox.append(OutboxRow(lane: row.lane, sequence: row.sequence, value: row.value))
        }
        for row in batch.deviceNames { names.append((.device, row.index, row.name)) }
        for row in batch.propertyNames { names.append((.property, UInt32(row.index), row.name)) }
        configuration = batch.configuration ?? configuration
        if let bytes = batch.checkpoint {
            closeBlock()
            if omitsCoveredTurns { blocks = [] }
            checkpoint = (bytes, blocks.count)
        }
    }

    private mutating func closeBlock() {
        guard !block.isEmpty else { return }
        blocks.append(block)
        block = []
    }
}

/// What an interned name names.
enum NameKind: UInt8 { case device = 0, property = 1 }
