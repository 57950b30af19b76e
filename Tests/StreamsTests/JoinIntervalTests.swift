import Language
import Model
import Streams
import Testing

/// A stream over `t` with partners of `n`, the field `h`; what is joined matches the pattern `p`.
func joining(
    _ kind: JoinDefinition.Kind, by: [String] = [], keeps: Bool = false, tags: [String] = [],
    condition: String = "t > -99", lateness: String = "0s",
    partner: [(String, String)] = [("id", "topic[1]"), ("h", "payload.value")]
) -> StreamDefinition {
    var definition = stream([("p", condition)], lateness: lateness)
    definition.sources.append(
        source(topic: "telemetry/+/n", mapping: partner, lateness: lateness))
    definition.processing =
        (tags.isEmpty ? [] : [.enrich(tags: tags.map { Located($0) })]) + [
            .joinWith(
                JoinDefinition(
                    with: Located("telemetry/+/n"), by: by.map { Located($0) }, kind,
                    keepsUnmatched: keeps))
        ]
    return definition
}

extension Story {
    /// All that comes out of lines of `play`, until nothing waits any more.
    mutating func hear(_ script: String) -> [String] {
        var heard: [String] = []
        for line in script.split(separator: "\n") { heard += step(String(line)) }
        for _ in 0..<10_000 {
            guard let deadline = processor.nextDeadline else { break }
            var outputs: [StreamOutput] = []
            processor.advance(to: deadline, registry: registry, into: &outputs)
            heard += outputs.map { text($0) }
        }
        return heard
    }
}

@Suite("Interval joins: events in, joined events out")
struct JoinIntervalTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var name: String
        var before = "0s"
        var after = "0s"
        var by: [String] = []
        var keeps = false
        var events: String
        var expected: [String]
        var testDescription: String { name }
    }

    static let cases = [
        Case(
            name: "a partner may come `before` earlier, and no more", before: "2s", after: "3s",
            events: """
                1    a n=1i
                1.999 a n=2i
                2    a n=3i
                4    a 20
                """,
            expected: ["p a 4-4 id=a t=20.0 h=3"]),
        Case(
            name: "a partner comes less than `after` later", before: "2s", after: "3s",
            events: """
                4     a 20
                6.999 a n=1i
                7     a n=2i
                """,
            expected: ["p a 6.999-6.999 id=a t=20.0 h=1"]),
        Case(
            name: "events of one time are partners if the interval begins with it", after: "1ms",
            events: """
                4 a n=1i
                4 a 20
                5 a 21
                5 a n=2i
                """,
            expected: ["p a 4-4 id=a t=20.0 h=1", "p a 5-5 id=a t=21.0 h=2"]),
        Case(
            name: "and not if it ends there", before: "1s",
            events: """
                3 a n=0i
                4 a n=1i
                4 a 20
                """,
            expected: ["p a 4-4 id=a t=20.0 h=0"]),
        Case(
            name: "what is joined comes in the order of time, event and partner", before: "9s",
            after: "9s",
            events: """
                1 a n=1i
                2 b 20
                2 a 21
                3 b n=2i
                3 a n=3i
                4 a 22
                """,
            expected: [
                "p a 2-2 id=a t=21.0 h=1", "p b 3-3 id=b t=20.0 h=2", "p a 3-3 id=a t=21.0 h=3",
                "p a 4-4 id=a t=22.0 h=1", "p a 4-4 id=a t=22.0 h=3",
            ]),
        Case(
            name: "by a tag it is the same floor that counts, and none is no floor", before: "9s",
            by: ["floor"], keeps: true,
            events: """
                1 b n=1i
                1 d n=2i
                1 c n=3i
                2 a 20
                2 c 21
                """,
            expected: [
                "p a 2-2 id=a t=20.0 h=1 floor=1", "p c 2-2 id=c t=21.0 h=? floor=?",
            ]),
        Case(
            name: "without a partner an event comes when none can come any more", after: "3s",
            keeps: true,
            events: """
                4 a 20
                5 a 21
                7 a n=1i
                """,
            expected: ["p a 4-7 id=a t=20.0 h=?", "p a 7-7 id=a t=21.0 h=1"]),
        Case(
            name: "without `after` that is at once", before: "3s", keeps: true,
            events: """
                1 a n=1i
                4 a 20
                5 a 21
                """,
            expected: ["p a 4-4 id=a t=20.0 h=1", "p a 5-5 id=a t=21.0 h=?"]),
        Case(
            name: "a missing value joins too; what is unknown is told by the pattern",
            after: "3s",
            events: """
                4 a 20
                5 a n=x
                """,
            expected: ["p a 5-5 id=a t=20.0 h=?"]),
    ]

    @Test("events and what comes out", arguments: cases)
    func table(_ test: Case) {
        var story = Story([
            joining(
                .interval(before: span(test.before), after: span(test.after)), by: test.by,
                keeps: test.keeps, tags: test.by)
        ])
        #expect(story.diagnostics.isEmpty)
        let heard = story.hear(test.events).map { sinceItsTime($0) }
        #expect(heard == test.expected.map { sinceItsTime($0) })
    }

    /// A match of one event is since its time.
    private func sinceItsTime(_ text: String) -> String {
        var words = text.split(separator: " ").map(String.init)
        if let time = words[2].split(separator: "-").last { words[2] = String(time) }
        return words.joined(separator: " ")
    }

    @Test("in another order within lateness it is the same; later than that it is late")
    func outOfOrder() {
        var story = Story([
            joining(
                .interval(before: .seconds(2), after: .seconds(2)), keeps: true, lateness: "5s")
        ])
        let heard = story.hear(
            """
            6 a n=2i
            5 a 21
            2 a n=1i
            1 a 20
            9 a n=3i
            20 a 22
            20 b n=9i
            13 a n=4i
            """)
        #expect(
            heard == [
                "p a 2-2 id=a t=20.0 h=1", "p a 6-6 id=a t=21.0 h=2", "p a 22-22 id=a t=22.0 h=?",
            ])
        #expect(story.counters.late == 1)
        #expect(story.counters.unmatched == 1)
    }

    @Test("the oldest waiting event of a key is given up for one too many, and counted")
    func limits() {
        var limits = StreamLimits()
        limits.joinRowsPerKey = 2
        var story = Story(
            [joining(.interval(before: .seconds(9), after: .zero))], limits: limits)
        let heard = story.hear(
            """
            1 a n=1i
            2 a n=2i
            3 a n=3i
            3 b n=4i
            4 a 20
            4 b 21
            """)
        #expect(
            heard == [
                "p b 4-4 id=b t=21.0 h=4", "p a 4-4 id=a t=20.0 h=2", "p a 4-4 id=a t=20.0 h=3",
            ])
        #expect(story.counters.droppedByLimit == 1)
        limits.joinRows = 1
        var tight = Story(
            [joining(.interval(before: .seconds(9), after: .seconds(9)))], limits: limits)
        #expect(
            tight.hear(
                """
                1 a n=1i
                2 b n=2i
                3 a 20
                3 b 21
                """) == ["p b 3-3 id=b t=21.0 h=2"])
        #expect(tight.counters.droppedByLimit > 0)
    }

    @Test("numbered events of one time are joined in the order of their numbers, each once")
    func numbered() {
        var definition = joining(.interval(before: .seconds(9), after: .zero))
        definition.sources = [
            source(topic: "telemetry/a", mapping: [("id", "topic[1]"), ("t", "payload.t")]),
            source(topic: "telemetry/b", mapping: [("id", "topic[1]"), ("h", "payload.state")]),
        ]
        for index in definition.sources.indices {
            definition.sources[index].sequence = Located("payload.n")
        }
        definition.processing = [
            .enrich(tags: [Located("floor")]),
            .joinWith(
                JoinDefinition(
                    with: Located("telemetry/b"), by: [Located("floor")],
                    .interval(before: .seconds(9), after: .zero))),
        ]
        var story = Story([definition])
        #expect(story.diagnostics.map(\.message) == [])
        // Which property of a datagram comes first says nothing of its order.
        let heard = story.hear(
            """
            1 b state=x
            1 b +n=1i
            4 a n=5i
            4 a +t=20
            4 a t=21
            4 a +n=6i
            4 a n=5i
            4 a +t=20
            @5
            """)
        #expect(
            heard == ["p a 4-4 id=a t=20.0 h=x floor=1", "p a 4-4 id=a t=21.0 h=x floor=1"])
    }

    @Test("joined events go on through steps and windows, about the event's own device")
    func onward() {
        var definition = joining(
            .interval(before: .seconds(9), after: .zero), by: ["floor"], tags: ["floor"],
            partner: [("meter", "topic[1]"), ("h", "payload.value")])
        definition.patterns = []
        definition.window = WindowDefinition(size: .seconds(10))
        definition.processing += [
            .derive(name: Located("rest"), expression: Located("t - h * 1 celsius")),
            .filter(expression: Located("meter = \"b\"")),
            .aggregate(
                by: [Located("id")],
                functions: [
                    AggregateDefinition(
                        name: Located("low"), function: Located("min"), field: Located("rest")),
                    AggregateDefinition(
                        name: Located("by"), function: Located("last"), field: Located("meter")),
                ]),
        ]
        var story = Story([definition])
        #expect(story.diagnostics.map(\.message) == [])
        #expect(
            story.hear(
                """
                1 b n=1i
                2 a n=2i
                3 a 20
                4 b 10
                """) == ["[0,10) b low=9.0 by=b", "[0,10) a low=19.0 by=b"].sorted())
    }
}
