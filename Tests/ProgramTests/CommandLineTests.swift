import Foundation
import Testing
import Wire

@Suite("iotflow on the command line")
struct CommandLineTests {
    @Test("--help names every verb", arguments: ["--help", "-h", "help"])
    func help(_ word: String) throws {
        let outcome = try Program.iotflow.run([word])
        #expect(outcome.status == 0)
        #expect(outcome.errors == "")
        for verb in ["check", "eval", "plan", "run-stream", "simulate", "status", "test", "twin"] {
            #expect(outcome.output.contains("\n  \(verb) "))
        }
    }

    @Test(
        "each verb explains itself",
        arguments: ["check", "eval", "plan", "run-stream", "simulate", "status", "test", "twin"])
    func verbHelp(_ verb: String) throws {
        let outcome = try Program.iotflow.run([verb, "--help"])
        #expect(outcome.status == 0)
        #expect(outcome.output.hasPrefix("Usage: iotflow \(verb)"))
        #expect(outcome.output.contains("Exit status:"))
    }

    @Test("--version is one line")
    func version() throws {
        let outcome = try Program.iotflow.run(["--version"])
        #expect(outcome.status == 0)
        #expect(outcome.output.wholeMatch(of: /iotflow \d+\.\d+.*\n/) != nil)
    }

    struct Usage: CustomTestStringConvertible {
        var arguments: [String]
        var says: String
        var testDescription: String { arguments.joined(separator: " ") }
    }

    @Test(
        "a command line that makes no sense ends with 64 and the way out",
        arguments: [
            Usage(arguments: [], says: "Usage: iotflow"),
            Usage(arguments: ["chekc"], says: "did you mean check?"),
            Usage(arguments: ["frobnicate"], says: "no verb 'frobnicate'"),
            Usage(arguments: ["check", "--jsn"], says: "no option --jsn"),
            Usage(arguments: ["eval"], says: "which expression?"),
            Usage(arguments: ["eval", "1"], says: "which --events?"),
            Usage(arguments: ["plan"], says: "which configuration?"),
            Usage(arguments: ["run-stream"], says: "which configuration?"),
            Usage(arguments: ["run-stream", "x.yaml"], says: "which --input?"),
            Usage(arguments: ["simulate"], says: "which configuration?"),
            Usage(arguments: ["simulate", "x.yaml", "--seed", "many"], says: "--seed: 'many'"),
            Usage(arguments: ["simulate", "x.yaml", "--seed"], says: "--seed needs an argument"),
            Usage(arguments: ["simulate", "x.yaml", "--duration", "long"], says: "'long'"),
            Usage(arguments: ["test"], says: "which configuration?"),
            Usage(arguments: ["twin"], says: "which of get, list, diff, watch, set,"),
            Usage(arguments: ["twin", "what-if"], says: "needs a configuration or --data"),
            Usage(arguments: ["twin", "what-if", "x.yaml"], says: "what-if needs --for"),
            Usage(arguments: ["twin", "what-if", "x.yaml", "--for", "0s"], says: "--for: '0s'"),
            Usage(arguments: ["twin", "get"], says: "twin get takes one device"),
            Usage(arguments: ["twin", "list", "x"], says: "twin list takes no operand"),
        ])
    func usage(_ usage: Usage) throws {
        let outcome = try Program.iotflow.run(usage.arguments)
        #expect(outcome.status == 64)
        #expect(outcome.errors.contains(usage.says))
        #expect(outcome.output == "")
    }

    @Test(
        "status and twin without a gateway end with 69", arguments: [["status"], ["twin", "list"]])
    func noGateway(_ verb: [String]) throws {
        let scratch = try Scratch()
        let outcome = try Program.iotflow.run(verb + ["--data", scratch.path])
        #expect(outcome.status == 69)
        #expect(outcome.errors.contains("no gateway answers"))
    }
}

@Suite("iotflow check")
struct CheckTests {
    @Test("a good file ends with 0")
    func good() throws {
        let scratch = try Scratch()
        let file = try scratch.write("good.yaml", siteText(data: scratch.path))
        let outcome = try Program.iotflow.run(["check", file])
        #expect(outcome.status == 0)
        #expect(outcome.output == "ok\n")
        #expect(outcome.errors == "")
        let json = try Program.iotflow.run(["check", "--json", file])
        #expect(json.status == 0)
        #expect(json.json?["ok"] == .boolean(true))
        #expect(json.json?["diagnostics"] == .array([]))
    }

    @Test("a bad file ends with 1, the place, the line and the help")
    func bad() throws {
        let scratch = try Scratch()
        let text = siteText(data: scratch.path).replacing(
            "condition: t > 30", with: "condition: tt > 30")
        let file = try scratch.write("bad.yaml", text)
        let outcome = try Program.iotflow.run(["check", file])
        #expect(outcome.status == 1)
        #expect(outcome.output == "")
        #expect(outcome.errors.contains("\(file):14:"))
        #expect(outcome.errors.contains("error: "))
        #expect(outcome.errors.contains("patterns: [{name: hot, condition: tt > 30"))
        #expect(outcome.errors.contains("^~"))
        #expect(outcome.errors.hasSuffix("1 error\n"))

        let json = try Program.iotflow.run(["check", "--json", file])
        #expect(json.status == 1)
        #expect(json.json?["ok"] == .boolean(false))
        guard case .array(let found)? = json.json?["diagnostics"] else {
            Issue.record("no diagnostics")
            return
        }
        #expect(found.count == 1)
        #expect(found.first?["severity"] == .text("error"))
        #expect(found.first?["file"] == .text(file))
        #expect(found.first?["line"] == .integer(14))
        #expect(found.first?["length"] == .integer(2))
    }

    @Test("a file that is not there ends with 1")
    func missing() throws {
        let outcome = try Program.iotflow.run(["check", "/nonexistent.yaml"])
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("/nonexistent.yaml"))
    }
}

@Suite("iotflow simulate")
struct SimulateTests {
    @Test("one seed gives one report, byte for byte, and another seed another")
    func seeds() throws {
        let scratch = try Scratch()
        let file = try scratch.write("site.yaml", siteText(data: scratch.path))
        func simulate(_ seed: String) throws -> Outcome {
            try Program.iotflow.run(
                ["simulate", file, "--scenario", "day", "--json", "--seed", seed])
        }
        let first = try simulate("1")
        #expect(first.status == 0)
        #expect(first.json?["events_processed"] == .integer(3 * 60))
        #expect(first.json?["detected_patterns"]?["hot"]?["count"] != nil)
        #expect(try simulate("1").output == first.output)
        #expect(try simulate("2").output != first.output)
        let standard = try Program.iotflow.run(["simulate", file, "--json"])
        #expect(standard.output == first.output, "the first scenario and the seed 1 are assumed")
    }

    @Test("--duration stands in for the scenario's")
    func duration() throws {
        let scratch = try Scratch()
        let file = try scratch.write("site.yaml", siteText(data: scratch.path))
        let outcome = try Program.iotflow.run(["simulate", file, "--duration", "1m", "--json"])
        #expect(outcome.json?["events_processed"] == .integer(3 * 6))
        let text = try Program.iotflow.run(["simulate", file, "--duration", "1m"])
        #expect(text.output.contains("Events processed      18\n"))
    }

    @Test("an unknown scenario ends with 1 and the known ones")
    func unknown() throws {
        let scratch = try Scratch()
        let file = try scratch.write("site.yaml", siteText(data: scratch.path))
        let outcome = try Program.iotflow.run(["simulate", file, "--scenario", "night"])
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("no scenario 'night'; there is: day"))
    }

    @Test("a wrong configuration ends with 1")
    func wrong() throws {
        let scratch = try Scratch()
        let file = try scratch.write("site.yaml", "streams: 5\n")
        let outcome = try Program.iotflow.run(["simulate", file])
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("site.yaml:1:10: error"))
    }
}
