import Foundation
import Glibc
import Testing
import Wire

/// A workflow with a table and a join, as it would be shipped: an alarm beyond what the maker
/// allows, which has changed in the meantime, and doors that open without a badge.
@Suite("Tables and joins in the programs")
struct TableProgramTests {
    static let limits = """
        model,since,max_temp,vendor
        P-7,2026-01-01T00:00:00Z,25,"Smith, Jones"
        P-7,2026-01-01T00:01:00Z,30.0,Miller
        P-9,2026-01-01T00:00:00Z,10,

        """

    static let workflow = """
        devices:
          groups:
            pumps: {range: "pump-{1..2}", model: pump, tags: {model_tag: P-7}}
            doors: {range: "door-{1..2}", model: door}
        models:
          pump: {properties: {temperature: {type: float, unit: celsius}}}
          door: {properties: {open: {type: boolean}, badge: {type: string}}}
        workflow: site
        tables:
          limits:
            {file: data/limits.csv, key: [model], valid_from: since, columns: {max_temp: celsius}}
        streams:
          heat:
            sources:
              - {group: pumps, topic: telemetry/+/temperature, lateness: 0s,
                 mapping: {device_id: "topic[1]", temperature: payload.value}}
            processing:
              - {type: enrich, tags: [model_tag]}
              - {type: enrich, table: limits, on: {model: model_tag}, fields: [max_temp, vendor]}
            patterns: [{name: too_hot, condition: temperature > max_temp, actions: [log_event]}]
          entries:
            sources:
              - {group: doors, topic: telemetry/+/open, lateness: 0s,
                 mapping: {device_id: "topic[1]", open: payload.value}}
              - {group: doors, topic: telemetry/+/badge, lateness: 0s,
                 mapping: {device_id: "topic[1]", badge: payload.value}}
            processing:
              - {type: filter, expression: open or badge is not missing}
              - {type: join, with: telemetry/+/badge, before: 10s, after: 5s, unmatched: keep}
            patterns: [{name: forced, condition: badge is missing}]
        scenarios:
          day:
            duration: 10m
            telemetry:
              - {group: pumps, property: temperature, base_value: 35, interval: 1m}
        tests:
          limits_change:
            events:
              - {at: 59s, device: pump-1, values: {temperature: 29}}
              - {at: 60s, device: pump-1, values: {temperature: 29.9}}
              - {at: 61s, device: pump-1, values: {temperature: 30.1}}
            expect:
              matches:
                - {pattern: too_hot, device: pump-1, at: 59s}
                - {pattern: too_hot, device: pump-1, at: 61s}
        """

    static let events = """
        time,device,property,value
        2026-01-01T00:00:59Z,pump-1,temperature,29
        2026-01-01T00:01:00Z,pump-1,temperature,29
        2026-01-01T00:01:30Z,pump-2,temperature,87
        2026-01-01T00:02:00Z,door-1,badge,ann
        2026-01-01T00:02:08Z,door-1,open,true
        2026-01-01T00:02:08Z,door-2,open,true
        2026-01-01T00:03:00Z,door-2,badge,bob
        2026-01-01T00:03:00Z,door-2,open,false

        """

    private func site() throws -> (scratch: Scratch, workflow: String) {
        let scratch = try Scratch()
        try FileManager.default.createDirectory(
            atPath: scratch.path + "/data", withIntermediateDirectories: true)
        _ = try scratch.write("data/limits.csv", Self.limits)
        return (scratch, try scratch.write("site.yaml", Self.workflow))
    }

    @Test("run-stream finds what held at the event's time, and joins")
    func runStream() throws {
        let (scratch, workflow) = try site()
        let input = try scratch.write("in.csv", Self.events)
        let outcome = try Program.iotflow.run([
            "run-stream", workflow, "--input", input, "--format", "csv",
        ])
        #expect(outcome.errors == "")
        #expect(outcome.status == 0)
        #expect(
            outcome.output.split(separator: "\n").dropFirst().map(String.init) == [
                "2026-01-01T00:00:59.000Z,match,too_hot,2026-01-01T00:00:59.000Z,device_id=pump-1,"
                    + "\"device_id=pump-1;temperature=29.0;model_tag=P-7;max_temp=25.0;"
                    + "vendor=Smith, Jones\"",
                "2026-01-01T00:01:30.000Z,match,too_hot,2026-01-01T00:01:30.000Z,device_id=pump-2,"
                    + "device_id=pump-2;temperature=87.0;model_tag=P-7;max_temp=30.0;vendor=Miller",
                "2026-01-01T00:02:13.000Z,match,forced,2026-01-01T00:02:13.000Z,device_id=door-2,"
                    + "device_id=door-2;open=true;badge=",
            ])
    }

    @Test("check tells what is wrong in the file itself; plan tells its memory")
    func check() throws {
        let (scratch, workflow) = try site()
        #expect(try Program.iotflow.run(["check", workflow]).output == "ok\n")
        let plan = try Program.iotflow.run(["plan", workflow, "--memory"]).output
        #expect(plan.contains("tables"))
        #expect(plan.contains("  limits"))
        _ = try scratch.write(
            "data/limits.csv", Self.limits.replacing("Z,25,", with: "Z,warm,"))
        let outcome = try Program.iotflow.run(["check", workflow])
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("data/limits.csv:2:26"))
        #expect(outcome.errors.contains("P-7,2026-01-01T00:00:00Z,warm,"))
        #expect(outcome.errors.contains("a number is wanted, not `warm`"))
        #expect(outcome.errors.contains("1 error"))
    }

    @Test("test and simulate read tables")
    func virtual() throws {
        let (scratch, workflow) = try site()
        #expect(
            try Program.iotflow.run(["test", workflow]).output
                == "ok limits_change\n1 test passed\n")
        let simulated = try Program.iotflow.run(["simulate", workflow, "--scenario", "day"])
        #expect(simulated.status == 0)
        #expect(simulated.output.contains("too_hot"))
        _ = try scratch.write("data/limits.csv", Self.limits.replacing("P-7", with: "P-8"))
        let unknown = try Program.iotflow.run(["simulate", workflow, "--scenario", "day"])
        #expect(unknown.status == 0)
        #expect(try Program.iotflow.run(["test", workflow]).status == 1)
    }

    @Test("the daemon reads tables, and anew on SIGHUP; with a broken one it goes on as it was")
    func daemon() throws {
        let (scratch, workflow) = try site()
        _ = try scratch.write("site.yaml", "gateway: {max_delay: 5ms}\n" + Self.workflow)
        let daemon = try Daemon(configuration: workflow, data: scratch.path + "/store")
        func count() throws -> Document? {
            try Program.iotflow.run(["status", "--data", daemon.data, "--json"])
                .json?["report"]?["detected_patterns"]?["too_hot"]?["count"]
        }
        func post(_ value: String, id: UInt16) throws {
            #expect(try daemon.post(["telemetry", "pump-1", "temperature"], value, id: id) == 0x44)
        }
        try post("31", id: 1)
        #expect(daemon.running.awaitLog("too_hot") != nil)
        _ = try scratch.write("data/limits.csv", Self.limits.replacing("Z,30.0,", with: "Z,40,"))
        daemon.running.signal(SIGHUP)
        #expect(daemon.running.awaitLog("the new configuration is in force") != nil)
        try post("39", id: 2)
        try post("41", id: 3)
        #expect(daemon.running.awaitLog("too_hot") != nil)
        #expect(try count() == .integer(2))
        _ = try scratch.write("data/limits.csv", "model,max_temp\nP-7\n")
        daemon.running.signal(SIGHUP)
        #expect(daemon.running.awaitLog("the running one stays") != nil)
        try post("42", id: 4)
        #expect(daemon.running.awaitLog("too_hot") != nil)
        #expect(daemon.stop() == 0)
    }
}
