import Language
import Model
import Streams
import Testing

@Suite("Patterns that report what runs out of its time")
struct PatternTimeoutTests {
    private func story(_ condition: String, _ followers: [StreamDefinition] = []) -> Story {
        var definition = stream([("m", condition)])
        definition.name = Located("up")
        definition.patterns[0].reportsTimeouts = true
        return Story([definition] + followers)
    }

    @Test("with the steps it had taken, when the span ends, and before what comes then")
    func steps() {
        var story = story("t > 30 then t < 20 then t > 30 within 10s")
        #expect(story.diagnostics.isEmpty)
        story.play(
            """
            1  a 31 |
            2  b 31 |
            3  a 19 |
            11 b 19 | m a 1-11 id=a t=19.0 steps_taken=2
            12 b 31 | m b 2-12 id=b t=19.0 steps_taken=2
            13 c 0  |
            """)
        #expect(story.counters.timedOut == 2)
        #expect(story.counters.matches == 0)
    }

    @Test("what follows the pattern hears of its matches only")
    func followers() {
        var follower = StreamDefinition(
            name: Located("down"), sources: [SourceDefinition(.pattern(Located("m")))])
        follower.patterns = [
            PatternDefinition(name: Located("seen"), condition: Located("t > 0"))
        ]
        var story = story("t > 30 then t < 20 within 10s", [follower])
        #expect(story.diagnostics.isEmpty)
        let heard = ["1 a 31", "12 a 31", "13 a 15", "14 b 0", "30 b 0"].flatMap { story.step($0) }
        #expect(
            heard == [
                "m a 1-11 id=a t=31.0 steps_taken=1", "m a 12-13 id=a t=15.0",
                "seen a 13-13 id=a t=15.0",
            ])
    }

    @Test(
        "where nothing can run out of its time there is a warning",
        arguments: [
            ("t > 30 then t < 20", true), ("t > 30", true), ("range(t) > 5 within 5m", true),
            ("at least 2 devices: t > 3 within 5m", true), ("t > 30 then t < 20 within 5m", false),
            ("t > 30 3 times within 5m", false),
        ])
    func warning(_ condition: String, _ isWarned: Bool) {
        let found = story(condition).diagnostics
        #expect(found.map(\.code) == (isWarned ? ["E0235"] : []))
        #expect(found.allSatisfy { $0.severity == .warning })
    }
}
