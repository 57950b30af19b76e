import Foundation
import Testing
import Wire

@Suite("People at the control socket", .serialized)
struct OperatorTests {
    private static let post: UInt8 = 2

    /// A site whose rooms can be told to warm up, under way.
    private final class Stage {
        let scratch: Scratch
        let daemon: Daemon

        init() throws {
            scratch = try Scratch()
            let model =
                "{t: {type: float, unit: Cel, range: [-50, 100]}, "
                + "set: {type: float, range: [5, 30], writable: true}}, "
                + "commands: [warm]"
            let file = try scratch.write(
                "site.yaml", siteText(data: scratch.path, model: model))
            daemon = try Daemon(configuration: file, data: scratch.path + "/data")
        }

        func ask(_ words: String...) throws -> Outcome {
            try Program.iotflow.run(words + ["--data", daemon.data])
        }
    }

    @Test("twin set, diff and relinquish")
    func wishes() throws {
        let stage = try Stage()
        let set = try stage.ask("twin", "set", "room-1", "set", "21", "--for", "1h", "--json")
        #expect(set.status == 0, "\(set.errors)")
        #expect(set.json?["desired"]?["set"]?["value"] == .number(21))
        let differences = try stage.ask("twin", "diff")
        #expect(differences.status == 0)
        #expect(differences.output.contains("never"))
        let one = try stage.ask("twin", "diff", "room-1", "--json")
        guard case .array(let found)? = one.json else {
            Issue.record("no list: \(one.output)")
            return
        }
        #expect(found.map { $0["property"] } == [.text("set")])
        let device = Device(of: stage.daemon)
        #expect(
            try device.ask(Self.post, "telemetry/room-1/set", payload: "21").codeText == "2.04")
        #expect(try stage.ask("twin", "diff", "room-1").output.contains("nothing"))
        #expect(try stage.ask("twin", "relinquish", "room-1", "set").status == 0)
        let twin = try stage.ask("twin", "get", "room-1", "--json")
        #expect(twin.json?["desired"] == .map([]))
        #expect(stage.daemon.stop() == 0)
    }

    @Test(
        "what cannot be is refused with 1 and a reason, what makes no sense with 64",
        arguments: [
            (["twin", "set", "room-1", "set", "99"], 1, "outside"),
            (["twin", "set", "room-1", "set", "warm"], 1, "not 'warm'"),
            (["twin", "set", "room-1", "sat", "20"], 1, "did you mean set?"),
            (["twin", "set", "room-1", "t", "20"], 1, "not writable"),
            (["twin", "set", "room-9", "set", "20"], 1, "no device"),
            (["twin", "set", "room-1", "set", "20", "--slot", "17"], 1, "1 to 16"),
            (["twin", "set", "room-1", "set", "20", "--for", "soon"], 1, "length of time"),
            (["twin", "accept", "room-1", "nope"], 1, "no property"),
            (["twin", "diff", "room-9"], 1, "no device"),
            (["twin", "set", "room-1", "set"], 64, "a value"),
            (["twin", "relinquish", "room-1"], 64, "a property"),
            (["twin", "delete"], 64, "a device"),
            (["twin", "set", "room-1", "set", ""], 64, "empty"),
            (["command", "send", "room-1", "worm"], 1, "worm"),
            (["command", "send", "room-1", "warm", "to=20", "--ttl", "x"], 1, "length of time"),
            (["command", "send", "room-1", "warm", "to=20", "-p", "x"], 1, "none of"),
            (["command", "send", "room-1", "warm", "20"], 64, "PARAMETER=VALUE"),
            (["command", "show", "beef"], 1, "no command"),
            (["command", "cancel"], 64, "one command"),
            (["sequence", "run", "s", "--device", "room-9"], 1, "no device"),
            (["sequence", "run"], 64, "a sequence"),
            (["sequence", "run", "s"], 1, "nothing began"),
            (["sequence", "run", "s", "--dry-run"], 1, "no sequence"),
        ])
    func refusals(_ words: [String], _ status: Int, _ text: String) throws {
        // One gateway for each row would take long; a row changes nothing.
        let stage = try Stage()
        let outcome = try Program.iotflow.run(words + ["--data", stage.daemon.data])
        #expect(Int(outcome.status) == status, "\(words) \(outcome.errors) \(outcome.output)")
        #expect(outcome.errors.contains(text), "\(outcome.errors)")
    }

    @Test("without a gateway requests end with 69")
    func nobody() throws {
        let scratch = try Scratch()
        for words in [
            ["twin", "set", "a", "b", "1"], ["twin", "watch"], ["command", "list"],
            ["sequence", "run", "s"], ["twin", "diff"],
        ] {
            #expect(try Program.iotflow.run(words + ["--data", scratch.path]).status == 69)
        }
    }

    @Test("a command goes to its device, which tells what came of it")
    func command() throws {
        let stage = try Stage()
        let device = Device(of: stage.daemon)
        #expect(try device.ask(Self.post, "rd?ep=room-1").codeText == "2.01")
        let sent = try stage.ask(
            "command", "send", "room-1", "warm", "to=22", "--key", "k1", "--json")
        #expect(sent.status == 0, "\(sent.errors)")
        guard case .text(let id)? = sent.json?["id"] else {
            Issue.record("no id: \(sent.output)")
            return
        }
        let again = try stage.ask(
            "command", "send", "room-1", "warm", "to=22", "--key", "k1", "--json")
        #expect(again.json?["id"] == .text(id), "the same key is the same command")
        let other = try stage.ask("command", "send", "room-1", "warm", "to=23", "--key", "k1")
        #expect(other.status == 1)

        #expect(device.command() != nil)
        let path = "command/room-1/\(id)"
        let json = [(number: 12, value: [UInt8(50)])]
        #expect(
            try device.ask(
                Self.post, path, json, payload: #"{"state": "executing", "percent": 40}"#
            )
            .codeText == "2.04")
        let running = try stage.ask("command", "show", id, "--json")
        #expect(running.json?["state"] == .text("executing"))
        #expect(running.json?["percent"] == .integer(40))
        for (path, options, payload, code) in [
            (path, json, #"{"state": "dreaming"}"#, "4.00"), (path, json, "[", "4.00"),
            (path, [], "x", "4.15"), ("command/room-2/\(id)", json, "{}", "4.04"),
            ("command/room-1/\(String(repeating: "0", count: 32))", json, "{}", "4.04"),
            ("command/room-1/x", json, "{}", "4.04"),
        ] {
            #expect(
                try device.ask(Self.post, path, options, payload: payload).codeText == code,
                "\(path) \(payload)")
        }
        #expect(try device.ask(1, path).codeText == "4.05")
        let done = #"{"state": "succeeded", "output": {"reached": 22}}"#
        #expect(try device.ask(Self.post, path, json, payload: done).codeText == "2.04")
        let shown = try stage.ask("command", "show", id, "--json")
        #expect(shown.json?["state"] == .text("succeeded"))
        #expect(shown.json?["output"]?["reached"] == .integer(22))
        #expect(try stage.ask("command", "cancel", id).status == 1, "it has ended")
        let list = try stage.ask("command", "list")
        #expect(list.output.contains("succeeded"))
        #expect(stage.daemon.stop() == 0)
    }

    @Test("a command that waits is cancelled")
    func cancel() throws {
        let stage = try Stage()
        // Nobody is told the second before the first has ended.
        let device = Device(of: stage.daemon)
        _ = try device.ask(Self.post, "rd?ep=room-1")
        _ = try stage.ask("command", "send", "room-1", "warm", "to=20")
        let second = try stage.ask("command", "send", "room-1", "warm", "to=21", "--json")
        guard case .text(let id)? = second.json?["id"] else {
            Issue.record("no id: \(second.output) \(second.errors)")
            return
        }
        let cancelled = try stage.ask("command", "cancel", id, "--json")
        #expect(cancelled.status == 0, "\(cancelled.errors)")
        #expect(cancelled.json?["state"] == .text("cancelled"))
        #expect(try stage.ask("command", "approve", id).status == 1)
        #expect(stage.daemon.stop() == 0)
    }

    @Test("who watches sees each change, and others are heard meanwhile")
    func watch() throws {
        let stage = try Stage()
        let watcher = try Running(
            .iotflow,
            ["twin", "watch", "room-1", "--count", "2", "--data", stage.daemon.data])
        watcher.alarm(seconds: 60)
        let device = Device(of: stage.daemon)
        for _ in 0..<500 {
            let status = try stage.ask("status", "--json")
            if status.json?["coap"]?["watchers"] == .integer(1) { break }
        }
        for (room, value) in [
            ("room-1", "20"), ("room-2", "30"), ("room-1", "20"), ("room-1", "21"),
        ] {
            let path = "telemetry/\(room)/t"
            #expect(try device.ask(Self.post, path, payload: value).codeText == "2.04")
        }
        let outcome = watcher.finish()
        #expect(outcome.status == 0)
        let lines = outcome.output.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines.first?.hasSuffix("room-1 reported t=20.0") == true)
        #expect(lines.last?.hasSuffix("room-1 reported t=21.0") == true)
        #expect(stage.daemon.stop() == 0)
    }
}
