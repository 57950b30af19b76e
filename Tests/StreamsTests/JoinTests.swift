import Language
import Model
import Streams
import Testing

@Suite("As-of joins")
struct JoinTests {
    private func story(
        on: [String] = [], tags: [String] = [], fields: [String] = ["h"],
        _ condition: String = "t > 0 and h > 0", limits: StreamLimits = StreamLimits()
    ) -> Story {
        var definition = stream([("p", condition)])
        definition.sources = [
            source(lateness: "1s"),
            source(
                topic: "telemetry/+/n", mapping: [("id", "topic[1]"), ("h", "payload.value")],
                lateness: "1s"),
        ]
        definition.processing =
            (tags.isEmpty ? [] : [.enrich(tags: tags.map { Located($0) })]) + [
                .join(
                    fields: fields.map { Located($0) }, on: on.map { Located($0) },
                    within: .seconds(10), at: .unknown),
                .filter(expression: Located("t is not missing")),
            ]
        return Story([definition], limits: limits)
    }

    @Test("an event gets the latest value of the same device, if it is less old than the span")
    func device() {
        var story = story()
        story.play(
            """
            1      a n=5i |
            2      b 20   |
            3      a 21   |
            10.999 a 22   |
            11     a 23   |
            30     a n=6i | p a 3-3 id=a t=21.0 h=5
            30     b n=7i |
            30     a 24   | p a 10.999-10.999 id=a t=22.0 h=5
            40     b 1    |
            40     b n=1i | p a 30-30 id=a t=24.0 h=6
            """)
    }

    @Test("events of one time see each other, in whichever order they come")
    func peers() {
        var story = story(on: ["floor"], tags: ["floor"])
        story.play(
            """
            1 b 20   |
            1 a n=5i |
            2 d 20   |
            9 c n=1i |
            9 c 1    | p b 1-1 id=b t=20.0 h=5 floor=1
            """)
    }

    @Test("keys beyond the limit are joined with nothing, and counted")
    func limit() {
        var limits = StreamLimits()
        limits.keys = 1
        var story = story(limits: limits)
        story.play(
            """
            1 a n=5i |
            2 b n=6i |
            3 a 20   |
            9 b n=1i |
            9 a 1    | p a 3-3 id=a t=20.0 h=5
            """)
        #expect(story.counters.droppedByLimit > 0)
    }

    @Test("a join on what it joins is refused, and one without a span")
    func refused() {
        #expect(story(on: ["h"]).diagnostics.map(\.code) == ["E0223"])
        #expect(story(fields: ["x"]).diagnostics.map(\.code) == ["E0205"])
    }
}
