import Language
import Model
import Streams

/// A configuration and events for it, both by chance.
struct RandomWorld: CustomStringConvertible {
    let stream: StreamDefinition
    var aggregation: AggregationDefinition?
    var follower: StreamDefinition?
    let form: Form
    /// Each is the readings of one datagram.
    let events: [[Reading]]
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
        /// Windows of an aggregation, each twice as long as the one before; 0 for a stream.
        var levels = 0
        var retention: String?
        /// Whether the conditions are those of a second stream that follows the first, which has
        /// windows of $d that merge those of the first where there are none.
        var isFollowed = false
        /// Matches come in the order of arrival, so that only their set is the same.
        var isUnordered = false
        /// Steps before all others, and behind the aggregate.
        var steps: [ProcessingDefinition] = []
        var rowSteps: [ProcessingDefinition] = []
        /// Functions of the window beside the usual ones.
        var functions: [AggregateDefinition] = []
        /// Whether there are readings of `n` too, in a field `h`.
        var hasPartners = false
        /// Whether devices number their events, which then come in whole datagrams.
        var isNumbered = false
        var description: String {
            "\(condition ?? "rows") in \(window ?? "no") windows, \(steps) \(rowSteps)"
                + (isNumbered ? ", numbered" : "")
        }
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
        if form.isNumbered {
            stream.sources = [
                source(
                    topic: "telemetry/+", mapping: [("id", "topic[1]"), ("t", "payload.t")],
                    lateness: "5s", idle: RandomWorld.idle)
            ]
            stream.sources[0].sequence = Located("payload.n")
        }
        stream.processing = stream.processing.flatMap { step -> [ProcessingDefinition] in
            guard case .aggregate(let by, let functions) = step else { return [step] }
            return [.aggregate(by: by, functions: functions + form.functions)]
        }
        stream.processing = form.steps + stream.processing + form.rowSteps
        if form.hasPartners {
            stream.sources.append(
                source(
                    topic: "telemetry/+/n", mapping: [("id", "topic[1]"), ("h", "payload.value")],
                    lateness: "5s", idle: RandomWorld.idle))
        }
        if form.levels > 0 {
            let size = span(window ?? "5s")
            var aggregation = StreamsTests.aggregation(
                RandomWorld.metrics, by: ["id"],
                windows: (0..<form.levels).map { ("w\($0)", "\(size * Int64(1 << $0))") },
                sources: [source(lateness: "5s", idle: RandomWorld.idle)])
            aggregation.retention = form.retention.map { Located(span($0)) }
            self.aggregation = aggregation
        }
        if form.isFollowed {
            stream.patterns = []
            follower = RandomWorld.follower(condition)
        }
        self.stream = stream
        let streams = aggregation == nil ? [stream] + [follower].compactMap { $0 } : []
        story = Story(
            streams, [aggregation].compactMap { $0 }, tables: [RandomWorld.limits])
        events =
            form.isNumbered
            ? RandomWorld.numberedEvents(for: story, &random)
            : RandomWorld.events(for: story, &random, hasPartners: form.hasPartners).map { [$0] }
    }

    private static let metrics = ["avg", "max", "stddev", "p90", "integral", "last"].map {
        (name: "\($0)_t", function: $0)
    }

    /// Follows the stream `s`: a pattern, or windows that merge its windows.
    private static func follower(_ condition: String?) -> StreamDefinition {
        var follower = StreamDefinition(
            name: Located("f"), sources: [SourceDefinition(.stream(Located("s")))],
            patterns: condition.map {
                [PatternDefinition(name: Located("p"), condition: Located($0))]
            } ?? [])
        guard condition == nil else { return follower }
        follower.window = WindowDefinition(.hopping(size: .seconds(30), every: .seconds(7)))
        follower.processing = [
            .aggregate(
                by: [Located("id")],
                functions: [("avg", "avg_t"), ("max", "avg_t"), ("sum", "sum_t")].map {
                    AggregateDefinition(
                        name: Located("\($0.0)_\($0.1)"), function: Located($0.0),
                        field: Located($0.1))
                })
        ]
        return follower
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
    private static func events(
        for story: Story, _ random: inout SplitMix64, hasPartners: Bool
    ) -> [Reading] {
        var time = 0
        var events: [Reading] = []
        for _ in 0..<Int.random(in: 10...40, using: &random) {
            time +=
                Int.random(in: 0...7, using: &random) == 0
                ? 60 : Int.random(in: 0...4, using: &random)
            let device = ["a", "b", "c"].randomElement(using: &random) ?? "a"
            let value = Double(Int.random(in: 0...240, using: &random)) / 10
            let isPartner = hasPartners && Bool.random(using: &random)
            let event = story.reading(
                "\(Double(time) / 2)", device, isPartner ? "n=\(Int(value))i" : "\(value)")
            // One value a device and moment: of two, the first to arrive is the first there is.
            if !events.contains(where: {
                $0.device == event.device && $0.time == event.time
                    && $0.property == event.property
            }) {
                events.append(event)
            }
        }
        return events
    }

    /// The same with a number in each; two events of a device may have one time. Devices begin to
    /// count anew now and then.
    private static func numberedEvents(
        for story: Story, _ random: inout SplitMix64
    ) -> [[Reading]] {
        var time = 0
        var events: [[Reading]] = []
        var numbers = ["a": 0, "b": 4000, "c": 100_000]
        var latest: [String: Int] = [:]
        for _ in 0..<Int.random(in: 10...40, using: &random) {
            time +=
                Int.random(in: 0...7, using: &random) == 0
                ? 60 : Int.random(in: 0...4, using: &random)
            let device = ["a", "b", "c"].randomElement(using: &random) ?? "a"
            var number = numbers[device, default: 0] + Int.random(in: 1...3, using: &random)
            if number > 3000, latest[device] != time, Int.random(in: 0...9, using: &random) == 0 {
                number = 1
            }
            (numbers[device], latest[device]) = (number, time)
            let value = Double(Int.random(in: 0...240, using: &random)) / 10
            let parts = ["t=\(value)", "n=\(number)i"].shuffled(using: &random)
            let when = "\(Double(time) / 2)"
            events.append([
                story.reading(when, device, parts[0]), story.reading(when, device, "+" + parts[1]),
            ])
        }
        return events
    }

    /// The events as they arrive: each delayed by less than the lateness, and those that come again
    /// by more or less.
    private func arrivals(_ disturbance: Disturbance) -> [[Reading]] {
        var arriving = events.map { (event: $0, delay: Int64(0)) }
        if let order = disturbance.order {
            var random = SplitMix64(state: order)
            for index in arriving.indices {
                arriving[index].delay = Int64.random(
                    in: 0...RandomWorld.lateness - 1, using: &random)
            }
        }
        if let duplicates = disturbance.duplicates, form.isNumbered {
            var random = SplitMix64(state: duplicates)
            for one in arriving {
                for _ in 0..<Int.random(in: 0...2, using: &random) {
                    let delay = Int64.random(in: 0...RandomWorld.lateness * 8, using: &random)
                    arriving.append((one.event, one.delay + delay))
                }
            }
        }
        return arriving.enumerated().sorted { left, right in
            let (first, second) = (left.element, right.element)
            return (first.event[0].time + Milliseconds(first.delay), left.offset)
                < (second.event[0].time + Milliseconds(second.delay), right.offset)
        }.map(\.element.event)
    }

    /// All outputs, as bytes would be written of them.
    func run(_ disturbance: Disturbance) throws -> [String] {
        var story = self.story
        var outputs: [StreamOutput] = []
        var newest = Instant.distantPast
        for (index, event) in arrivals(disturbance).enumerated() {
            newest = max(newest, event[0].time)
            let now = Instant(milliseconds: newest.milliseconds / disturbance.speed)
            for reading in event { story.accept(reading, at: now, into: &outputs) }
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
        let end = Instant(milliseconds: newest.milliseconds / disturbance.speed)
        story.processor.advance(to: end, registry: story.registry, into: &outputs)
        // The end: wake up when asked to, until nothing waits.
        for _ in 0..<100 {
            guard let deadline = story.processor.nextDeadline else { break }
            story.processor.advance(to: deadline, registry: story.registry, into: &outputs)
        }
        // Of two streams each has an order of its own.
        let texts = outputs.map { text($0) }
        return form.isUnordered || form.isFollowed ? texts.sorted() : texts
    }

    private struct Leftover: Error {}
}
