import Language
import Model
import Streams
import Testing

/// Windows of an aggregation that divide each other: events go into the smallest only, and what
/// comes out is what each window by itself would have put out.
@Suite("Roll-ups")
struct WindowRollupTests {
    private func story(
        _ windows: [(name: String, size: String)],
        _ metrics: [(name: String, function: String)] = [("n", "count"), ("sum", "sum")],
        by dimensions: [String] = ["device_id"], lateness: String = "0s",
        retention: String? = nil, offsets: [String] = [],
        kpis: [(name: String, expression: String)] = []
    ) -> Story {
        var definition = aggregation(
            metrics, by: dimensions, windows: windows, sources: [source(lateness: lateness)])
        for (index, offset) in offsets.enumerated() {
            definition.windows[index].window.offset = span(offset)
        }
        definition.retention = retention.map { Located(span($0)) }
        definition.indicators = kpis.map { (Located($0.name), Located($0.expression)) }
        return Story([], [definition])
    }

    @Test("a minute into an hour into a day, bounds excluded, in the order written")
    func levels() {
        var story = story([("d", "40s"), ("h", "20s"), ("m", "10s")])
        story.play(
            """
            0      a 1 |
            9.999  a 2 |
            10     a 4 | m [0,10) a n=2 sum=3.0
            19.999 a 8 |
            20     a 1 | h [0,20) a n=4 sum=15.0; m [10,20) a n=2 sum=12.0
            39.999 b 7 | m [20,30) a n=1 sum=1.0
            40     a 9 | d [0,40) a n=5 sum=16.0; d [0,40) b n=1 sum=7.0; \
            h [20,40) a n=1 sum=1.0; h [20,40) b n=1 sum=7.0; m [30,40) b n=1 sum=7.0
            200    a 0 | m [40,50) a n=1 sum=9.0; h [40,60) a n=1 sum=9.0; d [40,80) a n=1 sum=9.0
            """)
    }

    @Test("windows that do not divide each other are each made of events")
    func independent() {
        var story = story([("x", "10s"), ("y", "15s"), ("z", "30s")])
        story.play(
            """
            1  a 1 |
            12 a 2 | x [0,10) a n=1 sum=1.0
            29 a 4 | y [0,15) a n=2 sum=3.0; x [10,20) a n=1 sum=2.0
            30 a 8 | x [20,30) a n=1 sum=4.0; y [15,30) a n=1 sum=4.0; z [0,30) a n=3 sum=7.0
            """)
    }

    @Test("offsets that fit roll up, others do not; equal windows are made of one another")
    func offsets() {
        var story = story(
            [("m", "10s"), ("h", "20s"), ("odd", "20s"), ("same", "10s")],
            offsets: ["5s", "15s", "3s", "5s"])
        story.play(
            """
            5  a 1 |
            14 a 2 |
            15 a 4 | m [5,15) a n=2 sum=3.0; h [-5,15) a n=2 sum=3.0; same [5,15) a n=2 sum=3.0
            25 a 0 | odd [3,23) a n=3 sum=7.0; m [15,25) a n=1 sum=4.0; same [15,25) a n=1 sum=4.0
            """)
    }

    @Test("an event within lateness is in all levels, a late one in none")
    func lateness() {
        var story = story([("m", "10s"), ("h", "20s")], lateness: "5s")
        story.play(
            """
            12  a 1 |
            9   a 2 |
            17  a 4 | m [0,10) a n=1 sum=2.0
            9.5 a 9 |
            30  a 0 | m [10,20) a n=2 sum=5.0; h [0,20) a n=3 sum=7.0
            """)
        #expect(story.counters.late == 1)
    }

    @Test("a late event revises its window, and with it the larger ones, open or closed")
    func revise() {
        var story = story([("m", "10s"), ("h", "20s"), ("d", "40s")], retention: "20s")
        story.showsLate = true
        story.play(
            """
            5      a 1    |
            12     a 2    | m [0,10) a n=1 sum=1.0
            9      a 4 12 | m [0,10) a n=2 sum=5.0 r1
            20     a 0    | m [10,20) a n=1 sum=2.0; h [0,20) a n=3 sum=7.0
            8      a 8 20 | m [0,10) a n=3 sum=13.0 r2; h [0,20) a n=4 sum=15.0 r1
            11     b 1 20 | m [10,20) b n=1 sum=1.0 r1; h [0,20) b n=1 sum=1.0 r1
            30.001 c 0    | m [20,30) a n=1 sum=0.0
            9      a 1 30 | late 9 id=a t=1.0
            19     a 3 30 | m [10,20) a n=2 sum=5.0 r1; h [0,20) a n=5 sum=18.0 r2
            40     c 0    | m [30,40) c n=1 sum=0.0; h [20,40) a n=1 sum=0.0; \
            h [20,40) c n=1 sum=0.0; d [0,40) a n=6 sum=18.0; d [0,40) b n=1 sum=1.0; \
            d [0,40) c n=1 sum=0.0
            39     c 5 40 | m [30,40) c n=2 sum=5.0 r1; h [20,40) c n=2 sum=5.0 r1; \
            d [0,40) c n=2 sum=5.0 r1
            """)
        #expect(story.counters.revisions == 10)
    }

    @Test("what cannot be kept for revision is refused with the arithmetic")
    func refused() {
        for (windows, retention, problem) in [
            ([("s", "1s"), ("h", "1h")], "1h", "E0224 3601 windows of each key would be kept"),
            ([("m", "1m")], "0s", "E0213 `retention` must be more than nothing, not 0s"),
            ([("m", "1m"), ("d", "1d")], "16h", ""),
        ] {
            let found = story(windows, retention: retention).diagnostics
            let texts = found.map { "\($0.code) \($0.message)" }
            #expect(texts.allSatisfy { $0.hasPrefix(problem) } && texts.isEmpty == problem.isEmpty)
        }
    }

    @Test("KPIs are computed at each level, of metrics and of other KPIs")
    func kpis() {
        var story = story(
            [("m", "10s"), ("h", "20s")], by: ["floor"],
            kpis: [("mean", "sum / n"), ("above", "mean - 2"), ("high", "above > 1 and n > 1")])
        #expect(story.diagnostics.isEmpty)
        story.play(
            """
            1  a 2 |
            2  b 4 |
            3  d 1 |
            11 a 9 | m [0,10) 1 n=2 sum=6.0 mean=3.0 above=1.0 high=false; \
            m [0,10) 2 n=1 sum=1.0 mean=1.0 above=-1.0 high=false
            20 c 0 | m [10,20) 1 n=1 sum=9.0 mean=9.0 above=7.0 high=false; \
            h [0,20) 1 n=3 sum=15.0 mean=5.0 above=3.0 high=true; \
            h [0,20) 2 n=1 sum=1.0 mean=1.0 above=-1.0 high=false
            """)
    }

    private static let functions = AggregateFunction.allCases.filter { $0 != .correlation }

    /// What each window gives by itself: no window rolls up into another one.
    private func apart(
        _ windows: [(name: String, size: String)], _ metrics: [(name: String, function: String)],
        _ readings: [Reading]
    ) -> [String] {
        windows.flatMap { window in
            var story = story([window], metrics, lateness: "20s")
            return run(&story, readings)
        }
    }

    private func run(_ story: inout Story, _ readings: [Reading], restart: Int? = nil) -> [String] {
        var outputs: [StreamOutput] = []
        var newest = Instant.distantPast
        for (index, reading) in readings.enumerated() {
            newest = max(newest, reading.time)
            story.accept(reading, at: newest, into: &outputs)
            guard let restart, index % restart == 0 else { continue }
            var writer = ByteWriter()
            story.processor.snapshot(into: &writer)
            let (streams, aggregations) = (story.streams, story.aggregations)
            story = Story(streams, aggregations)
            var reader = ByteReader(writer.bytes)
            #expect(throws: Never.self) { try story.processor.restore(from: &reader) }
        }
        for _ in 0..<100 {
            guard let deadline = story.processor.nextDeadline else { break }
            story.processor.advance(to: deadline, registry: story.registry, into: &outputs)
        }
        return outputs.map { text($0) }
    }

    @Test("every aggregate at every level is what events give directly, bit for bit")
    func everyFunction() {
        let metrics = WindowRollupTests.functions.map {
            (name: $0.rawValue, function: $0 == .percentile ? "p90" : $0.rawValue)
        }
        let windows = [("d", "6m"), ("m", "10s"), ("q", "30s"), ("h", "2m")]
        for seed in UInt64(1)...6 {
            var random = SplitMix64(state: seed)
            var time = 0
            let readings = (0..<600).map { index in
                time += index % 150 == 149 ? 400 : Int.random(in: 0...4, using: &random)
                let value = Double.random(in: -20...20, using: &random)
                return (
                    Double(time) / 2, ["a", "b"].randomElement(using: &random) ?? "a",
                    seed < 4 ? value : (value * 10).rounded() / 10
                )
            }
            let story = story(windows, metrics, lateness: "20s")
            #expect(story.diagnostics.isEmpty)
            let inOrder = readings.map { story.reading("\($0.0)", $0.1, "\($0.2)") }
            let expected = apart(windows, metrics, inOrder).sorted()
            var straight = story
            #expect(run(&straight, inOrder).sorted() == expected, "seed \(seed)")
            // Ties of one device have an order of their own, so that only those with none move.
            let unique = inOrder.reduce(into: [Reading]()) { kept, reading in
                if !kept.contains(where: { $0.device == reading.device && $0.time == reading.time })
                {
                    kept.append(reading)
                }
            }
            var first = story
            let heard = run(&first, unique)
            for restart in [nil, 7, 31] {
                let shuffled = unique.map {
                    ($0, $0.time.milliseconds + Int64.random(in: 0..<20_000, using: &random))
                }.sorted { $0.1 < $1.1 }.map(\.0)
                var other = story
                #expect(run(&other, shuffled, restart: restart) == heard, "seed \(seed)")
            }
        }
    }

    @Test("a day of a thousand devices by the minute takes little more than the minutes")
    func memory() {
        func bytes(_ windows: [(name: String, size: String)], _ functions: [String]) -> Int {
            let story = story(windows, functions.map { ($0, $0) }, lateness: "5s")
            return story.processor.memoryBounds(registry: story.registry).totalBytes
        }
        let functions = ["avg", "stddev", "time_weighted_avg"]
        let minutes = bytes([("m", "1m")], functions)
        let all = bytes([("m", "1m"), ("h", "1h"), ("d", "1d")], functions)
        #expect(all - minutes < minutes / 10)
    }
}
