import Model
import Streams
import Testing

@Suite("Patterns on windows")
struct WindowPatternTests {
    private func windowed(_ condition: String) -> StreamDefinition {
        stream(
            [("p", condition)], window: "10s",
            measures: [("avg_t", "avg"), ("max_t", "max"), ("min_t", "min")])
    }

    /// Plays one value of device `a` a window, `-` for an empty one; answers the matches alone.
    private func matches(_ condition: String, _ values: String) -> [String] {
        var story = Story([windowed(condition)])
        #expect(story.diagnostics.isEmpty)
        var heard: [String] = []
        for (index, value) in values.split(separator: " ").enumerated() where value != "-" {
            heard += story.step("\(index * 10 + 1) a \(value)")
        }
        heard += story.step("\(values.split(separator: " ").count * 10 + 1) b 0")
        return heard.filter { $0.hasPrefix("p") }.map { String($0.split(separator: " ")[2]) }
    }

    struct Case: CustomTestStringConvertible, Sendable {
        var story: String
        var condition: String
        var values: String
        var matches: [String]
        var testDescription: String { story }
    }

    @Test(arguments: [
        Case(
            story: "each true window is a match", condition: "avg_t > 30", values: "31 29 32",
            matches: ["0-10", "20-30"]),
        Case(
            story: "cooldown keeps the key quiet", condition: "avg_t > 30 cooldown 30s",
            values: "31 32 33 34 35", matches: ["0-10", "30-40"]),
        Case(
            story: "three in a row", condition: "avg_t > 30 for 3 consecutive windows",
            values: "31 31 31 31", matches: ["0-30"]),
        Case(
            story: "after a match the run starts again",
            condition: "avg_t > 30 for 3 consecutive windows", values: "31 31 31 31 31 31",
            matches: ["0-30", "30-60"]),
        Case(
            story: "a window that is not true breaks the run",
            condition: "avg_t > 30 for 3 consecutive windows", values: "31 31 29 31 31 31",
            matches: ["30-60"]),
        Case(
            story: "an empty window breaks the run",
            condition: "avg_t > 30 for 3 consecutive windows", values: "31 31 - 31 31 31",
            matches: ["30-60"]),
        Case(
            story: "events that follow each other may have a gap",
            condition: "avg_t > 30 for 3 consecutive events", values: "31 31 - 31",
            matches: ["0-40"]),
        Case(
            story: "within merges the windows that ended in the span",
            condition: "max_t - min_t > 5 within 20s", values: "10 14 16 17 10",
            matches: ["40-50"]),
        Case(
            story: "within is open at its start", condition: "max_t - min_t > 5 within 20s",
            values: "10 12 16", matches: []),
        Case(
            story: "within spans one window more", condition: "max_t - min_t > 5 within 21s",
            values: "10 12 16", matches: ["20-30"]),
        Case(
            story: "the average within a span weighs every reading",
            condition: "avg_t = 20 within 1m", values: "10 30 20", matches: ["10-20", "20-30"]),
        Case(
            story: "windows that hold for a time fire when it is over",
            condition: "avg_t > 30 for 15s", values: "31 31 31", matches: ["10-25"]),
        Case(
            story: "windows that stop in time do not", condition: "avg_t > 30 for 15s",
            values: "31 29 31", matches: []),
    ])
    func pattern(_ row: Case) {
        #expect(matches(row.condition, row.values) == row.matches)
    }

    @Test("a match tells which device, since when, and the row")
    func match() throws {
        var definition = windowed("avg_t > 30 for 2 consecutive windows")
        definition.patterns[0].isCritical = true
        var story = Story([definition])
        var outputs: [StreamOutput] = []
        for time in ["1", "11", "20"] {
            story.accept(story.reading(time, "a", "31"), at: seconds(time), into: &outputs)
        }
        guard case .match(let match)? = outputs.last else {
            Issue.record("no match")
            return
        }
        #expect(match.device == story.registry.device(named: "a"))
        #expect(match.key == [Field("id", .text("a"))])
        #expect(match.values.map(\.name) == ["avg_t", "max_t", "min_t"])
        #expect(match.actions == ["log"])
        #expect(match.isCritical)
        #expect(match.id == "s/p/a/20000")
    }

    @Test("the id keeps parts apart, whatever they contain")
    func id() {
        let match = Match(
            stream: "s/1", pattern: "p", device: nil,
            key: [Field("floor", .text("a,b")), Field("wing", nil), Field("zone", .text("~"))],
            time: seconds("1"), since: seconds("0"), values: [], actions: [], isCritical: false)
        #expect(match.id == "s%2F1/p/a%2Cb,~,%7E/1000")
    }
}

@Suite("Patterns on events")
struct EventPatternTests {
    @Test("each true row is a match; the order of arrival does not matter")
    func once() {
        var story = Story([stream([("hot", "t > 30")], lateness: "10s")])
        story.play(
            """
            1 a 31 | hot a 1-1 id=a t=31.0
            5 a 29 |
            3 b 32 | hot b 3-3 id=b t=32.0
            """)
    }

    @Test("a condition may read the device's name")
    func deviceName() {
        var story = Story([stream([("hot", "t > 30 and id = \"b\"")])])
        story.play(
            """
            1 a 31 |
            3 b 32 | hot b 3-3 id=b t=32.0
            """)
    }

    @Test("a critical pattern is decided on arrival, late or not; others wait or drop")
    func critical() {
        var definition = stream([("now", "t > 30"), ("later", "t > 30 for 1 consecutive events")])
        definition.patterns[0].isCritical = true
        definition.patterns.append(
            PatternDefinition(name: Located("quiet"), condition: Located("t > 30")))
        var story = Story([definition])
        story.play(
            """
            10 a 31 | now a 10-10 id=a t=31.0; quiet a 10-10 id=a t=31.0
            5  b 32 | now b 5-5 id=b t=32.0
            11 a 0  | later a 10-10 id=a t=31.0
            """)
        #expect(story.counters.late == 1)
        #expect(story.counters.matches == 4)
    }

    @Test("a cooldown counts event time, so readings are first put in order")
    func cooldown() {
        var story = Story([stream([("hot", "t > 30 cooldown 10s")], lateness: "20s")])
        story.play(
            """
            9  a 31 |
            1  a 32 |
            11 a 33 |
            60 a 0  | hot a 1-1 id=a t=32.0; hot a 11-11 id=a t=33.0
            """)
    }

    @Test("N consecutive events of a key, in order, others between them or not")
    func consecutive() {
        var story = Story([
            stream([("p", "t > 30 for 3 consecutive events")], lateness: "10s")
        ])
        story.play(
            """
            1  a 31 |
            3  a 33 |
            2  a 32 |
            2  b 0  |
            4  a 34 |
            5  a 35 |
            6  a 29 |
            7  a 37 |
            20 a 0  | p a 1-3 id=a t=33.0
            """)
    }

    @Test("held for a time: fires when due, before any event of that time, once a run")
    func duration() {
        var story = Story([stream([("p", "t > 30 for 10s")])])
        story.play(
            """
            0  a 31 |
            5  a 35 |
            9  b 31 |
            10 a 0  | p a 0-10 id=a t=35.0
            15 b 29 |
            20 b 31 |
            40 b 31 | p b 20-30 id=b t=31.0
            60 b 31 |
            61 b 0  |
            62 b 31 |
            73 a 0  | p b 62-72 id=b t=31.0
            """)
    }

    @Test("a run that ends a moment before it is due is none")
    func durationBroken() {
        var story = Story([stream([("p", "t > 30 for 10s")])])
        story.play(
            """
            0     a 31 |
            9.999 a 0  |
            11    a 31 |
            20.999 b 0 |
            21    b 0  | p a 11-21 id=a t=31.0
            """)
    }

    @Test("unknown ends a run as false does")
    func durationUnknown() {
        var story = Story([stream([("p", "t > 30 for 10s")])])
        story.play(
            """
            0  a 31  |
            5  a what |
            6  a 31  |
            15 a 31  |
            16 b 0   | p a 6-16 id=a t=31.0
            """)
    }

    @Test("a timer fires in silence, at the clock's pace")
    func durationInSilence() {
        var story = Story([stream([("p", "t > 30 for 1m")], idle: "30s")])
        story.play(
            """
            0 a 31 1000 |
            @1030       |
            """)
        #expect(story.processor.nextDeadline == seconds("1089.999"))
        story.play("@1089.999 | p a 0-60 id=a t=31.0")
        #expect(story.processor.nextDeadline == nil)
    }

    @Test("timers due together fire by pattern, then by the key's name")
    func timersTogether() {
        var story = Story([stream([("q", "t > 30 for 10s"), ("p", "t > 20 for 10s")])])
        story.play(
            """
            0 c 31 |
            0 a 31 |
            0 b 25 |
            9 d 0  |
            20 d 0 | q a 0-10 id=a t=31.0; q c 0-10 id=c t=31.0; p a 0-10 id=a t=31.0; \
            p b 0-10 id=b t=25.0; p c 0-10 id=c t=31.0
            """)
    }

    @Test("a trailing span is open at its start and closed at its end; peers see each other")
    func trailing() {
        var story = Story([
            stream([("p", "range(t) > 5 within 10s"), ("n", "count(t > 30) >= 2 within 10s")])
        ])
        story.play(
            """
            0  a 20 |
            10 a 26 |
            11 a 20 |
            12 b 0  | p a 11-11 id=a t=20.0
            12 a 31 |
            13 b 0  | p a 12-12 id=a t=31.0
            14 a 32 |
            14 a 33 |
            15 b 0  | p a 14-14 id=a t=32.0; n a 14-14 id=a t=32.0; p a 14-14 id=a t=33.0; \
            n a 14-14 id=a t=33.0
            """)
    }

    @Test("a trailing sum is exact, whatever went in and out of it before")
    func trailingSum() {
        var story = Story([stream([("p", "sum(t) over 10s = 2"), ("q", "avg(t) over 1s = 1")])])
        story.play(
            """
            0  a 1e300 |
            5  a 1e16  |
            6  a 1     |
            7  a -1e16 | q a 6-6 id=a t=1.0
            8  a 1     |
            10 a 0     | q a 8-8 id=a t=1.0
            12 b 0     | p a 10-10 id=a t=0.0
            """)
    }

    @Test("too many remembered values: the oldest are forgotten, and counted")
    func trailingLimit() {
        var limits = StreamLimits()
        limits.trailingEntries = 2
        var story = Story([stream([("p", "count(t) >= 3 within 1h")])], limits: limits)
        story.play(
            """
            1 a 1 |
            2 a 1 |
            3 a 1 |
            4 a 1 |
            """)
        #expect(story.counters.droppedByLimit == 1)
    }

    @Test("a full reorder buffer lets the oldest out early, and counts it")
    func bufferLimit() {
        var limits = StreamLimits()
        limits.reorderEntries = 2
        var story = Story(
            [stream([("p", "t > 30 for 2 consecutive events")], lateness: "1h")], limits: limits)
        story.play(
            """
            5 a 31 |
            6 a 32 |
            4 a 33 |
            7 a 34 | p a 4-5 id=a t=31.0
            5 a 35 |
            """)
        #expect(story.counters.droppedByLimit == 2)
        #expect(story.counters.late == 1)
    }
}

@Suite("Datagrams")
struct DatagramTests {
    private var definition: StreamDefinition {
        var definition = stream([("p", "t > 30 and n is missing or n > 5")])
        definition.sources = [
            source(
                topic: "telemetry/+",
                mapping: [("id", "topic[1]"), ("t", "payload.t"), ("n", "payload.n")])
        ]
        return definition
    }

    @Test("readings of one datagram are one row")
    func row() {
        var story = Story([definition])
        story.play(
            """
            1 a t=31 |
            1 a +n=7 |
            1 a +state=x |
            2 a t=20 | p a 1-1 id=a t=31.0 n=7
            3 b t=40 |
            @4 | p b 3-3 id=b t=40.0 n=?
            5 b state=x |
            5 b +n=6 |
            @6 | p b 5-5 id=b t=? n=6
            """)
        #expect(story.counters.accepted == 4)
    }

    @Test("a datagram with nothing of interest is no row")
    func nothing() {
        var story = Story([definition])
        story.play(
            """
            1 a state=x |
            @2 |
            """)
        #expect(story.counters.accepted == 0)
    }

    @Test("every property of a wildcard topic is a row of its own")
    func wildcard() {
        var definition = stream([("p", "v > 5 and name != \"n\"")])
        definition.sources = [
            source(
                group: nil, topic: "telemetry/#",
                mapping: [("name", "topic[2]"), ("v", "payload.value")])
        ]
        var story = Story([definition])
        story.play(
            """
            1 a t=31 | p a 1-1 name=t v=31.0
            1 a +n=7 |
            2 m t=9 | p m 2-2 name=t v=9.0
            """)
    }

    @Test("devices and properties that come later find their way")
    func growth() {
        var story = Story([stream([("p", "t > 30")])])
        story.play("1 a 31 | p a 1-1 id=a t=31.0")
        var entry = Registry.Entry(name: "z")
        entry.groups = [0]
        story.registry.add(entry)
        entry = Registry.Entry(name: "y")
        story.registry.add(entry)
        _ = story.registry.addProperty("extra")
        story.play(
            """
            2 z 31 | p z 2-2 id=z t=31.0
            3 y 31 |
            4 z extra=31 |
            """)
    }
}
