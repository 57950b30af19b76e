import Language
import Model
import Streams
import Testing

@Suite("Functions that remember, in steps")
struct StepMemoryTests {
    private func story(
        _ steps: [ProcessingDefinition], _ condition: String = "t > -1000 or t < 1000",
        lateness: String = "0s", sources: [SourceDefinition]? = nil
    ) -> Story {
        var definition = stream([("p", condition)], lateness: lateness)
        definition.processing = steps
        if let sources { definition.sources = sources }
        return Story([definition])
    }

    private func filter(_ text: String) -> ProcessingDefinition {
        .filter(expression: Located(text))
    }

    private func derive(_ name: String, _ text: String) -> ProcessingDefinition {
        .derive(name: Located(name), expression: Located(text))
    }

    @Test("a filter passes what has risen since the device's event before, passed or not")
    func filterDelta() throws {
        var story = story([filter("delta(t) > 1")])
        try story.playTwice(
            """
            1 a 5   |
            2 a 7   |
            3 a 7.5 | p a 2-2 id=a t=7.0
            4 b 0   |
            5 a 9   |
            6 c 0   | p a 5-5 id=a t=9.0
            """)
        #expect(story.counters.filtered == 3)
    }

    @Test("events are remembered in the order of their time, not of their arrival")
    func order() throws {
        var story = story([derive("last", "previous(t)")], lateness: "5s")
        try story.playTwice(
            """
            3  a 3 3 |
            1  a 1 3 |
            2  a 2 3 |
            20 b 0   | p a 1-1 id=a t=1.0 last=?; p a 2-2 id=a t=2.0 last=1.0; \
            p a 3-3 id=a t=3.0 last=2.0
            """)
    }

    @Test("what a derivation remembers can be remembered again")
    func chain() throws {
        var story = story(
            [derive("d", "delta(t)"), derive("dd", "delta(d)"), filter("dd crosses above 0")])
        try story.playTwice(
            """
            1 a 0  |
            2 a 5  |
            3 a 6  |
            4 a 9  |
            5 a 19 | p a 4-4 id=a t=9.0 d=3.0 dd=2.0
            6 c 0  |
            """)
    }

    @Test("functions in functions")
    func nested() throws {
        var story = story([derive("dd", "delta(delta(t))")])
        try story.playTwice(
            """
            1 a 0  |
            2 a 5  | p a 1-1 id=a t=0.0 dd=?
            3 a 6  | p a 2-2 id=a t=5.0 dd=?
            4 c 0  | p a 3-3 id=a t=6.0 dd=-4.0
            """)
    }

    @Test("a missing value is remembered as missing")
    func missing() throws {
        var story = story(
            [derive("last", "previous(t)"), derive("d", "delta(t)")], "n > 0",
            sources: [
                source(
                    topic: "telemetry/+",
                    mapping: [("id", "topic[1]"), ("t", "payload.t"), ("n", "payload.n")])
            ])
        try story.playTwice(
            """
            1 a t=5  |
            1 a +n=1i |
            2 a n=2i |
            3 a t=6  | p a 1-1 id=a t=5.0 n=1 last=? d=?
            3 a +n=3i |
            4 c t=0  | p a 2-2 id=a t=? n=2 last=5.0 d=?
            5 c t=0  | p a 3-3 id=a t=6.0 n=3 last=? d=?
            """)
    }

    @Test("detectors, elapsed time and hours")
    func others() throws {
        var story = story(
            [
                derive("on", "hysteresis(t, high: 10, low: 5)"), derive("gap", "elapsed()"),
                derive("h", "hour()"), filter("on changed or gap > 100s"),
            ])
        try story.playTwice(
            """
            1    a 4  |
            2    a 11 |
            4    a 7  | p a 2-2 id=a t=11.0 on=1.0 gap=1.0 h=0
            5    a 4  |
            3600 a 4  | p a 5-5 id=a t=4.0 on=0.0 gap=1.0 h=0
            3601 c 4  | p a 3600-3600 id=a t=4.0 on=0.0 gap=3595.0 h=1
            """)
    }

    @Test("the event's own time is no memory: rows pass as they come, and windows can be revised")
    func time() throws {
        var story = story([filter("hour() = 1 and weekday() = 4"), derive("h", "hour() + t")])
        try story.playTwice(
            """
            3599 a 5 |
            3600 a 5 | p a 3600-3600 id=a t=5.0 h=6.0
            7199 a 6 | p a 7199-7199 id=a t=6.0 h=7.0
            7200 a 6 |
            """)
        var definition = stream(window: "10s", measures: [("n", "count")])
        definition.processing.insert(filter("hour() = 0"), at: 0)
        definition.processing.append(derive("h", "hour()"))
        definition.retention = Located(.minute)
        story = Story([definition])
        try story.playTwice(
            """
            1  a 5 |
            11 a 5 | [0,10) a n=1 h=0
            2  a 5 11 | [0,10) a n=2 h=0 r1
            """)
    }

    @Test("each property of a source of any has a memory of its own")
    func byProperty() throws {
        var story = story(
            [filter("t changed")],
            sources: [
                source(
                    topic: "telemetry/+/+",
                    mapping: [("id", "topic[1]"), ("name", "topic[2]"), ("t", "payload.value")])
            ])
        try story.playTwice(
            """
            1 a 5    |
            2 a n=9i |
            3 a 5    |
            4 a n=8i |
            5 a 7    | p a 4-4 id=a name=n t=8.0
            6 b 0    | p a 5-5 id=a name=t t=7.0
            """)
    }

    // MARK: Expressions in functions

    private func functions(_ functions: [(String, String, String)]) -> ProcessingDefinition {
        .aggregate(
            by: [Located("id")],
            functions: functions.map {
                AggregateDefinition(
                    name: Located($0.0), function: Located($0.1), expression: Located($0.2))
            })
    }

    @Test("functions of a window over an expression; count counts where it is true")
    func expressions() throws {
        var definition = stream(window: "10s")
        definition.processing = [
            functions([
                ("hot", "count", "t > 30"), ("top", "max", "t * 2"), ("there", "count", "t * 2"),
                ("share", "avg", "t > 30"), ("twice", "sum", "t * 2"),
            ])
        ]
        var story = Story([definition])
        try story.playTwice(
            """
            1  a 20 |
            2  a 31 |
            9  a 35 |
            10 c 0  | [0,10) a hot=2 top=70.0 there=3 share=0.6666666666666666 twice=172.0
            20 c 0  | [10,20) c hot=0 top=0.0 there=1 share=0.0 twice=0.0
            """)
    }

    @Test("and over what remembers events")
    func rememberingExpressions() throws {
        var definition = stream(window: "10s", lateness: "5s")
        definition.processing = [
            functions([
                ("swing", "avg", "abs(delta(t))"), ("jumps", "count", "t changed by > 5"),
            ])
        ]
        var story = Story([definition])
        try story.playTwice(
            """
            3  a 35 |
            1  a 20 3 |
            2  a 31 3 |
            12 a 45 12 |
            26 c 0  | [0,10) a swing=7.5 jumps=1; [10,20) a swing=10.0 jumps=1
            """)
    }

    @Test("metrics of an aggregation too, in each of its windows")
    func metrics() throws {
        var definition = aggregation(
            [("n", "count")], by: ["floor"], windows: [("fast", "10s"), ("slow", "20s")])
        definition.metrics.append(
            AggregateDefinition(
                name: Located("rises"), function: Located("count"),
                expression: Located("t changed by > 0")))
        var story = Story([], [definition])
        try story.playTwice(
            """
            1  a 1 |
            2  b 5 |
            3  a 2 |
            11 b 6 | fast [0,10) 1 n=3 rises=1
            21 c 0 | fast [10,20) 1 n=1 rises=1; slow [0,20) 1 n=4 rises=2
            """)
    }

    static let mistakes: [(ProcessingDefinition, [String])] = [
        (.filter(expression: Located("avg(t) > 3")), ["E0327"]),
        (.filter(expression: Located("delta(t)")), ["E0326"]),
        (.derive(name: Located("x"), expression: Located("previous(y)")), ["E0313"]),
        (.derive(name: Located("x"), expression: Located("delta(id)")), ["E0317"]),
    ]

    @Test("what no step can be is refused", arguments: mistakes.indices)
    func refused(index: Int) {
        let (step, codes) = StepMemoryTests.mistakes[index]
        #expect(story([step]).diagnostics.map(\.code) == codes)
    }

    @Test("a function has a field or an expression, which makes sense")
    func refusedExpressions() {
        var definition = stream(window: "10s")
        var both = AggregateDefinition(
            name: Located("both"), function: Located("sum"), field: Located("t"))
        both.expression = Located("t * 2")
        definition.processing = [
            .aggregate(
                by: [],
                functions: [
                    both,
                    AggregateDefinition(
                        name: Located("words"), function: Located("avg"),
                        expression: Located("id")),
                    AggregateDefinition(
                        name: Located("none"), function: Located("avg"),
                        expression: Located("nothing * 2")),
                    AggregateDefinition(
                        name: Located("deep"), function: Located("avg"),
                        expression: Located("max(t)")),
                ])
        ]
        #expect(
            Story([definition]).diagnostics.map(\.code) == ["E0206", "E0313", "E0327", "E0209"])
    }

    @Test("where rows are about no device, nothing tells whose to remember")
    func withoutDevices() {
        var up = stream(window: "10s", measures: [("avg", "avg")], by: ["floor"])
        up.name = Located("up")
        for step in [filter("delta(avg) > 1"), derive("d", "delta(avg)")] {
            let down = StreamDefinition(
                name: Located("down"), sources: [SourceDefinition(.stream(Located("up")))],
                processing: [step])
            #expect(Story([up, down]).diagnostics.map(\.code) == ["E0223"])
        }
    }

    @Test("memory grows with what is remembered")
    func memory() {
        func bytes(_ text: String) -> Int {
            let story = story([derive("d", text)])
            return story.processor.memoryBounds(registry: story.registry).totalBytes
        }
        #expect(bytes("t * 2") < bytes("delta(t)"))
        #expect(bytes("delta(t)") + 4 * 1000 < bytes("previous(t, 1000)"))
    }
}
