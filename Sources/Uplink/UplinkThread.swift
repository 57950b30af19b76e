import Loop
import Model
import Synchronization

/// The thread that owns the sinks and drains the outbox into them for as long as the gateway runs.
package final class UplinkThread: Sendable {
    private struct Shared: Sendable {
        var statuses: [SinkStatus] = []
        var thread: WorkerThread?
    }

    private let waker: Waker
    private let isStopping = Atomic<Bool>(false)
    private let shared = Mutex(Shared())

    /// How long `stop` lets messages under way be acknowledged.
    private static let drainLimit = Milliseconds(2000)

    /// Starts at once. The closures of `outbox` are called on the new thread, and so is `onChange`,
    /// with a sink that connected, failed or stopped: what a log should say.
    package init(
        sinks: [SinkSettings], cursors: [String: [Delivery.Advance]], outbox: Outbox,
        onChange: @escaping @Sendable (SinkStatus) -> Void = { _ in }
    ) throws(UplinkError) {
        do throws(LoopError) {
            waker = try Waker()
        } catch {
            throw .system(reason: error.description)
        }
        let thread = WorkerThread(name: "uplink") { [self] in
            // The thread keeps this object until `stop`, which is what ends it.
            run(Uplink(sinks: sinks, cursors: cursors, outbox: outbox), onChange)
        }
        guard let thread else { throw .system(reason: "no thread for the uplink") }
        shared.withLock { $0.thread = thread }
    }

    /// Says that records were committed to the outbox. From any thread; never waits.
    package func recordsAdded() { waker.wake() }

    /// How the sinks are doing, at most a moment ago. From any thread.
    package var statuses: [SinkStatus] { shared.withLock { $0.statuses } }

    /// Reads no more, gives messages under way two seconds to be acknowledged, closes the sinks and
    /// returns when the thread has ended. What was not acknowledged waits in the outbox.
    package func stop() {
        isStopping.store(true, ordering: .releasing)
        waker.wake()
        shared.withLock { $0.thread.take() }?.join()
    }

    private var now: Instant { Instant(milliseconds: Int64(clamping: Clock.monotonic)) }

    private func run(_ uplink: Uplink, _ onChange: (SinkStatus) -> Void) {
        var published = now
        while !isStopping.load(ordering: .acquiring) {
            if waker.clear() { uplink.recordsAdded(at: now) }
            let hasMore = uplink.pass(at: now)
            if !hasMore || now - published >= Milliseconds(100) {
                publish(uplink, onChange)
                published = now
            }
            if !hasMore { uplink.wait(from: now, waker: waker.fd) }
        }
        let end = now + Self.drainLimit
        while !uplink.isQuiet, now < end {
            uplink.drain(at: now)
            if !uplink.isQuiet { uplink.wait(from: now, limit: end) }
        }
        uplink.close()
        publish(uplink, onChange)
    }

    private func publish(_ uplink: Uplink, _ onChange: (SinkStatus) -> Void) {
        let statuses = uplink.status(at: now)
        let before = shared.withLock { shared in
            defer { shared.statuses = statuses }
            return shared.statuses
        }
        for (index, status) in statuses.enumerated() {
            let old = index < before.count ? before[index] : nil
            if old?.failures != status.failures || old?.isConnected != status.isConnected {
                onChange(status)
            }
        }
    }
}
