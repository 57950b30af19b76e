import Language
import Model
import Streams
import Testing

@Suite("Late events and revised windows")
struct StepLateTests {
    private func story(
        _ kind: WindowDefinition.Kind = .tumbling(size: .seconds(10)), retention: String? = "20s",
        filter: String? = nil, limits: StreamLimits = StreamLimits()
    ) -> Story {
        var definition = stream(
            [("many", "n > 1")], window: "10s", filter: filter,
            measures: [("n", "count"), ("sum", "sum")])
        definition.window = WindowDefinition(kind)
        definition.retention = retention.map { Located(span($0)) }
        var story = Story([definition], limits: limits)
        story.showsLate = true
        return story
    }

    @Test("a late event comes out as such, and is counted")
    func late() {
        var story = story(retention: nil)
        story.play(
            """
            5  a 1 |
            12 a 2 | [0,10) a n=1 sum=1.0
            5  b 4 12 | late 5 id=b t=4.0
            11.999 b 4 12 | late 11.999 id=b t=4.0
            12 b 8 12 |
            """)
        #expect(story.counters.late == 2)
    }

    @Test("a turn puts out so many late events and counts all of them")
    func bounded() {
        var limits = StreamLimits()
        limits.lateOutputs = 1
        var story = story(retention: nil, limits: limits)
        story.play(
            """
            12 a 2 |
            5  b 4 12 | late 5 id=b t=4.0
            6  b 4 12 |
            @12 |
            7  b 4 12 | late 7 id=b t=4.0
            """)
        #expect(story.counters.late == 3)
    }

    @Test("a late event revises its window, which patterns do not see again")
    func revise() {
        var story = story()
        story.play(
            """
            5     a 1 |
            12    a 2 | [0,10) a n=1 sum=1.0
            9     a 4 12 | [0,10) a n=2 sum=5.0 r1
            9.999 a 4 12 | [0,10) a n=3 sum=9.0 r2
            3     b 7 12 | [0,10) b n=1 sum=7.0 r1
            11    a 1 12 |
            20    a 1 | [10,20) a n=2 sum=3.0; many a 10-20 n=2 sum=3.0
            """)
        #expect(story.counters.late == 4)
        #expect(story.counters.revisions == 3)
    }

    @Test("retention ends with the watermark, and is kept over a restart")
    func retention() throws {
        var story = story()
        story.play(
            """
            5      a 1 |
            30     a 2 | [0,10) a n=1 sum=1.0
            9      a 4 30 | [0,10) a n=2 sum=5.0 r1
            """)
        var writer = ByteWriter()
        story.processor.snapshot(into: &writer)
        var reader = ByteReader(writer.bytes)
        try story.processor.restore(from: &reader)
        #expect(reader.isAtEnd)
        story.play(
            """
            8      a 8 30 | [0,10) a n=3 sum=13.0 r2
            30.001 a 0 |
            9      a 4 30 | late 9 id=a t=4.0
            """)
    }

    @Test("of hopping windows, closed ones come again and open ones count it")
    func hopping() {
        var story = story(.hopping(size: .seconds(10), every: .seconds(5)))
        story.play(
            """
            12 a 1 |
            7  b 2 12 | [0,10) b n=1 sum=2.0 r1
            15 a 0 | [5,15) a n=1 sum=1.0; [5,15) b n=1 sum=2.0
            """)
    }

    @Test("a late event of a pane revises what has closed of it, and does not open that again")
    func panes() {
        var story = story(.hopping(size: .seconds(10), every: .seconds(4)))
        story.play(
            """
            30   a 1 |
            22   b 2 30 | [16,26) b n=1 sum=2.0 r1; [20,30) b n=1 sum=2.0 r1
            26   b 4 30 | [20,30) b n=2 sum=6.0 r2
            11   b 4 30 | [4,14) b n=1 sum=4.0 r1; [8,18) b n=1 sum=4.0 r1
            60   a 0 | [24,34) a n=1 sum=1.0; [24,34) b n=1 sum=4.0; [28,38) a n=1 sum=1.0
            """)
    }

    @Test("a filter holds for late events too")
    func filter() {
        var story = story(filter: "t > 3")
        story.play(
            """
            12 a 5 |
            5  b 1 12 |
            5  b 4 12 | [0,10) b n=1 sum=4.0 r1
            """)
    }

    @Test(
        "what cannot be revised is refused",
        arguments: [
            (WindowDefinition.Kind.session(gap: .second, longest: nil), "1h"), (.count(2), "1h"),
            (.sliding(.second), "1h"), (.tumbling(size: .second), "1h"),
        ])
    func refused(kind: WindowDefinition.Kind, retention: String) {
        #expect(story(kind, retention: retention).diagnostics.map(\.code) == ["E0224"])
    }
}
