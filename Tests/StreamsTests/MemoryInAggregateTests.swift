import Language
import Model
import Streams
import Testing

@Suite("Functions that remember, inside aggregates")
struct MemoryInAggregateTests {
    @Test("changes are counted over a span")
    func counted() throws {
        var story = Story([stream([("p", "count(t changed by > 1) >= 2 within 10s")])])
        try story.playTwice(
            """
            1  a 0   |
            2  a 2   |
            3  a 2.5 |
            4  a 5   |
            5  b 9   | p a 4-4 id=a t=5.0
            11 a 5   |
            12 a 5   | p a 11-11 id=a t=5.0
            30 b 0   |
            """)
    }

    @Test("a mean of changes over a number of events")
    func overEvents() throws {
        var story = Story([stream([("p", "avg(abs(delta(t))) over 2 events > 3")])])
        try story.playTwice(
            """
            1 a 0 |
            2 a 2 |
            3 a 8 |
            4 a 8 | p a 3-3 id=a t=8.0
            5 b 0 |
            """)
    }

    @Test("spans and numbers of events, each with what it takes in, and events of one time")
    func both() throws {
        var story = Story([
            stream([("p", "sum(delta(t)) over 3s = 6 and sum(delta(t)) over 2 events = 5")])
        ])
        try story.playTwice(
            """
            1 a 1 |
            2 a 2 |
            2 a 3 |
            3 a 7 |
            4 b 0 | p a 3-3 id=a t=7.0
            """)
    }

    @Test("a missing value is missing from the change, too")
    func missing() throws {
        var definition = stream([("p", "count(delta(t)) over 1m = 1 and n = 4")])
        definition.sources = [
            source(topic: "telemetry/+", mapping: [("t", "payload.t"), ("n", "payload.n")])
        ]
        var story = Story([definition])
        try story.playTwice(
            """
            1 a t=1   |
            2 a t=2   |
            3 a n=3i  |
            4 a t=4   |
            4 a +n=4i |
            5 b n=0i  |
            6 b n=0i  | p a 4-4 t=4.0 n=4
            """)
    }

    @Test("rows of windows")
    func windows() throws {
        var story = Story([
            stream(
                [("up", "sum(delta(avg)) within 30s > 3")], window: "10s",
                measures: [("avg", "avg")])
        ])
        #expect(!story.diagnostics.isEmpty)
        story = Story([
            stream(
                [("up", "sum(delta(avg)) > 3 within 30s")], window: "10s",
                measures: [("avg", "avg")])
        ])
        try story.playTwice(
            """
            1  a 1 |
            11 a 3 | [0,10) a avg=1.0
            21 a 5 | [10,20) a avg=3.0
            31 a 4 | [20,30) a avg=5.0; up a 20-30 avg=5.0
            41 a 0 | [30,40) a avg=4.0
            """)
    }

    @Test("a detector's extreme is what it is in a step of its own")
    func likeStep() {
        let conditions = [
            ("max(mad_z(t, window: 3)) > 2 within 20s", "mad_z(t, window: 3)", "max(x) > 2"),
            (
                "stddev(zscore(t, window: 4)) > 1 within 20s", "zscore(t, window: 4)",
                "stddev(x) > 1"
            ),
            ("count(t crosses above 12) > 1 within 20s", "t crosses above 12", "count(x) > 1"),
        ]
        let seed = UInt64.random(in: 0 ... .max)
        print("functions that remember, inside aggregates: seed \(seed)")
        var random = SplitMix64(state: seed)
        for (condition, expression, outer) in conditions {
            var inside = Story([stream([("p", condition)])])
            var definition = stream([("p", outer + " within 20s")])
            definition.processing = [
                .derive(name: Located("x"), expression: Located(expression))
            ]
            var step = Story([definition])
            #expect(inside.diagnostics.isEmpty && step.diagnostics.isEmpty)
            var heard = 0
            for time in 0..<300 {
                let device = ["a", "b"].randomElement(using: &random) ?? "a"
                let line = "\(time) \(device) \(Int.random(in: 0...20, using: &random))"
                let matches = inside.step(line)
                heard += matches.count
                let same = step.step(line).map { $0.split(separator: " x=")[0] }
                #expect(matches.map { Substring($0) } == same, "seed \(seed): \(condition)")
            }
            #expect(heard > 0, "seed \(seed): \(condition)")
        }
    }

    @Test("memory counts what is remembered, once for spans and once for numbers of events")
    func memory() {
        func bytes(_ condition: String) -> Int {
            let story = Story([stream([("p", condition)])])
            return story.processor.memoryBounds(registry: story.registry).totalBytes
        }
        let plain = bytes("avg(t) > 1 within 1s")
        let span = bytes("avg(previous(t, 900)) > 1 within 1s")
        #expect(span > plain + 900 * 16)
        #expect(bytes("avg(previous(t, 900)) over 1s > avg(t) over 2 events") > span + 900 * 16)
    }
}
