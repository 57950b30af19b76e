import Language
import Model
import Streams
import Testing

@Suite("Windows")
struct WindowTests {
    @Test("a window is half-open and closes when the watermark passes its end")
    func halfOpen() {
        var story = Story([stream(window: "1m", measures: [("n", "count"), ("avg", "avg")])])
        story.play(
            """
            0      a 10 |
            59.999 a 20 |
            60     a 99 | [0,60) a n=2 avg=15.0
            180    a 1  | [60,120) a n=1 avg=99.0
            """)
    }

    @Test("every function, from one set of readings")
    func functions() {
        let names = ["count", "sum", "avg", "min", "max", "range"]
        var story = Story([stream(window: "1m", measures: names.map { ($0, $0) })])
        story.play(
            """
            1  a 3    |
            2  a -1.5 |
            3  a 4.5  |
            60 a 0    | [0,60) a count=3 sum=6.0 avg=2.0 min=-1.5 max=4.5 range=6.0
            """)
    }

    @Test("rows come ordered by end, then by the key's name, whoever spoke first")
    func order() {
        var story = Story([stream(window: "10s", measures: [("n", "count")], lateness: "15s")])
        story.play(
            """
            12 b 1 |
            11 c 1 |
            1  c 1 |
            13 a 1 |
            2  a 1 |
            45 d 1 | [0,10) a n=1; [0,10) c n=1; [10,20) a n=1; [10,20) b n=1; [10,20) c n=1
            """)
    }

    @Test("windows before the epoch and with an offset are aligned all the same")
    func alignment() {
        var definition = stream(window: "1m", measures: [("n", "count")])
        definition.window = WindowDefinition(size: .minute, offset: .seconds(15))
        var story = Story([definition])
        story.play(
            """
            -50 a 1 |
            -46 a 1 |
            -45 a 1 | [-105,-45) a n=2
            14  a 1 |
            15  a 1 | [-45,15) a n=2
            """)
    }

    @Test("a reading within lateness counts, one behind the watermark is late")
    func lateness() {
        var story = Story([stream(window: "10s", measures: [("n", "count")], lateness: "5s")])
        story.play(
            """
            8     a 1 |
            14    a 1 |
            9     a 1 |
            8.999 a 1 |
            15    a 1 | [0,10) a n=2
            9.999 a 1 |
            10    a 1 |
            25    a 1 | [10,20) a n=3
            """)
        #expect(story.counters.late == 2)
        #expect(story.counters.accepted == 6)
    }

    @Test("a filter lets through only what is true, and silence does not hold the watermark")
    func filter() {
        var story = Story([
            stream(window: "10s", filter: "t > 0 and t < 50", measures: [("max", "max")])
        ])
        story.play(
            """
            1  a 20 |
            2  a 99 |
            3  a 0  |
            20 a 99 | [0,10) a max=20.0
            """)
        #expect(story.counters.filtered == 3)
        #expect(story.counters.accepted == 4)
    }

    @Test("a value of another type is missing, and counted")
    func mismatch() {
        var story = Story([stream(window: "10s", measures: [("n", "count"), ("sum", "sum")])])
        story.play(
            """
            1  a hello |
            2  a 3i    |
            10 a 1     | [0,10) a n=1 sum=3.0
            """)
        #expect(story.counters.typeMismatches == 1)
    }

    @Test("a field that is an integer in every model stays one, exactly")
    func integers() {
        var definition = stream(
            window: "10s", measures: [("sum", "sum"), ("avg", "avg"), ("max", "max")])
        definition.sources = [source(topic: "telemetry/+/n")]
        var story = Story([definition])
        story.play(
            """
            1  a n=9007199254740993i |
            2  a n=1 |
            3  a n=0.5 |
            10 a n=1 | [0,10) a sum=9007199254740994 avg=4503599627370497.0 max=9007199254740992
            """)
        #expect(story.counters.typeMismatches == 1)
    }

    @Test("windows of a group by tags; a device without the tag has a key of its own")
    func dimensions() {
        var story = Story(
            [],
            [
                aggregation(
                    [("sum", "sum"), ("n", "count")], by: ["floor", "wing"],
                    windows: [("fast", "10s"), ("slow", "20s")])
            ])
        story.play(
            """
            1  a 1 |
            2  b 2 |
            3  a 3 |
            4  d 4 |
            5  c 5 |
            10 a 6 | fast [0,10) ?,? sum=5.0 n=1; fast [0,10) 1,east sum=2.0 n=1; \
            fast [0,10) 1,west sum=4.0 n=2; fast [0,10) 2,? sum=4.0 n=1
            20 m 1 |
            20 b 1 | fast [10,20) 1,west sum=6.0 n=1; slow [0,20) ?,? sum=5.0 n=1; \
            slow [0,20) 1,east sum=2.0 n=1; slow [0,20) 1,west sum=10.0 n=3; \
            slow [0,20) 2,? sum=4.0 n=1
            """)
    }

    @Test("no dimensions: one row for the whole group")
    func whole() {
        var story = Story([], [aggregation([("n", "count")], by: [], windows: [("w", "10s")])])
        story.play(
            """
            1  a 1 |
            2  b 1 |
            10 c 1 | w [0,10)  n=2
            """)
    }

    @Test("partials of two windows merge into that of both")
    func partials() throws {
        var story = Story([stream(window: "10s", measures: [("avg", "avg"), ("max", "max")])])
        var outputs: [StreamOutput] = []
        for (time, value) in [("1", "1e16"), ("2", "1"), ("11", "-1e16"), ("12", "1"), ("20", "0")]
        {
            story.accept(story.reading(time, "a", value), at: seconds(time), into: &outputs)
        }
        let rows = outputs.compactMap { output -> WindowRow? in
            if case .row(let row) = output { return row }
            return nil
        }
        try #require(rows.count == 2)
        var both = rows[0].partials[0]
        both.merge(rows[1].partials[0])
        #expect(both.result(of: .avg, type: .number) == .number(0.5))
        both = rows[0].partials[1]
        both.merge(rows[1].partials[1])
        #expect(both.result(of: .max, type: .number) == .number(1e16))
    }

    @Test("keys beyond the limit are dropped, and counted")
    func keyLimit() {
        var limits = StreamLimits()
        limits.keys = 2
        var story = Story(
            [stream(window: "10s", measures: [("n", "count")])], limits: limits)
        story.play(
            """
            1  a 1 |
            2  b 1 |
            3  c 1 |
            10 a 1 | [0,10) a n=1; [0,10) b n=1
            """)
        #expect(story.counters.droppedByLimit == 1)
    }

    @Test("a window too many pushes the watermark to the oldest")
    func openWindowLimit() {
        var limits = StreamLimits()
        limits.openWindows = 2
        var story = Story(
            [stream(window: "10s", measures: [("n", "count")], lateness: "1m")], limits: limits)
        story.play(
            """
            1  a 1 |
            2  b 1 |
            11 a 1 |
            21 a 1 | [0,10) a n=1; [0,10) b n=1
            9  a 1 |
            12 a 1 |
            """)
        #expect(story.counters.droppedByLimit == 1)
        #expect(story.counters.late == 1)
    }

    @Test("a filter after the aggregate sees window rows")
    func having() {
        var definition = stream(window: "10s", measures: [("max", "max")])
        definition.processing.append(.filter(expression: Located("max > 5 and id != \"b\"")))
        var story = Story([definition])
        story.play(
            """
            1  a 1 |
            2  b 9 |
            3  c 9 |
            10 a 1 | [0,10) c max=9.0
            """)
    }

    @Test("a time that is no time is dropped")
    func absurdTime() {
        var story = Story([stream(window: "10s", measures: [("n", "count")])])
        var outputs: [StreamOutput] = []
        var reading = story.reading("0", "a", "1")
        for time in [Instant.distantFuture, .distantPast] {
            reading.time = time
            story.accept(reading, at: seconds("1"), into: &outputs)
        }
        #expect(outputs.isEmpty)
        #expect(story.counters.droppedByLimit == 2)
    }
}
