import Foundation
import Glibc
import Testing
import Wire

@Suite("iotflowd as a service", .serialized)
struct DaemonTests {
    private static let changed: UInt8 = 0x44
    private static let notFound: UInt8 = 0x84

    private func twin(_ device: String, of daemon: Daemon) throws -> Outcome {
        try Program.iotflow.run(["twin", "get", device, "--data", daemon.data, "--json"])
    }

    @Test("--help and --version end with 0")
    func help() throws {
        let help = try Program.iotflowd.run(["--help"])
        #expect(help.status == 0)
        #expect(help.output.hasPrefix("Usage: iotflowd"))
        let version = try Program.iotflowd.run(["--version"])
        #expect(version.status == 0)
        #expect(version.output.hasPrefix("iotflowd "))
    }

    @Test(
        "a command line that makes no sense ends with 64",
        arguments: [["--confg", "x"], ["--config"], ["operand"]])
    func usage(_ arguments: [String]) throws {
        let outcome = try Program.iotflowd.run(arguments)
        #expect(outcome.status == 64)
        #expect(outcome.errors.contains("Try 'iotflowd --help'."))
    }

    @Test("a wrong configuration ends with 78, and says where")
    func badConfiguration() throws {
        let scratch = try Scratch()
        let file = try scratch.write("bad.yaml", "streams: 5\n")
        let outcome = try Program.iotflowd.run(
            ["--config", file, "--data", scratch.path + "/data", "--listen", "127.0.0.1:0"])
        #expect(outcome.status == 78)
        #expect(outcome.errors.contains("bad.yaml:1:10: error"))
        #expect(!FileManager.default.fileExists(atPath: scratch.path + "/data"))
    }

    @Test("an address that is none ends with 69")
    func badAddress() throws {
        let scratch = try Scratch()
        let file = try scratch.write("site.yaml", siteText(data: scratch.path))
        let outcome = try Program.iotflowd.run(
            ["--config", file, "--data", scratch.path + "/data", "--listen", "nowhere"])
        #expect(outcome.status == 69)
        #expect(outcome.errors.contains("cannot listen on nowhere"))
    }

    @Test("a data directory in use ends with 69, and the first gateway does not mind")
    func busy() throws {
        let scratch = try Scratch()
        let file = try scratch.write("site.yaml", siteText(data: scratch.path))
        let daemon = try Daemon(configuration: file, data: scratch.path + "/data")
        let outcome = try Program.iotflowd.run(
            ["--config", file, "--data", daemon.data, "--listen", "127.0.0.1:0"])
        #expect(outcome.status == 69)
        #expect(outcome.errors.contains("data"))
        let status = try Program.iotflow.run(["status", "--data", daemon.data, "--json"])
        #expect(status.status == 0)
        #expect(status.json?["gateway"] == .text("test"))
        #expect(daemon.stop() == 0)
    }

    @Test("after SIGTERM and a new start, twins are as they were")
    func restart() throws {
        let scratch = try Scratch()
        let file = try scratch.write("site.yaml", siteText(data: scratch.path))
        var daemon = try Daemon(configuration: file, data: scratch.path + "/data")
        #expect(try daemon.post(["telemetry", "room-2", "t"], "21.5", id: 1) == Self.changed)
        #expect(try daemon.post(["telemetry", "room-9", "t"], "21.5", id: 2) == Self.notFound)
        let before = try twin("room-2", of: daemon)
        #expect(before.json?["reported"]?["t"]?["value"] == .number(21.5))
        #expect(before.json?["reported"]?["t"]?["version"] == .integer(1))
        #expect(daemon.stop() == 0)

        let gone = try Program.iotflow.run(["status", "--data", daemon.data])
        #expect(gone.status == 69)
        let stored = try twin("room-2", of: daemon)
        #expect(stored.status == 0, "the store tells while no gateway runs")
        #expect(stored.json?["reported"] == before.json?["reported"])

        daemon = try Daemon(configuration: file, data: scratch.path + "/data")
        #expect(try twin("room-2", of: daemon).output == before.output)
        #expect(try daemon.post(["telemetry", "room-2", "t"], "22", id: 3) == Self.changed)
        let after = try twin("room-2", of: daemon)
        #expect(after.json?["reported"]?["t"]?["version"] == .integer(2))
        #expect(daemon.stop() == 0)
    }

    @Test("a reading from the far future is of now, counted, and closes nobody's windows")
    func farFuture() throws {
        let scratch = try Scratch()
        let file = try scratch.write("site.yaml", siteText(data: scratch.path))
        let daemon = try Daemon(configuration: file, data: scratch.path + "/data")
        let future = #"{"value": 31, "time": "9000-01-01T00:00:00Z"}"#
        let path = ["telemetry", "room-1", "t"]
        #expect(try daemon.post(path, future, id: 1, format: 50) == Self.changed)
        #expect(try daemon.post(["telemetry", "room-2", "t"], "32", id: 2) == Self.changed)
        let status = try Program.iotflow.run(["status", "--data", daemon.data, "--json"])
        #expect(status.json?["intake"]?["suspect_clocks"] == .integer(1))
        #expect(status.json?["streams"]?["heat"]?["late"] == .integer(0))
        #expect(status.json?["streams"]?["heat"]?["accepted"] == .integer(2))
        #expect(daemon.stop() == 0)
    }

    @Test("twin get and twin list, for people and as JSON")
    func twins() throws {
        let scratch = try Scratch()
        let file = try scratch.write("site.yaml", siteText(data: scratch.path))
        let daemon = try Daemon(configuration: file, data: scratch.path + "/data")
        #expect(try daemon.post(["telemetry", "room-1", "t"], "19", id: 1) == Self.changed)

        let list = try Program.iotflow.run(["twin", "list", "--data", daemon.data])
        let lines = list.output.split(separator: "\n")
        #expect(list.status == 0)
        #expect(lines.first?.hasPrefix("DEVICE") == true)
        #expect(lines.count == 4)
        #expect(lines.contains { $0.hasPrefix("room-1") && $0.hasSuffix("t=19.0") })
        #expect(lines.contains { $0.hasPrefix("room-3") && $0.contains("never") })

        let json = try Program.iotflow.run(["twin", "list", "--data", daemon.data, "--json"])
        guard case .array(let twins)? = json.json else {
            Issue.record("no list: \(json.output)")
            return
        }
        #expect(twins.map { $0["device"] } == ["room-1", "room-2", "room-3"].map { .text($0) })

        let one = try Program.iotflow.run(["twin", "get", "room-1", "--data", daemon.data])
        #expect(one.output.contains("room-1"))
        #expect(one.output.contains("19"))
        let none = try twin("room-7", of: daemon)
        #expect(none.status == 1)
        #expect(none.errors.contains("no device is called 'room-7'"))
        #expect(daemon.stop() == 0)
    }

    @Test(
        "SIGHUP with a broken file keeps the running configuration; with a good one it takes over")
    func reload() throws {
        let scratch = try Scratch()
        let good = siteText(data: scratch.path)
        let file = try scratch.write("site.yaml", good)
        let daemon = try Daemon(configuration: file, data: scratch.path + "/data")
        #expect(try daemon.post(["telemetry", "room-1", "t"], "19", id: 1) == Self.changed)

        try scratch.write("site.yaml", good.replacing("t > 30", with: "t >> 30"))
        daemon.running.signal(SIGHUP)
        #expect(daemon.running.awaitLog("the running one stays") != nil)
        #expect(try daemon.post(["telemetry", "room-1", "t"], "20", id: 2) == Self.changed)

        let wider = siteText(
            data: scratch.path, model: "{t: {type: float}, h: {type: float, unit: percent}}"
        ).replacing("room-{1..3}", with: "room-{1..5}")
        #expect(try daemon.post(["telemetry", "room-5", "h"], "40", id: 3) == Self.notFound)
        try scratch.write("site.yaml", wider)
        daemon.running.signal(SIGHUP)
        #expect(daemon.running.awaitLog("the new configuration is in force") != nil)
        #expect(try daemon.post(["telemetry", "room-5", "h"], "40", id: 4) == Self.changed)
        let twin = try twin("room-1", of: daemon)
        #expect(twin.json?["reported"]?["t"]?["value"] == .number(20))
        #expect(twin.json?["reported"]?["t"]?["version"] == .integer(2))
        #expect(daemon.stop() == 0)
    }

    @Test("what a pattern finds is logged, counted and written upstream")
    func upstream() throws {
        let scratch = try Scratch()
        let file = try scratch.write("site.yaml", siteText(data: scratch.path))
        let daemon = try Daemon(configuration: file, data: scratch.path + "/data")
        #expect(try daemon.post(["telemetry", "room-1", "t"], "31", id: 1) == Self.changed)
        #expect(daemon.running.awaitLog("heat: hot device=room-1") != nil)
        let status = try daemon.awaitUpstream(1)
        let patterns = status?["report"]?["detected_patterns"]
        #expect(patterns?["hot"]?["count"] == .integer(1))
        #expect(daemon.stop() == 0)
        let lines = try String(contentsOfFile: scratch.path + "/upstream.ndjson", encoding: .utf8)
        #expect(lines.contains("\"hot\""))
    }
}
