import Config
import Engine
import Foundation
import Model
import Testing

@Suite("Files and directories are read")
struct LoadingTests {
    /// A directory that is removed with the test.
    private final class Directory {
        let path = NSTemporaryDirectory() + "iotflow-config-" + UUID().uuidString

        init(_ files: [String: String]) throws {
            for (name, text) in files {
                let url = URL(filePath: path).appending(path: name)
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(text.utf8).write(to: url)
            }
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    @Test("a directory with iotflow.yaml stands for it and then conf.d, in the order of names")
    func layout() throws {
        let directory = try Directory([
            "iotflow.yaml": "workflow: main", "conf.d/b.yaml": "workflow: b",
            "conf.d/a.yaml": "workflow: a", "conf.d/README": "not: [yaml", "other.yaml": "no: key",
            "conf.d/.hidden.yaml": "no: key",
        ])
        let (configuration, diagnostics) = Configuration.load(paths: [directory.path])
        #expect(diagnostics.map(line) == [])
        #expect(configuration?.workflows.map(\.value) == ["main", "a", "b"])
    }

    @Test("any other directory stands for its yaml files, in the order of names")
    func plain() throws {
        let directory = try Directory(["b.yaml": "workflow: b", "a.yaml": "workflow: a"])
        let (configuration, _) = Configuration.load(paths: [directory.path])
        #expect(configuration?.workflows.map(\.value) == ["a", "b"])
    }

    @Test("a file named twice is read once")
    func twice() throws {
        let directory = try Directory(["a.yaml": "models: {m: {}}"])
        let (_, diagnostics) = Configuration.load(
            paths: [directory.path, directory.path + "/a.yaml"])
        #expect(diagnostics.map(line) == [])
    }

    @Test("what cannot be read is told, and the rest is read all the same")
    func unreadable() throws {
        let directory = try Directory(["a.yaml": "bad: 1", "dir.yaml/x": "", "empty/x.txt": ""])
        let missing = directory.path + "/missing.yaml"
        let (configuration, diagnostics) = Configuration.load(
            paths: [missing, directory.path, directory.path + "/empty", "/dev/zero"])
        #expect(configuration == nil)
        let said = diagnostics.map { "\($0.code) \($0.message)" }
        #expect(said.contains("E0100 cannot read \(missing): No such file or directory"))
        #expect(
            said.contains(
                "E0100 cannot read \(directory.path)/dir.yaml: it is not a regular file"))
        #expect(
            said.contains(
                "E0100 cannot read \(directory.path)/empty: the directory has no *.yaml file"))
        #expect(said.contains("E0100 cannot read /dev/zero: it is not a regular file"))
        #expect(diagnostics.filter { $0.code == "E0104" }.count == 1)
    }

    @Test("a diagnostic shows its line with the words underlined")
    func described() throws {
        let directory = try Directory([
            "a.yaml":
                "streams:\n  café:\n    sources: [{topic: t, mapping: {é: x}, lateness: 50}]\n"
        ])
        let file = directory.path + "/a.yaml"
        let (_, diagnostics) = Configuration.load(paths: [file, directory.path + "/missing"])
        var text = DiagnosticText()
        #expect(
            text.describe(diagnostics) == """
                \(file):3:54: error: a length of time is wanted, not `50` [E0109]
                  3 |     sources: [{topic: t, mapping: {é: x}, lateness: 50}]
                    |                                                     ^^
                    = write 50s for seconds, 50m for minutes
                \(directory.path)/missing:1:1: error: cannot read \(directory.path)/missing: \
                No such file or directory [E0100]

                """)
        #expect(
            text.describe([Diagnostic(code: "E0104", "no key", at: .unknown)])
                == "error: no key [E0104]\n")
    }

    @Test("what the project ships is accepted")
    func shipped() throws {
        let (configuration, diagnostics) = Configuration.load(
            paths: [repositoryFile("etc"), repositoryFile("etc/examples/hvac_optimization.yaml")])
        #expect(diagnostics.map(line) == [])
        let definition = try #require(configuration).definition
        let registry = definition.registry
        let sensor = try #require(registry.device(named: "temp-sensor-048").flatMap(registry.entry))
        #expect(sensor.tags == ["building": "hq", "floor": "1", "zone": "zone-10"])
        #expect(sensor.position == .init(x: 47, y: 0))
        let controller = try #require(
            registry.device(named: "hvac-ctrl-010").flatMap(registry.entry))
        #expect(controller.tags["zone"] == "zone-10")
        #expect(controller.position == .init(x: 47, y: 0))
        let setpoint = try #require(registry.models[1].properties.first { $0.name == "setpoint" })
        #expect(setpoint.isWritable)
        let scenario = try #require(definition.scenarios.first)
        #expect(scenario.telemetry.first?.phase == .hour * 6)
        #expect(scenario.telemetry.first?.spikes?.devices == 5)
        #expect(scenario.influences.first?.value == .text("cool"))
    }
}
