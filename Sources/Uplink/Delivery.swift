package import Model

/// What has been sent to one sink, what it has acknowledged, and what to do next.
///
/// A pure state machine: it is told what happened and when, and says what to read and send. Order
/// is kept per lane: the cursor of a lane moves over the unbroken run of acknowledged messages
/// only, and after a failure the lane resumes right behind it. So a record may arrive twice, with
/// the same id, but never after a later one was acknowledged for good.
///
/// For now an acknowledgement is the sink's own: fsync for a file, PUBACK for a broker. A PUBACK is
/// the broker's word, not the cloud's disk: a broker that keeps messages in memory can lose what it
/// acknowledged. A cumulative durable acknowledgement of the cloud side can take its place by
/// calling `acknowledged` from there.
package struct Delivery: Sendable {
    /// A stored record as the outbox gives it.
    package typealias StoredRecord = (sequence: UInt64, bytes: [UInt8])

    /// What to read from the outbox: the records of `lane` that follow `after`, oldest first.
    package struct Read: Hashable, Sendable {
        package var lane: OutboxRecord.Kind
        package var after: UInt64
        package var maxRecords: Int
        package var maxBytes: Int

        package init(lane: OutboxRecord.Kind, after: UInt64, maxRecords: Int, maxBytes: Int) {
            self.lane = lane
            self.after = after
            self.maxRecords = maxRecords
            self.maxBytes = maxBytes
        }
    }

    /// How far a lane is acknowledged; to be stored.
    package struct Advance: Hashable, Sendable {
        package var lane: OutboxRecord.Kind
        package var sequence: UInt64

        package init(lane: OutboxRecord.Kind, sequence: UInt64) {
            self.lane = lane
            self.sequence = sequence
        }
    }

    /// Where the sink stands.
    package enum State: Hashable, Sendable {
        case closed
        case opening
        case open(since: Instant)
        case backingOff(until: Instant)
    }

    private struct Flight {
        var message: UInt64
        var last: UInt64
        var records: Int
        var isAcknowledged: Bool
    }

    private struct Lane {
        var acknowledged: UInt64 = 0
        var sent: UInt64 = 0
        var flights: [Flight] = []
        /// When to read: nil once a read came back empty, until the next `recordsAdded`.
        var readAt: Instant? = .distantPast

        mutating func rewind() {
            sent = acknowledged
            flights.removeAll(keepingCapacity: true)
            readAt = .distantPast
        }
    }

    package private(set) var state = State.closed
    package private(set) var lastError: UplinkError?
    /// Records acknowledged since start, over all lanes.
    package private(set) var acknowledgedRecords: UInt64 = 0
    /// Records skipped because their stored bytes cannot be read.
    package private(set) var unreadableRecords: UInt64 = 0
    /// Times the sink failed since start.
    package private(set) var failures: UInt64 = 0

    private let settings: DeliverySettings
    private var lanes: [Lane]
    private var nextMessage: UInt64 = 1
    private var failuresInARow = 0

    /// Starts behind the stored cursors; a lane without one starts with its first record.
    package init(_ settings: DeliverySettings, cursors: [Advance] = []) {
        self.settings = settings
        lanes = OutboxRecord.Kind.allCases.map { _ in Lane() }
        for cursor in cursors {
            lanes[Int(cursor.lane.rawValue)].acknowledged = cursor.sequence
            lanes[Int(cursor.lane.rawValue)].rewind()
        }
    }

    /// Messages sent and not acknowledged.
    package var inFlight: Int {
        lanes.reduce(0) { count, lane in
            count + lane.flights.count { !$0.isAcknowledged }
        }
    }

    /// The highest sequence of a lane up to which everything is acknowledged.
    package func cursor(_ lane: OutboxRecord.Kind) -> UInt64 {
        lanes[Int(lane.rawValue)].acknowledged
    }

    /// When time alone gives something to do after `now`; nil where it does not.
    package func deadline(after now: Instant) -> Instant? {
        switch state {
        case .closed, .opening: nil
        case .backingOff(let until): until
        case .open: lanes.compactMap(\.readAt).filter { $0 > now }.min()
        }
    }

    /// True when the sink is to be opened now; `opening` must follow.
    package func shouldOpen(at now: Instant) -> Bool {
        switch state {
        case .closed: true
        case .backingOff(let until): now >= until
        case .opening, .open: false
        }
    }

    package mutating func opening() { state = .opening }

    package mutating func opened(at now: Instant) {
        state = .open(since: now)
        lastError = nil
    }

    /// The outbox has new records, in whichever lane. Matches are read at once; other lanes wait
    /// for company as long as `linger` says.
    package mutating func recordsAdded(at now: Instant) {
        for index in lanes.indices where lanes[index].readAt == nil {
            let isUrgent = index == Int(OutboxRecord.Kind.match.rawValue)
            lanes[index].readAt = isUrgent ? now : now + settings.linger
        }
    }

    /// Messages of the window that are taken, acknowledged out of order or not.
    private var occupied: Int { lanes.reduce(0) { $0 + $1.flights.count } }

    /// The next read, most urgent lane first; nil when the window is full, nothing waits, or the
    /// sink is not open. `take` must follow.
    package func nextRead(at now: Instant) -> Read? {
        guard case .open = state else { return nil }
        let room = settings.window - occupied
        guard room > 0 else { return nil }
        for kind in OutboxRecord.Kind.allCases {
            guard let readAt = lanes[Int(kind.rawValue)].readAt, readAt <= now else { continue }
            let records = min(room.multipliedReportingOverflow(by: settings.batchRecords).0, 4096)
            return Read(
                lane: kind, after: lanes[Int(kind.rawValue)].sent, maxRecords: records,
                maxBytes: settings.readBytes)
        }
        return nil
    }

    /// Packs what a read brought into messages, in order, and counts them as in flight. `encode`
    /// turns stored bytes into a JSON object, or nil where they make no sense; such a record is
    /// skipped and counted, and the cursor moves over it with its neighbours.
    package mutating func take(
        _ records: [StoredRecord], for read: Read, encode: ([UInt8]) -> [UInt8]?
    ) -> (messages: [Message], advance: Advance?) {
        let lane = Int(read.lane.rawValue)
        var messages: [Message] = []
        var pending = Message(number: nextMessage, lane: read.lane)
        var pendingBytes = 0
        var isNew = false
        for record in records where record.sequence > lanes[lane].sent {
            isNew = true
            guard let object = encode(record.bytes) else {
                unreadableRecords += 1
                lanes[lane].sent = record.sequence
                continue
            }
            if !pending.objects.isEmpty, pendingBytes + object.count > settings.batchBytes {
                messages.append(launch(&pending, in: lane))
                pendingBytes = 0
            }
            // The window may be full before the read is used up; the rest is read again later.
            if pending.objects.isEmpty, occupied >= settings.window { break }
            pending.objects.append(object)
            pendingBytes += object.count + 1
            lanes[lane].sent = record.sequence
            if pending.objects.count >= settings.batchRecords {
                messages.append(launch(&pending, in: lane))
                pendingBytes = 0
            }
        }
        if !isNew { lanes[lane].readAt = nil }
        // What is left over is a short message, or unreadable records that nobody will acknowledge.
        if !pending.objects.isEmpty {
            messages.append(launch(&pending, in: lane))
        } else if isNew, lanes[lane].flights.last?.last ?? 0 < lanes[lane].sent {
            lanes[lane].flights.append(
                Flight(message: 0, last: lanes[lane].sent, records: 0, isAcknowledged: true))
        }
        return (messages, settle(lane))
    }

    /// The sink was closed on purpose; what was in flight counts as unsent.
    package mutating func closed() {
        state = .closed
        for index in lanes.indices { lanes[index].rewind() }
    }

    /// The sink has message `number` safe. Unknown numbers, such as a second acknowledgement of the
    /// same message, change nothing. Returns the lane's new cursor if it moved.
    package mutating func acknowledged(_ number: UInt64) -> Advance? {
        for lane in lanes.indices {
            guard
                let index = lanes[lane].flights.firstIndex(where: {
                    $0.message == number && !$0.isAcknowledged
                })
            else { continue }
            lanes[lane].flights[index].isAcknowledged = true
            failuresInARow = 0
            return settle(lane)
        }
        return nil
    }

    /// The sink failed: everything in flight counts as unsent, and nothing happens until the
    /// back-off ends. `random` is any 64 random bits.
    package mutating func failed(_ error: UplinkError, at now: Instant, random: UInt64) {
        // A long connection earns a short first wait; a broker that accepts and drops at once does
        // not.
        if case .open(let since) = state, now - since >= settings.backOff.limit {
            failuresInARow = 0
        }
        failures += 1
        failuresInARow += 1
        lastError = error
        state = .backingOff(
            until: now + settings.backOff.delay(failures: failuresInARow, random: random))
        for index in lanes.indices { lanes[index].rewind() }
    }

    private mutating func launch(_ pending: inout Message, in lane: Int) -> Message {
        let message = pending
        lanes[lane].flights.append(
            Flight(
                message: message.number, last: lanes[lane].sent, records: message.objects.count,
                isAcknowledged: false))
        nextMessage += 1
        pending = Message(number: nextMessage, lane: message.lane)
        return message
    }

    /// Moves the lane's cursor over the acknowledged run at its front.
    private mutating func settle(_ lane: Int) -> Advance? {
        let run = lanes[lane].flights.prefix { $0.isAcknowledged }
        guard let last = run.last, let kind = OutboxRecord.Kind(rawValue: UInt8(lane)) else {
            return nil
        }
        for flight in run { acknowledgedRecords += UInt64(flight.records) }
        lanes[lane].acknowledged = last.last
        lanes[lane].flights.removeFirst(run.count)
        return Advance(lane: kind, sequence: last.last)
    }
}
