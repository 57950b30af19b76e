import Language
import Model
import Streams
import Testing

@Suite("Processing steps")
struct StepTests {
    /// Rows that come out of steps, shown by a pattern that every row matches.
    private func story(
        _ steps: [ProcessingDefinition], _ condition: String = "t > -1000 or t < 1000",
        lateness: String = "0s", sources: [SourceDefinition]? = nil,
        limits: StreamLimits = StreamLimits()
    ) -> Story {
        var definition = stream([("p", condition)], lateness: lateness)
        definition.processing = steps
        if let sources { definition.sources = sources }
        return Story([definition], limits: limits)
    }

    @Test("derive adds a field, or replaces one, with its unit")
    func derive() {
        var story = story(
            [
                .derive(name: Located("double"), expression: Located("t * 2")),
                .derive(name: Located("t"), expression: Located("t + 1 K")),
                .filter(expression: Located("double > 4")),
            ], "t > 86 degF or double > 0")
        story.play(
            """
            1 a 2  |
            2 a 3  | p a 2-2 id=a t=4.0 double=6.0
            """)
        #expect(story.counters.filtered == 1)
    }

    @Test("a derived field of another type hides the old one")
    func deriveHides() {
        var story = story(
            [.derive(name: Located("t"), expression: Located("t > 20"))], "t")
        story.play(
            """
            1 a 20 |
            2 a 21 | p a 2-2 id=a t=true
            """)
    }

    @Test("derived fields can be aggregated, and remember no row but their own")
    func deriveAggregated() {
        var definition = stream(window: "10s")
        definition.processing = [
            .derive(name: Located("hot"), expression: Located("t - 20")),
            .aggregate(
                by: [Located("id")],
                functions: [
                    AggregateDefinition(
                        name: Located("m"), function: Located("max"), field: Located("hot"))
                ]),
        ]
        var story = Story([definition])
        story.play(
            """
            1  a 22 |
            2  b 25 |
            10 a 0  | [0,10) a m=2.0; [0,10) b m=5.0
            """)
    }

    @Test("tags become fields; a device without the tag has none")
    func tags() {
        var story = story(
            [.enrich(tags: [Located("floor"), Located("wing")])], "t > 0 and floor is not missing")
        story.play(
            """
            1 a 5 | p a 1-1 id=a t=5.0 floor=1 wing=west
            2 c 5 |
            3 d 5 | p d 3-3 id=d t=5.0 floor=2 wing=?
            """)
    }

    @Test("a repeated event is dropped: same device, time and values, by default")
    func deduplicate() {
        var story = story([.deduplicate(by: [], within: nil, at: .unknown)], lateness: "5s")
        story.play(
            """
            1 a 5 |
            1 b 5 |
            2 a 5 |
            1 a 5 |
            1 a 6 |
            9 c 0 | p b 1-1 id=b t=5.0; p a 1-1 id=a t=5.0; p a 1-1 id=a t=6.0; p a 2-2 id=a t=5.0
            """)
        #expect(story.counters.filtered == 1)
    }

    @Test("events alike in some fields are dropped until so long after the one that passed")
    func deduplicateWithin() {
        var story = story([
            .deduplicate(by: [Located("t")], within: span("10s"), at: .unknown)
        ])
        story.play(
            """
            0      a 5 |
            9      b 5 | p a 0-0 id=a t=5.0
            9.999  a 5 |
            10     a 5 |
            11     a 0 | p a 10-10 id=a t=5.0
            """)
    }

    @Test("a deduplication's memory is bounded: the oldest is forgotten, and counted")
    func deduplicateLimit() {
        var limits = StreamLimits()
        limits.keys = 2
        var story = story(
            [.deduplicate(by: [Located("t")], within: .day, at: .unknown)], limits: limits)
        story.play(
            """
            1 a 1 |
            2 a 2 | p a 1-1 id=a t=1.0
            3 a 3 | p a 2-2 id=a t=2.0
            4 a 1 | p a 3-3 id=a t=3.0
            5 a 9 | p a 4-4 id=a t=1.0
            """)
        #expect(story.counters.droppedByLimit == 2)
    }

    @Test(
        "a value within the deadband, bounds included, is dropped",
        arguments: [
            (ProcessingDefinition.Band.absolute(0.5), "10.5", "10.75", "10.25"),
            (.percent(10), "11", "11.25", "12.375"),
        ])
    func deadband(band: ProcessingDefinition.Band, edge: String, over: String, back: String) {
        var story = story([.deadband(field: Located("t"), band)])
        story.play(
            """
            1 a 10 |
            2 a \(edge) | p a 1-1 id=a t=10.0
            3 a \(over) |
            4 a \(back) | p a 3-3 id=a t=\(over)
            5 b 10 |
            6 b 99 | p b 5-5 id=b t=10.0
            """)
    }

    @Test("a debounced value comes out once it has lasted, at that moment, and once")
    func debounce() {
        var story = story([.debounce(field: Located("t"), for: span("10s"))])
        story.play(
            """
            0      a 1 |
            9      a 2 |
            18.999 a 3 |
            19     a 3 |
            28.999 a 3 | p a 28.999-28.999 id=a t=3.0
            30     a 4 |
            35     a 3 |
            60     b 0 |
            61     b 1 |
            80     b 1 | p b 71-71 id=b t=1.0
            """)
    }

    @Test("the first of each period passes as it comes")
    func sampleFirst() {
        var story = story([.sample(every: span("10s"), keep: .first, at: .unknown)], lateness: "5s")
        story.play(
            """
            3     a 3 |
            1     a 1 |
            9.999 a 9 | p a 1-1 id=a t=1.0
            10    b 0 |
            10    a 2 |
            30    c 0 | p b 10-10 id=b t=0.0; p a 10-10 id=a t=2.0
            """)
    }

    @Test("the last of each period comes out at its end, device by device")
    func sampleLast() {
        var story = story([.sample(every: span("10s"), keep: .last, at: .unknown)])
        story.play(
            """
            1     a 1 |
            2     b 2 |
            9.999 a 3 |
            10    a 4 | p b 10-10 id=b t=2.0; p a 10-10 id=a t=3.0
            35    a 5 | p a 20-20 id=a t=4.0
            """)
    }

    @Test("a rate is the change since the device's event before, per unit of time")
    func rate() {
        var story = story([
            .rate(field: Located("t"), name: Located("r"), per: .minute)
        ])
        story.play(
            """
            0  a 10 |
            10 a 11 | p a 0-0 id=a t=10.0 r=?
            10 b 50 |
            10 a 99 |
            11 c 0  | p b 10-10 id=b t=50.0 r=?; p a 10-10 id=a t=11.0 r=6.0; \
            p a 10-10 id=a t=99.0 r=?
            """)
    }

    @Test("steps follow each other, and a window takes what the last of them puts out")
    func chain() {
        var definition = stream(window: "20s")
        definition.processing = [
            .sample(every: span("10s"), keep: .last, at: .unknown),
            .rate(field: Located("t"), name: Located("r"), per: .second),
            .filter(expression: Located("r > 0")),
            .enrich(tags: [Located("floor")]),
            .aggregate(
                by: [Located("id")],
                functions: [
                    AggregateDefinition(
                        name: Located("r"), function: Located("max"), field: Located("r")),
                    AggregateDefinition(
                        name: Located("floors"), function: Located("count"),
                        field: Located("floor")),
                ]),
        ]
        var story = Story([definition])
        story.play(
            """
            1  a 10 |
            9  a 20 |
            19 a 25 |
            20 b 0  |
            29 a 95 |
            40 b 1  | [20,40) a r=7.0 floors=2
            """)
    }

    @Test("a source of any property has a state for each of them")
    func byProperty() {
        var story = story(
            [.deadband(field: Located("t"), .absolute(1))],
            sources: [
                source(
                    topic: "telemetry/+/+",
                    mapping: [("id", "topic[1]"), ("name", "topic[2]"), ("t", "payload.value")])
            ])
        story.play(
            """
            1 a 5    |
            2 a n=9i | p a 1-1 id=a name=t t=5.0
            3 a 5    | p a 2-2 id=a name=n t=9.0
            4 a n=9i |
            5 a 7    |
            6 b 0    | p a 5-5 id=a name=t t=7.0
            """)
    }

    static let mistakes: [(ProcessingDefinition, String)] = [
        (.derive(name: Located("x"), expression: Located("y + 1")), "E03"),
        (.enrich(tags: [Located("flor")]), "E0208"),
        (.enrich(tags: [Located("t")]), "E0206"),
        (.deduplicate(by: [Located("x")], within: nil, at: .unknown), "E0205"),
        (.deduplicate(by: [], within: .zero, at: .unknown), "E0213"),
        (.deadband(field: Located("id"), .absolute(1)), "E0209"),
        (.deadband(field: Located("t"), .percent(-1)), "E0223"),
        (.debounce(field: Located("t"), for: .zero), "E0213"),
        (.sample(every: .zero, keep: .last, at: .unknown), "E0213"),
        (.rate(field: Located("id"), name: Located("r"), per: .second), "E0209"),
        (.rate(field: Located("t"), name: Located("r"), per: .zero), "E0213"),
    ]

    @Test("what cannot be is refused", arguments: mistakes.indices)
    func refused(index: Int) {
        let (step, code) = StepTests.mistakes[index]
        let found = story([step]).diagnostics.map(\.code)
        #expect(found.contains { $0.hasPrefix(code) }, "\(found)")
    }

    @Test("tags and joins stand before the aggregate")
    func misplaced() {
        var definition = stream(window: "1m", measures: [("n", "count")])
        definition.processing += [
            .enrich(tags: [Located("floor")]),
            .join(fields: [Located("n")], on: [], within: .second, at: .unknown),
        ]
        #expect(Story([definition]).diagnostics.map(\.code) == ["E0222", "E0222"])
    }
}
