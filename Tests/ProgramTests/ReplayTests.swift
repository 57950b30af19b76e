import Foundation
import Testing
import Wire

@Suite("iotflow replay and iotflow why, over a gateway's journal", .serialized)
struct ReplayTests {
    private static let changed: UInt8 = 0x44

    /// A site whose pattern `warm` asks for three warm readings in a row.
    private static func text(_ data: String, hot: String = "t > 30") -> String {
        siteText(data: data)
            .replacing("t > 30, actions: [log_heat]}", with: "\"\(hot)\", actions: [log_heat]}")
            .replacing(
                "patterns: [",
                with: "patterns: [{name: warm, condition: t > 20 for 3 consecutive "
                    + "events}, ")
    }

    /// A gateway that took seven readings, running still; `room-3` said nothing.
    private struct Site {
        let scratch: Scratch
        let file: String
        let daemon: Daemon

        init() throws {
            scratch = try Scratch()
            file = try scratch.write("site.yaml", ReplayTests.text(scratch.path))
            daemon = try Daemon(configuration: file, data: scratch.path + "/data")
            let readings: [(String, String)] = [
                ("room-1", "19"), ("room-1", "29"), ("room-2", "28"), ("room-1", "31.5"),
                ("room-2", "27"), ("room-1", "27.5"), ("room-2", "12"),
            ]
            for (place, (device, value)) in readings.enumerated() {
                let code = try daemon.post(
                    ["telemetry", device, "t"], value, id: UInt16(place + 1))
                #expect(code == ReplayTests.changed)
            }
        }

        func replay(_ options: [String]) throws -> Outcome {
            try Program.iotflow.run(["replay", "--data", daemon.data] + options)
        }

        func why(_ pattern: String, _ options: [String]) throws -> Outcome {
            try Program.iotflow.run(["why", pattern, "--data", daemon.data] + options)
        }

        func changed(_ condition: String) throws -> String {
            try scratch.write("changed.yaml", ReplayTests.text(scratch.path, hot: condition))
        }
    }

    @Test("a lower threshold would have found more: the same while the gateway runs and after")
    func difference() throws {
        let site = try Site()
        let lower = try site.changed("t > 28.5")
        let running = try site.replay(["--config", lower, "--diff"])
        #expect(running.errors == "")
        #expect(running.status == 1)
        let lines = running.output.split(separator: "\n").map(String.init)
        #expect(lines.count == 2)
        #expect(lines.first?.hasPrefix("+ ") == true)
        #expect(
            lines.first?.hasSuffix(" match hot device_id=room-1: device_id=room-1 t=29.0") == true)
        #expect(lines.last == "1 match more")
        #expect(try site.replay(["--config", lower, "--diff"]).output == running.output)

        #expect(site.daemon.stop() == 0)
        let stopped = try site.replay(["--config", lower, "--diff"])
        #expect(stopped.output == running.output)
        #expect(stopped.status == 1)

        let higher = try site.changed("t > 40")
        let less = try site.replay(["--config", higher, "--diff"])
        #expect(less.status == 1)
        #expect(less.output.hasPrefix("- "))
        #expect(less.output.hasSuffix("\n1 match less\n"))
        let against = try site.replay(["--config", site.file, "--diff", "--against", higher])
        #expect(
            against.output
                == less.output.replacing("- ", with: "+ ").replacing("less", with: "more"))
        let json = try site.replay(["--config", higher, "--diff", "--json"])
        let summary = try #require(json.output.split(separator: "\n").last)
        let document = try Document(json: Array(summary.utf8).span)
        #expect(document["match"]?["less"] == .integer(1))
        #expect(document["match"]?["more"] == .integer(0))
    }

    @Test("the configuration in force differs in nothing from itself")
    func same() throws {
        let site = try Site()
        #expect(site.daemon.stop() == 0)
        let outcome = try site.replay(["--config", site.file, "--diff"])
        #expect(outcome.output == "no difference\n")
        #expect(outcome.status == 0)
    }

    @Test("without --diff all that is decided comes as NDJSON, the same each time")
    func decisions() throws {
        let site = try Site()
        #expect(site.daemon.stop() == 0)
        let outcome = try site.replay(["--config", site.file])
        #expect(outcome.status == 0)
        let lines = outcome.output.split(separator: "\n")
        let names = try lines.map { try Document(json: Array($0.utf8).span)["name"] }
        // That the other pattern fires is decided only when nothing earlier can come any more.
        #expect(names == [.text("hot")])
        #expect(try site.replay(["--config", site.file]).output == outcome.output)
        let none = try site.replay(["--config", site.file, "--since", "2100-01-01"])
        #expect(none.output == "")
        #expect(none.status == 0)
        let all = try site.replay(
            ["--config", site.file, "--since", "2000-01-01T00:00:00Z", "--until", "-0s"])
        #expect(all.output == outcome.output)
    }

    @Test("a reload puts another configuration in force")
    func reload() throws {
        let site = try Site()
        try site.scratch.write("site.yaml", Self.text(site.scratch.path, hot: "t > 28.5"))
        site.daemon.running.signal(SIGHUP)
        #expect(site.daemon.running.awaitLog("the new configuration is in force") != nil)
        #expect(site.daemon.stop() == 0)
        let same = try site.replay(["--config", site.file, "--diff"])
        #expect(same.output == "no difference\n")
        let before = try site.changed("t > 30")
        #expect(try site.replay(["--config", before, "--diff"]).output.hasSuffix("1 match less\n"))
    }

    @Test("where the journal no longer reaches back to the beginning, that is said")
    func trimmed() throws {
        let scratch = try Scratch()
        let text = Self.text(scratch.path).replacing(
            "gateway:\n", with: "gateway:\n  limits: {journal_age: 1ms}\n")
        let file = try scratch.write("site.yaml", text)
        let daemon = try Daemon(configuration: file, data: scratch.path + "/data")
        for id: UInt16 in 1...3 {
            #expect(try daemon.post(["telemetry", "room-1", "t"], "31", id: id) == Self.changed)
        }
        // Reloading writes a checkpoint, behind which the journal may go.
        daemon.running.signal(SIGHUP)
        #expect(daemon.running.awaitLog("the new configuration is in force") != nil)
        #expect(try daemon.post(["telemetry", "room-1", "t"], "32", id: 4) == Self.changed)
        #expect(daemon.stop() == 0)
        let options = ["replay", "--data", daemon.data, "--config", file]
        let plain = try Program.iotflow.run(options)
        #expect(plain.status == 0)
        #expect(plain.output.contains("\"note\""))
        #expect(plain.output.contains("starts with empty windows at "))
        let same = try Program.iotflow.run(options + ["--diff"])
        #expect(same.output.hasPrefix("note: starts with empty windows at "))
        #expect(same.output.hasSuffix("\nno difference\n"))
        #expect(same.status == 0)
    }

    @Test("devices that were accepted unnamed are known, and can be left out")
    func accepted() throws {
        let scratch = try Scratch()
        let closed = Self.text(scratch.path).replacing(
            "- group: rooms\n        topic", with: "- topic")
        let text = closed.replacing(
            "gateway:\n", with: "gateway:\n  accept_unknown_devices: true\n")
        #expect(text != closed)
        let file = try scratch.write("site.yaml", text)
        let daemon = try Daemon(configuration: file, data: scratch.path + "/data")
        #expect(try daemon.post(["telemetry", "attic", "t"], "31", id: 1) == Self.changed)
        #expect(daemon.stop() == 0)
        let why = try Program.iotflow.run(
            ["why", "hot", "--device", "attic", "--data", daemon.data])
        #expect(why.status == 0)
        let other = try scratch.write("closed.yaml", closed)
        let less = try Program.iotflow.run(
            ["replay", "--data", daemon.data, "--config", other, "--diff"])
        #expect(less.output.hasPrefix("note: 1 reading left out: "))
        #expect(less.output.hasSuffix("\n1 match less\n"))
    }

    @Test("what cannot be read ends with 2, and is told")
    func errors() throws {
        let scratch = try Scratch()
        let file = try scratch.write("site.yaml", Self.text(scratch.path))
        for verb in [["replay"], ["why", "hot", "--device", "room-1"]] {
            let none = try Program.iotflow.run(
                verb + ["--data", scratch.path + "/none", "--config", file])
            #expect(none.status == 2)
            #expect(none.errors.contains("none"))
        }
        let site = try Site()
        #expect(site.daemon.stop() == 0)
        let bad = try site.scratch.write("bad.yaml", "streams: 5\n")
        let wrong = try site.replay(["--config", bad])
        #expect(wrong.status == 2)
        #expect(wrong.errors.contains("bad.yaml:1:10: error"))
        let time = try site.replay(["--config", site.file, "--since", "noon"])
        #expect(time.status == 2)
        #expect(time.errors.contains("'noon' is no time"))
        #expect(try site.replay([]).status == 64)
    }

    @Test("recovery begins at the checkpoint, though the journal goes further back")
    func recovery() throws {
        let site = try Site()
        #expect(site.daemon.stop() == 0)
        let daemon = try Daemon(configuration: site.file, data: site.daemon.data)
        let status = try Program.iotflow.run(["status", "--data", daemon.data, "--json"])
        #expect(status.json?["report"]?["events_processed"] == .integer(7))
        #expect(status.json?["store"]?["uncovered_journal_bytes"] == .integer(0))
        guard case .integer(let bytes)? = status.json?["store"]?["journal_bytes"] else {
            Issue.record("no journal")
            return
        }
        #expect(bytes > 0)
        guard case .text? = status.json?["store"]?["journal_since"] else {
            Issue.record("no time: \(status.output)")
            return
        }
        #expect(try site.replay(["--config", site.file, "--diff"]).output == "no difference\n")
        daemon.running.signal(SIGTERM)
        let outcome = daemon.running.finish()
        #expect(!outcome.errors.contains("replayed"))
    }

    @Test("why a pattern fired, and how far it has got")
    func fired() throws {
        let site = try Site()
        let hot = try site.why("hot", ["--device", "room-1"])
        #expect(hot.status == 0)
        #expect(hot.errors == "")
        #expect(hot.output.contains("hot of device_id=room-1"))
        #expect(hot.output.contains("fired once, last at "))
        #expect(hot.output.contains(": device_id=room-1 t=31.5\n"))
        #expect(hot.output.contains("\n  t > 30 = false\n    t = 27.5   (at "))
        let warm = try site.why("heat/warm", ["--device", "room-2", "--json"])
        #expect(warm.status == 1)
        #expect(warm.json?["fired"] == .boolean(false))
        #expect(warm.json?["condition"]?["text"] == .text("t > 20"))
        #expect(warm.json?["condition"]?["value"] == .boolean(false))
        #expect(warm.json?["readings"] == .integer(3))
        let nothing = try site.why("hot", ["--device", "room-3"])
        #expect(nothing.status == 1)
        #expect(nothing.output.contains("nothing has come from room-3"))
        #expect(site.daemon.stop() == 0)
        #expect(try site.why("hot", ["--device", "room-1"]).output == hot.output)
        #expect(
            try site.why("hot", ["--device", "room-1", "--config", site.file]).output
                == hot.output)
    }

    @Test("names that are none come with what may have been meant")
    func names() throws {
        let site = try Site()
        #expect(site.daemon.stop() == 0)
        let pattern = try site.why("hott", ["--device", "room-1"])
        #expect(pattern.status == 2)
        #expect(pattern.errors.contains("no pattern 'hott'; did you mean hot?"))
        let device = try site.why("hot", ["--device", "rom-1"])
        #expect(device.status == 2)
        #expect(device.errors.contains("no device 'rom-1'; did you mean room-1?"))
        #expect(try site.why("hot", []).status == 64)
    }
}

@Suite("iotflow why, over a file of events")
struct WhyFileTests {
    private let scratch: Scratch
    private let file: String
    private let events: String

    init() throws {
        scratch = try Scratch()
        file = try scratch.write(
            "site.yaml",
            siteText(data: scratch.path).replacing("t > 30", with: "t > 30 for 2m"))
        events = try scratch.write(
            "events.csv",
            """
            time,device_id,t
            2026-06-01T12:00:03Z,room-1,31
            2026-06-01T12:00:30Z,room-2,12
            2026-06-01T12:01:00Z,room-1,32.5
            2026-06-01T12:05:00Z,room-2,13
            """)
    }

    private func why(_ options: [String]) throws -> Outcome {
        try Program.iotflow.run(
            ["why", "hot", "--config", file, "--input", events, "--device", "room-1"] + options)
    }

    @Test(
        "before its time is up it says when that is, however the time is written",
        arguments: ["2026-06-01T12:01:30Z", "12:01:30", "12:01:30.000", "-3m30s"])
    func pending(_ time: String) throws {
        let outcome = try why(["--at", time])
        #expect(outcome.status == 1)
        #expect(
            outcome.output == """
                hot of device_id=room-1, as of 2026-06-01T12:01:30.000Z
                did not fire

                > 1. t > 30 for 2m
                true since 12:00:03, fires 12:02:03
                1 partial match:
                  began 12:00:03, at step 1: true since 12:00:03, fires 12:02:03

                step 1 on the latest event, of 12:01:00:
                  t > 30 = true
                    t = 32.5   (at 12:01:00)

                fields of the latest of 2:
                  device_id  room-1  12:01:00
                  t          32.5    12:01:00

                """)
    }

    @Test("at the end it has fired")
    func fired() throws {
        let outcome = try why([])
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("\nfired once, last at 12:02:03, since 12:00:03: "))
        #expect(outcome.output.contains("\nreported, and not over yet\n"))
        let json = try why(["--json"])
        #expect(json.json?["last_match"]?["since"] == .text("2026-06-01T12:00:03.000Z"))
    }

    @Test("after the end nothing has come, which is said")
    func after() throws {
        let outcome = try why(["--at", "12:30:00"])
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("note: the record ends at 2026-06-01T12:05:00.000Z"))
    }

    @Test("a file without events, or with rows that are none, ends with 2")
    func refused() throws {
        let empty = try scratch.write("empty.csv", "time,device_id,t\n")
        let none = try Program.iotflow.run(
            ["why", "hot", "--config", file, "--input", empty, "--device", "room-1"])
        #expect(none.status == 2)
        #expect(none.errors.contains("has no events"))
        let wrong = try scratch.write("wrong.csv", "time,device_id,t\nnoon,room-1,3\n")
        let bad = try Program.iotflow.run(
            ["why", "hot", "--config", file, "--input", wrong, "--device", "room-1"])
        #expect(bad.status == 2)
        #expect(bad.errors.contains("rows are no events: line 2: no time: 'noon'"))
        #expect(
            try Program.iotflow.run(["why", "hot", "--input", events, "--device", "a"]).status
                == 64)
    }
}
