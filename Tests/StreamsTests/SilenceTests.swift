import Model
import Streams
import Testing

@Suite("Silence")
struct SilenceTests {
    @Test("when all is silent, the last window closes at the clock's pace")
    func lastWindow() throws {
        var story = Story([stream(window: "1m", measures: [("n", "count")], idle: "30s")])
        story.play("50 a 1 1000 |")
        #expect(story.processor.nextDeadline == seconds("1030"))
        // Silent since 1030, at event time 50; the window ends at 60.
        story.play(
            """
            @1030     |
            @1039.998 |
            """)
        #expect(story.processor.nextDeadline == seconds("1039.999"))
        story.play("@1039.999 | [0,60) a n=1")
        #expect(story.processor.nextDeadline == nil)
    }

    @Test("a late call of advance changes nothing but the moment it comes out")
    func lateAdvance() {
        var story = Story([stream(window: "1m", measures: [("n", "count")], idle: "30s")])
        story.play(
            """
            50 a 1 1000 |
            @5000 | [0,60) a n=1
            """)
    }

    @Test("an event ends silence; it is judged by the watermark that has moved on")
    func wakingUp() {
        var story = Story([
            stream(window: "10s", measures: [("n", "count")], lateness: "5s", idle: "30s")
        ])
        story.play(
            """
            9  a 1 1000 |
            12 a 1 1000 |
            13 a 1 1030 | [0,10) a n=1
            12 a 1 1031 |
            16 b 1 1031 |
            24.999 b 1 1032 |
            25     b 1 1032 | [10,20) a n=2; [10,20) b n=1
            """)
        // At 1030 the watermark moved to 12: the reading at 12 is late, the one at 13 is not.
        #expect(story.counters.late == 1)
    }

    @Test("the watermark is that of the slowest source, until it falls silent")
    func slowSource() {
        var definition = stream(window: "10s", measures: [("n", "count")])
        definition.sources = [
            source(lateness: "0s", idle: "30s"),
            source(group: "meters", lateness: "0s", idle: "30s"),
        ]
        var story = Story([definition])
        story.play(
            """
            1  a 1 1000 |
            2  m 1 1000 |
            11 a 1 1020 |
            21 a 1 1029 |
            @1029.999   |
            @1030       | [0,10) a n=1; [0,10) m n=1; [10,20) a n=1
            15 m 1 1031 |
            22 m 1 1032 |
            31 a 1 1033 |
            31 m 1 1034 | [20,30) a n=1; [20,30) m n=1
            """)
        #expect(story.counters.late == 1)
    }

    @Test("a source that has never spoken holds the watermark no longer than its timeout")
    func mute() {
        var definition = stream(window: "10s", measures: [("n", "count")])
        definition.sources = [
            source(lateness: "0s", idle: "30s"),
            source(group: "meters", lateness: "0s", idle: "1m"),
        ]
        var story = Story([definition])
        story.play(
            """
            1  a 1 1000 |
            11 a 1 1020 |
            12 a 1 1040 |
            13 a 1 1059.999 |
            14 a 1 1060 | [0,10) a n=1
            """)
    }

    @Test("nothing waits, no deadline")
    func noDeadline() {
        var story = Story([stream([("hot", "t > 30")], idle: "30s")])
        #expect(story.processor.nextDeadline == nil)
        story.play(
            """
            1 a 31 | hot a 1-1 id=a t=31.0
            """)
        #expect(story.processor.nextDeadline == nil)
    }
}
