import Language
import Model
import Streams
import Testing

@Suite("Streams that follow others")
struct StepUpstreamTests {
    /// A stream `up` with windows of 10 s, by device or tags.
    private func upstream(
        by: [String] = ["id"], patterns: [(name: String, condition: String)] = []
    ) -> StreamDefinition {
        var definition = stream(
            patterns, window: "10s", measures: [("avg", "avg"), ("n", "count")], by: by)
        definition.name = Located("up")
        return definition
    }

    private func follower(
        _ sources: [SourceDefinition], name: String = "down", window: WindowDefinition? = nil,
        measures: [(name: String, function: String, field: String)] = [], by: [String] = [],
        patterns: [(name: String, condition: String)] = []
    ) -> StreamDefinition {
        var processing: [ProcessingDefinition] = []
        if !measures.isEmpty {
            processing.append(
                .aggregate(
                    by: by.map { Located($0) },
                    functions: measures.map {
                        AggregateDefinition(
                            name: Located($0.name), function: Located($0.function),
                            field: Located($0.field))
                    }))
        }
        return StreamDefinition(
            name: Located(name), sources: sources, window: window, processing: processing,
            patterns: patterns.map {
                PatternDefinition(name: Located($0.name), condition: Located($0.condition))
            })
    }

    private func following(_ name: String) -> SourceDefinition {
        SourceDefinition(.stream(Located(name)))
    }

    @Test("window rows of one stream are events of another, at their end")
    func rows() {
        var story = Story([
            follower(
                [following("up")], window: WindowDefinition(size: .seconds(20)),
                measures: [("top", "max", "avg"), ("all", "sum", "n")], by: ["id"]),
            upstream(),
        ])
        #expect(story.diagnostics.isEmpty)
        story.play(
            """
            1  a 1 |
            2  b 9 |
            11 a 3 | [0,10) a avg=1.0 n=1; [0,10) b avg=9.0 n=1
            20 a 0 | [10,20) a avg=3.0 n=1; [0,20) a top=1.0 all=1; [0,20) b top=9.0 all=1
            21 a 0 |
            45 a 0 | [20,30) a avg=0.0 n=2; [20,40) a top=3.0 all=3
            """)
        #expect(story.processor.counters.streams.map(\.name) == ["up", "down"])
    }

    @Test("rows by tags are about no device, and keep their key")
    func tags() {
        var story = Story([
            upstream(by: ["floor"]),
            follower([following("up")], patterns: [("warm", "avg > 5 for 2 consecutive events")]),
        ])
        #expect(story.diagnostics.isEmpty)
        story.play(
            """
            1  a 6 |
            2  d 6 |
            11 a 7 | [0,10) 1 avg=6.0 n=1; [0,10) 2 avg=6.0 n=1
            12 d 4 |
            20 c 0 | [10,20) 1 avg=7.0 n=1; [10,20) 2 avg=4.0 n=1
            21 c 0 | warm 1 10-20 avg=7.0 n=1 floor=1
            """)
    }

    @Test("a match is an event with its values for the stream that follows the pattern")
    func matches() {
        var raw = stream([("hot", "t > 5")])
        raw.name = Located("up")
        var story = Story([
            raw,
            follower(
                [
                    SourceDefinition(
                        .pattern(Located("hot")), mapping: [(Located("heat"), Located("t"))])
                ],
                window: WindowDefinition(.count(2)),
                measures: [("sum", "sum", "heat")], by: ["id"]),
        ])
        #expect(story.diagnostics.isEmpty)
        story.play(
            """
            1 a 6 | hot a 1-1 id=a t=6.0
            2 a 4 |
            3 b 7 | hot b 3-3 id=b t=7.0
            4 a 8 | hot a 4-4 id=a t=8.0
            5 a 0 | [1,4) a sum=14.0
            """)
    }

    @Test("followers of followers, and what is due when nothing comes any more")
    func chain() throws {
        var first = upstream()
        first.sources = [source(idle: "10s")]
        var story = Story([
            first,
            follower(
                [following("up")], name: "middle", window: WindowDefinition(size: .seconds(20)),
                measures: [("avg", "avg", "avg")], by: ["id"]),
            follower([following("middle")], name: "last", patterns: [("seen", "avg > 0")]),
        ])
        #expect(story.diagnostics.isEmpty)
        story.play(
            """
            1  a 6 |
            """)
        var heard: [String] = []
        while let deadline = story.processor.nextDeadline, heard.count < 10 {
            heard += story.step("@\(Double(deadline.milliseconds) / 1000)")
        }
        #expect(heard == ["[0,10) a avg=6.0 n=1", "[0,20) a avg=6.0", "seen a 20-20 avg=6.0 id=a"])
    }

    @Test("a follower with a source of its own waits for both")
    func mixed() {
        var story = Story([
            upstream(),
            follower(
                [
                    following("up"),
                    source(mapping: [("id", "topic[1]"), ("avg", "payload.value")]),
                ],
                window: WindowDefinition(.count(2)), measures: [("sum", "sum", "avg")],
                by: ["id"]),
        ])
        #expect(story.diagnostics.isEmpty)
        story.play(
            """
            5  a 1 |
            12 a 2 | [0,10) a avg=1.0 n=1; [5,10) a sum=2.0
            25 a 4 | [10,20) a avg=2.0 n=1; [12,20) a sum=4.0
            """)
    }

    @Test("rows are grouped by words and whole numbers of their own")
    func columns() {
        var definition = stream(window: "10s")
        definition.processing = [
            .derive(name: Located("hot"), expression: Located("t > 5")),
            .aggregate(
                by: [Located("hot")],
                functions: [AggregateDefinition(name: Located("n"), function: Located("count"))]),
        ]
        var story = Story([definition])
        #expect(story.diagnostics.isEmpty)
        story.play(
            """
            1  a 6 |
            2  b 7 |
            3  c 1 |
            4  d x |
            10 a 0 | [0,10) ? n=1; [0,10) false n=1; [0,10) true n=2
            """)
    }

    private func codes(_ streams: [StreamDefinition]) -> [String] {
        Story(streams).diagnostics.map { "\($0.code) \($0.message)" }
    }

    @Test("what cannot be followed is refused, and only once")
    func refused() {
        let raw = stream([("hot", "t > 5")])
        #expect(
            codes([raw, follower([following("t")])]) == ["E0225 there is no stream `t`"])
        #expect(
            codes([raw, follower([SourceDefinition(.pattern(Located("hat")))])])
                == ["E0225 there is no pattern `hat`"])
        #expect(
            codes([raw, follower([following("s")])]) == [
                "E0227 `s` has no window, so that it puts out no rows"
            ])
        #expect(
            codes([
                upstream(),
                follower([
                    SourceDefinition(
                        .stream(Located("up")), mapping: [(Located("x"), Located("avge"))])
                ]),
            ]) == ["E0203 `up` has no field `avge`"])
        #expect(
            codes([
                upstream(by: ["floor"]),
                follower(
                    [following("up"), source(mapping: [("avg", "payload.value")])],
                    patterns: [("p", "avg > 1")]),
            ]) == ["E0216 some sources of `down` are about devices, and others are not"])
        var broken = upstream()
        broken.sources = []
        #expect(
            codes([broken, follower([following("up")])]).map { $0.prefix(5) }.contains("E0217"))
    }

    @Test("streams that follow each other in a circle are refused with the way round")
    func circle() {
        let streams = [("a", "b"), ("b", "c"), ("c", "a")].map { name, other in
            follower(
                [following(other)], name: name, window: WindowDefinition(size: .minute),
                measures: [("n", "count", "n")])
        }
        #expect(codes(streams) == ["E0226 streams follow each other in a circle: a -> b -> c -> a"])
    }
}
