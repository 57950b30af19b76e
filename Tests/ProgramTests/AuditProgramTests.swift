import Foundation
import Testing
import Wire

@Suite("iotflow audit", .serialized)
struct AuditProgramTests {
    /// Hot rooms have their fan set; nobody listens there, so each command ends soon.
    private func site(_ scratch: Scratch) throws -> String {
        let text = siteText(
            data: scratch.path, model: "{t: {type: float}}, commands: {set_fan: {}}"
        ).replacing("actions: [log_heat]", with: "actions: [cool]")
        return try scratch.write(
            "site.yaml",
            text + """

                commands:
                  cool:
                    target: {group: rooms, selection: nearest, parameters: {to_device: \
                context.device_id}}
                    steps: [{command: set_fan, parameters: {speed: 3}}]
                """)
    }

    private func audit(_ words: [String], _ daemon: Daemon) throws -> Outcome {
        try Program.iotflow.run(["audit"] + words + ["--data", daemon.data])
    }

    private func entries(_ daemon: Daemon, _ options: [String] = []) throws -> [Document] {
        let outcome = try audit(["list", "--json"] + options, daemon)
        #expect(outcome.status == 0)
        guard case .array(let entries)? = outcome.json else { return [] }
        return entries
    }

    /// Waits until the commands of two rooms are in the audit.
    private func runTwo(_ daemon: Daemon) throws -> [Document] {
        #expect(try daemon.post(["telemetry", "room-1", "t"], "35", id: 1) == 0x44)
        #expect(try daemon.post(["telemetry", "room-2", "t"], "36", id: 2) == 0x44)
        let deadline = Date(timeIntervalSinceNow: 30)
        while Date() < deadline {
            let entries = try entries(daemon)
            if Set(entries.compactMap { $0["device"] }).count == 2 { return entries }
        }
        return []
    }

    @Test("what commands did is listed, and proven beside the running gateway and after it")
    func lifetime() throws {
        let scratch = try Scratch()
        let daemon = try Daemon(
            configuration: try site(scratch), data: scratch.path + "/data")
        let listed = try runTwo(daemon)
        #expect(listed.count >= 2)
        #expect(listed.first?["entry"] == .integer(1) && listed.first?["name"] == .text("set_fan"))
        let rooms = try entries(daemon, ["--device", "room-2"])
        #expect(!rooms.isEmpty && rooms.allSatisfy { $0["device"] == .text("room-2") })
        #expect(try entries(daemon, ["--limit", "1"]).count == 1)
        guard case .text(let id)? = listed.first?["command"] else { return #expect(Bool(false)) }
        let steps = try entries(daemon, ["--command", id])
        #expect(!steps.isEmpty && steps.allSatisfy { $0["command"] == .text(id) })
        #expect(try entries(daemon, ["--since", "2200-01-01"]).isEmpty)
        let running = try audit(["verify", "--json"], daemon)
        #expect(running.status == 0, "\(running.output)")
        let status = try Program.iotflow.run(["status", "--data", daemon.data, "--json"])
        guard case .text(let head)? = status.json?["audit"]?["head"],
            case .text(let key)? = status.json?["audit"]?["key"]
        else { return #expect(Bool(false)) }
        #expect(daemon.stop() == 0)

        let text = try audit(["verify", "--head", head, "--key", key], daemon)
        #expect(text.status == 0)
        #expect(text.output.hasPrefix("the audit is as it was written: "))
        #expect(text.output.contains("key   \(key)"))
        let proven = try audit(["verify", "--json"], daemon)
        #expect(proven.json?["whole"] == .boolean(true))
        #expect(proven.json?["unsigned"] == .integer(0), "a clean stop signs all")
        #expect(proven.json?["checkpoints"] == .integer(1))
        let other = head.prefix { $0 != ":" } + ":" + String(repeating: "0", count: 64)
        let wrong = try audit(["verify", "--head", String(other)], daemon)
        #expect(wrong.status == 1)
        #expect(wrong.output.contains("has not the hash that was noted for it"))
        let list = try audit(["list", "--limit", "1"], daemon)
        #expect(list.output.contains("set_fan") && list.errors.contains("are not shown"))
    }

    @Test("an exported audit is proven without its store, and each byte of it counts")
    func export() throws {
        let scratch = try Scratch()
        let daemon = try Daemon(
            configuration: try site(scratch), data: scratch.path + "/data")
        _ = try runTwo(daemon)
        #expect(daemon.stop() == 0)
        for format in ["cbor", "json"] {
            let file = scratch.path + "/audit." + format
            let output = try exported(format, daemon)
            try output.write(to: URL(filePath: file))
            let whole = try Program.iotflow.run(["audit", "verify", file, "--json"])
            #expect(whole.status == 0 && whole.json?["whole"] == .boolean(true))
            for offset in stride(from: 0, to: output.count, by: output.count / 12) {
                var changed = output
                changed[changed.startIndex + offset] ^= 4
                try changed.write(to: URL(filePath: file))
                let outcome = try Program.iotflow.run(["audit", "verify", file])
                #expect(outcome.status != 0, "\(format), offset \(offset)")
            }
            try output.prefix(output.count * 2 / 3).write(to: URL(filePath: file))
            let cut = try Program.iotflow.run(["audit", "verify", file])
            #expect(cut.status == 1 && cut.output.contains("missing at the end"))
        }
    }

    /// Standard output as bytes.
    private func exported(_ format: String, _ daemon: Daemon) throws -> Data {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = Program.iotflow.url
        process.arguments = ["audit", "export", "--format", format, "--data", daemon.data]
        process.standardOutput = pipe
        process.environment = ProcessInfo.processInfo.environment.merging([
            "LLVM_PROFILE_FILE": "/dev/null"
        ]) { $1 }
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return data
    }

    @Test("checkpoints go upstream")
    func upstream() throws {
        let scratch = try Scratch()
        let file = try site(scratch)
        var daemon = try Daemon(configuration: file, data: scratch.path + "/data")
        _ = try runTwo(daemon)
        #expect(daemon.stop() == 0)
        // The stop signed what there was; the next start tells of it.
        daemon = try Daemon(configuration: file, data: scratch.path + "/data")
        let sink = URL(filePath: scratch.path + "/upstream.ndjson")
        let deadline = Date(timeIntervalSinceNow: 30)
        var lines: [Document] = []
        while lines.isEmpty, Date() < deadline {
            let text = (try? String(contentsOf: sink, encoding: .utf8)) ?? ""
            lines = text.split(separator: "\n").compactMap {
                try? Document(json: Array($0.utf8).span)
            }
            .filter { $0["kind"] == .text("audit") }
        }
        let status = try Program.iotflow.run(["status", "--data", daemon.data, "--json"])
        let fields = lines.last?["fields"]
        guard case .integer(let sequence)? = fields?["sequence"],
            case .text(let hash)? = fields?["hash"]
        else { return #expect(Bool(false), "no checkpoint came") }
        #expect(status.json?["audit"]?["signed"] == .text("\(sequence):\(hash)"))
        #expect(daemon.stop() == 0)
    }

    @Test(
        "a command line that makes no sense ends with 64",
        arguments: [
            [], ["list", "x"], ["verify", "a", "b"], ["export", "x"], ["show"],
            ["verify", "--head", "12"], ["verify", "--key", "ab"], ["list", "--limit", "0"],
            ["export", "--format", "xml"],
        ])
    func usage(_ words: [String]) throws {
        let outcome = try Program.iotflow.run(["audit"] + words)
        #expect(outcome.status == 64)
    }

    @Test("where there is no audit, 69 says so")
    func absent() throws {
        let scratch = try Scratch()
        let file = try scratch.write("other", "something else")
        for words in [
            ["list"], ["verify"], ["export"], ["verify", file], ["verify", file + ".not"],
        ] {
            let outcome = try Program.iotflow.run(["audit"] + words + ["--data", scratch.path])
            #expect(outcome.status == 69 && outcome.errors.hasPrefix("iotflow audit: "))
        }
    }
}
