package import Model

/// Counts and sizes of a store since it was opened.
package struct StoreStatistics: Hashable, Sendable {
    package var commits: UInt64 = 0
    package var failedCommits: UInt64 = 0
    package var batches: UInt64 = 0
    /// Bytes of keys and values put.
    package var bytesPut: UInt64 = 0
    /// Bytes written to the block device: what the writer thread gave to the file, as the kernel
    /// counts it, and an estimate of the file system's own journal.
    package var bytesWritten: UInt64 = 0
    /// What was submitted and is not yet durable.
    package var queuedBatches: Int = 0
    package var queuedBytes: Int = 0
    package var commitDurations = DurationHistogram()
    package var lastCommitMicroseconds: UInt64 = 0
    package var journalBytes: Int = 0
    package var journalBlocks: Int = 0
    /// The time of the oldest block; nil without any.
    package var journalSince: Instant?
    /// Bytes of journal that no checkpoint covers yet; recovery would replay them.
    package var uncoveredJournalBytes: Int = 0
    package var auditBytes: Int = 0
    package var auditEntries: Int = 0
    /// The newest entry of the audit's chain, and the newest checkpoint; nil before the first.
    package var auditHead: AuditHead?
    package var auditCheckpoint: AuditCheckpoint?
    package var historyBytes: Int = 0
    package var historyBlocks: Int = 0
    package var lanes: [LaneStatistics] = []
    /// Bytes of the file in use or once used; it never shrinks.
    package var fileBytes: Int = 0
}

/// One lane of the outbox.
package struct LaneStatistics: Hashable, Sendable {
    package var records: Int = 0
    package var bytes: Int = 0
    /// Records dropped for want of room over the life of the store, and the first and last of them.
    package var dropped: UInt64 = 0
    package var firstDropped: UInt64 = 0
    package var lastDropped: UInt64 = 0
}

/// Durations by powers of two: bucket `n` counts those under `2^n` microseconds and not under half.
package struct DurationHistogram: Hashable, Sendable {
    package private(set) var buckets: [UInt64] = Array(repeating: 0, count: 32)
    package private(set) var maxMicroseconds: UInt64 = 0

    package init() {}

    package mutating func record(microseconds: UInt64) {
        buckets[min(64 - microseconds.leadingZeroBitCount, buckets.count - 1)] += 1
        maxMicroseconds = max(maxMicroseconds, microseconds)
    }

    package var count: UInt64 { buckets.reduce(0, +) }
}
