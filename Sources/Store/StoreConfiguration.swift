package import Model

/// Where a store lives, how large its parts may grow, and when it commits.
package struct StoreConfiguration: Sendable {
    /// A directory of the store's own; created when absent (its parent must exist).
    package var path: String
    /// The database file never grows past this many bytes; at least 1 MiB.
    package var mapSize: Int
    /// Journal blocks that the checkpoint covers are kept, for replay, up to this many bytes. Those
    /// it does not cover stay in any case, so take checkpoints well before.
    package var journalLimit: Int
    /// Nor are those kept that are older than the newest by more than this; nil for any age.
    package var journalAge: Milliseconds?
    /// Bytes of each outbox lane, the most urgent lane first. A lane may also use what the lanes
    /// after it leave free, or hold: theirs is dropped first.
    package var outboxLimits: [Int]
    package var auditLimit: Int
    /// Blocks of history are kept, the newest, up to this many bytes, and no longer than this;
    /// nil for any age.
    package var historyLimit: Int
    package var historyAge: Milliseconds?
    /// The same of what values came to by the minute and by the hour, which have a quarter of the
    /// bytes.
    package var rollupAge: Milliseconds?
    /// The sinks that must have passed an outbox record before it is trimmed.
    package var sinks: [String]
    package var schedule: Schedule
    /// Bounds of what was submitted and is not yet committed.
    package var queueBytes: Int
    package var queueBatches: Int
    /// How long to wait before a failed commit is tried again.
    package var retryDelay: Milliseconds
    /// For tests and demonstrations: each commit takes this much longer.
    package var commitDelay: Milliseconds
    /// For tests: asked before each commit; anything but 0 makes it fail with that errno.
    package var commitFault: (@Sendable () -> Int32)?

    /// When queued batches become durable.
    package struct Schedule: Sendable {
        /// No `group` batch waits longer.
        package var maxDelay: Milliseconds
        /// No `relaxed` batch waits longer.
        package var relaxedDelay: Milliseconds
        /// This many journal bytes are worth a commit at once; journal blocks are cut at it.
        package var blockSize: Int
        /// Bytes that may be written per day; while there is credit, nothing waits. Nil: no budget.
        package var wearBudgetPerDay: Int?

        package init(
            maxDelay: Milliseconds = Milliseconds(250), relaxedDelay: Milliseconds = .second,
            blockSize: Int = 65_536, wearBudgetPerDay: Int? = 4 << 30
        ) {
            self.maxDelay = maxDelay
            self.relaxedDelay = relaxedDelay
            self.blockSize = blockSize
            self.wearBudgetPerDay = wearBudgetPerDay
        }
    }

    package init(
        path: String, mapSize: Int = 1 << 30, journalLimit: Int = 64 << 20,
        journalAge: Milliseconds? = nil, outboxLimits: [Int] = [16 << 20, 32 << 20, 128 << 20],
        auditLimit: Int = 32 << 20, historyLimit: Int = 256 << 20,
        historyAge: Milliseconds? = nil, rollupAge: Milliseconds? = nil,
        sinks: [String] = [], schedule: Schedule = Schedule(), queueBytes: Int = 8 << 20,
        queueBatches: Int = 8192, retryDelay: Milliseconds = .second
    ) {
        self.path = path
        self.mapSize = max(mapSize, 1 << 20)
        self.journalLimit = journalLimit
        self.journalAge = journalAge
        self.outboxLimits = outboxLimits
        self.auditLimit = auditLimit
        self.historyLimit = historyLimit
        self.historyAge = historyAge
        self.rollupAge = rollupAge
        self.sinks = sinks
        self.schedule = schedule
        self.queueBytes = queueBytes
        self.queueBatches = queueBatches
        self.retryDelay = retryDelay
        commitDelay = .zero
        commitFault = nil
    }
}
