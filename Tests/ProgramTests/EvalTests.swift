import Foundation
import Testing

@Suite("iotflow eval")
struct EvalTests {
    private static let events = """
        time,device,t,mode
        2026-01-01T00:00:10Z,room-1,20.5,cool
        2026-01-01T00:00:20Z,room-2,,heat
        2026-01-01T00:00:30Z,room-3,31,cool
        """

    private func run(_ arguments: [String]) throws -> Outcome {
        let scratch = try Scratch()
        let file = try scratch.write("in.csv", EvalTests.events)
        return try Program.iotflow.run(["eval"] + arguments + ["--events", file])
    }

    @Test("one value per row, none where something is missing")
    func values() throws {
        let outcome = try run(["t * 2"])
        #expect(outcome.status == 0)
        #expect(outcome.errors == "")
        #expect(
            outcome.output == """
                time,device,value
                2026-01-01T00:00:10.000Z,room-1,41.0
                2026-01-01T00:00:20.000Z,room-2,
                2026-01-01T00:00:30.000Z,room-3,62.0

                """)
    }

    @Test("--select writes the rows for which the condition is true")
    func select() throws {
        let outcome = try run(["t > 30 and mode = \"cool\"", "--select", "--format", "ndjson"])
        #expect(outcome.status == 0)
        #expect(
            outcome.output == """
                {"time":"2026-01-01T00:00:30.000Z","device":"room-3",\
                "values":{"t":31.0,"mode":"cool"}}

                """)
    }

    @Test("a mistake in the expression is shown with a caret")
    func mistake() throws {
        let outcome = try run(["tt + 1"])
        #expect(outcome.status == 1)
        #expect(outcome.output == "")
        #expect(outcome.errors.hasPrefix("expression:1:1: error:"))
        #expect(outcome.errors.contains("\ntt + 1\n^~\n"))
    }

    @Test("a value under --select is no condition")
    func noCondition() throws {
        #expect(try run(["t", "--select"]).status == 1)
    }

    private static let readings = """
        time,device,t
        2026-01-01T00:00:10Z,room-1,20.5
        2026-01-01T00:00:20Z,room-1,31
        2026-01-01T00:00:30Z,room-2,31
        2026-01-01T00:01:30Z,room-1,32
        2026-01-01T00:03:30Z,room-1,33
        2026-01-01T00:03:40Z,room-1,20
        """

    struct Rule: CustomTestStringConvertible {
        var text: String
        /// Time, since and key of each match.
        var matches: [String]
        var testDescription: String { text }
    }

    @Test(
        "a rule is watched for, device by device",
        arguments: [
            Rule(
                text: "t < 30 then t > 30 within 1m",
                matches: ["00:00:20 00:00:10 device_id=room-1"]),
            Rule(
                text: "t > 30 for 2m",
                matches: [
                    "00:02:20 00:00:20 device_id=room-1", "00:02:30 00:00:30 device_id=room-2",
                ]),
            Rule(
                text: "count(t > 30) >= 3 and t > 30 within 10m",
                matches: ["00:03:30 00:03:30 device_id=room-1"]),
            Rule(
                text: "t > 30 for 3 consecutive events",
                matches: ["00:03:30 00:00:20 device_id=room-1"]),
            Rule(
                text: "no data for 2m",
                matches: [
                    "00:02:30 00:00:30 device_id=room-2", "00:03:30 00:01:30 device_id=room-1",
                    "00:05:40 00:03:40 device_id=room-1",
                ]),
            Rule(
                text: "max(t) - min(t) > 11 within 1h",
                matches: [
                    "00:01:30 00:01:30 device_id=room-1", "00:03:30 00:03:30 device_id=room-1",
                    "00:03:40 00:03:40 device_id=room-1",
                ]),
        ])
    func rules(_ rule: Rule) throws {
        let scratch = try Scratch()
        let file = try scratch.write("in.csv", EvalTests.readings)
        let outcome = try Program.iotflow.run(["eval", rule.text, "--events", file])
        #expect(outcome.status == 0)
        #expect(outcome.errors == "")
        let lines = outcome.output.split(separator: "\n").map {
            $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        #expect(lines.first == ["time", "kind", "name", "since", "key", "values"])
        let found = lines.dropFirst().map { fields in
            "\(fields[0].dropFirst(11).prefix(8)) \(fields[3].dropFirst(11).prefix(8)) \(fields[4])"
        }
        #expect(found == rule.matches)
        #expect(lines.dropFirst().allSatisfy { $0[1] == "match" && $0[5].contains("t=") })
    }

    @Test("the value of a function that remembers is a field of each row that has one")
    func rememberedValues() throws {
        let scratch = try Scratch()
        let file = try scratch.write(
            "in.csv",
            """
            time,device,t
            2026-01-01T00:00:20Z,a,9
            2026-01-01T00:00:10Z,a,4
            2026-01-01T00:00:10Z,b,1
            2026-01-01T00:00:30Z,a,7

            """)
        let outcome = try Program.iotflow.run([
            "eval", "delta(t) * 2", "--events", file, "--lateness", "20s", "--format", "csv",
        ])
        #expect(outcome.errors == "")
        #expect(
            outcome.output.split(separator: "\n").dropFirst().map(String.init) == [
                "2026-01-01T00:00:20.000Z,match,value,2026-01-01T00:00:20.000Z,device_id=a,"
                    + "device_id=a;t=9.0;value=10.0",
                "2026-01-01T00:00:30.000Z,match,value,2026-01-01T00:00:30.000Z,device_id=a,"
                    + "device_id=a;t=7.0;value=-4.0",
            ])
    }

    @Test(
        "columns of any name and number make no difference to a rule",
        arguments: ["t", "a/b", "t,u"])
    func columns(_ names: String) throws {
        let scratch = try Scratch()
        let isWide = names == "t,u"
        let text = EvalTests.readings.replacing("device,t", with: "device,\(names)")
            .split(separator: "\n").enumerated()
            .map { isWide && $0.offset > 0 ? $0.element + ",7" : String($0.element) }
        let file = try scratch.write("in.csv", text.joined(separator: "\n"))
        let name = names == "a/b" ? "`a/b`" : "t"
        let outcome = try Program.iotflow.run(["eval", "\(name) > 30 for 2m", "--events", file])
        #expect(outcome.errors == "")
        #expect(outcome.output.split(separator: "\n").count == 3)
    }

    @Test(
        "what is wrong with a rule is told, and what is wrong with one row's expression too",
        arguments: [
            ("t > 30 for 2", "expression:1:"), ("tt > 30 for 2m", "did you mean `t`?"),
            ("t > 30 within 5m", "[E0312]"), ("t + mode then t", "[E0"), ("t >", "[E0304]"),
        ])
    func wrongRules(_ text: String, _ words: String) throws {
        let outcome = try run([text])
        #expect(outcome.status == 1)
        #expect(outcome.output == "")
        #expect(outcome.errors.contains(words))
    }

    @Test("rows out of order count within --lateness; later ones are told")
    func lateness() throws {
        let scratch = try Scratch()
        let file = try scratch.write(
            "in.csv",
            """
            time,device,t
            2026-01-01T00:00:10Z,a,1
            2026-01-01T00:00:30Z,a,3
            2026-01-01T00:00:20Z,a,2
            """)
        func outcome(_ options: [String]) throws -> Outcome {
            try Program.iotflow.run(
                ["eval", "t = 1 immediately then t = 2", "--events", file] + options)
        }
        let wide = try outcome(["--lateness", "1m"])
        #expect(wide.errors == "")
        #expect(wide.output.contains("00:00:20.000Z,match,"))
        let narrow = try outcome([])
        #expect(narrow.errors.contains("1 rows came later than --lateness allows"))
        #expect(!narrow.output.contains(",match,"))
        #expect(try outcome(["--lateness", "soon"]).status == 64)
    }

    private static let senML = """
        [{"bn":"urn:dev:mac:0a:","bt":1767225600,"bu":"Cel","n":"t","v":20},
         {"n":"t","t":10,"v":31},{"n":"h","t":10,"u":"%RH","v":40},{"n":"t","t":20,"u":"K","v":310}]
        [{"n":"room-2/t","t":1767225630,"v":40},{"n":"x","v":1},{"n":"room-2/t","t":-5,"v":50}]
        """

    @Test("SenML: base fields, units, rows of several properties; what has no place is told")
    func senML() throws {
        let scratch = try Scratch()
        // Its first byte tells, whatever it is called.
        for name in ["in.senml", "in.json", "in"] {
            let file = try scratch.write(name, EvalTests.senML)
            let outcome = try Program.iotflow.run([
                "eval", "t > 30 degC", "--events", file, "--format", "csv",
            ])
            #expect(outcome.status == 1)
            #expect(
                outcome.output == """
                    time,device,value
                    2026-01-01T00:00:00.000Z,urn:dev:mac:0a,false
                    2026-01-01T00:00:10.000Z,urn:dev:mac:0a,true
                    2026-01-01T00:00:20.000Z,urn:dev:mac:0a,true
                    2026-01-01T00:00:30.000Z,room-2,true

                    """)
            #expect(outcome.errors.contains("record 6: its time counts from when it was sent"))
            #expect(outcome.errors.contains("2 rows were left out"))
        }
        let file = try scratch.write("in.senml", EvalTests.senML)
        let sent = try Program.iotflow.run([
            "eval", "t", "--events", file, "--sent", "2026-01-01T00:01:00Z", "--format", "csv",
        ])
        #expect(sent.errors.contains("record 6: its name 'x' names no device"))
        #expect(sent.output.contains("2026-01-01T00:00:55.000Z,room-2,50"))
        let wide = try Program.iotflow.run([
            "eval", "h is there and t > 30", "--select", "--events", file, "--format", "csv",
        ])
        #expect(
            wide.output.contains("2026-01-01T00:00:10.000Z,urn:dev:mac:0a,t=31.0;h=40.0\n")
                || wide.errors.contains("error"))
    }

    @Test("SenML in CBOR, from standard input's form: a file without a telling name")
    func cbor() throws {
        let scratch = try Scratch()
        // [{-2: "r/", -3: 1767225600, 0: "t", 2: 1.5}, {0: "t", 6: 10, 2: 2}]
        let bytes: [UInt8] =
            [0x82, 0xa4, 0x21, 0x62, 0x72, 0x2f, 0x22, 0x1a, 0x69, 0x55, 0xb9, 0x00, 0x00, 0x61]
            + [0x74, 0x02, 0xf9, 0x3e, 0x00, 0xa3, 0x00, 0x61, 0x74, 0x06, 0x0a, 0x02, 0x02]
        let path = scratch.path + "/in"
        try Data(bytes + bytes).write(to: URL(filePath: path))
        let outcome = try Program.iotflow.run([
            "eval", "t * 2", "--events", path, "--format", "csv",
        ])
        #expect(outcome.status == 0)
        let row = "2026-01-01T00:00:00.000Z,r,3.0\n2026-01-01T00:00:10.000Z,r,4.0\n"
        #expect(outcome.output == "time,device,value\n" + row + row)
    }

    @Test("a large SenML file, cut anywhere by blocks, loses no record and joins no rows wrongly")
    func large() throws {
        let scratch = try Scratch()
        var text = "[{\"bn\":\"d/\",\"bt\":1767225600},\n"
        let count = 20_000
        for second in 0..<count {
            text += "{\"n\":\"a\",\"t\":\(second),\"v\":\(second)},"
            text += "{\"n\":\"b\",\"t\":\(second),\"v\":\(second)}"
            text += second + 1 < count ? ",\n" : "]"
        }
        let file = try scratch.write("in.senml", text)
        let outcome = try Program.iotflow.run([
            "eval", "a = b", "--select", "--events", file, "--format", "csv",
        ])
        #expect(outcome.status == 0)
        #expect(outcome.output.utf8.count { $0 == UInt8(ascii: "\n") } == count + 1)
    }
}
