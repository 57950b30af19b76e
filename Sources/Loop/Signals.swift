import CLinux
import Glibc

/// SIGTERM, SIGINT and SIGHUP as something to wait for instead of something that interrupts.
///
/// Create it before the first thread starts: threads inherit the blocked mask.
package final class Signals {
    /// What the person at the other end of the signal wants.
    package enum Wish: Hashable, Sendable {
        case stop
        case reload
    }

    /// Watch this one.
    package let fd: Int32

    package init() throws(LoopError) {
        var set = sigset_t()
        // All four calls work on our own set; SIGPIPE must never end a gateway.
        unsafe sigemptyset(&set)
        for signal in [SIGTERM, SIGINT, SIGHUP] { unsafe sigaddset(&set, signal) }
        guard unsafe pthread_sigmask(SIG_BLOCK, &set, nil) == 0 else {
            throw LoopError("pthread_sigmask")
        }
        _ = Glibc.signal(SIGPIPE, SIG_IGN)
        fd = unsafe signalfd(-1, &set, Int32(SFD_CLOEXEC) | Int32(SFD_NONBLOCK))
        guard fd >= 0 else { throw LoopError("signalfd") }
    }

    deinit { close(fd) }

    /// The next signal that came, nil when there is none.
    package func next() -> Wish? {
        var info = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        // The kernel fills exactly one record of this size.
        guard unsafe read(fd, &info, size) == size else { return nil }
        return info.ssi_signo == UInt32(SIGHUP) ? .reload : .stop
    }
}
