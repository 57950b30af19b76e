import Language
import Model
import Streams
import Testing

/// For any configuration, whatever is done to the arrival within what is promised, the outputs are
/// the same, byte for byte: another order within lateness, other turns, restarts, a faster clock.
///
/// Duplicates are dropped where datagrams are received; at this level no event comes twice.
@Suite("Properties of streams")
struct PropertyTests {
    /// Cases in all; each compares one disturbed run with an undisturbed one.
    private static let cases = 10_000
    /// Disturbed runs of one configuration and one set of events.
    private static let runsPerWorld = 10

    @Test("ten thousand cases, the same bytes", arguments: 0..<10)
    func same(_ part: Int) throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("properties of streams, part \(part): seed \(seed)")
        var random = SplitMix64(state: seed)
        var heard = 0
        for number in 0..<(PropertyTests.cases / 10 / PropertyTests.runsPerWorld) {
            let world = RandomWorld(&random)
            #expect(world.isAvailable, "seed \(seed): \(world): \(world.story.diagnostics)")
            let expected = try world.run(Disturbance())
            heard += expected.count
            for _ in 0..<PropertyTests.runsPerWorld {
                let disturbance = Disturbance(&random)
                let actual = try world.run(disturbance)
                guard actual == expected else {
                    let place = "seed \(seed), world \(number): \(world) with \(disturbance)"
                    Issue.record("\(place) gives \(actual), not \(expected)")
                    return
                }
            }
        }
        #expect(heard > 100, "seed \(seed): hardly anything came out")
    }

    @Test("every form that the language has is in the table")
    func forms() {
        for form in RandomWorld.forms {
            let world = RandomWorld(form: form)
            #expect(world.isAvailable, "\(form): \(world.story.diagnostics)")
        }
    }
}

/// What happens to the events on their way.
private struct Disturbance {
    /// Nil for none: events arrive in order.
    var order: UInt64?
    /// Events in a turn.
    var turn = 1
    /// A restart behind each so many events.
    var restart: Int?
    /// The clock runs so many times as fast as the events' time.
    var speed: Int64 = 1

    init() {}

    init(_ random: inout SplitMix64) {
        if Int.random(in: 0..<4, using: &random) > 0 { order = random.next() }
        turn = Int.random(in: 1...9, using: &random)
        if Bool.random(using: &random) { restart = Int.random(in: 1...7, using: &random) }
        speed = [1, 1, 10, 1000].randomElement(using: &random) ?? 1
    }
}

/// A configuration and events for it, both by chance.
private struct RandomWorld: CustomStringConvertible {
    let stream: StreamDefinition
    let form: Form
    let events: [Reading]
    let story: Story
    private static let lateness: Int64 = 5000
    /// Longer than any event waits at any speed of the clock: nothing falls silent by itself.
    private static let idle = "1w"

    /// One kind of stream. Numbers in `$n` are put in by chance: a threshold, a count, a span.
    struct Form: CustomStringConvertible {
        var condition: String?
        var window: String?
        /// For windows of another kind than tumbling, given their span.
        var kind: (@Sendable (Milliseconds) -> WindowDefinition.Kind)?
        /// Matches come in the order of arrival, so that only their set is the same.
        var isUnordered = false
        var description: String { "\(condition ?? "rows") in \(window ?? "no") windows" }
    }

    /// A form of the language that is new gets a row here.
    static let forms = [
        Form(condition: "t > $t", isUnordered: true),
        Form(condition: "t > $t and not t > $t + 3 or t < $n", isUnordered: true),
        Form(condition: "t > $t cooldown $d"),
        Form(condition: "t > $t for $n consecutive events"),
        Form(condition: "t > $t for $n consecutive events cooldown $d"),
        Form(condition: "t > $t for $d"),
        Form(condition: "t between $t and 24 for $d cooldown $d"),
        Form(condition: "range(t) > $n within $d"),
        Form(condition: "avg(t) > $t and count(t > $t) >= $n within $d"),
        Form(condition: "sum(t) over $d > 40 and min(t) over $d < $t"),
        Form(condition: "max(t) - avg(t) over $d > $n within $d"),
        Form(condition: nil, window: "$d"),
        Form(condition: "avg_t > $t for $n consecutive windows", window: "$d"),
        Form(condition: "max_t - min_t > $n within 20s", window: "5s"),
        Form(condition: "sum_t > 3 * $t cooldown $d", window: "$d"),
        Form(condition: "avg_t > $t for 20s", window: "5s"),
        // Windows of other kinds.
        Form(condition: "max_t > $t", window: "$d", kind: RandomWorld.hopping),
        Form(
            condition: "avg_t > $t for $n consecutive windows", window: "$d",
            kind: RandomWorld.hopping),
        Form(condition: "avg_t > $t", window: "$d", kind: { .session(gap: $0, longest: nil) }),
        Form(condition: nil, window: "$d", kind: { .session(gap: $0, longest: .seconds(20)) }),
        Form(condition: "sum_t > 2 * $t", window: "$d", kind: { _ in .count(3) }),
        Form(condition: "max_t - min_t > $n", window: "$d", kind: { .sliding($0) }),
        // Sequences.
        Form(condition: "t > $t then t < $t"),
        Form(condition: "t > $t then t < $t within $d"),
        Form(condition: "t > $t immediately then t < $t within $d"),
        Form(condition: "t > $t without t < 5 then t > $t + 2 within 30s"),
        Form(condition: "a: t > $t then t > a.t + $n then t < a.t within 60s overlapping"),
        Form(condition: "a: t > $t at least $n times then t < avg(a.t) within 60s"),
        Form(condition: "t > $t 2 times then t < $t until t > 22"),
        Form(condition: "t > $t then t < $t for $d"),
        Form(condition: "t > $t for 2 of $n events"),
        Form(condition: "max_t > $t then min_t < $t within 60s", window: "5s"),
        // Silence.
        Form(condition: "no data for $d"),
        Form(condition: "no t > $t for $d"),
        Form(condition: "t > $t then no t < $t for $d"),
        // Groups of devices.
        Form(condition: "at least 2 devices in sensors: t > $t within $d"),
        Form(condition: "all devices in floor: t > $t within 60s"),
        // What rows before this one were, and detectors.
        Form(condition: "t changed by > $n"),
        Form(condition: "t crosses above $t"),
        Form(condition: "t > previous(t, $n) + 1 and elapsed() < 10"),
        Form(condition: "abs(zscore(t, window: 3)) > 1"),
        Form(condition: "abs(ewma_z(t, training: 2)) > 1"),
        Form(condition: "abs(mad_z(t, window: 3)) > 1"),
        Form(condition: "cusum(t, training: 2) > 1"),
        Form(condition: "hampel(t, window: 3) = 1"),
        Form(condition: "hysteresis(t, high: $t, low: 4) = 1"),
    ]

    @Sendable private static func hopping(_ size: Milliseconds) -> WindowDefinition.Kind {
        .hopping(size: size, every: .seconds(1))
    }

    init(form: Form) {
        var random = SplitMix64(state: 1)
        self.init(form, &random)
    }

    init(_ random: inout SplitMix64) {
        self.init(RandomWorld.forms.randomElement(using: &random) ?? RandomWorld.forms[0], &random)
    }

    private init(_ form: Form, _ random: inout SplitMix64) {
        self.form = form
        let condition = form.condition.map { RandomWorld.filled($0, &random) }
        let window = form.window.map { RandomWorld.filled($0, &random) }
        var stream = StreamsTests.stream(
            condition.map { [("p", $0)] } ?? [], window: window,
            filter: Bool.random(using: &random) ? "t > 2" : nil,
            measures: window == nil
                ? [] : [("avg_t", "avg"), ("sum_t", "sum"), ("max_t", "max"), ("min_t", "min")],
            lateness: "5s", idle: RandomWorld.idle)
        if let kind = form.kind {
            stream.window = WindowDefinition(kind(span(window ?? "5s")))
        }
        self.stream = stream
        story = Story([stream])
        events = RandomWorld.events(for: story, &random)
    }

    var isAvailable: Bool { story.diagnostics.isEmpty }
    var description: String { "\(stream.patterns.map(\.condition.value)), \(form)" }

    private static func filled(_ text: String, _ random: inout SplitMix64) -> String {
        var result = ""
        var isPlace = false
        for character in text {
            switch (isPlace, character) {
            case (false, "$"): isPlace = true
            case (true, "t"): result += "\(Int.random(in: 8...20, using: &random))"
            case (true, "n"): result += "\(Int.random(in: 2...4, using: &random))"
            case (true, "d"):
                result += ["3s", "5s", "10s", "30s"].randomElement(using: &random) ?? "5s"
            default: result.append(character)
            }
            if character != "$" { isPlace = false }
        }
        return result
    }

    /// In the total order; times in half seconds, so that ties are common, and gaps now and then.
    private static func events(for story: Story, _ random: inout SplitMix64) -> [Reading] {
        var time = 0
        var events: [Reading] = []
        for _ in 0..<Int.random(in: 10...40, using: &random) {
            time +=
                Int.random(in: 0...7, using: &random) == 0
                ? 60 : Int.random(in: 0...4, using: &random)
            let device = ["a", "b", "c"].randomElement(using: &random) ?? "a"
            let value = Double(Int.random(in: 0...240, using: &random)) / 10
            let event = story.reading("\(Double(time) / 2)", device, "\(value)")
            // One value a device and moment: of two, the first to arrive is the first there is.
            if !events.contains(where: { $0.device == event.device && $0.time == event.time }) {
                events.append(event)
            }
        }
        return events
    }

    /// The events as they arrive: each delayed by less than the lateness.
    private func arrivals(_ order: UInt64?) -> [Reading] {
        guard let order else { return events }
        var random = SplitMix64(state: order)
        return events.map { event in
            (
                event,
                event.time
                    + Milliseconds(Int64.random(in: 0...RandomWorld.lateness - 1, using: &random))
            )
        }.sorted { ($0.1, $0.0.device.index) < ($1.1, $1.0.device.index) }.map(\.0)
    }

    /// All outputs, as bytes would be written of them.
    func run(_ disturbance: Disturbance) throws -> [String] {
        var story = self.story
        var outputs: [StreamOutput] = []
        var newest = Instant.distantPast
        for (index, event) in arrivals(disturbance.order).enumerated() {
            newest = max(newest, event.time)
            let now = Instant(milliseconds: newest.milliseconds / disturbance.speed)
            story.accept(event, at: now, into: &outputs)
            if index % disturbance.turn == 0 {
                story.processor.advance(to: now, registry: story.registry, into: &outputs)
            }
            if let restart = disturbance.restart, index % restart == 0 {
                var writer = ByteWriter()
                story.processor.snapshot(into: &writer)
                story = self.story
                var reader = ByteReader(writer.bytes)
                try story.processor.restore(from: &reader)
                guard reader.isAtEnd else { throw Leftover() }
            }
        }
        // The end: wake up when asked to, until nothing waits.
        for _ in 0..<100 {
            guard let deadline = story.processor.nextDeadline else { break }
            story.processor.advance(to: deadline, registry: story.registry, into: &outputs)
        }
        let texts = outputs.map { text($0) }
        return form.isUnordered ? texts.sorted() : texts
    }

    private struct Leftover: Error {}
}
