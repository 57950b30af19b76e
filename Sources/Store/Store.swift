import Crypto
import Glibc
import Loop
import Model
import Synchronization

/// Everything the gateway must not forget, in one LMDB file with a writer thread of its own.
///
/// In order: `open`, `recover` and `readJournal`, `start`, then `submit` for each turn. What a
/// batch justifies may leave once `committedTicket` has reached its ticket. `stop` commits what is
/// left.
package final class Store: Sendable {
    /// Names this gateway upstream: eight hexadecimal digits.
    package let gateway: String
    /// Greater with each store that replaces a lost one.
    package let epoch: UInt64
    /// The public half of the key that checkpoints of the audit are signed with.
    package let auditKey: [UInt8]

    private let configuration: StoreConfiguration
    private let environment: Environment
    private let writer: Writer
    private let ledger: Ledger
    private let thread = Mutex<WorkerThread?>(nil)
    private let lock: DirectoryLock

    /// Opens the store, or creates it in an empty or absent directory. A directory that holds
    /// anything else is refused and left as it was.
    package static func open(
        _ configuration: StoreConfiguration
    ) throws(StoreError) -> Store {
        let path = configuration.path
        var lock = try DirectoryLock.take(existingIn: path)
        _ = try StoreDirectory.inspect(path)
        // Safe: the path is lent for the call.
        guard unsafe mkdir(path, 0o750) == 0 || errno == EEXIST else {
            throw .system(operation: "create \(path)", code: errno)
        }
        if lock == nil { lock = try DirectoryLock.take(in: path) }
        guard let lock else { throw .inUse(path: path, process: 0) }
        try lock.sign()
        return try Store(configuration, lock)
    }

    private init(
        _ configuration: StoreConfiguration, _ lock: DirectoryLock
    ) throws(StoreError) {
        precondition(!configuration.outboxLimits.isEmpty && configuration.outboxLimits.count < 256)
        self.configuration = configuration
        self.lock = lock
        environment = try Environment(
            directory: configuration.path, mode: .readWrite(mapSize: configuration.mapSize))
        let isNew = try environment.isEmpty()
        let identity = try environment.createTables { transaction throws(StoreError) in
            isNew
                ? try Identity.create(transaction)
                : try Identity.load(transaction, path: configuration.path)
        }
        gateway = identity.gateway
        epoch = identity.epoch
        let key = try AuditKey.load(in: configuration.path)
        auditKey = key.publicKey
        let laneCount = configuration.outboxLimits.count
        ledger = try environment.read { transaction throws(StoreError) in
            try Ledger(transaction, identity, laneCount: laneCount)
        }
        writer = Writer(environment, configuration, ledger, key)
    }

    deinit { stop() }

    /// Everything but the journal. Before `start`.
    package func recover() throws(StoreError) -> Recovery {
        try environment.read { transaction throws(StoreError) in try transaction.recover() }
    }

    /// Lends journal blocks in order, from `start` to the newest or until `body` answers false.
    /// Keep it short while the store runs: a reader keeps old pages from being used again.
    package func readJournal(
        from start: JournalStart, _ body: (JournalBlock) -> Bool
    ) throws(StoreError) {
        try environment.read { transaction throws(StoreError) in
            try transaction.readJournal(start, body)
        }
    }

    /// Starts the writer thread. It calls `onCommit` after each commit and each change of status.
    package func start(onCommit: @escaping @Sendable () -> Void) throws(StoreError) {
        let started = thread.withLock { [writer, ledger] thread in
            precondition(thread == nil, "the store is started once")
            thread = WorkerThread(name: "store") {
                var loop = WriterLoop(writer, ledger, onCommit: onCommit)
                loop.run()
            }
            return thread != nil
        }
        if !started { throw .system(operation: "start the store's thread", code: EAGAIN) }
    }

    /// Queues a batch; from any thread. Its ticket, counting from 1, or nil when the queue is full
    /// or the store has stopped: nothing of the batch will be stored then. A batch with a
    /// checkpoint is still taken by a full queue, since it lets a full store delete journal blocks.
    package func submit(_ batch: consuming WriteBatch) -> UInt64? {
        for row in batch.commands { precondition((1...511).contains(row.key.count)) }
        for row in batch.outbox { precondition(Int(row.lane) < configuration.outboxLimits.count) }
        let cost = batch.cost
        let isCheckpoint = batch.checkpoint != nil
        let submission = Writer.Submission(batch: batch, cost: cost, time: monotonicNow())
        return writer.queue.push(submission, cost: cost, isPrivileged: isCheckpoint)
    }

    /// Every batch with this ticket or a smaller one is durable.
    package var committedTicket: UInt64 { writer.committedTicket.load(ordering: .acquiring) }

    package var status: StoreStatus { writer.report.withLock { $0.status } }

    package var statistics: StoreStatistics {
        var statistics = writer.report.withLock { $0.statistics }
        let load = writer.queue.currentLoad
        statistics.queuedBatches = load.count
        statistics.queuedBytes = load.cost
        return statistics
    }

    /// Commits what is queued and ends the thread. When commits keep failing, gives up after three:
    /// what is left was never reported as durable.
    package func stop() {
        writer.queue.close()
        thread.withLock { $0.take() }?.join()
    }

    /// The oldest durable records of a lane after `sequence`, up to `countMax` and about
    /// `bytesMax`, but at least one where there is one. From any thread.
    package func readOutbox(
        after sequence: UInt64, lane: UInt8, countMax: Int, bytesMax: Int
    ) throws(StoreError) -> [OutboxRow] {
        try environment.read { transaction throws(StoreError) in
            try OutboxRow.load(
                transaction, lane: lane, after: sequence, countMax: countMax, bytesMax: bytesMax)
        }
    }

    /// The durable cursors of all sinks.
    package func cursors() throws(StoreError) -> [OutboxCursor] {
        try environment.read { transaction throws(StoreError) in
            try OutboxCursor.loadAll(transaction)
                .map { OutboxCursor(sink: $0.sink, lane: $0.lane, sequence: $1) }
        }
    }

    /// Notes that a sink has taken everything of a lane up to a sequence; durable within a second.
    /// Records that all configured sinks have taken are trimmed. From any thread.
    package func advanceCursor(sink: String, lane: UInt8, sequence: UInt64) {
        precondition(sink.utf8.count < 256)
        writer.request(OutboxCursor(sink: sink, lane: lane, sequence: sequence))
    }

    /// Opens the store at `path` for reading, whether a daemon runs on it or not. Creates nothing.
    package static func openReadOnly(_ path: String) throws(StoreError) -> StoreReader {
        try StoreReader(path)
    }
}
