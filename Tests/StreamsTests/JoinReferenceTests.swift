import Language
import Model
import Streams
import Testing

/// Joins give what nested loops over all events give, in the same order, in whatever order the
/// events come, and with restarts in between.
@Suite("Joins, the same as looking at every pair")
struct JoinReferenceTests {
    struct World: CustomTestStringConvertible, Sendable {
        var kind: JoinDefinition.Kind
        var isByFloor: Bool
        var keeps: Bool
        var testDescription: String { "\(kind), floor: \(isByFloor), keeps: \(keeps)" }
    }

    static let worlds: [World] = {
        let kinds: [JoinDefinition.Kind] = [
            .interval(before: .seconds(3), after: .seconds(4)),
            .interval(before: .zero, after: .seconds(5)),
            .interval(before: .seconds(5), after: .zero),
            .interval(before: .zero, after: Milliseconds(1)),
            .window(WindowDefinition(size: .seconds(6), offset: .seconds(1))),
            .window(WindowDefinition(.hopping(size: .seconds(6), every: .seconds(2)))),
            .window(WindowDefinition(.hopping(size: .seconds(7), every: .seconds(3)))),
        ]
        return kinds.flatMap { kind in
            [false, true].flatMap { floor in
                [false, true].map { World(kind: kind, isByFloor: floor, keeps: $0) }
            }
        }
    }()

    private struct Event {
        var reading: Reading
        var key: String?
        var isPartner: Bool
        var time: Int64 { reading.time.milliseconds }
    }

    private struct Pair: Comparable {
        var time: Int64
        var left: Int
        var right: Int

        static func < (left: Pair, right: Pair) -> Bool {
            (left.time, left.left, left.right) < (right.time, right.left, right.right)
        }
    }

    private func story(_ world: World, _ limits: StreamLimits = StreamLimits()) -> Story {
        Story(
            [
                joining(
                    world.kind, by: world.isByFloor ? ["floor"] : [], keeps: world.keeps,
                    tags: ["floor"], lateness: "20s")
            ], limits: limits)
    }

    /// In the total order, several of one time and device among them.
    private func events(_ world: World, _ random: inout SplitMix64) -> [Event] {
        let story = story(world)
        var time = 0
        var events: [Event] = []
        for _ in 0..<120 {
            time +=
                Int.random(in: 0...20, using: &random) == 0
                ? 60
                : Int.random(
                    in: 0...3, using: &random)
            let device = ["a", "b", "c", "d"].randomElement(using: &random) ?? "a"
            let isPartner = Bool.random(using: &random)
            let value = Int.random(in: 0..<1000, using: &random)
            let reading = story.reading(
                "\(Double(time) / 2)", device, isPartner ? "n=\(value)i" : "\(value)")
            let floor = story.registry.entry(reading.device)?.tags["floor"]
            if events.contains(where: {
                $0.reading.device == reading.device && $0.reading.time == reading.time
                    && $0.isPartner == isPartner
            }) {
                continue
            }
            events.append(
                Event(
                    reading: reading, key: world.isByFloor ? floor : device, isPartner: isPartner))
        }
        return events.sorted {
            ($0.time, $0.reading.device.index, $0.reading.property.index)
                < ($1.time, $1.reading.device.index, $1.reading.property.index)
        }
    }

    // MARK: The reference

    private func expected(_ world: World, _ events: [Event]) -> [String] {
        var pairs: [Pair] = []
        func join(_ left: Int, at time: Int64?, orAt end: Int64, _ isPartner: (Event) -> Bool) {
            var isMatched = false
            for right in events.indices where events[right].isPartner {
                guard let key = events[left].key, key == events[right].key,
                    isPartner(events[right])
                else { continue }
                isMatched = true
                pairs.append(
                    Pair(
                        time: time ?? max(events[left].time, events[right].time), left: left,
                        right: right))
            }
            if !isMatched, world.keeps { pairs.append(Pair(time: end, left: left, right: -1)) }
        }
        for left in events.indices where !events[left].isPartner {
            let time = events[left].time
            switch world.kind {
            case .interval(let before, let after):
                join(left, at: nil, orAt: time + after.count) {
                    $0.time >= time - before.count && $0.time < time + after.count
                }
            case .window(let window):
                var (size, every) = (window.size.count, window.size.count)
                if case .hopping(let length, let step) = window.kind {
                    (size, every) = (length.count, step.count)
                }
                for start in stride(from: window.offset.count - 10 * size, through: time, by: 1000)
                where (start - window.offset.count) % every == 0 && time < start + size {
                    join(left, at: start + size, orAt: start + size) {
                        $0.time >= start && $0.time < start + size
                    }
                }
            }
        }
        return pairs.sorted().map { pair in
            let left = events[pair.left].reading.value
            let right = pair.right < 0 ? "?" : "\(events[pair.right].reading.value)"
            return "\(pair.time) \(left) \(right)"
        }
    }

    // MARK: The streams

    private func heard(
        _ world: World, _ arrivals: [Reading], restart: Int?,
        limits: StreamLimits = StreamLimits()
    ) throws -> [String] {
        var story = story(world, limits)
        #expect(story.diagnostics.isEmpty)
        var outputs: [StreamOutput] = []
        var newest = Instant.distantPast
        for (index, reading) in arrivals.enumerated() {
            newest = max(newest, reading.time)
            story.accept(reading, at: newest, into: &outputs)
            guard let restart, index % restart == 0 else { continue }
            var writer = ByteWriter()
            story.processor.snapshot(into: &writer)
            story = self.story(world, limits)
            var reader = ByteReader(writer.bytes)
            try story.processor.restore(from: &reader)
            #expect(reader.isAtEnd)
            var again = ByteWriter()
            story.processor.snapshot(into: &again)
            #expect(again.bytes == writer.bytes)
        }
        for _ in 0..<10_000 {
            guard let deadline = story.processor.nextDeadline else { break }
            story.processor.advance(to: deadline, registry: story.registry, into: &outputs)
        }
        #expect(story.counters.late == 0)
        return outputs.compactMap { output in
            guard case .match(let match) = output else { return nil }
            func value(_ name: String) -> String {
                match.values.first { $0.name == name }?.value.map { "\($0)" } ?? "?"
            }
            return "\(match.time.milliseconds) \(value("t")) \(value("h"))"
        }
    }

    /// Each delayed by less than the lateness.
    private func shuffled(_ events: [Event], _ random: inout SplitMix64) -> [Reading] {
        events.map { event in
            (event, event.time + Int64.random(in: 0..<20_000, using: &random))
        }.sorted { ($0.1, $0.0.time) < ($1.1, $1.0.time) }.map(\.0.reading)
    }

    @Test("what limits leave is the same in any order too", arguments: worlds)
    func limited(_ world: World) throws {
        var limits = StreamLimits()
        limits.joinRowsPerKey = 2
        limits.joinRows = 5
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix64(state: seed)
        for _ in 0..<4 {
            let events = events(world, &random)
            let straight = try heard(world, events.map(\.reading), restart: nil, limits: limits)
            for restart in [nil, 1, 5] as [Int?] {
                let heard = try heard(
                    world, shuffled(events, &random), restart: restart, limits: limits)
                #expect(heard == straight, "seed \(seed)")
            }
        }
    }

    @Test("any data, any order within lateness, restarts anywhere", arguments: worlds)
    func same(_ world: World) throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix64(state: seed)
        var pairs = 0
        for round in 0..<4 {
            let events = events(world, &random)
            let expected = expected(world, events)
            pairs += expected.count
            for restart in [nil, 1, 7] as [Int?] {
                let arrivals = shuffled(events, &random)
                let heard = try heard(world, arrivals, restart: restart)
                #expect(
                    heard == expected,
                    "seed \(seed), round \(round), \(String(describing: restart))")
            }
        }
        #expect(pairs > 0, "seed \(seed)")
    }
}
