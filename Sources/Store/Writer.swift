import Crypto
import Loop
import Model
import Synchronization

/// The writer thread's half that others may touch: what they hand in and what they may ask.
final class Writer: Sendable {
    let environment: Environment
    let configuration: StoreConfiguration
    /// What audit checkpoints are signed with.
    let key: SigningKey
    let queue: BoundedQueue<Submission>
    let committedTicket = Atomic<UInt64>(0)
    let report: Mutex<Report>
    private let requests = Mutex(CursorRequests())

    /// A batch with the time it came.
    struct Submission: Sendable {
        var batch: WriteBatch
        var cost: Int
        var time: UInt64
    }

    /// What the thread last said of itself.
    struct Report: Sendable {
        var status: StoreStatus
        var statistics = StoreStatistics()
    }

    /// Cursors asked for and not yet taken by the thread, merged.
    struct CursorRequests: Sendable {
        var cursors: [OutboxCursor.Place: UInt64] = [:]
        var oldest: UInt64?
    }

    init(
        _ environment: Environment, _ configuration: StoreConfiguration, _ ledger: Ledger,
        _ key: SigningKey
    ) {
        self.environment = environment
        self.key = key
        self.configuration = configuration
        queue = BoundedQueue(
            countMax: configuration.queueBatches, costMax: configuration.queueBytes)
        var statistics = StoreStatistics()
        statistics.show(ledger, environment)
        report = Mutex(
            Report(
                status: StoreStatus(state: .ready, since: monotonicNow()), statistics: statistics))
    }

    func request(_ cursor: OutboxCursor) {
        let isNew = requests.withLock { requests in
            let place = OutboxCursor.Place(sink: cursor.sink, lane: cursor.lane)
            requests.cursors[place] = max(requests.cursors[place] ?? 0, cursor.sequence)
            defer { requests.oldest = requests.oldest ?? monotonicNow() }
            return requests.oldest == nil
        }
        if isNew { queue.wake() }
    }

    func takeCursorRequests() -> CursorRequests {
        requests.withLock { requests in
            defer { requests = CursorRequests() }
            return requests
        }
    }
}

extension StoreStatistics {
    mutating func show(_ ledger: Ledger, _ environment: Environment) {
        journalBytes = ledger.journalBytes
        journalBlocks = ledger.journalBlocks
        journalSince = ledger.oldestBlock
        uncoveredJournalBytes = ledger.uncoveredBytes
        auditBytes = ledger.audit.bytes
        auditEntries = ledger.audit.entries
        auditHead = ledger.audit.head
        auditCheckpoint = ledger.audit.checkpoint
        historyBytes = ledger.history.reduce(0) { $0 + $1.bytes }
        historyBlocks = ledger.history.reduce(0) { $0 + $1.blocks }
        lanes = ledger.lanes
        fileBytes = (environment.usage.lastPage + 1) * Environment.pageSize
    }
}
