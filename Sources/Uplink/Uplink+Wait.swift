import Glibc
package import Model

extension Uplink {
    /// Sleeps until a sink has something to do, `waker` is readable, or `now` would reach `limit`
    /// or the uplink's own deadline. Returns early when a signal arrives.
    package func wait(from now: Instant, limit: Instant = .distantFuture, waker: Int32? = nil) {
        var requests = interests.map { interest in
            let events = (interest.wantsRead ? POLLIN : 0) | (interest.wantsWrite ? POLLOUT : 0)
            return pollfd(fd: interest.descriptor, events: Int16(events), revents: 0)
        }
        if let waker { requests.append(pollfd(fd: waker, events: Int16(POLLIN), revents: 0)) }
        let wake = min(deadline(after: now), limit)
        let timeout = wake == .distantFuture ? -1 : Int32(clamping: max((wake - now).count, 0))
        // Safe: the count is the array's. What is ready does not matter: sinks try without waiting.
        unsafe poll(&requests, nfds_t(requests.count), timeout)
    }
}
