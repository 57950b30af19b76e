import Foundation
import Testing
import Wire

@Suite("iotflow twin history", .serialized)
struct HistoryProgramTests {
    private func history(_ words: [String], _ daemon: Daemon) throws -> Outcome {
        try Program.iotflow.run(["twin", "history"] + words + ["--data", daemon.data])
    }

    private func values(_ words: [String], _ daemon: Daemon) throws -> [Document?] {
        let outcome = try history(words + ["--json"], daemon)
        #expect(outcome.status == 0, "\(outcome.errors)")
        guard case .array(let values)? = outcome.json?["values"] else { return [] }
        return values.map { $0["value"] }
    }

    @Test("what a room's temperature was is shown beside the gateway, after it, and over a kill")
    func lifetime() throws {
        let scratch = try Scratch()
        let file = try scratch.write("site.yaml", siteText(data: scratch.path))
        var daemon = try Daemon(configuration: file, data: scratch.path + "/data")
        for (id, value) in [20.5, 21.5, 21.5, 19.25].enumerated() {
            #expect(
                try daemon.post(
                    ["telemetry", "room-1", "t"], "\(value)", id: UInt16(id + 1)) == 0x44)
        }
        let expected: [Document?] = [.number(20.5), .number(21.5), .number(19.25)]
        #expect(try values(["room-1", "t"], daemon) == expected)
        #expect(try values(["room-1", "t", "--to", "-1h"], daemon).isEmpty)
        #expect(try values(["room-2", "t"], daemon).isEmpty)
        let status = try Program.iotflow.run(["status", "--data", daemon.data, "--json"])
        #expect(status.json?["history"]?["recorded"] == .integer(3))
        // Killed: what was acknowledged is in the journal, and the open block follows from it.
        daemon.running.signal(SIGKILL)
        _ = daemon.running.finish()
        daemon = try Daemon(configuration: file, data: scratch.path + "/data")
        #expect(try values(["room-1", "t"], daemon) == expected)
        for (function, value) in [
            ("min", Document.number(19.25)), ("max", .number(21.5)), ("last", .number(19.25)),
            ("count", .integer(3)),
        ] {
            #expect(
                try values(
                    ["room-1", "t", "--step", "1d", "--from", "-5m", "--function", function],
                    daemon
                ).last == value)
        }
        let mean = try values(["room-1", "t", "--step", "1d", "--from", "-5m"], daemon).last
        guard case .number(let mean)?? = mean else { return #expect(Bool(false)) }
        #expect(mean > 19 && mean < 22)
        let csv = try history(["room-1", "t", "--csv"], daemon)
        #expect(csv.output.hasPrefix("time,value\n") && csv.output.hasSuffix(",19.25\n"))
        #expect(try history(["room-1", "t"], daemon).output.contains("  20.5\n"))
        #expect(daemon.stop() == 0)
        #expect(try values(["room-1", "t"], daemon) == expected, "from the store alone")
    }

    @Test("a device or property that is none is told")
    func unknown() throws {
        let scratch = try Scratch()
        let file = try scratch.write("site.yaml", siteText(data: scratch.path))
        let daemon = try Daemon(configuration: file, data: scratch.path + "/data")
        #expect(try daemon.post(["telemetry", "room-1", "t"], "20", id: 1) == 0x44)
        for (words, text) in [
            (["room-9", "t"], "no device is called 'room-9'"),
            (["room-1", "x"], "no property is called 'x'"),
        ] {
            let outcome = try history(words, daemon)
            #expect(outcome.status == 1 && outcome.errors.contains(text))
        }
        #expect(daemon.stop() == 0)
        let absent = try Program.iotflow.run(["twin", "history", "a", "b", "--data", scratch.path])
        #expect(absent.status == 69)
    }

    @Test(
        "a command line that makes no sense ends with 64",
        arguments: [
            ["room-1"], ["a", "b", "--step", "x"], ["a", "b", "--step", "1m", "--function", "x"],
            ["a", "b", "--function", "max"], ["a", "b", "--from", "x"],
            ["a", "b", "--from", "-1m", "--to", "-1h"],
        ])
    func usage(_ words: [String]) throws {
        #expect(try Program.iotflow.run(["twin", "history"] + words).status == 64)
    }

    @Test("without a history nothing is kept")
    func off() throws {
        let scratch = try Scratch()
        let text = siteText(data: scratch.path).replacing(
            "gateway:\n", with: "gateway:\n  history: {enabled: false}\n")
        let file = try scratch.write("site.yaml", text)
        let daemon = try Daemon(configuration: file, data: scratch.path + "/data")
        #expect(try daemon.post(["telemetry", "room-1", "t"], "20", id: 1) == 0x44)
        #expect(try values(["room-1", "t"], daemon).isEmpty)
        #expect(daemon.stop() == 0)
    }
}
