package import Model

/// All streams and aggregations of a configuration at work. START HERE for this room.
///
/// Readings go in one by one with the turn's time; window rows and matches come out in the order in
/// which they were decided. The same readings with the same times give the same outputs, and within
/// the sources' lateness the order of the readings makes no difference, nor does the way they were
/// divided into turns. A turn ends with `advance`, and holds each of its datagrams whole.
package struct StreamProcessor: Sendable {
    var streams: [Stream]
    private var routing: RoutingTable
    /// By stream: the sources that take what it puts out, which are of later streams.
    private let followers: [[Follower]]
    private let hasFollowers: Bool
    /// Streams with a datagram's row that may get more fields.
    private var unfinished: [Int] = []
    /// By stream: passing the time means nothing to it before this moment of the clock.
    private var deadlines: [Instant]
    /// No stream's deadline is before this.
    private var wakeUp = Instant.distantPast
    /// What reference tables take.
    private let tables: [StreamMemory.Part]

    /// Compiles the definitions; what is wrong with them goes to `diagnostics` (codes E02xx, and
    /// those of the expressions), and a stream with an error is left out.
    package init(
        streams: [StreamDefinition], aggregations: [AggregationDefinition],
        tables: [ReferenceTable] = [], registry: Registry,
        limits: StreamLimits = StreamLimits(), diagnostics: inout [Diagnostic]
    ) {
        var compiler = StreamCompiler(registry: registry, tables: tables)
        self.tables = tables.map {
            StreamMemory.Part(
                what: $0.name.value, count: $0.count, bytesEach: $0.bytes / max(1, $0.count) + 1)
        }
        let plans = compiler.compile(streams, aggregations)
        diagnostics += compiler.diagnostics
        self.streams = plans.map { Stream($0, limits: limits) }
        routing = RoutingTable(plans)
        var followers: [[Follower]] = plans.map { _ in [] }
        for (stream, plan) in plans.enumerated() {
            for (source, one) in plan.sources.enumerated() {
                guard let upstream = one.upstream else { continue }
                followers[upstream.stream].append(Follower(stream: stream, source: source))
            }
        }
        self.followers = followers
        hasFollowers = !followers.allSatisfy(\.isEmpty)
        deadlines = Array(repeating: .distantFuture, count: plans.count)
    }

    private struct Follower: Sendable {
        var stream: Int
        var source: Int
    }

    /// Takes one reading of a turn at `now`. `registry` is the one the processor was made with,
    /// which may have got more devices and properties since.
    package mutating func accept(
        _ reading: Reading, registry: Registry, at now: Instant,
        into outputs: inout [StreamOutput]
    ) {
        if !unfinished.isEmpty, !reading.flags.contains(.sameRow) {
            finishRows(registry: registry, at: now, into: &outputs)
        }
        for index in routing.routes(of: reading.property, in: registry) {
            let route = routing.routes[index]
            guard routing.admits(reading.device, to: route, in: registry) else { continue }
            let stream = Int(route.stream)
            if route.isWholeDatagram {
                if reading.flags.contains(.decideOnly) { continue }
                let columns = routing.columns[Int(route.firstColumn)..<Int(route.endColumn)]
                streams[stream].extend(Int(route.source), with: reading, columns: columns, at: now)
                if !unfinished.contains(stream) { unfinished.append(stream) }
                continue
            }
            for place in Int(route.firstColumn)..<Int(route.endColumn) {
                streams[stream].fill(Int(routing.columns[place]), with: reading.value)
            }
            if reading.flags.contains(.decideOnly) {
                streams[stream].judge(
                    Int(route.source), reading.device, reading.property, at: reading.time,
                    registry: registry, into: &outputs)
                continue
            }
            let before = outputs.count
            streams[stream].acceptRow(
                Int(route.source), reading.device, reading.property, at: reading.time,
                registry: registry, now: now, into: &outputs)
            if hasFollowers {
                feedFollowers(
                    of: stream, from: before, registry: registry, at: now, into: &outputs)
            }
            noteDeadline(of: stream)
        }
    }

    /// Ends a turn, or passes the time: complete rows are taken, silent sources stop holding
    /// windows open, and timers fire.
    package mutating func advance(
        to now: Instant, registry: Registry, into outputs: inout [StreamOutput]
    ) {
        finishRows(registry: registry, at: now, into: &outputs)
        guard now >= wakeUp else { return }
        for index in streams.indices {
            let before = outputs.count
            streams[index].advance(to: now, registry: registry, into: &outputs)
            feedFollowers(of: index, from: before, registry: registry, at: now, into: &outputs)
            deadlines[index] = streams[index].deadline()
        }
        // What a stream hears of depends on those it follows, so all are asked each turn.
        wakeUp = hasFollowers ? .distantPast : deadlines.min() ?? .distantFuture
    }

    /// Makes the next `advance` look at every stream, whether anything is due or not.
    mutating func wake() { wakeUp = .distantPast }

    @inline(__always)
    private mutating func noteDeadline(of stream: Int) {
        let deadline = streams[stream].deadline()
        deadlines[stream] = deadline
        wakeUp = min(wakeUp, deadline)
    }

    /// When `advance` should be called if nothing arrives before, on the clock; nil while nothing
    /// waits.
    package var nextDeadline: Instant? {
        var deadline = Instant.distantFuture
        if hasFollowers {
            for (index, stream) in streams.enumerated() where stream.nextDue < .distantFuture {
                deadline = min(deadline, moment(of: index, reaching: stream.nextDue))
            }
        } else {
            deadline = deadlines.min() ?? .distantFuture
        }
        return deadline == .distantFuture ? nil : deadline
    }

    /// When a stream's watermark reaches `due`, as `EventClock.moment`: as late as any source that
    /// holds it back.
    func moment(of stream: Int, reaching due: Instant) -> Instant {
        let (clock, plan) = (streams[stream].clock, streams[stream].plan)
        guard plan.followsStreams, !clock.sources.allSatisfy(\.isIdle) else {
            return clock.moment(ofReaching: due)
        }
        var moment = Instant.distantPast
        for (source, one) in clock.sources.enumerated() where !one.isIdle && one.watermark < due {
            guard let upstream = plan.sources[source].upstream else {
                moment = max(moment, one.idleFrom)
                continue
            }
            moment = max(moment, self.moment(of: upstream.stream, reaching: due))
        }
        return moment
    }

    /// Gives what a stream has put out since `start` to those that follow it, and its watermark.
    mutating func feedFollowers(
        of stream: Int, from start: Int, registry: Registry, at now: Instant,
        into outputs: inout [StreamOutput]
    ) {
        guard !followers[stream].isEmpty else { return }
        let end = outputs.count
        for follower in followers[stream] {
            let before = outputs.count
            for place in start..<end {
                streams[follower.stream].accept(
                    outputs[place], follower.source, registry: registry, now: now, into: &outputs)
            }
            streams[follower.stream].follow(
                follower.source, streams[stream].clock, registry: registry, into: &outputs)
            feedFollowers(
                of: follower.stream, from: before, registry: registry, at: now, into: &outputs)
        }
    }

    package var counters: StreamCounters { StreamCounters(streams: streams.map(\.counters)) }

    /// The most memory each stream's state can take, in bytes, given the devices there are.
    /// Reference tables, if there are any, come last.
    package func memoryBounds(registry: Registry) -> [StreamMemory] {
        let bounds = streams.map { $0.memory(registry: registry) }
        return bounds + (tables.isEmpty ? [] : [StreamMemory(name: "tables", parts: tables)])
    }

    /// Takes the rows of datagrams that are complete. Without it they wait for the next reading, or
    /// the turn's end, and count as arrived then.
    package mutating func finishRows(
        registry: Registry, at now: Instant, into outputs: inout [StreamOutput]
    ) {
        guard !unfinished.isEmpty else { return }
        for stream in unfinished {
            let before = outputs.count
            streams[stream].finishRows(registry: registry, into: &outputs)
            feedFollowers(of: stream, from: before, registry: registry, at: now, into: &outputs)
            noteDeadline(of: stream)
        }
        unfinished.removeAll(keepingCapacity: true)
    }
}

extension StreamProcessor {
    private static let version: UInt8 = 2

    /// Writes every stream's state. What stands around the single states has been the same in all
    /// versions, so that `skip` finds their end.
    package func snapshot(into writer: inout ByteWriter) {
        writer.byte(StreamProcessor.version)
        writer.list(streams) { writer, stream in
            writer.string(stream.plan.name)
            writer.fixed(stream.plan.fingerprint)
            var state = ByteWriter()
            stream.write(into: &state)
            writer.unsigned(state.bytes.count)
            writer.bytes += state.bytes
        }
    }

    /// Steps over what `snapshot` wrote, in this version of the program or another.
    package static func skip(_ reader: inout ByteReader) throws(RecordError) {
        _ = try reader.byte()
        for _ in 0..<(try reader.count()) {
            _ = try reader.string()
            let _: UInt64 = try reader.fixed()
            for _ in 0..<(try reader.count()) { _ = try reader.byte() }
        }
    }

    /// Gives the streams back the state they had. A stream that is not in the snapshot, or was
    /// defined differently then, starts empty. After an error nothing has changed.
    package mutating func restore(from reader: inout ByteReader) throws(RecordError) {
        try reader.version(StreamProcessor.version)
        var restored = streams.map { Stream($0.plan, limits: $0.limits) }
        for _ in 0..<(try reader.count()) {
            let name = try reader.string()
            let fingerprint: UInt64 = try reader.fixed()
            let length = try reader.count()
            let end = reader.offset + length
            if let index = restored.firstIndex(where: {
                $0.plan.name == name && $0.plan.fingerprint == fingerprint
            }) {
                try restored[index].restore(from: &reader)
                guard reader.offset == end else { throw .malformed(at: reader.offset) }
            } else {
                for _ in 0..<length { _ = try reader.byte() }
            }
        }
        for index in restored.indices { restored[index].counters = streams[index].counters }
        streams = restored
        for index in streams.indices { deadlines[index] = streams[index].deadline() }
        wakeUp = .distantPast
        unfinished = streams.indices.filter { !streams[$0].pending.isEmpty }
    }
}
