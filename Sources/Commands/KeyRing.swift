import Model

/// The idempotency keys of a day, up to a limit; when it is full the oldest is forgotten.
struct KeyRing: Sendable {
    struct Entry: Hashable, Sendable {
        var id: CommandID
        /// A fingerprint of what was asked for.
        var body: CommandID
        var time: Instant
    }

    let limit: Int
    private var bodies: [CommandID: CommandID] = [:]
    private var ring: [Entry] = []
    private var start = 0
    /// Keys that made room before their time.
    private(set) var forgotten: UInt64 = 0

    init(limit: Int) { self.limit = limit }

    /// Oldest first.
    var entries: ArraySlice<Entry> { ring[start...] }

    func body(of id: CommandID) -> CommandID? { bodies[id] }

    mutating func append(_ entry: Entry) {
        bodies[entry.id] = entry.body
        ring.append(entry)
        if ring.count - start > limit {
            removeFirst()
            forgotten += 1
        }
    }

    /// Forgets keys from before `time`.
    mutating func forget(before time: Instant) {
        while start < ring.count, ring[start].time < time { removeFirst() }
    }

    private mutating func removeFirst() {
        bodies[ring[start].id] = nil
        start += 1
        if start > 64, start * 2 > ring.count {
            ring.removeFirst(start)
            start = 0
        }
    }
}

extension CommandRequest {
    /// Tells one request from another under the same key.
    var fingerprint: CommandID {
        var writer = ByteWriter()
        writer.list(parameters) { writer, field in
            writer.string(field.name)
            writer.value(field.value)
        }
        return CommandID(
            String(device.index), name, "\(priority)", "\(timeToLive?.count ?? -1)",
            "\(writer.bytes)")
    }
}
