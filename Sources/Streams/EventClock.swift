import Model

/// A stream's event time: how far each source has come, and the watermark that follows from it.
///
/// The watermark W promises that no event with a time of W or before is still to come. A source's
/// is its newest time less its lateness less 1 ms; the stream's is the least of its sources',
/// silent ones left out. When all are silent it moves to the newest time seen and goes on at the
/// clock's pace. It never goes back.
struct EventClock: Sendable {
    private(set) var sources: [Source]
    private(set) var watermark = Instant.distantPast
    /// When the last source fell silent, while all are.
    private(set) var silentSince: Instant?
    /// No source falls silent before this moment of the clock, so that `tick` can be left out.
    private(set) var nextTick = Instant.distantPast

    /// How far one source has come.
    struct Source: Sendable {
        let lateness: Milliseconds
        let idleTimeout: Milliseconds
        /// Whether another stream's watermark is this source's, which is never idle but before that
        /// stream's first event.
        let isFollowing: Bool
        var newest = Instant.distantPast
        /// On the clock; before the first event, the moment the stream began.
        var lastArrival: Instant?
        var isIdle = false

        init(lateness: Milliseconds, idleTimeout: Milliseconds, isFollowing: Bool = false) {
            self.isFollowing = isFollowing
            self.lateness = lateness
            self.idleTimeout = idleTimeout
        }

        var watermark: Instant { newest - lateness - Milliseconds(1) }
        var idleFrom: Instant {
            isFollowing ? .distantFuture : (lastArrival ?? .distantFuture) + idleTimeout
        }
    }

    init(_ sources: [Source]) { self.sources = sources }

    /// The newest event time of all sources.
    var newest: Instant { sources.reduce(.distantPast) { max($0, $1.newest) } }

    /// Whether an event of a source comes after its, or the stream's, watermark has passed it.
    func isLate(_ time: Instant, source: Int) -> Bool {
        time <= watermark || time <= sources[source].watermark
    }

    /// Takes note of an event that arrived at `now`.
    mutating func observe(_ time: Instant, source: Int, at now: Instant) {
        var one = sources[source]
        one.lastArrival = now
        if one.isIdle {
            one.isIdle = false
            silentSince = nil
            nextTick = min(nextTick, one.idleFrom)
        }
        let isAhead = time > one.newest && !one.isFollowing
        if isAhead { one.newest = time }
        sources[source] = one
        if isAhead { push(to: sources.count == 1 ? one.watermark : leastOfAwake) }
    }

    /// Takes note of the clock: sources fall silent, and a silent stream's watermark goes on.
    mutating func tick(_ now: Instant) {
        var next = Instant.distantFuture
        for index in sources.indices where !sources[index].isFollowing {
            if sources[index].lastArrival == nil { sources[index].lastArrival = now }
            if sources[index].isIdle { continue }
            if sources[index].idleFrom <= now {
                sources[index].isIdle = true
            } else {
                next = min(next, sources[index].idleFrom)
            }
        }
        if let since = allIdleSince {
            silentSince = since
            let hasNews = newest > .distantPast
            nextTick = hasNews ? .distantPast : .distantFuture
            if hasNews { push(to: newest + (now - since)) }
        } else {
            nextTick = next
            push(to: leastOfAwake)
        }
    }

    /// Moves the watermark ahead of its time, where a limit leaves no choice.
    mutating func push(to time: Instant) { watermark = max(watermark, time) }

    /// The moment of the clock at which the watermark reaches `time` if nothing else arrives, or at
    /// which it is worth looking again.
    func moment(ofReaching time: Instant) -> Instant {
        guard let silentSince else {
            var moment = Instant.distantFuture
            for index in 0..<sources.count where !sources[index].isIdle {
                moment = min(moment, sources[index].idleFrom)
            }
            return moment
        }
        return silentSince + max(.zero, time - newest)
    }

    /// When the last source fell silent, if all have.
    private var allIdleSince: Instant? {
        guard sources.allSatisfy(\.isIdle) else { return nil }
        return sources.filter { !$0.isFollowing }.map(\.idleFrom).max()
    }

    /// Takes over another stream's watermark.
    mutating func follow(_ source: Int, _ watermark: Instant, isSilent: Bool) {
        sources[source].newest = max(sources[source].newest, watermark + Milliseconds(1))
        sources[source].isIdle = watermark == .distantPast && isSilent
        if !sources[source].isIdle { silentSince = nil }
        push(to: leastOfAwake)
    }

    private var leastOfAwake: Instant {
        var least = Instant.distantFuture
        for source in sources where !source.isIdle { least = min(least, source.watermark) }
        return least == .distantFuture ? .distantPast : least
    }
}

extension EventClock {
    func write(into writer: inout ByteWriter) {
        writer.instant(watermark)
        writer.list(sources) { writer, source in
            writer.instant(source.newest)
            writer.bool(source.lastArrival != nil)
            writer.instant(source.lastArrival ?? .distantPast)
            writer.bool(source.isIdle)
        }
    }

    mutating func restore(from reader: inout ByteReader) throws(RecordError) {
        watermark = try reader.instant()
        guard try reader.count() == sources.count else { throw .malformed(at: reader.offset) }
        for index in sources.indices {
            sources[index].newest = try reader.instant()
            let hasArrival = try reader.bool()
            let arrival = try reader.instant()
            sources[index].lastArrival = hasArrival ? arrival : nil
            sources[index].isIdle = try reader.bool()
        }
        nextTick = .distantPast
        silentSince = nil
        silentSince = allIdleSince
    }
}
