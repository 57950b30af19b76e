import CLinux
import Glibc

/// Ends another thread's `EventLoop.wait`. Wakes that come together count as one.
package final class Waker: Sendable {
    /// Watch this one.
    package let fd: Int32

    package init() throws(LoopError) {
        fd = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        guard fd >= 0 else { throw LoopError("eventfd") }
    }

    deinit { close(fd) }

    /// From any thread; never blocks. A full counter is already a wake.
    package func wake() {
        _ = eventfd_write(fd, 1)
    }

    /// Takes the wakes so far; true if there was one.
    @discardableResult
    package func clear() -> Bool {
        var count: eventfd_t = 0
        // Reads the counter into our own variable.
        return unsafe eventfd_read(fd, &count) == 0
    }
}
