import Foundation
import Testing
import Wire

/// Every file of etc/examples does what it says: it is checked, its own tests pass, and each of its
/// scenarios is simulated.
@Suite("The examples")
struct ExampleTests {
    static let directory = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "etc/examples")

    /// Found, not listed, so that no later example is forgotten.
    static let files: [String] =
        (try? FileManager.default.contentsOfDirectory(atPath: directory.path()).sorted()) ?? []

    static func path(_ name: String) -> String { directory.appending(path: name).path() }

    @Test("there are at least three")
    func some() {
        #expect(ExampleTests.files.count >= 3)
        #expect(ExampleTests.files.allSatisfy { $0.hasSuffix(".yaml") })
    }

    @Test("nothing is wrong with it, not even doubtful", arguments: files)
    func check(_ name: String) throws {
        let outcome = try Program.iotflow.run(["check", ExampleTests.path(name)])
        #expect(outcome.status == 0)
        #expect(outcome.output == "ok\n")
        #expect(outcome.errors == "")
    }

    @Test("it has tests, and they pass", arguments: files)
    func test(_ name: String) throws {
        let outcome = try Program.iotflow.run(["test", ExampleTests.path(name)])
        #expect(outcome.status == 0, "\(outcome.output)")
        let lines = outcome.output.split(separator: "\n")
        #expect(lines.count >= 3)
        #expect(lines.dropLast().allSatisfy { $0.hasPrefix("ok ") })
        #expect(outcome.errors == "")
    }

    /// What a scenario must show: how often each pattern matches, over the seeds 1 to 3.
    struct Scenario: CustomTestStringConvertible {
        var file: String
        var name: String
        var patterns: [(name: String, times: ClosedRange<Int>, why: String)]
        var commands: ClosedRange<Int>
        var testDescription: String { "\(file) \(name)" }
    }

    static let scenarios = [
        Scenario(
            file: "emergency_response.yaml", name: "overheating",
            patterns: [("overheated", 12...12, "every motor, once in ten minutes")],
            commands: 12...12),
        Scenario(
            file: "environmental_monitoring.yaml", name: "working_day",
            patterns: [
                // 1300 ppm is reached once in the first hour and once in the fifth, by all 12.
                ("stale_air", 24...24, "twelve rooms, two peaks"),
                ("air_aired", 12...12, "from the first peak to the valley; the day ends in a peak"),
                // 3 degrees within two hours, from the wave's valley up.
                ("warming", 12...14, "twelve rooms warm once; a spike may do it once more"),
                ("unusual_temperature", 2...2, "two sensors have spikes, told once in six hours"),
                ("sensor_silent", 0...0, "all speak every minute"),
            ], commands: 0...0),
        Scenario(
            file: "hvac_optimization.yaml", name: "summer_afternoon",
            patterns: [
                ("temperature_anomaly", 15...15, "five sensors, three spikes each"),
                ("high_temperature", 100...300, "a hundred sensors are hot until they are cooled"),
            ], commands: 60...300),
        Scenario(
            file: "predictive_maintenance.yaml", name: "worn_bearings",
            patterns: [
                // Five or six spikes each in two hours, ten minutes of them in the warm-up.
                ("unusual_vibration", 15...18, "three pumps shake every 20 minutes"),
                ("drifting_vibration", 0...6, "a spike is a drift too, once an hour and pump"),
                ("stuck_sensor", 0...0, "all sensors move"),
                ("bearing_burning", 2...2, "one bearing, once an hour"),
                ("bearing_wearing", 0...0, "a spike is no trend"),
                ("bearing_heating", 0...2, "only a spike that is long enough heats the mean"),
            ], commands: 2...2),
        Scenario(
            file: "production_line.yaml", name: "calm",
            patterns: [
                ("start_requested", 0...0, "nobody is at the panel"),
                ("stop_requested", 0...0, "nobody is at the panel"),
            ], commands: 0...0),
        Scenario(
            file: "production_line.yaml", name: "trouble",
            patterns: [
                ("start_requested", 0...0, "stations misbehave when they are told to start"),
                ("stop_requested", 0...0, "nobody is at the panel"),
            ], commands: 0...0),
    ]

    @Test("a scenario shows what it is there for", arguments: scenarios)
    func simulate(_ scenario: Scenario) throws {
        for seed in 1...3 {
            let outcome = try Program.iotflow.run([
                "simulate", ExampleTests.path(scenario.file), "--scenario", scenario.name,
                "--seed", "\(seed)", "--json",
            ])
            #expect(outcome.status == 0)
            let report = try #require(outcome.json)
            for pattern in scenario.patterns {
                let found = report["detected_patterns"]?[pattern.name]?["count"]
                let count = integer(found) ?? 0
                #expect(
                    pattern.times.contains(count),
                    "seed \(seed): \(pattern.name) matched \(count) times; \(pattern.why)")
            }
            guard case .map(let found)? = report["detected_patterns"] else { continue }
            let known = Set(scenario.patterns.map { Document.text($0.name) })
            #expect(found.allSatisfy { known.contains($0.key) })
            let commands = integer(report["commands_issued"]) ?? -1
            #expect(scenario.commands.contains(commands), "seed \(seed): \(commands) commands")
            #expect(report["commands_succeeded"] == report["commands_issued"])
        }
    }

    @Test("every scenario of every example is among those", arguments: files)
    func complete(_ name: String) throws {
        let text = try String(contentsOfFile: ExampleTests.path(name), encoding: .utf8)
        let section = text.components(separatedBy: "\nscenarios:\n").dropFirst().joined()
        let names = section.split(separator: "\n").prefix { $0.hasPrefix(" ") }.compactMap {
            $0.wholeMatch(of: #/  (\w+):/#).map { String($0.1) }
        }
        let shown = ExampleTests.scenarios.filter { $0.file == name }.map(\.name)
        #expect(!names.isEmpty)
        #expect(names == shown)
    }

    private func integer(_ document: Document?) -> Int? {
        guard case .integer(let integer)? = document else { return nil }
        return Int(integer)
    }
}
