import Language
import Model
import Streams
import Testing

@Suite("Window joins: events in, joined events out")
struct JoinWindowTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var name: String
        var kind = WindowDefinition.Kind.tumbling(size: .seconds(10))
        var offset = Milliseconds.zero
        var by: [String] = []
        var keeps = false
        var events: String
        var expected: [String]
        var testDescription: String { name }
    }

    static let cases = [
        Case(
            name: "events of one window are joined at its end",
            events: """
                0     a n=1i
                9.999 a 20
                10    a n=2i
                11    b 21
                """,
            expected: ["p a 10-10 id=a t=20.0 h=1"]),
        Case(
            name: "all pairs, in the order of the event and then of its partner",
            events: """
                1 b 20
                2 a 21
                2 a n=1i
                3 a 22
                4 b n=2i
                5 a n=3i
                """,
            expected: [
                "p b 10-10 id=b t=20.0 h=2", "p a 10-10 id=a t=21.0 h=1",
                "p a 10-10 id=a t=21.0 h=3", "p a 10-10 id=a t=22.0 h=1",
                "p a 10-10 id=a t=22.0 h=3",
            ]),
        Case(
            name: "without a partner, at the end of the window too", keeps: true,
            events: """
                1  a 20
                2  b 21
                3  b n=1i
                12 a n=2i
                """,
            expected: ["p a 10-10 id=a t=20.0 h=?", "p b 10-10 id=b t=21.0 h=1"]),
        Case(
            name: "in hopping windows once in each",
            kind: .hopping(
                size: .seconds(10), every: .seconds(5)), keeps: true,
            events: """
                3  a 20
                7  a n=1i
                12 a n=2i
                13 a 21
                """,
            expected: [
                "p a 5-5 id=a t=20.0 h=?", "p a 10-10 id=a t=20.0 h=1",
                "p a 15-15 id=a t=21.0 h=1", "p a 15-15 id=a t=21.0 h=2",
                "p a 20-20 id=a t=21.0 h=2",
            ]),
        Case(
            name: "with an offset, by a tag, and never by a tag that is missing",
            offset: .seconds(3), by: ["floor"], keeps: true,
            events: """
                2  a 20
                3  b n=1i
                12 a 21
                12 c 22
                12.5 c n=2i
                13 b n=3i
                """,
            expected: [
                "p a 3-3 id=a t=20.0 h=? floor=1", "p a 13-13 id=a t=21.0 h=1 floor=1",
                "p c 13-13 id=c t=22.0 h=? floor=?",
            ]),
    ]

    @Test("events and what comes out", arguments: cases)
    func table(_ test: Case) {
        var story = Story([
            joining(
                .window(WindowDefinition(test.kind, offset: test.offset)), by: test.by,
                keeps: test.keeps, tags: test.by)
        ])
        #expect(story.diagnostics.isEmpty)
        #expect(story.hear(test.events) == test.expected)
    }

    @Test("no more than so many events come out at one time")
    func limit() {
        var limits = StreamLimits()
        limits.joinRows = 3
        var story = Story(
            [joining(.window(WindowDefinition(size: .seconds(10))))], limits: limits)
        let heard = story.hear(
            """
            1 a 20
            2 a 21
            3 a n=1i
            4 a n=2i
            """)
        #expect(heard.count == 3)
        #expect(story.counters.droppedByLimit == 1)
    }

    @Test("rows of two streams' windows become one, by their end and key")
    func rows() {
        func up(_ name: String, _ property: String, _ column: String) -> StreamDefinition {
            var definition = stream(window: "10s", measures: [(column, "avg")], by: ["floor"])
            definition.name = Located(name)
            definition.sources = [source(topic: "telemetry/+/\(property)")]
            return definition
        }
        let down = StreamDefinition(
            name: Located("down"),
            sources: [
                SourceDefinition(.stream(Located("cold"))),
                SourceDefinition(.stream(Located("warm"))),
            ],
            processing: [
                .joinWith(
                    JoinDefinition(
                        with: Located("cold"), by: [Located("floor")],
                        .interval(before: .zero, after: Milliseconds(1)), keepsUnmatched: true))
            ],
            patterns: [
                PatternDefinition(name: Located("p"), condition: Located("hot > -99"))
            ])
        var story = Story([up("warm", "t", "hot"), up("cold", "n", "low"), down])
        #expect(story.diagnostics.map(\.message) == [])
        let heard = story.hear(
            """
            1  a 20
            2  b n=3i
            2  d 30
            11 a 21
            12 a n=5i
            13 c n=5i
            21 a 0
            21 a n=0i
            """)
        #expect(
            heard.filter { $0.hasPrefix("p") } == [
                "p 1 10-10 hot=20.0 floor=1 low=3.0", "p 2 10.001-10.001 hot=30.0 floor=2 low=?",
                "p 1 20-20 hot=21.0 floor=1 low=5.0", "p 1 30-30 hot=0.0 floor=1 low=0.0",
            ])
    }

    @Test("an event about a device has a partner that is about none")
    func mixed() {
        var up = stream(window: "10s", measures: [("mean", "avg")], by: ["floor"])
        up.name = Located("up")
        var down = stream([("p", "t > -99 and id != \"x\"")])
        down.sources.append(SourceDefinition(.stream(Located("up"))))
        down.processing = [
            .enrich(tags: [Located("floor")]),
            .joinWith(
                JoinDefinition(
                    with: Located("up"), by: [Located("area")],
                    .interval(before: .seconds(10), after: .zero))),
        ]
        down.sources[1].mapping = [(Located("area"), Located("floor"))]
        #expect(Story([up, down]).diagnostics.map(\.code) == ["E0232"])
        down.processing = [
            .derive(name: Located("place"), expression: Located("\"1\"")),
            .joinWith(
                JoinDefinition(
                    with: Located("up"), by: [Located("place")],
                    .interval(before: .seconds(10), after: .zero))),
        ]
        down.sources[1].mapping = [(Located("mean"), Located("mean"))]
        var story = Story([up, down])
        #expect(story.diagnostics.map(\.message) == [])
        let heard = story.hear(
            """
            1  a 20
            2  b 22
            12 d 5
            25 d 6
            """)
        #expect(
            heard.filter { $0.hasPrefix("p") } == [
                "p d 12-12 id=d t=5.0 mean=21.0 floor=1 place=1",
                "p d 25-25 id=d t=6.0 mean=5.0 floor=2 place=1",
            ])
    }
}
