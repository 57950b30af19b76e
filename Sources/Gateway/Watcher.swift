import Engine
import Loop
import Model
import Synchronization
import Wire

/// Somebody at the control socket who wants to see twins change: lines wait here for a thread that
/// writes them. Who reads too slowly is let go.
final class Watcher: Sendable {
    /// Nil for every device.
    let device: String?
    private let lines = BoundedQueue<[UInt8]>(countMax: 256, costMax: 1 << 20)

    init(device: String?) { self.device = device }

    /// False where the watcher has gone, or is too slow and therefore goes.
    func tell(_ line: [UInt8]) -> Bool {
        if lines.push(line, cost: line.count) != nil { return true }
        lines.close()
        return false
    }

    /// Writes lines until the client is gone or the gateway stops. An empty line now and then finds
    /// out about the former.
    func serve(_ client: StreamSocket) {
        while !lines.isClosed {
            let waiting = lines.popAll(until: Clock.monotonic + 1_000)
            lines.release(count: waiting.count, cost: waiting.reduce(0) { $0 + $1.count })
            guard client.write(waiting.isEmpty ? [0x0a] : Array(waiting.joined())) else { break }
        }
        lines.close()
    }

    func close() { lines.close() }
}

/// All who watch.
final class Watchers: Sendable {
    private let watchers = Mutex<[Watcher]>([])
    private let drops = Atomic<UInt64>(0)

    /// More are refused.
    private static let countMax = 8

    /// Watchers that were let go because they read too slowly.
    var dropped: UInt64 { drops.load(ordering: .relaxed) }
    var count: Int { watchers.withLock { $0.count } }

    /// Nil where too many watch already.
    func add(device: String?) -> Watcher? {
        watchers.withLock { watchers in
            guard watchers.count < Watchers.countMax else { return nil }
            let watcher = Watcher(device: device)
            watchers.append(watcher)
            return watcher
        }
    }

    func remove(_ watcher: Watcher) {
        watchers.withLock { $0.removeAll { $0 === watcher } }
    }

    /// Tells all who watch the device.
    func tell(_ line: [UInt8], of device: String) {
        watchers.withLock { watchers in
            watchers.removeAll { watcher in
                guard watcher.device == nil || watcher.device == device else { return false }
                if watcher.tell(line) { return false }
                drops.add(1, ordering: .relaxed)
                return true
            }
        }
    }

    func close() {
        watchers.withLock { watchers in
            for watcher in watchers { watcher.close() }
            watchers = []
        }
    }
}

extension Gateway {
    /// A line of JSON for each twin that this turn changed; it leaves once `ticket` is durable.
    func tellWatchers(_ devices: Set<Device>, until ticket: UInt64) {
        for device in devices.sorted(by: { $0.index < $1.index }) {
            guard let picture = TwinPicture(TwinResource(device, .whole), of: engine),
                picture.etag != watched[device]
            else { continue }
            watched[device] = picture.etag
            let name = engine.registry.name(of: device)
            held.add(line: picture.document.json + [0x0a], of: name, until: ticket)
        }
    }
}
