import CLinux
import Glibc

/// One thread that waits: for any of a few file descriptors to become readable, or for a deadline.
///
/// The loop knows descriptors by number and calls nobody; the caller asks what is ready and acts.
@safe package final class EventLoop {
    private let descriptor: Int32
    // Safe: written by the kernel within its count and read here alone.
    private var events: [epoll_event] = unsafe [epoll_event()]
    private var watched: Set<Int32> = []
    private var ready: [Int32] = []

    package init() throws(LoopError) {
        descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard descriptor >= 0 else { throw LoopError("epoll_create1") }
    }

    deinit { close(descriptor) }

    /// Reports `fd` in `wait` while it is readable. Watching one twice changes nothing.
    package func watch(fd: Int32) throws(LoopError) {
        guard watched.insert(fd).inserted else { return }
        var event = unsafe epoll_event(
            events: EPOLLIN.rawValue, data: unsafe epoll_data_t(fd: fd))
        // The kernel copies the event during the call.
        guard unsafe epoll_ctl(descriptor, EPOLL_CTL_ADD, fd, &event) == 0 else {
            watched.remove(fd)
            throw LoopError("epoll_ctl")
        }
        unsafe events.append(event)
    }

    /// Stops reporting `fd`; call it before closing the descriptor.
    package func unwatch(fd: Int32) {
        guard watched.remove(fd) != nil else { return }
        epoll_ctl(descriptor, EPOLL_CTL_DEL, fd, nil)
        unsafe events.removeLast()
    }

    /// The descriptors that are readable, in no order; empty when `deadline` (monotonic
    /// milliseconds) passed first. `nil` waits without end, a deadline in the past only looks.
    package func wait(until deadline: UInt64?) throws(LoopError) -> [Int32] {
        ready.removeAll(keepingCapacity: true)
        let count = unsafe events.withUnsafeMutableBufferPointer { buffer in
            // The kernel writes at most `buffer.count` events.
            unsafe epoll_wait(
                descriptor, buffer.baseAddress, Int32(buffer.count), timeout(until: deadline))
        }
        guard count >= 0 else {
            if errno == EINTR { return ready }
            throw LoopError("epoll_wait")
        }
        // `data.fd` is the member that `watch` wrote.
        for index in 0..<Int(count) { unsafe ready.append(events[index].data.fd) }
        return ready
    }

    /// Milliseconds for epoll_wait, so that it never returns before the deadline.
    private func timeout(until deadline: UInt64?) -> Int32 {
        guard let deadline else { return -1 }
        let now = Clock.monotonic
        return deadline <= now ? 0 : Int32(clamping: deadline - now)
    }
}
