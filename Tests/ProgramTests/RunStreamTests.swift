import Foundation
import Testing
import Wire

@Suite("iotflow run-stream")
struct RunStreamTests {
    private static let workflow = """
        devices: {groups: {rooms: {range: "room-{1..3}", model: room}}}
        models: {room: {properties: {t: {type: float}, door: {type: boolean}}}}
        workflow: site
        streams:
          heat:
            sources:
              - {group: rooms, topic: telemetry/+/t, lateness: 5s,
                 mapping: {device_id: "topic[1]", t: payload.value}}
            window: {type: tumbling, size: 1m}
            processing:
              - type: aggregate
                by: [device_id]
                functions: [{name: n, function: count}, {name: high, function: max, field: t}]
            patterns: [{name: hot, condition: high > 30}]
          doors:
            sources:
              - {group: rooms, topic: telemetry/+/door,
                 mapping: {device_id: "topic[1]", door: payload.value}}
            patterns: [{name: opened, condition: door}]
        """

    /// Three rows of one room, two of them in the first minute.
    private static let rows = [
        ("2026-01-01T00:00:10Z", "20.5"), ("2026-01-01T00:00:50Z", "31"),
        ("2026-01-01T00:01:10Z", "-1e1"),
    ]

    private func run(
        _ name: String, _ text: String, _ more: [String] = ["--stream", "heat"]
    ) throws -> (outcome: Outcome, lines: [String]) {
        let scratch = try Scratch()
        let workflow = try scratch.write("site.yaml", RunStreamTests.workflow)
        let input = try scratch.write(name, text)
        let outcome = try Program.iotflow.run(["run-stream", workflow, "--input", input] + more)
        return (outcome, outcome.output.split(separator: "\n").map(String.init))
    }

    private static let expected = [
        "time,kind,name,since,key,values",
        "2026-01-01T00:01:00.000Z,row,heat,2026-01-01T00:00:00.000Z,"
            + "device_id=room-1,n=2;high=31.0",
        "2026-01-01T00:01:00.000Z,match,hot,2026-01-01T00:00:00.000Z,"
            + "device_id=room-1,n=2;high=31.0",
        "2026-01-01T00:02:00.000Z,row,heat,2026-01-01T00:01:00.000Z,"
            + "device_id=room-1,n=1;high=-10.0",
    ]

    @Test("one column per property: windows close, the last ones at the end")
    func wide() throws {
        let text = RunStreamTests.rows.map { "\($0.0),room-1,\($0.1)\n" }.joined()
        let (outcome, lines) = try run("in.csv", "time,device,t\n" + text)
        #expect(outcome.status == 0)
        #expect(outcome.errors == "")
        #expect(lines == RunStreamTests.expected)
    }

    @Test("NDJSON tells of what is not exact, CSV does not")
    func quality() throws {
        let scratch = try Scratch()
        let workflow = try scratch.write(
            "site.yaml",
            RunStreamTests.workflow.replacingOccurrences(of: "function: max", with: "function: p95")
        )
        let rows = (0..<600).map {
            "2026-01-01T00:00:\($0 / 100 + 10).\($0 % 100 + 100)Z,room-1,\(Double($0) / 7)\n"
        }
        let input = try scratch.write("in.csv", "time,device,t\n" + rows.joined())
        for (format, isTold) in [("out.ndjson", true), ("out.csv", false)] {
            let output = scratch.path + "/" + format
            let outcome = try Program.iotflow.run([
                "run-stream", workflow, "--stream", "heat", "--input", input, "--output", output,
            ])
            #expect(outcome.status == 0, "\(outcome.errors)")
            let text = try String(contentsOfFile: output, encoding: .utf8)
            #expect(text.contains(#","quality":{"high":{"error":0.125}}}"#) == isTold)
            #expect(text.contains("high"))
        }
    }

    @Test("columns called property and value, quotes, CRLF, a byte order mark, no last line end")
    func long() throws {
        let text = RunStreamTests.rows.map { "\"room-1\",t,\($0.0),\"\($0.1)\"" }
            .joined(separator: "\r\n")
        let (outcome, lines) = try run("in.csv", "\u{feff}device,property,time,value\r\n" + text)
        #expect(outcome.status == 0)
        #expect(lines == RunStreamTests.expected)
    }

    @Test(
        "times as numbers, in seconds or milliseconds",
        arguments: [
            (["1767225610", "1767225650.000", "1767225670"], [String]()),
            (["1767225610000", "1767225650000", "1767225670000"], []),
            (["1767225610000", "1767225650000", "1767225670000"], ["--time-unit", "ms"]),
        ])
    func numbers(_ times: [String], _ options: [String]) throws {
        let text = zip(times, RunStreamTests.rows).map { "\($0),room-1,\($1.1)\n" }.joined()
        let (_, lines) = try run(
            "in.csv", "ts,who,t\n" + text,
            ["--stream", "heat", "--device-column", "who"] + options)
        #expect(lines == RunStreamTests.expected)
    }

    @Test("columns get their properties, and the file its device, from the command line")
    func columns() throws {
        let text = RunStreamTests.rows.map { "\($0.0),\($0.1),x\n" }.joined()
        let (_, lines) = try run(
            "in.csv", "when,V1,note\n" + text,
            [
                "--stream", "heat", "--device", "room-1", "--time-column", "when",
                "--column", "V1=t",
            ])
        #expect(lines == RunStreamTests.expected)
    }

    @Test("NDJSON in, NDJSON out; values take their model's type")
    func json() throws {
        let text = """
            {"time": "2026-01-01T00:00:10Z", "device": "room-2", "door": 1}

            {"time": 1767225620, "device": "room-2", "property": "door", "value": false}
            """
        let (outcome, lines) = try run("in.ndjson", text, ["--stream", "doors"])
        #expect(outcome.status == 0)
        #expect(lines.count == 1)
        let match = try Document(json: Array(try #require(lines.first).utf8).span)
        #expect(match["kind"] == .text("match"))
        #expect(match["name"] == .text("opened"))
        #expect(match["time"] == .text("2026-01-01T00:00:10.000Z"))
        #expect(match["key"]?["device_id"] == .text("room-2"))
        #expect(match["values"]?["door"] == .boolean(true))
    }

    @Test("disorder within the lateness changes nothing, what is later comes out as late")
    func disorder() throws {
        let rows = RunStreamTests.rows
        let text = [rows[0], rows[2], rows[1]].map { "\($0.0),room-1,\($0.1)\n" }.joined()
        let (outcome, lines) = try run(
            "in.csv", "time,device,t\n" + text,
            ["--stream", "heat", "--stats"])
        #expect(outcome.errors.contains("events 3  results 3  late 1"))
        #expect(lines.contains { $0.hasPrefix("2026-01-01T00:00:50.000Z,late,heat,,") })
        let near = [
            rows[0], ("2026-01-01T00:00:52Z", "31"), ("2026-01-01T00:00:50Z", "30"),
            rows[2],
        ].map { "\($0.0),room-1,\($0.1)\n" }.joined()
        #expect(try run("in.csv", "time,device,t\n" + near).lines.count == 4)
    }

    @Test("a file larger than a block, its rows cut anywhere, loses none")
    func blocks() throws {
        var text = "time,device,t\n"
        for second in 0..<30_000 { text += "\(1_767_225_600 + second),room-\(second % 3 + 1),25\n" }
        let (outcome, lines) = try run("in.csv", text)
        #expect(outcome.status == 0)
        #expect(lines.count == 1 + 500 * 3)
        #expect(lines.dropFirst().allSatisfy { $0.hasSuffix(",n=20;high=25.0") })
    }

    @Test("rows that are no events are told, left out, and make the status 1")
    func rejected() throws {
        let text = """
            time,device,t
            2026-01-01T00:00:10Z,room-1,25
            yesterday,room-1,26
            2026-01-01T00:00:12Z,room-1
            2026-01-01T00:00:13Z,room-1,NaN
            """
        let (outcome, lines) = try run("in.csv", text)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("line 3: no time: 'yesterday'"))
        #expect(outcome.errors.contains("line 4: 2 fields, the header has 3"))
        #expect(outcome.errors.contains("2 rows were left out"))
        #expect(lines.count == 2)
        #expect(lines.last?.hasSuffix("n=1;high=25.0") == true)
    }

    @Test("results go to a file, whose name tells the format")
    func output() throws {
        let scratch = try Scratch()
        let output = scratch.path + "/out.csv"
        let text = RunStreamTests.rows.map { "\($0.0),room-1,\($0.1)\n" }.joined()
        let (outcome, lines) = try run(
            "in.csv", "time,device,t\n" + text,
            ["--stream", "heat", "--output", output])
        #expect(outcome.status == 0)
        #expect(lines == [])
        let written = try String(contentsOf: URL(filePath: output), encoding: .utf8)
        #expect(written == RunStreamTests.expected.joined(separator: "\n") + "\n")
    }

    @Test(
        "what cannot be done is said",
        arguments: [
            (["--stream", "cold"], Int32(1), "no such stream; there is: heat, doors"),
            (["--format", "xml"], 64, "'xml' is none of csv, ndjson"),
            (["--column", "x"], 64, "'x' is not COLUMN=PROPERTY"),
            (["--column", "x=t"], 1, "no column 'x'"),
            (["--time-column", "when"], 1, "no column of times; there is: time, device, t"),
            (["--device-column", "who"], 1, "no column of devices"),
            (["--input", "/nowhere/in.csv"], 1, "/nowhere/in.csv: No such file"),
            (["--output", "/nowhere/out.csv"], 1, "/nowhere/out.csv: No such file"),
        ])
    func refused(_ options: [String], _ status: Int32, _ says: String) throws {
        let (outcome, _) = try run("in.csv", "time,device,t\n", options)
        #expect(outcome.status == status)
        #expect(outcome.errors.contains(says), "\(outcome.errors)")
    }
}

@Suite("iotflow plan")
struct PlanTests {
    @Test("the bounds of all streams and their sum")
    func memory() throws {
        let scratch = try Scratch()
        let file = try scratch.write("site.yaml", siteText(data: scratch.path))
        let outcome = try Program.iotflow.run(["plan", file, "--memory"])
        #expect(outcome.status == 0)
        #expect(outcome.output.firstMatch(of: /(?m)^heat +[0-9.]+ [KM]iB$/) != nil)
        #expect(outcome.output.firstMatch(of: /(?m)^total +[0-9.]+ [KM]iB$/) != nil)
        let json = try #require(try Program.iotflow.run(["plan", file, "--json"]).json)
        guard case .array(let streams)? = json["streams"], case .integer(let total)? = json["total"]
        else {
            Issue.record("\(json)")
            return
        }
        #expect(streams.count == 1)
        #expect(streams.first?["name"] == .text("heat"))
        #expect(streams.first?["bytes"] == .integer(total))
        #expect(total > 0)
        #expect(outcome.output.firstMatch(of: /(?m)^  keys +[0-9.]+ KiB +3 x \d+ B$/) != nil)
        #expect(outcome.output.contains("\n  pattern hot "))
        guard case .array(let parts)? = streams.first?["parts"] else {
            Issue.record("\(json)")
            return
        }
        #expect(parts.first?["what"] == .text("keys"))
        #expect(parts.first?["count"] == .integer(3))
    }

    @Test("more than memory_limit is refused, with the sum worked out")
    func memoryLimit() throws {
        let scratch = try Scratch()
        let text = siteText(data: scratch.path)
        for (limit, status) in [("100MB", Int32(0)), ("100B", 1)] {
            let file = try scratch.write(
                "\(limit).yaml",
                text.replacing("  name: test\n", with: "  name: test\n  memory_limit: \(limit)\n"))
            let outcome = try Program.iotflow.run(["check", file])
            #expect(outcome.status == status)
            guard status == 1 else { continue }
            #expect(outcome.errors.contains("\(file):3:3: error"), "\(outcome.errors)")
            #expect(outcome.errors.contains("E0403"))
            #expect(outcome.errors.contains(/heat: keys: 3 x \d+ B = \d+ B/))
            #expect(outcome.errors.contains(/total: \d+ B, limit: 100 B/))
        }
    }
}
