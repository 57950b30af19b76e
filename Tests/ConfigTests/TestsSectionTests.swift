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
            hot.events[0].values == [
                Field("temperature", .integer(31)), Field("humidity", .integer(40)),
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
}
