import Glibc

/// The two clocks of the machine. Only edges and programs read them; everything else is given
/// `now`.
package enum Clock {
    /// Wall-clock milliseconds since 1970-01-01T00:00:00Z. It may jump.
    package static var now: Int64 { Int64(bitPattern: read(CLOCK_REALTIME)) }

    /// Milliseconds that only ever grow; their zero means nothing.
    package static var monotonic: UInt64 { read(CLOCK_MONOTONIC) }

    /// Microseconds that only ever grow; their zero means nothing.
    package static var microseconds: UInt64 {
        var time = timespec()
        // As below.
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(bitPattern: Int64(time.tv_sec)) &* 1_000_000
            &+ UInt64(bitPattern: Int64(time.tv_nsec)) / 1000
    }

    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        // The kernel fills our own timespec; both clocks exist on every Linux.
        unsafe clock_gettime(clock, &time)
        return UInt64(bitPattern: Int64(time.tv_sec)) &* 1000
            &+ UInt64(bitPattern: Int64(time.tv_nsec)) / 1_000_000
    }
}
