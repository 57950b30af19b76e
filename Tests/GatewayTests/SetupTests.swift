import Config
import Engine
import Foundation
import Gateway
import Model
import Testing
import Wire

@Suite("Reading a configuration")
struct SetupTests {
    /// Checks `text` as a file and gives its name and what was found.
    private func check(_ text: String) throws -> (Setup?, [Diagnostic], path: String) {
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "iotflow-setup-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let file = directory.appending(path: "c.yaml")
        try Data(text.utf8).write(to: file)
        let (setup, diagnostics) = Setup.check([file.path()])
        return (setup, diagnostics, file.path())
    }

    private func stream(actions: String = "[log_x]", filter: String = "t > 1") -> String {
        """
        devices: {groups: {rooms: {range: "room-{1..2}", model: room}}}
        models: {room: {properties: {t: {type: float}}}}
        workflow: w
        streams:
          s:
            sources:
              - group: rooms
                topic: telemetry/+/t
                mapping: {device_id: "topic[1]", t: payload.value}
            processing: [{type: filter, expression: "\(filter)"}]
            patterns: [{name: p, condition: t > 2, actions: \(actions)}]
        """
    }

    @Test("a good file gives a setup")
    func good() throws {
        let (setup, diagnostics, _) = try check(stream())
        #expect(diagnostics == [])
        #expect(setup?.plan.workflow == "w")
        #expect(setup?.settings.durability == .group)
    }

    @Test("a mistake that both the reader and the compiler find is told once")
    func once() throws {
        let (setup, diagnostics, path) = try check(stream(actions: "[updat_twin]"))
        #expect(setup == nil)
        #expect(diagnostics.map(\.code) == ["E0118"])
        #expect(diagnostics.first?.help == ["did you mean `update_twin`?"])
        #expect(diagnostics.first?.place.file == path)
    }

    @Test("mistakes of reading and of compiling come together, in the order of the file")
    func together() throws {
        let (setup, diagnostics, _) = try check(
            stream(actions: "[updat_twin]", filter: "tt > 1"))
        #expect(setup == nil)
        #expect(diagnostics.count == 2)
        #expect(diagnostics.map(\.place.line) == [10, 11])
        #expect(diagnostics.last?.code == "E0118")
    }

    @Test("a file that is not there is a mistake")
    func missing() {
        let (setup, diagnostics) = Setup.check(["/nonexistent/iotflow.yaml"])
        #expect(setup == nil)
        #expect(diagnostics.map(\.code) == ["E0100"])
    }
}

@Suite("The report as a document")
struct ReportDocumentTests {
    private func engine() throws -> Engine {
        let (configuration, diagnostics) = Configuration.load(texts: [
            (
                "r.yaml",
                """
                devices: {groups: {rooms: {range: "room-{1..9}", model: room}}}
                models: {room: {properties: {t: {type: float}}}}
                workflow: w
                streams:
                  zeta:
                    sources:
                      - group: rooms
                        topic: telemetry/+/t
                        mapping: {device_id: "topic[1]", t: payload.value}
                    patterns:
                      - {name: warm, condition: t > 2, actions: [log_x]}
                      - {name: cold, condition: t < 0, actions: [log_x]}
                aggregations:
                  alpha:
                    sources:
                      - group: rooms
                        topic: telemetry/+/t
                        mapping: {device_id: "topic[1]", t: payload.value}
                    dimensions: [device_id]
                    metrics: [{name: mean, function: avg, field: t}, {name: n, function: count}]
                    windows: [{name: m, duration: 1m}, {name: s, duration: 1s}]
                """
            )
        ])
        #expect(diagnostics.map(\.message) == [])
        var found: [Diagnostic] = []
        let plan = Plan(
            compiling: try #require(configuration).definition, diagnostics: &found)
        var engine = Engine(try #require(plan))
        let property = try #require(engine.registry.property(named: "t"))
        var effects: [Effect] = []
        for second in 0..<200 {
            let time = Instant(milliseconds: 1_767_225_600_000) + .seconds(Int64(second))
            let reading = Reading(
                device: Device(index: UInt32(second % 9)), property: property, time: time,
                value: .number(Double(second % 7) - 1.5))
            engine.step([.reading(reading)], at: time, into: &effects)
        }
        return engine
    }

    @Test("equal runs print equal bytes")
    func deterministic() throws {
        let first = try engine().report.document.json
        for _ in 0..<5 { #expect(try engine().report.document.json == first) }
        #expect(first.count > 200)
    }

    @Test("the keys are the requirements', and everything is in order")
    func keys() throws {
        func keys(_ document: Document?) -> [String] {
            guard case .map(let entries)? = document else { return [] }
            return entries.compactMap { if case .text(let key) = $0.key { key } else { nil } }
        }
        let document = try engine().report.document
        #expect(
            keys(document) == [
                "events_processed", "commands_issued", "commands_succeeded",
                "edge_execution_ratio", "detected_patterns", "aggregations",
                "twin_sync_accuracy",
            ])
        #expect(document["events_processed"] == .integer(200))
        #expect(keys(document["detected_patterns"]) == ["cold", "warm"])
        #expect(keys(document["aggregations"]?["alpha"]) == ["m", "s"])
        #expect(
            keys(document["aggregations"]?["alpha"]?["m"]) == [
                "start", "end", "groups", "windows_closed", "mean", "n",
            ])
        #expect(document["aggregations"]?["alpha"]?["m"]?["n"] == .integer(60))
    }
}
