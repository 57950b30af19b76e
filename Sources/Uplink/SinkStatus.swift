package import Model

/// How one sink is doing, for `status` and metrics.
package struct SinkStatus: Hashable, Sendable {
    package enum State: Hashable, Sendable {
        case connecting
        case connected
        /// The next attempt comes after this long.
        case backingOff(for: Milliseconds)
        case stopped
    }

    package var name: String
    package var state: State
    /// Why it is not connected; nil while it is.
    package var lastError: String?
    /// Records acknowledged since start.
    package var acknowledged: UInt64
    /// Messages sent and not yet acknowledged.
    package var inFlight: Int
    /// Times it failed since start.
    package var failures: UInt64
    /// Records skipped since start because their stored bytes make no sense.
    package var unreadable: UInt64

    package var isConnected: Bool { state == .connected }

    init(name: String, _ delivery: Delivery, at now: Instant) {
        self.name = name
        lastError = delivery.lastError?.description
        acknowledged = delivery.acknowledgedRecords
        inFlight = delivery.inFlight
        failures = delivery.failures
        unreadable = delivery.unreadableRecords
        state =
            switch delivery.state {
            case .closed: .stopped
            case .opening: .connecting
            case .open: .connected
            case .backingOff(let until): .backingOff(for: max(until - now, .zero))
            }
    }
}
