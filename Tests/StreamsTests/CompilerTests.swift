import Model
import Streams
import Testing

/// Every mistake is found at once, at its place, with what to do instead.
@Suite("Compiling streams")
struct CompilerTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var story: String
        var definition: StreamDefinition
        /// `code text` of each diagnostic, the text being what is underlined or told.
        var diagnostics: [String]
        var testDescription: String { story }

        init(
            _ story: String, _ diagnostics: [String], window: String? = nil,
            measures: [(name: String, function: String)] = [], by: [String] = ["id"],
            patterns: [(name: String, condition: String)] = [], filter: String? = nil,
            _ change: (inout StreamDefinition) -> Void = { _ in }
        ) {
            self.story = story
            self.diagnostics = diagnostics
            definition = stream(
                patterns, window: window, filter: filter, measures: measures, by: by)
            change(&definition)
        }
    }

    static let cases = [
        Case("nothing wrong", [], window: "1m", measures: [("a", "avg")]),
        Case(
            "unknown group",
            ["E0201 there is no device group `sensor` / did you mean `sensors`?"]
        ) { $0.sources = [source(group: "sensor")] },
        Case(
            "nothing near the group's name",
            ["E0201 there is no device group `x` / groups: sensors, meters"]
        ) { $0.sources = [source(group: "x")] },
        Case(
            "a topic that is none",
            ["E0202 `telemetry/+x/t` is not a topic: a wildcard must be alone, not as in `+x`"],
            patterns: [("p", "t > 5")]
        ) { $0.sources = [source(topic: "telemetry/+x/t")] },
        Case(
            "a path that names nothing",
            ["E0203 `payload` names nothing in a message"], patterns: [("p", "t > 5")]
        ) { $0.sources = [source(mapping: [("t", "payload")])] },
        Case(
            "another property's value",
            ["E0203 a reading of `t` has no `n` / its own value is payload.value"]
        ) { $0.sources = [source(mapping: [("x", "payload.n")])] },
        Case(
            "a whole datagram has no value but its properties",
            ["E0211 no device here has a property `value` in its model"]
        ) { $0.sources = [source(topic: "telemetry/+")] },
        Case(
            "unknown aggregate function, once, though a pattern reads it",
            ["E0204 there is no aggregate function `agv` / did you mean `avg`?"],
            window: "1m", measures: [("x", "agv")], patterns: [("p", "x > 1")]),
        Case(
            "unknown field", ["E0205 no source has a field `T` / did you mean `t`?"], window: "1m"
        ) {
            $0.processing = [
                .aggregate(
                    by: [],
                    functions: [
                        AggregateDefinition(
                            name: Located("x"), function: Located("sum"), field: Located("T"))
                    ])
            ]
        },
        Case(
            "two fields of one name", ["E0206 there are two fields called `x`"], window: "1m",
            measures: [("x", "avg"), ("x", "sum")]),
        Case(
            "two patterns of one name", ["E0206 there are two patterns called `p`"],
            patterns: [("p", "t > 1"), ("p", "t > 2")]),
        Case(
            "a field called like the key", ["E0206 `id` is already what rows are grouped by"],
            window: "1m", measures: [("id", "avg")]),
        Case(
            "aggregate without a window",
            [
                "E0207 an aggregate needs a window to end it / "
                    + "add to the stream: window: {type: tumbling, size: 5m}"
            ], measures: [("x", "avg")]),
        Case(
            "a dimension that no device has",
            ["E0208 no device here has a tag `flor` / did you mean `floor`?"], window: "1m",
            measures: [("x", "avg")], by: ["flor"]),
        Case(
            "the average of words",
            ["E0209 `avg` needs numbers, and `t` is string / `count` counts values of any type"],
            window: "1m", measures: [("x", "avg"), ("y", "count")]
        ) { $0.sources = [source(topic: "telemetry/+/state")] },
        Case(
            "a window without an aggregate",
            ["E0210 the window does nothing, because no processing step aggregates"], window: "1m"),
        Case(
            "a window in which a group is judged", [], window: "1m",
            patterns: [("p", "at least 2 devices: t > 1")]),
        Case(
            "a window beside a group's own span", ["E0210 the window does nothing"], window: "1m",
            patterns: [("p", "at least 2 devices: t > 1 within 5m"), ("q", "t > 1")]),
        Case(
            "a window of another kind for a group",
            [
                "E0210 the window does nothing, because no processing step aggregates"
                    + " / a group of devices is judged in tumbling windows, if it has no `within`"
            ], patterns: [("p", "at least 2 devices: t > 1")]
        ) { $0.window = WindowDefinition(.count(9)) },
        Case(
            "a window whose pattern is wrong", ["E0313 there is no `x` here"], window: "1m",
            patterns: [("p", "any devices: x > 1")]),
        Case(
            "a property in no model",
            [
                "E0211 no device here has a property `temp` in its model / "
                    + "properties: t, n, state, on"
            ]
        ) { $0.sources = [source(topic: "telemetry/+/temp")] },
        Case(
            "grouping by a value",
            [
                "E0212 rows cannot be grouped by the number `t` / "
                    + "group by device_id, by tags of the devices, or by words"
            ], window: "1m", measures: [("x", "avg")], by: ["t"]),
        Case(
            "a window of no size", ["E0213 a window's size must be more than nothing, not 0s"],
            window: "0s", measures: [("x", "avg")]),
        Case(
            "more windows open than there may be",
            [
                "E0219 with a lateness of 1h3m more than 64 windows of 1m would be open at once"
                    + " / use a lateness below 1h3m, or larger windows"
            ], window: "1m", measures: [("a", "avg")]
        ) { $0.sources[0].lateness = .minute * 63 },
        Case("as many windows open as there may be", [], window: "1m", measures: [("a", "avg")]) {
            $0.sources[0].lateness = .minute * 62
        },
        Case("negative lateness", ["E0213 lateness cannot be -1s"]) {
            $0.sources[0].lateness = .seconds(-1)
        },
        Case(
            "two aggregates", ["E0214 this version aggregates once in a stream"], window: "1m",
            measures: [("x", "avg")]
        ) { $0.processing.append($0.processing[0]) },
        Case(
            "a sum of nothing", ["E0215 `sum` needs a field"], window: "1m"
        ) {
            $0.processing = [
                .aggregate(
                    by: [],
                    functions: [
                        AggregateDefinition(name: Located("x"), function: Located("sum")),
                        AggregateDefinition(name: Located("n"), function: Located("count")),
                    ])
            ]
        },
        Case(
            "one field, two meanings",
            ["E0216 `t` is float in an earlier source and string here"]
        ) { $0.sources.append(source(topic: "telemetry/+/state")) },
        Case("no sources", ["E0217 `s` has no sources"]) { $0.sources = [] },
        Case(
            "a device that is not there",
            ["E0218 there is no device `aa` here yet / did you mean `a`?"]
        ) { $0.sources = [source(topic: "telemetry/aa/t")] },
        Case(
            "a mistake in an expression is the language's", ["E0313 there is no `x` here"],
            filter: "x > 1"),
        Case(
            "windows of single events are the language's too",
            ["E0323 there are no windows here"],
            patterns: [("p", "t > 1 for 3 consecutive windows")]
        ),
        Case(
            "several mistakes at once",
            [
                "E0201 there is no device group `x`", "E0213 a window's size",
                "E0204 there is no aggregate function `x`",
            ], window: "0s", measures: [("y", "x")]
        ) { $0.sources = [source(group: "x")] },
    ]

    @Test(arguments: cases)
    func table(_ row: Case) throws {
        let found = Story([row.definition]).diagnostics
        let texts = found.map { ([$0.code + " " + $0.message] + $0.help).joined(separator: " / ") }
        try #require(texts.count == row.diagnostics.count, "\(texts)")
        for expected in row.diagnostics {
            #expect(texts.contains { $0.hasPrefix(expected) }, "\(texts)")
        }
    }

    @Test("a diagnostic underlines the word that is wrong")
    func place() throws {
        var definition = stream()
        let place = Place(file: "a.yaml", line: 7, column: 3)
        definition.sources[0].group = Located("sensor", at: place)
        let diagnostic = try #require(Story([definition]).diagnostics.first)
        #expect(diagnostic.place == place)
        #expect(diagnostic.length == 6)
        #expect(diagnostic.severity == .error)
    }

    @Test("streams and aggregations share their names; one with a mistake is left out alone")
    func leftOut() {
        let good = stream([("p", "t > 30")])
        var bad = stream()
        bad.name = Located("bad")
        bad.sources = []
        var story = Story([bad, good])
        #expect(story.diagnostics.map(\.code) == ["E0217"])
        story.play("1 a 31 | p a 1-1 id=a t=31.0")
        var twin = aggregation([("n", "count")], by: [], windows: [("w", "1m")])
        twin.name = Located("s")
        #expect(Story([good], [twin]).diagnostics.map(\.code) == ["E0206"])
    }

    @Test("an aggregation without windows")
    func noWindows() {
        let story = Story([], [aggregation([("n", "count")], by: [], windows: [])])
        #expect(story.diagnostics.map(\.code) == ["E0207"])
    }

    @Test(arguments: [
        ("telemetry/+/t", true), ("telemetry/+", true), ("telemetry/#", true), ("#", true),
        ("+/+/t", true), ("telemetry/a/t/#", true), ("telemetry/a/#", true), ("", false),
        ("telemetry", false), ("telemetry//t", false), ("telemetry/+/t/x", false),
        ("telemetry/#/t", false), ("twin/+/t", false), ("telemetry/t#", false),
    ])
    func topics(_ topic: String, _ isGood: Bool) {
        var definition = stream()
        definition.sources[0].topic = Located(topic)
        definition.sources[0].mapping = []
        let codes = Story([definition]).diagnostics.map(\.code)
        #expect(codes.contains("E0202") != isGood)
    }

    @Test("memory is bounded by keys, windows and what patterns remember")
    func memory() {
        func bytes(_ definition: StreamDefinition) -> Int {
            let story = Story([definition])
            return story.processor.memoryBounds(registry: story.registry).map(\.bytes).reduce(0, +)
        }
        let small = bytes(stream(window: "1m", measures: [("x", "avg")]))
        #expect((1...4096).contains(small))
        #expect(bytes(stream(window: "1m", measures: [("x", "avg")], lateness: "5m")) > small)
        #expect(bytes(stream([("p", "t > 1")])) < bytes(stream([("p", "t > 1 for 5m")])))
    }
}
