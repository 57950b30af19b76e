import Language
import Model
import Streams
import Testing

/// What nobody should send or write: each is refused with the reason, or bounded and counted.
/// Times from the future are the gateway's to judge: see `Policy of event times` in its tests.
@Suite("Bad input")
struct BadInputTests {
    @Test("a field that nothing has is refused at load")
    func unknownField() {
        let story = Story([stream([("p", "tt > 1")])])
        #expect(story.diagnostics.map(\.code) == ["E0313"])
        #expect(story.diagnostics.first?.help == ["did you mean `t`?"])
    }

    @Test("a value of another type is missing, and counted")
    func wrongType() {
        var story = Story([stream([("p", "t > 1"), ("q", "t is missing")])])
        story.play(
            """
            1 a warm | q a 1-1 id=a t=?
            2 a true | q a 2-2 id=a t=?
            3 a 2i   | p a 3-3 id=a t=2.0
            """)
        #expect(story.counters.typeMismatches == 2)
        #expect(story.counters.accepted == 3)
    }

    @Test("what is missing is neither true nor false, and no aggregate counts it")
    func missingValue() {
        var definition = stream(
            [("p", "n_t >= 0 and (max_t > 5 or max_t <= 5)")], window: "10s",
            measures: [("n_t", "count"), ("max_t", "max")])
        definition.sources = [
            source(
                topic: "telemetry/+",
                mapping: [("id", "topic[1]"), ("t", "payload.t"), ("n", "payload.n")])
        ]
        var story = Story([definition])
        story.play(
            """
            1  a n=1i |
            2  a n=2i |
            11 a 7    |
            @11       | [0,10) a n_t=0 max_t=?
            20 a n=5i |
            @20       | [10,20) a n_t=1 max_t=7.0; p a 10-20 n_t=1 max_t=7.0
            """)
    }

    @Test("what would be infinite or no number is missing")
    func notFinite() {
        let largest = "1\(String(repeating: "0", count: 308))"
        var story = Story([
            stream([
                ("zero", "t / 0 is missing"), ("over", "t * \(largest) * 10 is missing"),
                ("any", "t / 0 > 0 or t / 0 <= 0"),
            ])
        ])
        #expect(story.diagnostics.isEmpty)
        story.play("1 a 5 | zero a 1-1 id=a t=5.0; over a 1-1 id=a t=5.0")
    }

    @Test("a time that cannot be is dropped, and counted; it closes no window")
    func impossibleTime() {
        var story = Story([stream(window: "10s", measures: [("n", "count")])])
        var outputs: [StreamOutput] = []
        _ = story.step("1 a 1")
        var reading = story.reading("2", "b", "1")
        reading.time = .distantFuture
        story.accept(reading, at: seconds("2"), into: &outputs)
        #expect(outputs.isEmpty)
        #expect(story.counters.droppedByLimit == 1)
        story.play("10 a 1 | [0,10) a n=1")
    }

    @Test("a device that floods: rows wait within the limit, the oldest come out early, counted")
    func flood() {
        var limits = StreamLimits()
        limits.reorderEntries = 1000
        var story = Story(
            [stream([("p", "t > 30 for 2 consecutive events")], lateness: "1h")], limits: limits)
        let bound = story.processor.memoryBounds(registry: story.registry)[0].bytes
        var outputs: [StreamOutput] = []
        for index in 0..<20_000 {
            let reading = story.reading("\(Double(index) / 1000)", "a", "20")
            story.accept(reading, at: reading.time, into: &outputs)
        }
        #expect(story.counters.accepted == 20_000)
        #expect(story.counters.droppedByLimit == 19_000)
        var writer = ByteWriter()
        story.processor.snapshot(into: &writer)
        #expect(writer.bytes.count <= bound)
        // Others are heard all the same.
        story.play("20 b 31 |")
        #expect(story.counters.late == 0)
    }

    @Test("a key explosion: rows of keys beyond the limit are dropped, and counted")
    func keyExplosion() {
        var limits = StreamLimits()
        limits.keys = 100
        var definition = stream(window: "10s", measures: [("rows", "count")], by: ["n"])
        definition.sources = [
            source(
                topic: "telemetry/+",
                mapping: [("id", "topic[1]"), ("t", "payload.t"), ("n", "payload.n")])
        ]
        var story = Story([definition], limits: limits)
        var rows = 0
        for index in 0..<5000 { rows += story.step("1 a n=\(index)i").count }
        rows += story.step("10 a n=0i").count + story.step("@10").count
        #expect(rows == 100)
        #expect(story.counters.droppedByLimit == 4900)
    }

    @Test("a window of ten years: one is held; a hundred thousand at once are refused with the sum")
    func tenYears() {
        var story = Story([stream(window: "3650d", measures: [("n", "count")])])
        #expect(story.diagnostics.isEmpty)
        for year in 0..<9 { #expect(story.step("\(year * 31_536_000) a 1") == []) }
        let rows = story.step("\(10 * 31_536_000) a 1")
        #expect(rows == ["[0,315360000) a n=9"])

        var hopping = stream(measures: [("n", "count")])
        hopping.window = WindowDefinition(.hopping(size: span("3650d"), every: span("1h")))
        let refused = Story([hopping])
        #expect(refused.diagnostics.map(\.code) == ["E0220"])
        #expect(refused.diagnostics.first?.message.contains("87600 windows") == true)
    }

    @Test("ten years looked back over: the oldest values are forgotten, and counted")
    func tenYearsBack() {
        var limits = StreamLimits()
        limits.trailingEntries = 100
        var story = Story(
            [stream([("p", "max(t) - min(t) > 5 within 3650d")])], limits: limits)
        for index in 0..<1000 { _ = story.step("\(index * 3600) a 20") }
        #expect(story.counters.droppedByLimit == 0, "the extremes alone are remembered")
        var median = Story([stream([("p", "median(t) > 50 within 3650d")])], limits: limits)
        for index in 0..<1000 { _ = median.step("\(index * 3600) a 20") }
        _ = median.step("3600000 b 20")
        #expect(median.counters.droppedByLimit == 900)
    }

    @Test("a pattern that would hold a million partial matches gives up the earliest, and counts")
    func millionPartials() {
        var limits = StreamLimits()
        limits.partialsPerKey = 50
        var story = Story(
            [stream([("p", "t > 30 then t < 10 within 3650d overlapping")])], limits: limits)
        #expect(story.diagnostics.isEmpty)
        let bound = story.processor.memoryBounds(registry: story.registry)[0].bytes
        for index in 0..<5000 { _ = story.step("\(index) a 31") }
        var writer = ByteWriter()
        story.processor.snapshot(into: &writer)
        #expect(writer.bytes.count <= bound)
        #expect(story.counters.partialsDropped >= 4900)
        let matches = story.step("5000 a 5") + story.step("5001 b 20")
        #expect(matches.count == 50, "those that are left match")
        #expect(matches.first?.hasPrefix("p a 4950-5000") == true)
    }
}
