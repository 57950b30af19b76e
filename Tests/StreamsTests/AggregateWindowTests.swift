import Language
import Model
import Streams
import Testing

@Suite("Aggregates in windows")
struct AggregateWindowTests {
    @Test("the statistics of one minute")
    func statistics() {
        let names = ["first", "last", "median", "p90", "mode", "mad", "stddev", "distinct", "rate"]
        var story = Story([stream(window: "1m", measures: names.map { ($0, $0) }, lateness: "20s")])
        story.play(
            """
            1  a 3  |
            5  a 7  |
            3  a 3  |
            11 a 5  |
            90 a 0  | [0,60) a first=3.0 last=5.0 median=4.0 p90=6.4 mode=3.0 mad=1.0 \
            stddev=1.9148542155126762 distinct=3 rate=0.2
            """)
    }

    @Test("over several devices the total order says who was first and last")
    func order() {
        for lines in [["7 b 2", "7 a 1", "9 a 3"], ["9 a 3", "7 a 1", "7 b 2"]] {
            var story = Story([
                stream(
                    window: "1m", measures: [("first", "first"), ("last", "last")],
                    by: ["floor"], lateness: "20s")
            ])
            for line in lines { #expect(story.step(line) == []) }
            #expect(story.step("90 a 0").first?.hasSuffix("first=2.0 last=3.0") == true)
        }
    }

    @Test("how many devices of a floor spoke")
    func devices() {
        var definition = stream(
            window: "1m", measures: [("devices", "distinct"), ("who", "last")], by: ["floor"],
            lateness: "20s")
        definition.processing = [
            .aggregate(
                by: [Located("floor")],
                functions: ["distinct", "last"].map {
                    AggregateDefinition(
                        name: Located($0), function: Located($0), field: Located("id"))
                })
        ]
        var story = Story([definition])
        story.play(
            """
            1  a 3 |
            2  b 3 |
            3  a 3 |
            4  d 3 |
            90 a 0 | [0,60) 1 distinct=2 last=a; [0,60) 2 distinct=1 last=d
            """)
    }

    @Test("two fields of a row that go together")
    func correlation() {
        var definition = stream(window: "1m", lateness: "20s")
        definition.sources = [
            source(
                topic: "telemetry/+",
                mapping: [("id", "topic[1]"), ("t", "payload.t"), ("n", "payload.n")],
                lateness: "20s")
        ]
        definition.processing = [
            .aggregate(
                by: [Located("id")],
                functions: [
                    AggregateDefinition(
                        name: Located("r"), function: Located("correlation"),
                        field: Located("t"), by: Located("n")),
                    AggregateDefinition(name: Located("count"), function: Located("count")),
                ])
        ]
        var story = Story([definition])
        story.play(
            """
            1  a t=3   |
            1  a +n=6  |
            2  a t=5   |
            2  a +n=10 |
            3  a t=9   |
            4  a t=4   |
            4  a +n=8  |
            90 a t=0   |
            91 a t=0   | [0,60) a r=1.0 count=4
            """)
    }

    @Test("a result says how far it may be from exact, and only if it may")
    func quality() throws {
        var story = Story([
            stream(
                window: "10m",
                measures: [("p95", "p95"), ("seen", "distinct"), ("max", "max"), ("m", "mad")])
        ])
        var outputs: [StreamOutput] = []
        for index in 0..<599 {
            for device in ["a", "b"] {
                let value = device == "a" ? Double(index) / 7 : Double(index % 50)
                story.accept(
                    story.reading("\(index)", device, "\(value)"), at: seconds("\(index)"),
                    into: &outputs)
            }
        }
        story.accept(story.reading("600", "c", "0"), at: seconds("600"), into: &outputs)
        let rows = outputs.compactMap { output in
            if case .row(let row) = output { row } else { nil }
        }
        try #require(rows.count == 2)
        #expect(rows[0].quality.map(\.name) == ["p95", "seen", "m"])
        #expect(rows[0].quality[0].value == .number(0.125))
        #expect(rows[0].quality[2].value == .number(0.25))
        #expect(rows[1].quality.isEmpty)
    }

    @Test("what a definition may get wrong")
    func mistakes() {
        for (function, field, by, quantile, problem) in [
            ("percentile", "t", nil, nil, "quantile"), ("percentile", "t", nil, 1.5, "quantile"),
            ("correlation", "t", nil, nil, "second field"),
            ("median", nil, nil, nil, "needs a field"),
            ("median", "id", nil, nil, "needs numbers"), ("p950", "t", nil, nil, "no aggregate"),
            ("correlation", "t", "id", nil, "needs numbers"),
        ] as [(String, String?, String?, Double?, String)] {
            var definition = stream(window: "1m", measures: [("x", "count")])
            definition.processing = [
                .aggregate(
                    by: [],
                    functions: [
                        AggregateDefinition(
                            name: Located("x"), function: Located(function),
                            field: field.map { Located($0) }, by: by.map { Located($0) },
                            quantile: quantile)
                    ])
            ]
            let messages = Story([definition]).diagnostics.map(\.message)
            #expect(messages.contains { $0.contains(problem) }, "\(function): \(messages)")
        }
    }
}
