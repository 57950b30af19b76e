import Language
import Model
import Streams
import Testing

/// A small world for streams: devices `a` to `d` of group `sensors` with a float `t` in Celsius, an
/// integer `n`, a text `state` and a boolean `on`, and a script of readings with what they lead to.
struct Story {
    var registry: Registry
    var processor: StreamProcessor
    var diagnostics: [Diagnostic] = []
    let streams: [StreamDefinition]
    let aggregations: [AggregationDefinition]
    /// Whether scripts tell of late events.
    var showsLate = false

    init(
        _ streams: [StreamDefinition] = [], _ aggregations: [AggregationDefinition] = [],
        tables: [ReferenceTable] = [], limits: StreamLimits = StreamLimits(),
        registry: Registry = Story.registry()
    ) {
        self.registry = registry
        self.streams = streams
        self.aggregations = aggregations
        processor = StreamProcessor(
            streams: streams, aggregations: aggregations, tables: tables, registry: registry,
            limits: limits, diagnostics: &diagnostics)
    }

    static func registry() -> Registry {
        var registry = Registry()
        let model = registry.add(
            DeviceModel(
                name: "sensor",
                properties: [
                    PropertyModel(name: "t", unit: Unit("celsius")),
                    PropertyModel(name: "n", type: .integer),
                    PropertyModel(name: "state", type: .text),
                    PropertyModel(name: "on", type: .boolean),
                ]))
        let sensors = registry.addGroup("sensors")
        let meters = registry.addGroup("meters")
        for (name, tags) in [
            ("b", ["floor": "1", "wing": "east"]), ("a", ["floor": "1", "wing": "west"]),
            ("d", ["floor": "2"]), ("c", [:]),
        ] {
            var entry = Registry.Entry(name: name)
            entry.model = model
            entry.groups = [sensors]
            entry.tags = tags
            registry.add(entry)
        }
        var meter = Registry.Entry(name: "m")
        meter.model = model
        meter.groups = [meters]
        registry.add(meter)
        return registry
    }

    // MARK: Scripts

    /// Plays lines of `time device value [now]`, in seconds; the clock follows the event time where
    /// `now` is not given. A line `@now` only passes the time. What follows `|` is expected to come
    /// out, `;` between outputs.
    mutating func play(_ script: String, sourceLocation: SourceLocation = #_sourceLocation) {
        for line in script.split(separator: "\n") {
            let halves = line.split(separator: "|", omittingEmptySubsequences: false)
            let expected = halves.dropFirst().joined(separator: "|").split(separator: ";")
                .map { trimmed($0) }.filter { !$0.isEmpty }
            let heard = step(String(halves.first ?? ""))
            #expect(heard == expected, "\(line)", sourceLocation: sourceLocation)
        }
    }

    mutating func step(_ line: String) -> [String] {
        var outputs: [StreamOutput] = []
        let words = line.split(separator: " ").map(String.init)
        guard let first = words.first else { return [] }
        if first.hasPrefix("@") {
            processor.advance(
                to: seconds(String(first.dropFirst())), registry: registry, into: &outputs)
            return shown(outputs)
        }
        let now = words.count > 3 ? seconds(words[3]) : seconds(first)
        accept(reading(first, words[1], words[2]), at: now, into: &outputs)
        return shown(outputs)
    }

    private func shown(_ outputs: [StreamOutput]) -> [String] {
        outputs.compactMap { output in
            if case .late = output, !showsLate { return nil }
            return text(output)
        }
    }

    mutating func accept(
        _ reading: Reading, at now: Instant, into outputs: inout [StreamOutput]
    ) {
        processor.accept(reading, registry: registry, at: now, into: &outputs)
    }

    /// `12.5`, `7i` for an integer, `true`, `n=7i` for another property than `t`, `+n=7` for one in
    /// the same datagram as the reading before.
    func reading(_ time: String, _ device: String, _ text: String) -> Reading {
        var text = text
        var flags: Reading.Flags = []
        if text.hasPrefix("+") {
            flags = .sameRow
            text.removeFirst()
        }
        let parts = text.split(separator: "=").map(String.init)
        let name = parts.count > 1 ? parts[0] : "t"
        let value = parts[parts.count - 1]
        guard let device = registry.device(named: device),
            let property = registry.property(named: name)
        else { preconditionFailure("no \(device) or \(name)") }
        return Reading(
            device: device, property: property, time: seconds(time), value: self.value(value),
            flags: flags)
    }

    private func value(_ text: String) -> Value {
        if let boolean = Bool(text) { return .boolean(boolean) }
        if text.hasSuffix("i"), let integer = Int64(text.dropLast()) { return .integer(integer) }
        return Double(text).map { .number($0) } ?? .text(text)
    }

    var counters: StreamCounters.Stream { processor.counters.streams[0] }
}

func seconds(_ text: String) -> Instant {
    Instant(milliseconds: Int64(((Double(text) ?? 0) * 1000).rounded()))
}

private func trimmed(_ text: Substring) -> String {
    var text = text
    while text.first == " " { text.removeFirst() }
    while text.last == " " { text.removeLast() }
    return String(text)
}

/// `[0,60) a avg=20.0` for a row, `hot a 0-60 avg=31.0` for a match.
func text(_ output: StreamOutput) -> String {
    func time(_ instant: Instant) -> String {
        let rest = instant.milliseconds % 1000
        return rest == 0
            ? "\(instant.milliseconds / 1000)" : "\(Double(instant.milliseconds) / 1000)"
    }
    func list(_ fields: [Field]) -> String {
        fields.map { "\($0.name)=" + ($0.value.map { "\($0)" } ?? "?") }.joined(separator: " ")
    }
    func key(_ fields: [Field]) -> String {
        fields.map { $0.value.map { "\($0)" } ?? "?" }.joined(separator: ",")
    }
    switch output {
    case .row(let row):
        return (row.window.map { "\($0) " } ?? "")
            + "[\(time(row.start)),\(time(row.end))) \(key(row.key)) \(list(row.fields))"
            + (row.revision > 0 ? " r\(row.revision)" : "")
    case .late(let event): return "late \(time(event.time)) \(list(event.values))"
    case .match(let match):
        return "\(match.pattern) \(key(match.key)) \(time(match.since))-\(time(match.time)) "
            + list(match.values)
    }
}

// MARK: Definitions

/// A stream over `telemetry/+/t` of the sensors, with the field `t`.
func stream(
    _ patterns: [(name: String, condition: String)] = [], window: String? = nil,
    filter: String? = nil, measures: [(name: String, function: String)] = [], by: [String] = ["id"],
    lateness: String = "0s", idle: String = "1h", critical: Bool = false
) -> StreamDefinition {
    var processing: [ProcessingDefinition] = []
    if let filter { processing.append(.filter(expression: Located(filter))) }
    if !measures.isEmpty {
        processing.append(
            .aggregate(
                by: by.map { Located($0) },
                functions: measures.map {
                    AggregateDefinition(
                        name: Located($0.name), function: Located($0.function),
                        field: Located("t"))
                }))
    }
    return StreamDefinition(
        name: Located("s"), sources: [source(lateness: lateness, idle: idle)],
        window: window.map { WindowDefinition(size: span($0)) }, processing: processing,
        patterns: patterns.map {
            PatternDefinition(
                name: Located($0.name), condition: Located($0.condition),
                actions: [Located("log")], isCritical: critical)
        })
}

func source(
    group: String? = "sensors", topic: String = "telemetry/+/t",
    mapping: [(String, String)] = [("id", "topic[1]"), ("t", "payload.value")],
    lateness: String = "0s", idle: String = "1h"
) -> SourceDefinition {
    SourceDefinition(
        group: group.map { Located($0) }, topic: Located(topic),
        mapping: mapping.map { (Located($0.0), Located($0.1)) }, lateness: span(lateness),
        idleTimeout: span(idle))
}

func aggregation(
    _ metrics: [(name: String, function: String)], by dimensions: [String],
    windows: [(name: String, size: String)], sources: [SourceDefinition] = [source()]
) -> AggregationDefinition {
    AggregationDefinition(
        name: Located("g"), sources: sources, dimensions: dimensions.map { Located($0) },
        metrics: metrics.map {
            AggregateDefinition(
                name: Located($0.name), function: Located($0.function),
                field: $0.function == "count" ? nil : Located("t"))
        }, windows: windows.map { (Located($0.name), WindowDefinition(size: span($0.size))) })
}

func span(_ text: String) -> Milliseconds { Milliseconds(text) ?? .zero }

/// SplitMix64: a seed gives the same numbers everywhere.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }
}
