package import Model

/// Runs streams for the sake of one pattern, as of a time, to tell how far it had come.
///
/// Readings go in as they arrived, with the clock. Those after the time only move the stream's
/// watermark on, to where it would have been; what comes when that has reached the time would have
/// come too late, and is not looked at. `finish` then lets the watermark reach it in any case.
package struct Inquiry: Sendable {
    /// What the pattern found, by key.
    package private(set) var matches: [[Field]: Matches] = [:]
    /// The watermark has reached the time: nothing that follows counts.
    package private(set) var isOver = false
    private var processor: StreamProcessor
    private let stream: Int
    private let pattern: String
    private let end: Instant?
    private let lateness: Milliseconds
    private var now = Instant.distantPast
    private var outputs: [StreamOutput] = []

    /// Matches of one key.
    package struct Matches: Sendable {
        package var count = 0
        package var latest: Match?
        /// What ran out of its time on the way.
        package var timedOut = 0
        package var latestTimeout: Match?
    }

    /// Nil where the streams have no such pattern, or an error. Without an end, it is the newest
    /// event's time.
    package init?(
        _ pattern: PatternDefinition, of stream: String, among streams: [StreamDefinition],
        tables: [ReferenceTable] = [], registry: Registry, end: Instant? = nil
    ) {
        var diagnostics: [Diagnostic] = []
        processor = StreamProcessor(
            streams: streams, aggregations: [], tables: tables, registry: registry,
            diagnostics: &diagnostics)
        guard !diagnostics.contains(where: { $0.severity == .error }),
            let index = processor.streams.firstIndex(where: { $0.plan.name == stream }),
            processor.streams[index].watch(pattern, until: end ?? .distantFuture)
        else { return nil }
        self.stream = index
        self.pattern = pattern.name.value
        self.end = end
        lateness =
            processor.streams.flatMap(\.plan.sources).filter { $0.upstream == nil }
            .map(\.lateness).min() ?? .zero
    }

    /// Takes one reading of a turn at `now`.
    package mutating func accept(_ reading: Reading, registry: Registry, at now: Instant) {
        pass(to: now, registry)
        if isOver { return }
        var reading = reading
        if let end, reading.time > end {
            reading.time = min(reading.time, end + lateness + Milliseconds(1))
        }
        processor.accept(reading, registry: registry, at: now, into: &outputs)
        note()
    }

    /// Ends a turn, or lets time pass.
    package mutating func advance(to now: Instant, registry: Registry) {
        pass(to: now, registry)
        if isOver { return }
        processor.advance(to: now, registry: registry, into: &outputs)
        note()
    }

    /// Lets everything up to the end be seen.
    package mutating func finish(registry: Registry) {
        // A row of several readings is whole by now.
        if !isOver { processor.advance(to: now, registry: registry, into: &outputs) }
        var time = end ?? .distantPast
        if end == nil {
            for index in 0...stream { time = max(time, processor.streams[index].clock.newest) }
        }
        for index in 0...stream where time > .distantPast {
            let before = outputs.count
            processor.streams[index].clock.push(to: time)
            processor.streams[index].release(registry: registry, into: &outputs)
            processor.feedFollowers(
                of: index, from: before, registry: registry, at: time, into: &outputs)
        }
        note()
    }

    /// How far the device is; after `finish`.
    package func explanation(_ device: Device, registry: Registry) -> Explanation? {
        let stream = processor.streams[stream]
        return stream.explanation(
            device, at: end ?? max(stream.clock.newest, .distantPast), registry: registry)
    }

    /// What was found of a device, or of what it is part of.
    package func matches(of device: Device, _ explanation: Explanation) -> Matches {
        var result = Matches()
        for (key, found) in matches {
            let match = found.latest ?? found.latestTimeout
            guard key == explanation.key || match?.device == device else { continue }
            result.count += found.count
            result.timedOut += found.timedOut
            result.latest = later(result.latest, found.latest)
            result.latestTimeout = later(result.latestTimeout, found.latestTimeout)
        }
        return result
    }

    private func later(_ left: Match?, _ right: Match?) -> Match? {
        guard let left, let right else { return left ?? right }
        return (right.time, right.id) > (left.time, left.id) ? right : left
    }

    /// Stops at the moment of the clock at which the watermark reaches the end of its own.
    private mutating func pass(to now: Instant, _ registry: Registry) {
        guard !isOver else { return }
        self.now = max(self.now, now)
        guard let end else { return }
        var last = Instant.distantPast
        while processor.streams[stream].clock.watermark < end {
            let moment = processor.moment(of: stream, reaching: end)
            guard moment <= now, moment > last else { return }
            processor.wake()
            processor.advance(to: moment, registry: registry, into: &outputs)
            last = moment
        }
        isOver = true
        note()
    }

    private mutating func note() {
        for case .match(let match) in outputs
        where match.pattern == pattern && match.stream == processor.streams[stream].plan.name
            && match.time <= end ?? .distantFuture
        {
            var found = matches[match.key] ?? Matches()
            if match.timedOutStep == nil {
                found.count += 1
                found.latest = later(found.latest, match)
            } else {
                found.timedOut += 1
                found.latestTimeout = later(found.latestTimeout, match)
            }
            matches[match.key] = found
        }
        outputs.removeAll(keepingCapacity: true)
    }
}
