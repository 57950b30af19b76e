package import Model

/// How long to wait after failures in a row: doubling up to a limit, with jitter, so that a
/// thousand gateways do not return to a restarted broker in the same second.
package struct BackOff: Hashable, Sendable {
    /// The shortest wait of all.
    package var first: Milliseconds
    /// The longest wait of all.
    package var limit: Milliseconds

    package init(first: Milliseconds = .second, limit: Milliseconds = .minute) {
        self.first = first
        self.limit = limit
    }

    /// The wait after `failures` (at least 1) in a row. `random` spreads it evenly over
    /// `first…2·first`, then `2·first…4·first`, and so on up to `limit/2…limit`.
    package func delay(failures: Int, random: UInt64) -> Milliseconds {
        let doublings = Int64(1) << Int64(min(max(failures, 1), 30))
        let longest = max(min(first * doublings, limit), Milliseconds(1))
        let shortest = longest.count / 2
        let spread = UInt64(longest.count - shortest) + 1
        return Milliseconds(shortest + Int64(random % spread))
    }
}
