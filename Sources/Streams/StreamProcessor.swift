package import Model

/// All streams and aggregations of a configuration at work. START HERE for this room.
///
/// Readings go in one by one with the turn's time; window rows and matches come out in the order in
/// which they were decided. The same readings with the same times give the same outputs, and within
/// the sources' lateness the order of the readings makes no difference, nor does the way they were
/// divided into turns. A turn ends with `advance`, and holds each of its datagrams whole.
package struct StreamProcessor: Sendable {
    private var streams: [Stream]
    private var routing: RoutingTable
    /// Streams with a datagram's row that may get more fields.
    private var unfinished: [Int] = []

    /// Compiles the definitions; what is wrong with them goes to `diagnostics` (codes E02xx, and
    /// those of the expressions), and a stream with an error is left out.
    package init(
        streams: [StreamDefinition], aggregations: [AggregationDefinition], registry: Registry,
        limits: StreamLimits = StreamLimits(), diagnostics: inout [Diagnostic]
    ) {
        var compiler = StreamCompiler(registry: registry)
        let plans = compiler.compile(streams, aggregations)
        diagnostics += compiler.diagnostics
        self.streams = plans.map { Stream($0, limits: limits) }
        routing = RoutingTable(plans)
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
                streams[stream].extend(Int(route.source), with: reading, columns: columns)
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
            streams[stream].acceptRow(
                Int(route.source), reading.device, reading.property, at: reading.time,
                registry: registry, now: now, into: &outputs)
        }
    }

    /// Ends a turn, or passes the time: complete rows are taken, silent sources stop holding
    /// windows open, and timers fire.
    package mutating func advance(
        to now: Instant, registry: Registry, into outputs: inout [StreamOutput]
    ) {
        finishRows(registry: registry, at: now, into: &outputs)
        for index in streams.indices {
            streams[index].advance(to: now, registry: registry, into: &outputs)
        }
    }

    /// When `advance` should be called if nothing arrives before, on the clock; nil while nothing
    /// waits.
    package var nextDeadline: Instant? {
        var deadline = Instant.distantFuture
        for stream in streams where stream.nextDue < .distantFuture {
            deadline = min(deadline, stream.clock.moment(ofReaching: stream.nextDue))
        }
        return deadline == .distantFuture ? nil : deadline
    }

    package var counters: StreamCounters { StreamCounters(streams: streams.map(\.counters)) }

    /// The most memory each stream's state can take, in bytes, given the devices there are.
    package func memoryBounds(registry: Registry) -> [(name: String, bytes: Int)] {
        streams.map { ($0.plan.name, $0.memoryBound(registry: registry)) }
    }

    private mutating func finishRows(
        registry: Registry, at now: Instant, into outputs: inout [StreamOutput]
    ) {
        guard !unfinished.isEmpty else { return }
        for stream in unfinished {
            streams[stream].finishRows(registry: registry, now: now, into: &outputs)
        }
        unfinished.removeAll(keepingCapacity: true)
    }
}

extension StreamProcessor {
    private static let version: UInt8 = 1

    /// Writes every stream's state.
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

    /// Gives the streams back the state they had. A stream that is not in the snapshot, or was
    /// defined differently then, starts empty. After an error nothing has changed.
    package mutating func restore(from reader: inout ByteReader) throws(RecordError) {
        guard try reader.byte() == StreamProcessor.version else {
            throw .malformed(at: reader.offset - 1)
        }
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
        unfinished = streams.indices.filter { !streams[$0].pending.isEmpty }
    }
}
