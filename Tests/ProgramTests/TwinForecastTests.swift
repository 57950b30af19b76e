import Foundation
import Testing
import Wire

@Suite("iotflow twin forecast")
struct TwinForecastTests {
    /// A sample a minute of 2026-01-01, one value in ten missing.
    private func file(_ count: Int = 200, header: String = "time,t", _ value: (Int) -> Double)
        -> String
    {
        var text = header + "\n"
        for place in 0..<count where place % 10 != 5 {
            let (hour, minute) = (place / 60, place % 60)
            text += "2026-01-01T\(digits(hour)):\(digits(minute)):00Z,"
            text +=
                (header.contains("device") ? "pump-\(place % 2 + 1)," : "") + "\(value(place))\n"
        }
        return text
    }

    private func digits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private func run(_ text: String, _ arguments: [String]) throws -> Outcome {
        let scratch = try Scratch()
        let path = try scratch.write("in.csv", text)
        return try Program.iotflow.run(
            ["twin", "forecast", "pump-1", "t", "--input", path] + arguments)
    }

    @Test("values with intervals, each method's error, and the time to a limit")
    func line() throws {
        let text = file { Double($0) / 2 }
        let outcome = try run(text, ["--horizon", "6m", "--threshold", "> 120"])
        #expect(outcome.status == 0 && outcome.errors == "", "\(outcome.errors)")
        let lines = outcome.output.split(separator: "\n").map(String.init)
        #expect(
            lines[0]
                == "t of pump-1: 200 steps of 1m to 2026-01-01T03:20:00.000Z, 20 without values, "
                + "at most 1 in a row")
        #expect(lines[1].hasPrefix("Theil-Sen trend, MASE "))
        #expect(lines[1].hasSuffix(", over 95 places in the past"))
        #expect(lines[2].hasPrefix("  last value ") && lines[3].hasPrefix("  Theil-Sen trend "))
        #expect(lines[4].hasPrefix("  damped Holt "))
        #expect(lines[5].hasPrefix("TIME ") && lines[5].contains("TO (95 %)"))
        #expect(lines[6].hasPrefix("2026-01-01T03:21:00.000Z  100.0"))
        #expect(lines[11].hasPrefix("2026-01-01T03:26:00.000Z  102.5"))
        #expect(lines[12].hasPrefix("t > 120: in 41m (41m to 41m), within 6m with probability 0.0"))
    }

    @Test("the same for programs")
    func json() throws {
        let text = file { Double($0) / 2 }
        let outcome = try run(text, ["--horizon", "1h", "--threshold", ">120", "--json"])
        let json = try #require(outcome.json)
        #expect(json["method"] == .text("Theil-Sen trend") && json["skill"] == .boolean(true))
        #expect(json["step"] == .text("1m15s") && json["coverage"] != nil)
        guard case .array(let steps)? = json["forecast"],
            case .array(let methods)? = json["methods"]
        else { throw Missing() }
        #expect(steps.count == 48 && methods.count == 3)
        #expect(methods[0]["method"] == .text("last value") && methods[0]["mase"] != nil)
        #expect(steps[0]["low"] != nil && steps[0]["high"] != nil && steps[0]["time"] != nil)
        let threshold = try #require(json["threshold"])
        #expect(threshold["state"] == .text("approaching"))
        #expect(threshold["curve"] == .text("linear") && threshold["limit"] == .number(120))
        guard case .number(let seconds)? = threshold["seconds"] else { throw Missing() }
        #expect(abs(seconds - 41 * 60) < 60)
        #expect(json["remaining_life"]?["state"] == .text("approaching"))
    }

    @Test("where no method has any skill, that is said and nothing else")
    func walk() throws {
        var state: UInt64 = 7
        var level = 0.0
        let text = file { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            level += Double(state >> 40) / 0x1p24 - 0.5
            return level
        }
        let outcome = try run(text, ["--horizon", "10m"])
        #expect(outcome.status == 2, "\(outcome.output)")
        #expect(outcome.output.contains("no skill: the best is last value, MASE 1"))
        #expect(!outcome.output.contains("TIME"))
        let json = try run(text, ["--horizon", "10m", "--json"])
        #expect(json.status == 2 && json.json?["skill"] == .boolean(false))
        #expect(json.json?["forecast"] == nil)
    }

    @Test("what grows by a share is worn out along a curve")
    func curve() throws {
        let text = file { exp(Double($0) / 40) }
        let outcome = try run(text, ["--horizon", "10m", "--threshold", "> 1000"])
        #expect(outcome.status == 0)
        #expect(
            outcome.output.contains("along an exponential curve: in 1h17m"), "\(outcome.output)")
    }

    @Test("limits that are reached, or led away from")
    func limits() throws {
        let text = file { Double($0) / 2 }
        #expect(try run(text, ["-H", "6m", "-T", "> 20"]).output.contains("t > 20: now"))
        #expect(try run(text, ["-H", "6m", "-T", "< 5"]).output.contains("< 5: not approaching"))
    }

    @Test("a season that is asked for")
    func season() throws {
        let text = file { Double($0 % 20 < 7 ? 5 : 1) + Double($0) / 100 }
        let outcome = try run(text, ["--horizon", "10m", "--season", "20m"])
        #expect(outcome.status == 0 && outcome.output.contains("\n  Holt-Winters "))
        let odd = try run(text, ["--horizon", "10m", "--season", "20m", "--step", "3m"])
        #expect(odd.status == 1)
        #expect(odd.errors.contains("a season of 20m is not some whole steps of 3m"))
    }

    @Test("of several devices, the one that is asked for")
    func devices() throws {
        let text = file(header: "time,device,t") { Double($0 % 2 == 0 ? $0 : -5) }
        let outcome = try run(text, ["--horizon", "10m", "--json"])
        #expect(outcome.status == 0 && outcome.json?["step"] == .text("2m"))
    }

    @Test(
        "mistakes",
        arguments: [
            (["--horizon", "3d", "--step", "1m"], 1, "200 steps of 1m, and to look 4320 ahead"),
            (["--horizon", "never"], 64, "--horizon: 'never' is not a span such as 1h"),
            (["--season", "0s"], 64, "--season: '0s' is not a span such as 1h"),
            (["--threshold", "80"], 64, "--threshold: '80' is not a limit such as '> 80'"),
            (["--threshold", "> much"], 64, "is not a limit"),
        ])
    func mistakes(arguments: [String], status: Int32, message: String) throws {
        let outcome = try run(file { Double($0) }, arguments)
        #expect(outcome.status == status && outcome.output == "")
        #expect(outcome.errors.contains(message), "\(outcome.errors)")
    }

    @Test("nothing to look at")
    func nothing() throws {
        #expect(try run("time,x\n2026-01-01T00:00:00Z,5\n", []).errors.contains("no numbers of t"))
        let once = try run("time,t\n2026-01-01T00:00:00Z,5\n", [])
        #expect(
            once.status == 1 && once.errors.contains("all numbers of t of pump-1 are of one time"))
        #expect(try Program.iotflow.run(["twin", "forecast", "pump-1"]).status == 64)
        let gone = try Program.iotflow.run(
            ["twin", "forecast", "pump-1", "t", "--input", "/nonexistent.csv"])
        #expect(gone.status == 1 && gone.errors.contains("/nonexistent.csv"))
    }

    @Test("what the gateway has kept, beside it and after it")
    func kept() throws {
        let scratch = try Scratch()
        let file = try scratch.write("site.yaml", siteText(data: scratch.path))
        let daemon = try Daemon(configuration: file, data: scratch.path + "/data")
        for id in 0..<60 {
            #expect(
                try daemon.post(["telemetry", "room-1", "t"], "\(20 + id)", id: UInt16(id + 1))
                    == 0x44)
        }
        let words = ["twin", "forecast", "room-1", "t", "--data", daemon.data, "--json"]
        // As fast as they came: how fast is not known, so neither is how many steps there are.
        let beside = try Program.iotflow.run(words + ["--horizon", "4ms", "--step", "1ms"])
        #expect(beside.status == 0 || beside.status == 2, "\(beside.errors)")
        #expect(beside.json?["property"] == .text("t"))
        #expect(
            try Program.iotflow.run(words + ["--to", "-1h"]).errors.contains("no numbers of t"))
        #expect(daemon.stop() == 0)
        let after = try Program.iotflow.run(words + ["--horizon", "4ms", "--step", "1ms"])
        #expect(after.status == beside.status && after.json?["steps"] == beside.json?["steps"])
        var other = words
        other[2] = "room-77"
        #expect(try Program.iotflow.run(other).errors.contains("no device is called 'room-77'"))
        let backwards = try Program.iotflow.run(words + ["--from", "-1h", "--to", "-2h"])
        #expect(backwards.status == 64 && backwards.errors.contains("--from is not before --to"))
        #expect(try Program.iotflow.run(words + ["--from", "then"]).errors.contains("not a time"))
    }

    private struct Missing: Error {}
}
