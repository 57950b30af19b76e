import Glibc

/// Nanoseconds on CLOCK_MONOTONIC, the clock of everything that waits in this room.
func monotonicNow() -> UInt64 {
    var time = timespec()
    // Safe: `time` outlives the call.
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// Blocks the calling thread.
func pause(nanoseconds: UInt64) {
    var time = timespec(
        tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    var left = timespec()
    // Safe: both outlive the call; a signal that cuts it short leaves the rest in `left`.
    while unsafe nanosleep(&time, &left) != 0, errno == EINTR { time = left }
}
