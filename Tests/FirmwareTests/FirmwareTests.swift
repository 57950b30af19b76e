import Foundation
import Testing

/// The devices against a real gateway, both as programs, over UDP.
@Suite(.timeLimit(.minutes(5))) struct FirmwareTests {
    @Test func `on a bad network every reading arrives, and exactly once`() throws {
        let site = try Site()
        let (report, status) = try site.run([
            "--config", site.configuration, "--speedup", "max", "--duration", "2m", "--devices",
            "4", "--pack", "8", "--loss", "10", "--duplicate", "10", "--reorder", "10",
            "--linger", "0s",
        ])
        let sent = report.count("readings_sent")
        #expect(status == 0)
        #expect(sent > 60)
        #expect(report.count("readings_acknowledged") == sent)
        #expect(report.count("faults", "lost") > 0)
        #expect(report.count("faults", "doubled") > 0)
        #expect(report.count("faults", "held") > 0)
        let gateway = try site.status()
        #expect(gateway.count("report", "events_processed") == sent)
        #expect(gateway.count("streams", "temperature_monitoring", "late") == 0)
    }

    @Test func `a gateway that is killed and comes back misses nothing and counts nothing twice`()
        throws
    {
        let site = try Site()
        let devices = try site.launch([
            "--config", site.configuration, "--speedup", "60", "--duration", "4m", "--devices",
            "20", "--linger", "0s",
        ])
        for readings in [100, 300] {
            _ = try site.wait {
                try site.status().count("report", "events_processed") > readings ? true : nil
            }
            try site.killAndRestart()
        }
        let (report, status) = try devices()
        #expect(status == 0)
        #expect(report.count("retransmitted_readings") > 0)
        #expect(
            try site.status().count("report", "events_processed")
                == report.count("readings_sent"))
    }

    @Test func `commands are obeyed, and the twins know`() throws {
        let site = try Site()
        let (report, status) = try site.run([
            "--config", site.configuration, "--speedup", "max", "--devices", "5", "--linger", "1s",
        ])
        #expect(status == 0)
        #expect(report.count("commands", "executed") > 0)
        #expect(report.count("commands_by_name", "set_mode", "executed") > 0)
        let gateway = try site.status()
        #expect(
            gateway.count("report", "events_processed") == report.count("readings_acknowledged"))
        #expect(
            gateway.count("report", "commands_succeeded") == report.count("commands", "executed"))
        let twin = try site.ask(["twin", "get", "hvac-ctrl-001"])
        #expect(twin["reported", "mode", "value"] as? String == "cool")
        #expect(twin.count("reported", "setpoint", "value") == 23)
        #expect(report["state", "hvac-ctrl-001", "mode"] as? String == "cool")
    }

    @Test(arguments: ["senml-cbor", "senml-json", "cbor", "json", "text"])
    func `a row of a table arrives in every format`(format: String) throws {
        let site = try Site()
        let table = site.directory.appendingPathComponent("readings.csv")
        try "time,t,h\n2026-01-01 00:00:00,68,40.5\n2026-01-01 00:10:00,,41\n".write(
            to: table, atomically: true, encoding: .utf8)
        let unit = format.hasPrefix("senml") ? ":degF" : ""
        let (report, status) = try site.run([
            "--csv", table.path, "--map",
            "t=temp-sensor-001/temperature\(unit),h=temp-sensor-001/humidity", "--speedup", "max",
            "--format", format, "--linger", "0s",
        ])
        #expect(status == 0)
        #expect(report.count("readings_acknowledged") == 3)
        let twin = try site.ask(["twin", "get", "temp-sensor-001"])
        #expect(twin.count("reported", "humidity", "value") == 41)
        #expect(twin.count("reported", "temperature", "value") == (unit.isEmpty ? 68 : 20))
        if format != "text" {
            #expect(
                twin["reported", "humidity", "time"] as? String == "2026-01-01T00:10:00.000Z")
        }
    }

    @Test func `what the server refuses for good is counted and fails the run`() throws {
        let site = try Site()
        let table = site.directory.appendingPathComponent("readings.csv")
        try "time,t\n2026-01-01 00:00:00,1\n".write(to: table, atomically: true, encoding: .utf8)
        let (report, status) = try site.run([
            "--csv", table.path, "--map", "t=nobody/temperature", "--speedup", "max", "--linger",
            "0s",
        ])
        #expect(status == 1)
        #expect(report.count("readings_acknowledged") == 0)
        #expect(report.count("readings_refused") == 1)
        #expect(report["refused", "4.04"] as? Int == 1)
        #expect(report.count("registrations_refused") == 1)
    }

    @Test(
        arguments: [
            (["--speedup", "fast"], 64), (["--csv", "x.csv"], 64), (["--loss", "101"], 64),
            (["--target", "coap://name"], 64), (["--config", "/nonexistent.yaml"], 78), ([], 64),
            (["--csv", "/nonexistent.csv", "--map", "a=b/c"], 78), (["--help"], 0),
        ] as [([String], Int32)])
    func `the exit status tells what was wrong`(arguments: [String], expected: Int32) throws {
        #expect(try Site.run("firmware-sim", arguments).status == expected)
    }
}
