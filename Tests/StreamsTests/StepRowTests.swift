import Language
import Model
import Streams
import Testing

@Suite("Steps behind the aggregate")
struct StepRowTests {
    private func story(
        _ steps: [ProcessingDefinition], _ patterns: [(name: String, condition: String)] = [],
        kind: WindowDefinition.Kind = .tumbling(size: .seconds(10))
    ) -> Story {
        var definition = stream(patterns, window: "10s", measures: [("avg", "avg")])
        definition.window = WindowDefinition(kind)
        definition.processing += steps
        return Story([definition])
    }

    @Test("a deadband lets a key's row pass when it is news")
    func deadband() throws {
        var story = story(
            [.deadband(field: Located("avg"), .absolute(0.5))],
            [("two", "avg > 0 for 2 consecutive events")])
        try story.playTwice(
            """
            1  a 10   |
            2  b 10   |
            11 a 10.5 | [0,10) a avg=10.0; [0,10) b avg=10.0
            21 a 12   |
            31 a 0    | [20,30) a avg=12.0; two a 0-30 avg=12.0
            """)
    }

    @Test("a debounced value comes out when it has lasted, then being the end of its row")
    func debounce() throws {
        var story = story(
            [.debounce(field: Located("avg"), for: span("15s"))], [("p", "avg > 1")])
        try story.playTwice(
            """
            1  a 1 |
            11 a 1 |
            21 a 2 |
            24 a 2 |
            25 a 2 | [10,25) a avg=1.0
            35 a 2 |
            46 a 9 | [30,45) a avg=2.0; p a 30-45 avg=2.0
            """)
    }

    @Test("rows that come out together do so in the order of their keys' names")
    func order() throws {
        var story = story([.sample(every: span("20s"), keep: .last, at: .unknown)])
        try story.playTwice(
            """
            1  b 1 |
            2  a 2 |
            11 b 3 |
            20 b 0 | [0,20) a avg=2.0; [0,20) b avg=1.0
            40 c 0 | [20,40) b avg=0.0
            """)
    }

    @Test("the first of each period passes as it comes")
    func sampleFirst() throws {
        var story = story([.sample(every: span("20s"), keep: .first, at: .unknown)])
        try story.playTwice(
            """
            1  a 1 |
            11 a 2 | [0,10) a avg=1.0
            21 a 3 | [10,20) a avg=2.0
            31 a 4 |
            41 a 5 | [30,40) a avg=4.0
            """)
    }

    @Test("a rate is the change since the key's row before")
    func rate() throws {
        var story = story(
            [.rate(field: Located("avg"), name: Located("trend"), per: .minute)],
            [("up", "trend > 10")])
        try story.playTwice(
            """
            1  a 10 |
            2  b 50 |
            11 a 12 | [0,10) a avg=10.0 trend=?; [0,10) b avg=50.0 trend=?
            21 b 49 | [10,20) a avg=12.0 trend=12.0; up a 10-20 avg=12.0 trend=12.0
            31 c 0  | [20,30) b avg=49.0 trend=-3.0
            """)
    }

    @Test("rows alike in some fields pass once in a time, whatever their key")
    func deduplicate() throws {
        var story = story([
            .deduplicate(by: [Located("avg")], within: span("15s"), at: .unknown)
        ])
        try story.playTwice(
            """
            1  b 1 |
            2  a 1 |
            11 b 1 | [0,10) a avg=1.0
            21 b 1 |
            31 c 0 | [20,30) b avg=1.0
            """)
    }

    @Test("functions that remember, in filters and derivations, before the patterns")
    func functions() throws {
        var story = story(
            [
                .derive(name: Located("d"), expression: Located("delta(avg)")),
                .filter(expression: Located("d changed")),
                .derive(name: Located("n"), expression: Located("previous(d, 1)")),
            ], [("p", "n < d")])
        try story.playTwice(
            """
            1  a 1 |
            11 a 2 |
            21 a 3 |
            31 a 5 |
            41 a 9 | [30,40) a avg=5.0 d=2.0 n=?
            51 a 0 | [40,50) a avg=9.0 d=4.0 n=2.0; p a 40-50 avg=9.0 d=4.0 n=2.0
            """)
    }

    @Test("a value that is missing is no change, and nothing to wait for")
    func missing() throws {
        var definition = stream(window: "10s", measures: [("avg", "avg"), ("n", "count")])
        definition.sources = [
            source(
                topic: "telemetry/+",
                mapping: [("id", "topic[1]"), ("t", "payload.t"), ("m", "payload.n")])
        ]
        definition.processing += [
            .deadband(field: Located("avg"), .absolute(1)),
            .rate(field: Located("avg"), name: Located("r"), per: .second),
            .derive(name: Located("d"), expression: Located("delta(avg)")),
        ]
        var story = Story([definition])
        try story.playTwice(
            """
            1  a t=5  |
            11 a n=1i |
            21 a t=5  | [0,10) a avg=5.0 n=1 r=? d=?
            31 a t=9  | [10,20) a avg=? n=0 r=? d=?
            41 a n=1i |
            51 a n=1i | [30,40) a avg=9.0 n=1 r=0.13333333333333333 d=?
            """)
        definition.processing.removeLast(3)
        definition.processing.append(.debounce(field: Located("avg"), for: span("5s")))
        story = Story([definition])
        try story.playTwice(
            """
            1  a t=5  |
            11 a n=1i |
            21 a n=1i |
            31 a n=1i | [0,15) a avg=5.0 n=1
            """)
    }

    @Test(
        "windows of other kinds",
        arguments: [
            (WindowDefinition.Kind.count(1), "[2,2) a avg=5.0"),
            (.sliding(.seconds(1)), "(1,2] a avg=5.0"),
            (.session(gap: Milliseconds(500), longest: nil), "[2,2.5) a avg=5.0"),
            (.hopping(size: .seconds(1), every: Milliseconds(500)), "[1.5,2.5) a avg=5.0"),
        ] as [(WindowDefinition.Kind, String)])
    func kinds(kind: WindowDefinition.Kind, row: String) throws {
        var story = story([.filter(expression: Located("avg changed by > 3"))], kind: kind)
        var heard: [String] = []
        for line in ["1 a 1", "2 a 5", "3 a 6", "9 b 0"] {
            heard += story.step(line)
            try story.restart()
        }
        #expect(heard == [row.replacing("(1,2]", with: "[1,2)")])
    }

    @Test("an aggregation's windows remember apart, for its KPIs")
    func indicators() throws {
        var definition = aggregation(
            [("sum", "sum")], by: ["floor"], windows: [("fast", "10s"), ("slow", "20s")])
        definition.indicators = [(Located("up"), Located("delta(sum)"))]
        var story = Story([], [definition])
        try story.playTwice(
            """
            1  a 1 |
            11 a 2 | fast [0,10) 1 sum=1.0 up=?
            21 a 4 | fast [10,20) 1 sum=2.0 up=1.0; slow [0,20) 1 sum=3.0 up=?
            31 d 8 | fast [20,30) 1 sum=4.0 up=2.0
            41 c 0 | fast [30,40) 2 sum=8.0 up=?; slow [20,40) 1 sum=4.0 up=1.0; \
            slow [20,40) 2 sum=8.0 up=?
            """)
    }

    @Test("a row that comes out later is an event of then to the stream that follows")
    func followed() throws {
        var up = stream(window: "10s", measures: [("avg", "avg")])
        up.name = Located("up")
        up.processing.append(.debounce(field: Located("avg"), for: span("15s")))
        let down = StreamDefinition(
            name: Located("down"), sources: [SourceDefinition(.stream(Located("up")))],
            patterns: [
                PatternDefinition(name: Located("p"), condition: Located("elapsed() > 1s"))
            ])
        var story = Story([up, down])
        try story.playTwice(
            """
            1  a 1 |
            12 a 1 |
            26 a 2 | [10,25) a avg=1.0
            30 a 2 |
            50 a 2 | [30,45) a avg=2.0; p a 45-45 avg=2.0 id=a
            """)
    }

    static let mistakes: [(ProcessingDefinition, String)] = [
        (.deadband(field: Located("t"), .absolute(1)), "E0205"),
        (.deadband(field: Located("id"), .absolute(1)), "E0209"),
        (.debounce(field: Located("avg"), for: .zero), "E0213"),
        (.rate(field: Located("avg"), name: Located("id"), per: .second), "E0206"),
        (.derive(name: Located("avg"), expression: Located("delta(avg)")), "E0206"),
        (.filter(expression: Located("max(avg) > 1")), "E0327"),
    ]

    @Test("what cannot be is refused", arguments: mistakes.indices)
    func refused(index: Int) {
        let (step, code) = StepRowTests.mistakes[index]
        #expect(story([step]).diagnostics.map(\.code) == [code])
    }

    @Test("rows that are remembered cannot be revised")
    func revise() {
        var definition = stream(window: "10s", measures: [("avg", "avg")])
        definition.processing.append(.filter(expression: Located("avg changed")))
        definition.retention = Located(.minute)
        #expect(Story([definition]).diagnostics.map(\.code) == ["E0224"])
    }

    @Test("memory counts them, with the windows' partials where rows are held")
    func memory() {
        func bytes(_ steps: [ProcessingDefinition]) -> Int {
            let story = story(steps)
            return story.processor.memoryBounds(registry: story.registry).totalBytes
        }
        let plain = bytes([.filter(expression: Located("avg > 1"))])
        let remembering = bytes([.filter(expression: Located("avg changed"))])
        let holding = bytes([.debounce(field: Located("avg"), for: .second)])
        #expect(plain < remembering)
        #expect(remembering < holding)
    }
}
