import Language
import Model
import Streams
import Testing

/// For any order of arrival within lateness, any division into turns, and any interruption, the
/// same outputs, word for word.
@Suite("Determinism")
struct DeterminismTests {
    struct World: CustomTestStringConvertible, Sendable {
        var name: String
        var streams: [StreamDefinition]
        var aggregations: [AggregationDefinition] = []
        /// Whether outputs come in the order of arrival, so that only their set is the same.
        var isUnordered = false
        /// Whether only each stream's own outputs have an order.
        var isInterleaved = false
        var testDescription: String { name }
    }

    static let worlds = [
        World(
            name: "windows and their patterns",
            streams: [
                stream(
                    [
                        ("spread", "max_t - min_t > 9 within 2m"),
                        ("hot", "avg_t > 21 for 2 consecutive windows"),
                        ("long", "avg_t > 20 for 90s cooldown 5m"),
                    ], window: "30s", filter: "t > 0",
                    measures: [
                        ("avg_t", "avg"), ("max_t", "max"), ("min_t", "min"), ("sum_t", "sum"),
                    ], lateness: "20s", idle: "40s")
            ]),
        World(
            name: "patterns on events",
            streams: [
                stream(
                    [
                        ("row", "t > 20 for 3 consecutive events"), ("held", "t > 18 for 15s"),
                        ("quiet", "t > 24 cooldown 1m"), ("sum", "sum(t) > 150 within 30s"),
                        ("spread", "range(t) > 9 and avg(t) over 20s > 20 within 10s"),
                    ], lateness: "20s", idle: "40s")
            ]),
        World(
            name: "stateless patterns",
            streams: [stream([("hot", "t > 20")], lateness: "20s", idle: "40s")],
            isUnordered: true),
        World(
            name: "hopping windows",
            streams: [windowed(.hopping(size: .minute, every: .seconds(25)))]),
        World(name: "sessions", streams: [windowed(.session(gap: .seconds(4), longest: .minute))]),
        World(name: "counts", streams: [windowed(.count(3))]),
        World(name: "sliding windows", streams: [windowed(.sliding(.minute))]),
        World(name: "steps before patterns", streams: [stepped()]),
        World(name: "steps before windows", streams: [stepped(window: "30s")]),
        World(
            name: "a stream and its follower", streams: [followed(), follower()],
            isInterleaved: true),
        World(
            name: "two streams and what joins their windows",
            streams: [followed(), otherFollowed(), joiner()], isInterleaved: true),
        World(
            name: "aggregations by tags", streams: [],
            aggregations: [
                aggregation(
                    [("avg", "avg"), ("n", "count"), ("range", "range")], by: ["floor"],
                    windows: [("fast", "30s"), ("slow", "2m")],
                    sources: [source(lateness: "20s", idle: "40s")])
            ]),
    ]

    private static func windowed(_ kind: WindowDefinition.Kind) -> StreamDefinition {
        var definition = stream(
            [("hot", "avg_t > 12 and n > 1 for 2 consecutive windows")], window: "1m",
            measures: [("avg_t", "avg"), ("n", "count"), ("max_t", "max")], by: ["floor"],
            lateness: "20s", idle: "40s")
        definition.window = WindowDefinition(kind)
        return definition
    }

    private static func stepped(window: String? = nil) -> StreamDefinition {
        var definition = stream(
            window == nil ? [("p", "t > -9"), ("two", "t > 12 for 2 consecutive events")] : [],
            window: window, measures: window == nil ? [] : [("max", "max")], lateness: "20s",
            idle: "40s")
        definition.processing =
            [
                .derive(name: Located("t"), expression: Located("round(t)")),
                .deduplicate(by: [Located("t")], within: .seconds(3), at: .unknown),
                .join(fields: [Located("t")], on: [], within: .minute, at: .unknown),
                .deadband(field: Located("t"), .absolute(1)),
                .rate(field: Located("t"), name: Located("r"), per: .minute),
                .sample(every: .seconds(4), keep: .last, at: .unknown),
                .debounce(field: Located("t"), for: .seconds(2)),
            ] + definition.processing
        return definition
    }

    private static func followed() -> StreamDefinition {
        var definition = stream(
            [("warm", "avg > 12")], window: "10s", measures: [("avg", "avg")], by: ["floor"],
            lateness: "20s", idle: "40s")
        definition.name = Located("up")
        return definition
    }

    private static func follower() -> StreamDefinition {
        StreamDefinition(
            name: Located("down"), sources: [SourceDefinition(.stream(Located("up")))],
            window: WindowDefinition(.sliding(.minute)),
            processing: [
                .aggregate(
                    by: [Located("floor")],
                    functions: [
                        AggregateDefinition(
                            name: Located("top"), function: Located("max"), field: Located("avg"))
                    ])
            ])
    }

    private static func otherFollowed() -> StreamDefinition {
        var definition = stream(
            window: "10s", filter: "t > 3", measures: [("top", "max")], by: ["floor"],
            lateness: "20s", idle: "40s")
        definition.name = Located("other")
        return definition
    }

    private static func joiner() -> StreamDefinition {
        StreamDefinition(
            name: Located("join"),
            sources: [
                SourceDefinition(.stream(Located("up"))),
                SourceDefinition(.stream(Located("other"))),
            ],
            processing: [
                .joinWith(
                    JoinDefinition(
                        with: Located("other"), by: [Located("floor")],
                        .interval(before: .zero, after: .seconds(10)), keepsUnmatched: true))
            ],
            patterns: [
                PatternDefinition(name: Located("far"), condition: Located("top is not missing")),
                PatternDefinition(name: Located("alone"), condition: Located("top is missing")),
            ])
    }

    private func name(of output: StreamOutput) -> String {
        switch output {
        case .row(let row): row.name
        case .match(let match): match.stream
        case .late(let event): event.stream
        }
    }

    /// A reading and the moment of its arrival; nil passes the time.
    private typealias Step = (reading: Reading?, now: Instant)

    /// Event times in half seconds with gaps, so that sources fall silent now and then.
    private func readings(_ story: Story, _ random: inout SplitMix64) -> [Reading] {
        var time = 0.0
        return (0..<220).map { index in
            time += index % 100 == 99 ? 200 : Double(Int.random(in: 0...6, using: &random)) / 2
            let device = ["a", "b", "c", "d"].randomElement(using: &random) ?? "a"
            // One value a device and moment: the order among several would be the device's secret.
            let value = Double.random(in: -2...26, using: &random)
            return story.reading("\(time)", device, "\(value)")
        }.reduce(into: [Reading]()) { kept, reading in
            if !kept.contains(where: { $0.device == reading.device && $0.time == reading.time }) {
                kept.append(reading)
            }
        }
    }

    /// Delays each reading by less than the lateness, without crossing a silence.
    private func shuffled(_ readings: [Reading], _ random: inout SplitMix64) -> [Step] {
        var delayed = readings.enumerated().map { index, reading in
            (reading, reading.time.milliseconds + Int64.random(in: 0..<20_000, using: &random))
        }
        delayed.sort { $0.1 < $1.1 }
        return delayed.map { ($0.0, Instant(milliseconds: $0.1 + 1_000_000)) }
    }

    private func run(
        _ world: World, _ steps: [Step], turns: (Int) -> Bool = { _ in false },
        interruptions: (Int) -> Bool = { _ in false }
    ) throws -> [String] {
        var story = Story(world.streams, world.aggregations)
        #expect(story.diagnostics.isEmpty)
        var outputs: [StreamOutput] = []
        for (index, step) in steps.enumerated() {
            if let reading = step.reading {
                story.accept(reading, at: step.now, into: &outputs)
            }
            if turns(index) {
                story.processor.advance(to: step.now, registry: story.registry, into: &outputs)
            }
            if interruptions(index) {
                var writer = ByteWriter()
                story.processor.snapshot(into: &writer)
                story = Story(world.streams, world.aggregations)
                var reader = ByteReader(writer.bytes)
                try story.processor.restore(from: &reader)
                #expect(reader.isAtEnd)
            }
        }
        // The end: wake up when asked to, until nothing waits.
        for _ in 0..<100 {
            guard let deadline = story.processor.nextDeadline else { break }
            story.processor.advance(to: deadline, registry: story.registry, into: &outputs)
        }
        #expect(story.processor.nextDeadline == nil)
        #expect(story.processor.counters.streams.allSatisfy { $0.late == 0 })
        if world.isInterleaved {
            return world.streams.flatMap { stream in
                outputs.filter { name(of: $0) == stream.name.value }.map { text($0) }
            }
        }
        let texts = outputs.map { text($0) }
        return world.isUnordered ? texts.sorted() : texts
    }

    @Test("arrival in another order within lateness", arguments: worlds)
    func permuted(_ world: World) throws {
        for seed in UInt64(1)...6 {
            var random = SplitMix64(state: seed)
            let readings = readings(Story(world.streams, world.aggregations), &random)
            let straight = try run(
                world, readings.map { ($0, $0.time + Milliseconds(1_000_000)) })
            #expect(straight.count > 10, "seed \(seed)")
            for _ in 0..<3 {
                let steps = shuffled(readings, &random)
                #expect(try run(world, steps) == straight, "seed \(seed)")
            }
        }
    }

    @Test("other turns, and a restart at every k-th reading", arguments: worlds)
    func interrupted(_ world: World) throws {
        for seed in UInt64(1)...3 {
            var random = SplitMix64(state: seed)
            let readings = readings(Story(world.streams, world.aggregations), &random)
            let steps = shuffled(readings, &random)
            let straight = try run(world, steps)
            for turn in [1, 2, 7] {
                let heard = try run(world, steps, turns: { $0 % turn == 0 })
                #expect(heard == straight, "seed \(seed), a turn each \(turn)")
            }
            for step in [1, 3, 50] {
                let heard = try run(world, steps, interruptions: { $0 % step == 0 })
                #expect(heard == straight, "seed \(seed), restarts each \(step)")
            }
        }
    }

    @Test("the same as looking at everything at once")
    func reference() throws {
        for seed in UInt64(1)...5 {
            var random = SplitMix64(state: seed)
            let definition = stream(
                window: "30s", measures: [("n", "count"), ("max", "max"), ("avg", "avg")],
                lateness: "20s")
            let world = World(name: "", streams: [definition])
            let readings = readings(Story(), &random)
            var groups: [Group: [Double]] = [:]
            let registry = Story.registry()
            for reading in readings {
                let start = reading.time.milliseconds / 30_000 * 30
                let group = Group(end: start + 30, device: registry.name(of: reading.device))
                groups[group, default: []].append(reading.value.double ?? .nan)
            }
            let expected = groups.sorted { $0.key < $1.key }.map { group, values in
                var sum = ExactSum()
                for value in values { sum.add(value) }
                return "[\(group.end - 30),\(group.end)) \(group.device) n=\(values.count) "
                    + "max=\(values.max() ?? 0) avg=\(sum.divided(by: Int64(values.count)))"
            }
            let heard = try run(world, shuffled(readings, &random))
            #expect(heard == expected, "seed \(seed)")
        }
    }

    private struct Group: Hashable, Comparable {
        var end: Int64
        var device: String

        static func < (left: Group, right: Group) -> Bool {
            (left.end, left.device) < (right.end, right.device)
        }
    }

    @Test("trailing aggregates, the same as looking back at every event")
    func trailingReference() throws {
        for seed in UInt64(1)...5 {
            var random = SplitMix64(state: seed)
            let definition = stream(
                [
                    (
                        "p",
                        "range(t) > 12 and sum(t) over 20s > 60 "
                            + "and count(t > 10) over 15s >= 3 within 10s"
                    )
                ],
                lateness: "20s")
            let readings = readings(Story(), &random)
            let registry = Story.registry()
            let sorted = readings.sorted {
                ($0.time.milliseconds, $0.device.index) < ($1.time.milliseconds, $1.device.index)
            }
            let expected = sorted.compactMap { reading -> String? in
                func values(_ span: Int64) -> [Double] {
                    sorted.filter {
                        $0.device == reading.device && $0.time <= reading.time
                            && $0.time > reading.time - Milliseconds.seconds(span)
                    }.compactMap(\.value.double)
                }
                let ten = values(10)
                guard (ten.max() ?? 0) - (ten.min() ?? 0) > 12, values(20).reduce(0, +) > 60,
                    values(15).filter({ $0 > 10 }).count >= 3
                else { return nil }
                return text(
                    .match(
                        Match(
                            stream: "s", pattern: "p", device: nil,
                            key: [Field("id", .text(registry.name(of: reading.device)))],
                            time: reading.time, since: reading.time,
                            values: [
                                Field("id", .text(registry.name(of: reading.device))),
                                Field("t", reading.value),
                            ], actions: [], isCritical: false)))
            }
            let world = World(name: "", streams: [definition])
            #expect(try run(world, shuffled(readings, &random)) == expected, "seed \(seed)")
            #expect(expected.count > 3, "seed \(seed)")
        }
    }
}
