/// A token bucket over the bytes written to flash: refilled evenly over the day, up to an hour's
/// share, and overdrawn by at most as much. All times are monotonic nanoseconds.
package struct WearBudget: Sendable {
    /// Nil where there is no budget.
    private let bytesPerNanosecond: Double?
    private let capacity: Double
    private var credit: Double
    private var refilledAt: UInt64

    package init(bytesPerDay: Int?, now: UInt64) {
        bytesPerNanosecond = bytesPerDay.map { Double(max($0, 1)) / 86_400e9 }
        capacity = Double(bytesPerDay ?? 0) / 24
        credit = capacity
        refilledAt = now
    }

    /// Charges a commit, whether there is credit for it or not.
    package mutating func spend(_ bytes: Int, now: UInt64) {
        refill(now)
        credit = max(credit - Double(bytes), -capacity)
    }

    /// When there is credit for a commit: `now` or later.
    package mutating func creditReturns(now: UInt64) -> UInt64 {
        guard let bytesPerNanosecond else { return now }
        refill(now)
        if credit > 0 { return now }
        return now + UInt64(min((1 - credit) / bytesPerNanosecond, 86_400e9))
    }

    private mutating func refill(_ now: UInt64) {
        guard let bytesPerNanosecond, now > refilledAt else { return }
        credit = min(credit + Double(now - refilledAt) * bytesPerNanosecond, capacity)
        refilledAt = now
    }
}
