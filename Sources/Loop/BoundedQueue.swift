import Glibc

/// A first-in first-out hand-over between threads that refuses rather than grows.
///
/// An element counts against the bounds until the receiver calls `release`, so that work in hand is
/// bounded together with work that waits.
@safe package final class BoundedQueue<Element: Sendable>: @unchecked Sendable {
    // Safe: everything below `condition` is touched only while `mutex` is held.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var elements: [Element] = []
    private var load = Load()
    private var accepted: UInt64 = 0
    private var isWoken = false
    private var isWaiting = false
    private var isClosedNow = false

    private let countMax: Int
    private let costMax: Int

    /// How much the queue answers for: what waits and what was taken but not released.
    package struct Load: Hashable, Sendable {
        package var count = 0
        package var cost = 0
    }

    /// What is pushed may cost `costMax` together, in units of the caller's choice.
    package init(countMax: Int, costMax: Int) {
        self.countMax = countMax
        self.costMax = costMax
        // Safe: both are allocated and initialised here and destroyed in deinit only.
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe condition.initialize(to: pthread_cond_t())
        unsafe pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(condition, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        // Safe: nobody can hold the lock of an object that nobody refers to.
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Appends and returns the element's number, counting accepted ones from 1; nil when a bound
    /// would be passed or the queue is closed. An element dearer than `costMax` enters alone. A
    /// privileged one, which helps the receiver to get on, finds the queue twice as large.
    package func push(
        _ element: consuming Element, cost: Int, isPrivileged: Bool = false
    ) -> UInt64? {
        lock()
        defer { unlock() }
        let factor = isPrivileged ? 2 : 1
        guard !isClosedNow, load.count < countMax * factor,
            load.count == 0 || load.cost + cost <= costMax * factor
        else { return nil }
        load.count += 1
        load.cost += cost
        elements.append(element)
        accepted += 1
        signalIfWaiting()
        return accepted
    }

    /// Takes everything that waits. With nothing there, sleeps until something arrives, `wake` or
    /// `close` is called, or the deadline (CLOCK_MONOTONIC, nanoseconds; nil is never) has passed.
    package func popAll(until deadline: UInt64?) -> [Element] {
        lock()
        defer { unlock() }
        while elements.isEmpty, !isWoken, !isClosedNow {
            guard wait(until: deadline) else { break }
        }
        isWoken = false
        var taken: [Element] = []
        swap(&taken, &elements)
        return taken
    }

    /// Gives the room of finished elements back.
    package func release(count: Int, cost: Int) {
        lock()
        defer { unlock() }
        load.count -= count
        load.cost -= cost
    }

    /// Ends one sleep of `popAll`, the present or the next.
    package func wake() {
        lock()
        defer { unlock() }
        isWoken = true
        signalIfWaiting()
    }

    /// Refuses elements from now on; those inside can still be taken.
    package func close() {
        lock()
        defer { unlock() }
        isClosedNow = true
        signalIfWaiting()
    }

    package var isClosed: Bool {
        lock()
        defer { unlock() }
        return isClosedNow
    }

    package var currentLoad: Load {
        lock()
        defer { unlock() }
        return load
    }

    /// False once the deadline has passed.
    private func wait(until deadline: UInt64?) -> Bool {
        isWaiting = true
        defer { isWaiting = false }
        guard let deadline else {
            // Safe: the caller holds the mutex.
            return unsafe pthread_cond_wait(condition, mutex) == 0
        }
        var time = timespec(
            tv_sec: Int(deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
        // Safe: the caller holds the mutex; the condition was made for CLOCK_MONOTONIC.
        return unsafe pthread_cond_timedwait(condition, mutex, &time) == 0
    }

    private func signalIfWaiting() {
        guard isWaiting else { return }
        // Safe: initialised in init.
        unsafe pthread_cond_signal(condition)
    }

    // Safe: initialised in init.
    private func lock() { unsafe pthread_mutex_lock(mutex) }
    private func unlock() { unsafe pthread_mutex_unlock(mutex) }
}
