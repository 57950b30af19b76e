import Language
import Model
import Streams
import Testing

@Suite("Hopping, session, count and sliding windows")
struct WindowKindTests {
    /// Counts and sums `t` in a window, by device or by tags.
    private func story(
        _ kind: WindowDefinition.Kind, _ patterns: [(name: String, condition: String)] = [],
        measures: [(name: String, function: String)] = [("n", "count"), ("sum", "sum")],
        by: [String] = ["id"], lateness: String = "0s", offset: String = "0s",
        limits: StreamLimits = StreamLimits()
    ) -> Story {
        var definition = stream(
            patterns, window: "1m", measures: measures, by: by, lateness: lateness)
        definition.window = WindowDefinition(kind, offset: span(offset))
        return Story([definition], limits: limits)
    }

    @Test("an event is in every hopping window that covers it, ends excluded")
    func hopping() {
        var story = story(.hopping(size: span("10s"), every: span("4s")))
        story.play(
            """
            4     a 1 |
            9.999 a 2 | [-4,6) a n=1 sum=1.0
            10    a 4 | [0,10) a n=2 sum=3.0
            22    a 8 | [4,14) a n=3 sum=7.0; [8,18) a n=2 sum=6.0
            """)
    }

    @Test("hopping windows have an offset, and those with gaps miss what is between them")
    func hoppingWithGaps() {
        var story = story(.hopping(size: span("2s"), every: span("10s")), offset: "1s")
        story.play(
            """
            0.999 a 9 |
            1     a 1 |
            2.999 a 2 |
            3     a 9 | [1,3) a n=2 sum=3.0
            11    a 4 |
            40    a 9 | [11,13) a n=1 sum=4.0
            """)
    }

    @Test("late in order, an event still reaches its open hopping windows")
    func hoppingLateness() {
        var story = story(.hopping(size: span("10s"), every: span("5s")), lateness: "5s")
        story.play(
            """
            12 b 1 |
            8  a 2 |
            7  b 4 |
            6  b 9 |
            15 b 8 | [0,10) a n=1 sum=2.0; [0,10) b n=1 sum=4.0
            30 a 1 | [5,15) a n=1 sum=2.0; [5,15) b n=2 sum=5.0; [10,20) b n=2 sum=9.0; \
            [15,25) b n=1 sum=8.0
            """)
    }

    @Test("hopping windows that overlap are adjacent when each starts one hop after the last")
    func hoppingAdjacent() {
        var story = story(
            .hopping(size: span("10s"), every: span("5s")),
            [("hot", "sum > 5 for 2 consecutive windows")])
        story.play(
            """
            1  a 9 |
            6  a 1 | [-5,5) a n=1 sum=9.0
            10 a 0 | [0,10) a n=2 sum=10.0; hot a -5-10 n=2 sum=10.0
            """)
    }

    @Test("panes: hops that do not divide the window, every bound a millisecond before and after")
    func panes() {
        var story = story(.hopping(size: span("10s"), every: span("4s")), lateness: "2s")
        story.play(
            """
            7.999  a 1  |
            8      a 2  |
            9.999  b 4  |
            10     a 8  |
            8      b 16 |
            12     a 32 | [0,10) a n=2 sum=3.0; [0,10) b n=2 sum=20.0
            13.999 b 64 |
            14     b 64 |
            16     a 1  | [4,14) a n=4 sum=43.0; [4,14) b n=3 sum=84.0
            40     a 0  | [8,18) a n=4 sum=43.0; [8,18) b n=4 sum=148.0; \
            [12,22) a n=2 sum=33.0; [12,22) b n=2 sum=128.0; [16,26) a n=1 sum=1.0
            """)
    }

    @Test("hopping windows are what events give directly, with restarts, for any size and hop")
    func panesReference() throws {
        for seed in UInt64(1)...20 {
            var random = SplitMix64(state: seed)
            let every = Int64.random(in: 1...9, using: &random)
            let size =
                every * Int64.random(in: 0...5, using: &random)
                + Int64.random(in: 1...9, using: &random)
            let offset = Int64.random(in: 0...9, using: &random)
            var story = story(
                .hopping(size: .seconds(size), every: .seconds(every)),
                measures: [("n", "count"), ("sum", "sum"), ("p", "p90"), ("l", "last")],
                lateness: "8s", offset: "\(offset)s")
            var (time, events): (Int64, [(time: Int64, device: String, value: Double)]) = (0, [])
            for _ in 0..<60 {
                time += Int64.random(in: 0...5, using: &random)
                let device = ["a", "b"].randomElement(using: &random) ?? "a"
                if events.contains(where: { $0.time == time && $0.device == device }) { continue }
                events.append((time, device, Double(Int.random(in: 0...99, using: &random))))
            }
            var outputs: [StreamOutput] = []
            for event in events.map({ ($0, $0.time + Int64.random(in: 0...7, using: &random)) })
                .sorted(by: { $0.1 < $1.1 }).map(\.0)
            {
                story.accept(
                    story.reading("\(event.time)", event.device, "\(event.value)"),
                    at: .distantPast, into: &outputs)
                var writer = ByteWriter()
                story.processor.snapshot(into: &writer)
                var reader = ByteReader(writer.bytes)
                try story.processor.restore(from: &reader)
            }
            story.accept(story.reading("1000", "c", "0"), at: .distantPast, into: &outputs)
            var expected: [String] = []
            for start in -100...time where (start - offset) % every == 0 {
                for device in ["a", "b"] {
                    let values = events.filter {
                        $0.device == device && $0.time >= start && $0.time < start + size
                    }.map(\.value)
                    guard let last = values.last else { continue }
                    let sum = values.reduce(0, +)
                    let rank = 0.9 * Double(values.count - 1)
                    let (sorted, low) = (values.sorted(), Int(rank))
                    let next = sorted[min(low + 1, sorted.count - 1)]
                    let p = sorted[low] + (next - sorted[low]) * (rank - Double(low))
                    expected.append(
                        "[\(start),\(start + size)) \(device) n=\(values.count) sum=\(sum) p=\(p) "
                            + "l=\(last)")
                }
            }
            #expect(outputs.map { text($0) } == expected, "seed \(seed): \(size) every \(every)")
        }
    }

    @Test("a session joins events less than the gap apart and ends at the last plus the gap")
    func session() {
        var story = story(.session(gap: span("10s"), longest: nil))
        story.play(
            """
            0      a 1 |
            9.999  a 2 |
            12     b 9 |
            19.999 a 4 | [0,19.999) a n=2 sum=3.0
            22     b 7 | [12,22) b n=1 sum=9.0
            40     b 1 | [19.999,29.999) a n=1 sum=4.0; [22,32) b n=1 sum=7.0
            """)
    }

    @Test("an event that comes late in order bridges two sessions into one")
    func sessionBridge() {
        var story = story(.session(gap: span("10s"), longest: nil), lateness: "20s")
        story.play(
            """
            0  a 1 |
            15 a 2 |
            8  a 4 |
            60 b 0 | [0,25) a n=3 sum=7.0
            """)
    }

    @Test("a session is cut at its greatest length, to the millisecond")
    func sessionLongest() {
        var story = story(.session(gap: span("10s"), longest: span("15s")))
        story.play(
            """
            0      a 1 |
            8      a 2 |
            14.999 a 4 |
            15     a 8 | [0,15) a n=3 sum=7.0
            40     b 1 | [15,25) a n=1 sum=8.0
            """)
    }

    @Test("sessions that end together come by key")
    func sessionTies() {
        var story = story(.session(gap: span("10s"), longest: nil), lateness: "1s")
        story.play(
            """
            1  c 1 |
            1  a 2 |
            1  b 3 |
            30 d 0 | [1,11) a n=1 sum=2.0; [1,11) b n=1 sum=3.0; [1,11) c n=1 sum=1.0
            """)
    }

    @Test("a count takes so many events of its key in the total order, whatever came first")
    func count() {
        var story = story(.count(3), lateness: "10s")
        story.play(
            """
            5  a 4 |
            1  a 1 |
            2  b 9 |
            3  a 2 |
            6  a 8 |
            20 b 0 | [1,5) a n=3 sum=7.0
            40 b 0 |
            60 b 0 | [2,40) b n=3 sum=9.0
            """)
    }

    @Test("a count of one, and ties of one time split in the order of the total order")
    func countTies() {
        var story = story(.count(2), by: ["floor"], lateness: "1s")
        // Devices b, a, d, c were numbered in this order; a and b are on floor 1.
        story.play(
            """
            1 a 1 |
            1 b 2 |
            1 a 4 |
            9 d 0 | [1,1) 1 n=2 sum=3.0
            """)
        var single = self.story(.count(1))
        single.play("1 a 5 |\n2 a 6 | [1,1) a n=1 sum=5.0")
    }

    @Test("a sliding window covers (t - span, t]: its start excluded, its end included")
    func sliding() {
        var story = story(
            .sliding(span("10s")), measures: [("n", "count"), ("max", "max"), ("avg", "avg")])
        story.play(
            """
            0      a 9 |
            9.999  a 3 | [-10,0) a n=1 max=9.0 avg=9.0
            10     a 1 | [-0.001,9.999) a n=2 max=9.0 avg=6.0
            10.001 b 7 | [0,10) a n=2 max=3.0 avg=2.0
            60     a 7 | [0.001,10.001) b n=1 max=7.0 avg=7.0
            """)
    }

    @Test("events of one time and key are all inside, and each has a row")
    func slidingPeers() {
        var story = story(.sliding(span("10s")), by: ["floor"], lateness: "1s")
        story.play(
            """
            1 a 1 |
            1 b 2 |
            1 d 4 |
            9 d 0 | [-9,1) 1 n=2 sum=3.0; [-9,1) 1 n=2 sum=3.0; [-9,1) 2 n=1 sum=4.0
            """)
    }

    @Test("a sliding window forgets its oldest values at the limit, and counts them")
    func slidingLimit() {
        var limits = StreamLimits()
        limits.trailingEntries = 2
        var story = story(.sliding(.day * 3652), measures: [("sum", "sum")], limits: limits)
        story.play(
            """
            1 a 1 |
            2 a 2 | [-315532799,1) a sum=1.0
            3 a 4 | [-315532798,2) a sum=3.0
            4 a 8 | [-315532797,3) a sum=6.0
            """)
        #expect(story.counters.droppedByLimit == 1)
    }

    @Test(
        "windows that cannot be are refused with the arithmetic",
        arguments: [
            (
                WindowDefinition.Kind.hopping(size: .hour, every: .second), "E0220",
                "3600 windows, 1h long and one every 1s"
            ),
            (.hopping(size: .hour, every: .zero), "E0213", "`every` must be more than nothing"),
            (.session(gap: .zero, longest: nil), "E0213", "gap must be more than nothing"),
            (.session(gap: .second, longest: .zero), "E0213", "greatest length must be"),
            (.count(0), "E0221", "1 to 1000000 events, not 0"),
            (.sliding(.zero), "E0213", "size must be more than nothing"),
        ])
    func refused(kind: WindowDefinition.Kind, code: String, words: String) {
        let story = story(kind)
        #expect(story.diagnostics.map(\.code) == [code])
        #expect(story.diagnostics.first?.message.contains(words) == true)
    }

    @Test("sixty-four windows at once are possible")
    func mostCovering() {
        var story = story(.hopping(size: span("64s"), every: span("1s")))
        #expect(story.diagnostics.isEmpty)
        #expect(story.step("0 a 1").isEmpty)
        #expect(story.step("100 a 1").count == 64)
        #expect(story.counters.droppedByLimit == 0)
    }

    @Test("memory of every kind of window is bounded")
    func memory() {
        for kind: WindowDefinition.Kind in [
            .hopping(size: .minute, every: .second), .session(gap: .minute, longest: nil),
            .count(10), .sliding(.minute),
        ] {
            let story = story(kind)
            let bytes = story.processor.memoryBounds(registry: story.registry).map(\.bytes)
            #expect((1000..<100_000_000).contains(bytes.first ?? 0))
        }
    }
}
