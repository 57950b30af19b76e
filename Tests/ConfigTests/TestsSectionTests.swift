import Config
import Engine
import Model
import Testing

@Suite("The section tests")
struct TestsSectionTests {
    @Test("is read whole")
    func whole() throws {
        let (configuration, diagnostics) = Configuration.load(
            paths: [repositoryFile("Tests/ConfigTests/Fixtures/hvac_tests.yaml")])
        #expect(diagnostics.map(line) == [])
        let tests = try #require(configuration).definition.tests
        #expect(tests.map(\.name) == ["hot_sensor_is_cooled", "jump_is_an_anomaly"])
        let hot = try #require(tests.first)
        let minutes = hot.events.map { $0.at.count / 60_000 }
        #expect(minutes == [1, 2, 6, 11])
        #expect(
            hot.events[0].values.map(\.value) == [
                Field("temperature", .number(31)), Field("humidity", .number(40)),
            ])
        #expect(hot.matches.map(\.pattern.value) == ["high_temperature"])
        #expect(hot.matches[0].at == Milliseconds("15m"))
        #expect(hot.only == nil)
        #expect(hot.rows.map(\.values.count) == [2])
        #expect(hot.commands?.count == 3)
        #expect(tests[1].commands?.isEmpty == true)
    }

    @Test("every mistake in it is told with its place")
    func mistakes() {
        let text = """
            devices: {groups: {rooms: {range: "room-{1..2}"}}}
            tests:
              first:
                event: []
                events: [{at: 1m, device: room-3, values: {}}, {at: 5, device: room-1, values: {}}]
                expect:
                  matches: [{pattern: hot}]
                  only: [cold]
                  rows: [{stream: s, value: {t: 1}}]
                  commands: [{device: room-9, command: c}, {device: room-1}]
              second: {}
            """
        let (configuration, diagnostics) = Configuration.load(texts: [("test.yaml", text)])
        #expect(configuration == nil)
        let places = diagnostics.map { "\($0.place.line) \($0.code)" }
        #expect(
            places == [
                "4 E0104", "5 E0118", "5 E0109", "7 E0118", "8 E0118", "9 E0118", "9 E0104",
                "10 E0118", "10 E0105", "11 E0105",
            ], "\(diagnostics.map(line))")
    }

    /// A model with a property of each type; `values` are what room-1 sends.
    private func load(_ values: String) -> (Configuration?, [Diagnostic]) {
        let text = """
            devices: {groups: {rooms: {range: "room-{1..2}", model: room}}, list: {thing: {}}}
            models:
              room:
                properties:
                  t: {type: float, unit: celsius, range: [-40, 85]}
                  n: {type: integer}
                  mode: {type: enum, values: [low, high]}
                  door: {type: boolean}
                  since: {type: timestamp}
                  note: {type: string}
            tests: {first: {expect: {}, events: [{at: 1m, device: room-1, values: {\(values)}}]}}
            """
        return Configuration.load(texts: [("test.yaml", text)])
    }

    @Test(
        "values become what the model has",
        arguments: [
            ("t: 20", Value.number(20)), ("t: 20.5", .number(20.5)), ("t: 68 degF", .number(20)),
            ("t: 293.15 K", .number(20)), ("n: 3", .integer(3)), ("n: 3.0", .integer(3)),
            ("door: true", .boolean(true)), ("door: 1", .boolean(true)),
            ("mode: low", .text("low")),
            ("note: 5 apples", .text("5 apples")),
            ("since: 2026-01-01T00:00:00Z", .timestamp(Instant(milliseconds: 1_767_225_600_000))),
        ])
    func taken(_ values: String, _ expected: Value) throws {
        let (configuration, diagnostics) = load(values)
        #expect(diagnostics.map(line) == [])
        let test = try #require(configuration?.definition.tests.first)
        let value = try #require(test.events.first?.values.first?.value.value)
        if case .number(let number) = expected {
            #expect(abs((value.double ?? .nan) - number) < 1e-9)
        } else {
            #expect(value == expected)
        }
    }

    @Test(
        "values that the model refuses are told with their place",
        arguments: [
            ("t: warm", "E0107 t is a float, not 'warm'"),
            ("t: true", "E0107 t is a float, not 'true'"),
            ("t: 86", "E0111 t = 86.0 is outside -40.0...85.0 (values of `t` are in Cel)"),
            ("t: 200 degC", "E0111 t = 200.0 is outside -40.0...85.0 (values of `t` are in Cel)"),
            ("t: 20 degc", "E0113 no unit is spelt `degc` (did you mean `degC`?)"),
            (
                "t: 20 W",
                "E0119 t is in Cel, which W is no measure of (values of `t` are in Cel)"
            ),
            (
                "n: 20 W",
                "E0119 `n` has no unit in its model, so 20 W means nothing here "
                    + "(write the number alone: 20)"
            ),
            ("n: 2.5", "E0107 n is an integer, not '2.5'"),
            ("door: open", "E0108 door is a boolean, not 'open'"),
            ("mode: hihg", "E0112 mode is one of low, high, not 'hihg' (did you mean `high`?)"),
            ("since: today", "E0121 since is a timestamp, not 'today'"),
            ("note: 5", "E0106 note is a string, not '5' (put it in quotes: \"5\")"),
            ("temp: 5", "E0118 `room` has no property `temp`"),
            ("dor: true", "E0118 `room` has no property `dor` (did you mean `door`?)"),
        ])
    func refused(_ values: String, _ expected: String) {
        let (configuration, diagnostics) = load(values)
        #expect(configuration == nil)
        let column = values.split(separator: " ")[0].utf8.count + 73
        #expect(diagnostics.map(line) == ["11:\(column) \(expected)"])
    }
}
