package import Model

/// How far a device's clock is behind ours: the minimum of arrival less device time over a sliding
/// window, because the network only ever adds to it.
package struct ClockOffset: Hashable, Sendable {
    /// How long a sample counts.
    package static let window = Milliseconds.minute * 10
    /// A clock that is further off is wrong rather than skewed, and tells nothing.
    package static let plausible = Milliseconds.day

    /// Minima of two halves of the window: bounded, and never older than one and a half windows.
    private var current: Milliseconds?
    private var previous: Milliseconds?
    private var started = Instant.distantPast

    package init() {}

    /// The offset as far as it is known.
    package var estimate: Milliseconds? {
        guard let current else { return previous }
        return previous.map { min($0, current) } ?? current
    }

    /// The time to believe (CR5): the device's, corrected, if that is within `limit` of the
    /// arrival, else the arrival.
    package mutating func resolve(
        _ claimed: Instant, arrival: Instant, limit: Milliseconds
    ) -> (time: Instant, isSuspect: Bool) {
        if arrival - started > ClockOffset.window {
            previous = arrival - started > ClockOffset.window * 2 ? nil : current
            current = nil
            started = arrival
        }
        let offset = arrival - claimed
        if offset.count.magnitude <= UInt64(ClockOffset.plausible.count) {
            current = current.map { min($0, offset) } ?? offset
        }
        guard let estimate else { return (arrival, true) }
        let corrected = claimed + estimate
        let distance = (corrected - arrival).count.magnitude
        return distance <= UInt64(limit.count) ? (corrected, false) : (arrival, true)
    }
}
