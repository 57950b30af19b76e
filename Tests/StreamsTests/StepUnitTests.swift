import Language
import Model
import Streams
import Testing

@Suite("Values in one unit")
struct StepUnitTests {
    /// Devices `cel`, `fah`, `kel` with a temperature `t` in their unit, `hum` with a ratio of that
    /// name, `bare` without a unit, and `free` without a model.
    private static func registry() -> Registry {
        var registry = Registry()
        let mixed = registry.addGroup("mixed")
        for (name, unit, type) in [
            ("cel", "Cel", ValueType.number), ("fah", "degF", .number), ("kel", "K", .integer),
            ("hum", "%", .number), ("bare", "", .number),
        ] {
            let model = registry.add(
                DeviceModel(
                    name: "model-\(name)",
                    properties: [
                        PropertyModel(name: "t", type: type, unit: Unit(unit)),
                        PropertyModel(name: "word", type: .text),
                    ]))
            let group = registry.addGroup(name)
            var entry = Registry.Entry(name: name)
            entry.model = model
            entry.groups = [group]
            if ["cel", "fah", "kel"].contains(name) { entry.groups.append(mixed) }
            registry.add(entry)
        }
        registry.add(Registry.Entry(name: "free"))
        return registry
    }

    private func story(
        _ sources: [(group: String, unit: String?)], _ condition: String = "t > -1000 or t < 1",
        window: String? = nil, critical: Bool = false
    ) -> Story {
        var definition = stream(
            [("p", condition)], window: window,
            measures: window == nil ? [] : [("avg", "avg")], by: [], critical: critical)
        definition.sources = sources.map { group, unit in
            var source = source(group: group)
            if let unit = unit.flatMap({ Unit($0) }) { source.units = [(Located("t"), unit)] }
            return source
        }
        return Story([definition], registry: StepUnitTests.registry())
    }

    @Test("each device's values are converted from its own unit")
    func convert() throws {
        var story = story([("mixed", "celsius")], "t > 283 K cooldown 1ms")
        try story.playTwice(
            """
            1 fah 50   |
            2 cel 10   | p fah 1-1 id=fah t=10.0
            3 kel 282i | p cel 2-2 id=cel t=10.0
            4 kel 283.65 |
            5 cel 9    | p kel 4-4 id=kel t=10.5
            """)
    }

    @Test("a critical pattern sees the same")
    func decideOnly() {
        var story = story([("mixed", "celsius")], "t > 9", critical: true)
        var outputs: [StreamOutput] = []
        var reading = story.reading("1", "fah", "50")
        reading.flags = .decideOnly
        story.accept(reading, at: seconds("1"), into: &outputs)
        #expect(outputs.map { text($0) } == ["p fah 1-1 id=fah t=10.0"])
    }

    @Test("several sources meet in one unit, and are aggregated in it")
    func meet() throws {
        var story = story(
            [("cel", "K"), ("fah", "K")], "avg > 14 degC", window: "10s")
        try story.playTwice(
            """
            1  fah 50 |
            2  cel 20 |
            10 cel 0  |
            11 fah 0  | [0,10)  avg=288.15; p  0-10 avg=288.15
            """)
    }

    @Test("what has no unit is taken to be in that one")
    func bare() throws {
        var story = story([("bare", "K")])
        try story.playTwice(
            """
            1 bare 5 | p bare 1-1 id=bare t=5.0
            """)
    }

    @Test("what is no finite number after the conversion is missing")
    func overflow() {
        var story = story([("kel", "degF")], "t is missing")
        story.play("1 kel 1.7e308 | p kel 1-1 id=kel t=?")
    }

    @Test(
        "values of several units are not mixed",
        arguments: [
            ([("cel", nil), ("fah", nil)], ["E0216"]), ([("mixed", nil)], ["E0216"]),
            ([("cel", nil), ("fah", "celsius")], []), ([("hum", "celsius")], ["E0216"]),
            ([("cel", "celsius"), ("kel", "K")], ["E0216"]),
        ] as [([(group: String, unit: String?)], [String])])
    func mixed(sources: [(group: String, unit: String?)], codes: [String]) {
        #expect(story(sources).diagnostics.map(\.code) == codes)
    }

    @Test("a unit is of a number that a property fills")
    func refused() throws {
        var definition = stream()
        var bad = source(
            group: nil, topic: "telemetry/+",
            mapping: [("id", "topic[1]"), ("t", "payload.t"), ("word", "payload.word")])
        let celsius = try #require(Unit("celsius"))
        bad.group = Located("cel")
        bad.units = ["t", "word", "id", "T", "t"].map { (Located($0), celsius) }
        definition.sources = [bad]
        let diagnostics = Story([definition], registry: StepUnitTests.registry()).diagnostics
        #expect(diagnostics.map(\.code) == ["E0206", "E0209", "E0205", "E0205"])
        #expect(diagnostics.last?.help == ["did you mean `t`?"])
    }
}
