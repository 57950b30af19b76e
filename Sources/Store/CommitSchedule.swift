import Model

/// When what is pending should be committed. Pure: times are monotonic nanoseconds.
package struct CommitSchedule: Sendable {
    private let maxDelay: UInt64
    private let relaxedDelay: UInt64
    private let blockSize: Int

    package init(_ schedule: StoreConfiguration.Schedule) {
        maxDelay = UInt64(max(schedule.maxDelay.count, 0)) * 1_000_000
        relaxedDelay = UInt64(max(schedule.relaxedDelay.count, 0)) * 1_000_000
        blockSize = schedule.blockSize
    }

    /// What waits for a commit, in sum.
    package struct Pending: Hashable, Sendable {
        private(set) var turnBytes = 0
        /// A strict or critical batch is there.
        private(set) var isUrgent = false
        /// When the oldest `group` batch was submitted.
        private(set) var oldestGroup: UInt64?
        /// When the oldest `relaxed` batch or cursor was submitted.
        private(set) var oldestRelaxed: UInt64?

        package init() {}

        /// Takes note of a batch that now waits.
        package mutating func add(_ urgency: WriteBatch.Urgency, turnBytes: Int, at time: UInt64) {
            self.turnBytes += turnBytes
            switch urgency {
            case .relaxed: oldestRelaxed = min(oldestRelaxed ?? time, time)
            case .group: oldestGroup = min(oldestGroup ?? time, time)
            case .strict, .critical: isUrgent = true
            }
        }
    }

    /// The time of the commit, 0 for at once, nil while nothing is pending. `creditReturns` is when
    /// the wear budget allows a commit that nothing else demands.
    package func due(_ pending: Pending, creditReturns: UInt64) -> UInt64? {
        if pending.isUrgent || pending.turnBytes >= blockSize { return 0 }
        let relaxed = pending.oldestRelaxed.map { $0 + relaxedDelay }
        let group = pending.oldestGroup.map { min($0 + maxDelay, creditReturns) }
        return switch (relaxed, group) {
        case (let relaxed?, let group?): min(relaxed, group)
        case (let only?, nil), (nil, let only?): only
        case (nil, nil): nil
        }
    }
}
