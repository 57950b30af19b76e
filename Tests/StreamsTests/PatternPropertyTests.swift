import Language
import Model
import Testing

@testable import Streams

/// One rule of every kind, tried on random events.
private let rules: [Rule] = {
    var captured = sequence([
        step("a", .atLeastTimes(2), ["mean"]), step("b and v > mean", .once, ["mean"]),
    ])
    captured.captures = [
        Rule.Capture(step: 0, .aggregate(.avg, quantile: nil, of: condition("v")))
    ]
    let later: [Rule.Sustained] = [
        .once, .exactlyTimes(2), .atLeastTimes(2), .consecutiveEvents(2),
        .someEvents(count: 2, of: 3), .duration(span("4s")),
    ]
    var result = later.flatMap { sustained in
        [
            sequence([step("a", sustained), step("b")], within: "15s"),
            sequence([step("a"), step("b", sustained)], [.strict]),
            sequence([step("a", sustained), step("b", sustained)], [without("x")]),
            sequence([step("c"), step("a", sustained)], within: "9s") { $0.isOverlapping = true },
        ]
    }
    result += [
        captured,
        sequence([silence(nil, "4s")]), sequence([silence("a", "4s"), step("b")]),
        sequence([step("a"), silence("b", "3s"), step("c")]) { $0.per = [6] },
        sequence([step("a", .atLeastTimes(2)), silence("b", "3s")]) { $0.cooldown = span("9s") },
        sequence([step("a"), step("b")]) { $0.until = condition("x and c") },
        sequence([group(.atLeast(2), "a")]), sequence([group(.percent(60), "a")], within: "6s"),
        sequence([group(.any, "a"), step("b")]),
    ]
    result += [
        "v is stale after 4s", "a then v is stale after 4s then b within 20s",
        "a without v is stale after 4s then b", "a then no v is stale after 4s for 9s",
        "v is not stale after 4s for 6s then b", "a at least 2 times then v is stale after 4s",
        "o: a then v is stale after 4s and o.v > 4 overlapping",
        "a then v is stale after 4s per line until line is stale after 9s",
        "at least 2 devices: v is stale after 4s then b",
        "o: v > coalesce(max(o.v), 0) 3 times within 30s",
    ].map { rule($0) }
    return result
}()

@Suite("Patterns on anything")
struct PatternPropertyTests {
    private func script(_ random: inout SplitMix64, _ count: Int) -> String {
        var time = 0
        return (0..<count).map { _ in
            time += Int.random(in: 0...4, using: &random)
            let device = ["p", "q"].randomElement(using: &random) ?? "p"
            let letters = ["a", "b", "c", "x", "?a"].filter { _ in
                Int.random(in: 0..<3, using: &random) == 0
            }
            let number = Int.random(in: 0...14, using: &random)
            let value = number > 9 ? "-" : "\(number)"
            let line = ["one", "two"].randomElement(using: &random) ?? "one"
            return "\(time) \(device) .\(letters.joined()) \(value) \(line)"
        }.joined(separator: ";") + ";@\(time + 100)"
    }

    @Test("a restart anywhere changes nothing", arguments: rules.indices)
    func restarts(_ rule: Int) {
        for seed in 0..<UInt64(20) {
            var random = SplitMix64(state: seed)
            let script = script(&random, 60)
            var whole = PatternStory(rules[rule], timeouts: seed % 2 == 0)
            var broken = PatternStory(rules[rule], timeouts: seed % 2 == 0)
            let expected = whole.play(script)
            #expect(broken.play(script, restarts: true) == expected, "seed \(seed)")
            let state = whole.stream.ordered[0]
            #expect(state.partialCount == state.slots.reduce(0) { $0 + $1.count }, "seed \(seed)")
        }
    }

    @Test("the same under tight limits, and never beyond them", arguments: rules.indices)
    func limits(_ rule: Int) {
        var limits = StreamLimits()
        limits.partialsPerKey = 1
        limits.partialsPerRule = 2
        for seed in 0..<UInt64(10) {
            var random = SplitMix64(state: seed)
            let script = script(&random, 60)
            var whole = PatternStory(rules[rule], limits: limits)
            var broken = PatternStory(rules[rule], limits: limits)
            #expect(whole.play(script) == broken.play(script, restarts: true), "seed \(seed)")
            #expect(whole.stream.ordered[0].partialCount <= 2, "seed \(seed)")
        }
    }

    @Test("a span that is never reached, and so every start that is kept, changes nothing")
    func spans() {
        for rule in rules where rule.within == nil && rule.steps.count > 1 {
            for seed in 0..<UInt64(20) {
                var random = SplitMix64(state: seed)
                let script = script(&random, 60)
                var (pruned, whole) = (PatternStory(rule), rule)
                whole.within = span("9d")
                var unpruned = PatternStory(whole)
                #expect(pruned.play(script) == unpruned.play(script), "\(rule), seed \(seed)")
            }
        }
    }

    @Test("keys do not disturb each other")
    func keys() {
        for rule in rules where !rule.steps.contains(where: \.isOfGroup) {
            for seed in 0..<UInt64(20) {
                var random = SplitMix64(state: seed)
                let script = script(&random, 60)
                var both = PatternStory(rule)
                let expected = both.play(script)
                for key in ["p", "q"] {
                    var alone = PatternStory(rule)
                    let events = script.split(separator: ";").filter {
                        $0.contains(" \(key) ") || $0.hasPrefix("@")
                    }
                    #expect(
                        alone.play(events.joined(separator: ";"))
                            == expected.filter { $0.hasPrefix(key) }, "\(rule), seed \(seed)")
                }
            }
        }
    }

    @Test("damaged state is refused, or at least does no harm", arguments: rules.indices)
    func damage(_ rule: Int) {
        var random = SplitMix64(state: 7)
        let script = script(&random, 30)
        var story = PatternStory(rules[rule], timeouts: true)
        _ = story.play(script.split(separator: ";").dropLast().joined(separator: ";"))
        var writer = ByteWriter()
        story.stream.ordered[0].write(into: &writer)
        for index in 0..<min(400, writer.bytes.count) {
            var bytes = writer.bytes
            bytes[index] = UInt8.random(in: 0...255, using: &random)
            var reader = ByteReader(bytes)
            var damaged = PatternStory(rules[rule], timeouts: true)
            _ = damaged.play(script)
            let keys = damaged.stream.keys.count
            guard let wakes = try? damaged.stream.ordered[0].restore(from: &reader, keys: keys)
            else { continue }
            damaged.stream.timers = Heap()
            for wake in wakes.slots {
                damaged.stream.timers.insert(
                    Streams.Stream.Timer(due: wake.due, pattern: 0, slot: Int32(wake.slot)))
            }
            _ = damaged.play("300 p ab 1;301 p b 2;302 q ac;@400")
        }
        for length in 0..<min(200, writer.bytes.count) {
            var reader = ByteReader(Array(writer.bytes.prefix(length)))
            var state = story.stream.ordered[0]
            #expect(throws: RecordError.self) { try state.restore(from: &reader, keys: 2) }
        }
    }
}

extension Rule.Step {
    fileprivate var isOfGroup: Bool {
        if case .group = what { return true }
        return false
    }
}

@Suite("Reorder buffer")
struct ReorderBufferTests {
    @Test("rows come out in the total order, whatever the order they came in")
    func order() {
        for seed in 0..<UInt64(50) {
            var random = SplitMix64(state: seed)
            var buffer = ReorderBuffer(width: 1, limit: 1000)
            var expected: [(Int64, Int64)] = []
            var heard: [Int64] = []
            var row: [Value?] = [nil]
            for number in 0..<Int64(200) {
                let time =
                    number / 4 + Int64.random(in: 0...(seed % 2 == 0 ? 0 : 20), using: &random)
                row[0] = .integer(number)
                buffer.add(
                    moving: &row, time: Instant(milliseconds: time),
                    device: Device(index: 0), property: Property(index: 0))
                expected.append((time, number))
                if number == 100 {
                    var writer = ByteWriter()
                    buffer.write(into: &writer)
                    var reader = ByteReader(writer.bytes)
                    #expect(throws: Never.self) { try buffer.restore(from: &reader) }
                }
            }
            #expect(buffer.count == 200)
            while let first = buffer.first {
                buffer.removeFirst(into: &row)
                if case .integer(let number)? = row[0] { heard.append(number) }
                #expect(buffer.first.map { first < $0 } ?? true)
            }
            buffer.removeFirst(into: &row)
            #expect(heard == expected.sorted { $0 < $1 }.map(\.1), "seed \(seed)")
        }
    }
}
