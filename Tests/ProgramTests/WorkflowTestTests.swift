import Foundation
import Testing

@Suite("iotflow test")
struct WorkflowTestTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private func fixture() throws -> String {
        let path = Self.root.appending(path: "Tests/ConfigTests/Fixtures/hvac_tests.yaml")
        return try String(contentsOf: path, encoding: .utf8)
    }

    private func run(_ text: String, _ options: [String] = []) throws -> Outcome {
        let scratch = try Scratch()
        return try Program.iotflow.run(["test"] + options + [scratch.write("test.yaml", text)])
    }

    @Test(
        "the sample's and the example's tests pass",
        arguments: [
            "Tests/ConfigTests/Fixtures/hvac_tests.yaml", "etc/examples/hvac_optimization.yaml",
        ])
    func passes(_ path: String) throws {
        let outcome = try Program.iotflow.run(["test", Self.root.appending(path: path).path()])
        #expect(
            outcome.output
                == "ok hot_sensor_is_cooled\nok jump_is_an_anomaly\n2 tests passed\n")
        #expect(!outcome.errors.contains(" error: "))
        #expect(outcome.status == 0)
    }

    @Test("--name runs one test")
    func one() throws {
        let outcome = try run(fixture(), ["--name", "jump_is_an_anomaly"])
        #expect(outcome.output == "ok jump_is_an_anomaly\n1 test passed\n")
        let none = try run(fixture(), ["--name", "jump"])
        #expect(none.status == 1)
        #expect(none.errors.contains("no test 'jump'; there is: hot_sensor_is_cooled, jump"))
    }

    struct Change: CustomTestStringConvertible {
        var old: String
        var new: String
        var lines: [String]
        var testDescription: String { new }
    }

    @Test(
        "what is expected and not found, or found and not expected, is told",
        arguments: [
            Change(
                old: "device: temp-sensor-001, at: 15m}", new: "device: temp-sensor-001, at: 20m}",
                lines: [
                    "expected: match high_temperature of temp-sensor-001 at 20m",
                    "found:    match high_temperature of temp-sensor-001 at 15m",
                ]),
            Change(
                old: "avg_temp: 31.5,", new: "avg_temp: 31.5000001,",
                lines: [
                    "expected: row temperature_monitoring at 5m device_id=temp-sensor-001: "
                        + "avg_temp=31.5000001 max_temp=32",
                    "found:    row temperature_monitoring at 5m device_id=temp-sensor-001: "
                        + "avg_temp=31.5 max_temp=32.0 min_temp=31.0",
                ]),
            Change(
                old: "hvac-ctrl-001, command: set_fan_speed",
                new: "hvac-ctrl-002, command: set_fan_speed",
                lines: ["expected: command set_fan_speed to hvac-ctrl-002"]),
            Change(
                old: "{at: 2m, device: temp-sensor-001, values: {temperature: 32}}",
                new: "{at: 2m, device: temp-sensor-001, values: {temperature: 32}}\n"
                    + "      - {at: 3m, device: temp-sensor-001, values: {temperature: 26}}",
                lines: ["found:    match temperature_anomaly of temp-sensor-001 at 5m"]),
        ])
    func fails(_ change: Change) throws {
        let text = try fixture()
        #expect(text.contains(change.old))
        let outcome = try run(text.replacing(change.old, with: change.new))
        #expect(outcome.status == 1)
        #expect(outcome.output.contains("FAILED hot_sensor_is_cooled\n"))
        for line in change.lines { #expect(outcome.output.contains("  \(line)\n")) }
        #expect(outcome.output.hasSuffix("1 of 2 tests failed\n"))
    }

    @Test("`only` leaves other patterns out of sight; commands: [] forbids all commands")
    func options() throws {
        let text = try fixture()
        let blind = text.replacing(
            "matches: [{pattern: temperature_anomaly, device: temp-sensor-042, at: 5m}]",
            with: "only: [high_temperature]")
        #expect(blind != text)
        #expect(try run(blind).status == 0)
        let still = text.replacing(
            "      commands:\n        - ", with: "      commands: []\n      #"
        )
        .replacing("        - {device: hvac", with: "      # {device: hvac")
        let outcome = try run(still)
        #expect(outcome.output.contains("  found:    command set_mode to hvac-ctrl-001\n"))
    }

    @Test("a configuration with errors, or without tests, ends with 1")
    func refused() throws {
        let bad = try run(fixture().replacing("expect:", with: "expects:"))
        #expect(bad.status == 1)
        #expect(bad.errors.contains("a test has no key `expects`"))
        #expect(bad.output == "")
        let none = try run("workflow: empty\n")
        #expect(none.status == 1)
        #expect(none.errors.contains("there are no tests"))
    }
}
