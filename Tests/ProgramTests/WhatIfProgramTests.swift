import Foundation
import Testing
import Wire

@Suite("iotflow twin what-if")
struct WhatIfProgramTests {
    private static let example = ExampleTests.path("hvac_optimization.yaml")

    private func run(_ arguments: [String]) throws -> Outcome {
        try Program.iotflow.run(["twin", "what-if"] + arguments)
    }

    @Test("a configuration alone is enough, and one seed gives one answer")
    func configuration() throws {
        let arguments = [
            Self.example, "--devices", "temp-sensor-001,hvac-ctrl-001", "--scenario",
            "summer_afternoon", "--for", "30m", "--step", "10m", "--set",
            "hvac-ctrl-001.setpoint=21", "--json",
        ]
        let outcome = try run(arguments)
        #expect(outcome.errors == "")
        #expect(outcome.status == 0)
        let devices = outcome.json?["devices"]
        guard case .array(let values)? = devices?["temp-sensor-001"]?["temperature"]?["values"]
        else {
            Issue.record("no trajectory in \(outcome.output)")
            return
        }
        #expect(values.count == 4)
        #expect(devices?["hvac-ctrl-001"]?["setpoint"]?["last"] != nil)
        #expect(devices?["temp-sensor-002"] == nil)
        // Hot for three windows: the controller that is nearest is told.
        #expect(outcome.output.contains("high_temperature"))
        #expect(outcome.output.contains("set_mode"))
        #expect(try run(arguments).output == outcome.output)
        #expect(try run(arguments + ["--seed", "2"]).output != outcome.output)
    }

    @Test("samples are lines of CSV, and the summary is for people")
    func forms() throws {
        let arguments = [
            Self.example, "--devices", "hvac-ctrl-001", "--set", "hvac-ctrl-001.setpoint=21",
            "--for", "2m",
        ]
        let lines = try run(arguments + ["--csv"]).output.split(separator: "\n")
        #expect(lines.first == "time,device,property,value")
        #expect(lines.contains("2026-01-01T00:02:00.000Z,hvac-ctrl-001,setpoint,21.0"))
        let text = try run(arguments).output
        #expect(text.contains("hvac-ctrl-001  setpoint"))
        #expect(text.hasSuffix("nothing followed\n"))
    }

    @Test(
        "what cannot be asked is told",
        arguments: [
            (["--devices", "hvac-ctrl-01"], "did you mean hvac-ctrl-001?"),
            (["--set", "hvac-ctrl-001.setpoint=99"], "outside"),
            (["--set", "hvac-ctrl-001=99"], "is not DEVICE.PROPERTY=VALUE"),
            (["--set", "hvac-ctrl-001.colour=99"], "no property is called 'colour'"),
            (["--command", "hvac-ctrl-001: set_mod mode=cool"], "did you mean set_mode?"),
            (["--command", "hvac-ctrl-001 set_mode"], "is not 'DEVICE: NAME"),
            (["--command", "hvac-ctrl-001: set_mode cool"], "is not 'DEVICE: NAME"),
            (["--command", "hvac-ctrl-001: set_mode mode=cool at noon"], "is not 'DEVICE: NAME"),
            (["--scenario", "winter"], "there is: summer_afternoon"),
            (["--step", "1ms"], "take a longer --step"),
        ])
    func mistakes(_ arguments: [String], _ said: String) throws {
        let outcome = try run([Self.example, "--for", "1h"] + arguments)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains(said))
        #expect(outcome.output == "")
    }

    @Test("no store is told")
    func noStore() throws {
        let scratch = try Scratch()
        let outcome = try run(["--data", scratch.path, "--for", "1h"])
        #expect(outcome.status == 1)
        #expect(outcome.errors.hasPrefix("iotflow twin what-if: "))
    }

    @Test("the twins of a store go on, and no byte of it changes")
    func store() throws {
        let scratch = try Scratch()
        let data = scratch.path + "/data"
        let gateway = try Running(
            .iotflowd, ["--config", Self.example, "--data", data, "--listen", "127.0.0.1:0"])
        gateway.alarm(seconds: 60)
        while try Program.iotflow.run(["status", "--data", data]).status != 0 {
            guard gateway.process.isRunning else { break }
        }
        gateway.signal(SIGTERM)
        _ = gateway.finish()
        func bytes() throws -> [String: Data] {
            let url = URL(filePath: data)
            var found: [String: Data] = [:]
            for name in try FileManager.default.contentsOfDirectory(atPath: data)
            where !name.hasSuffix(".sock") && name != "lock.mdb" {
                found[name] = try? Data(contentsOf: url.appending(path: name))
            }
            return found
        }
        let before = try bytes()
        #expect(!before.isEmpty)
        let outcome = try run(["--data", data, "--devices", "hvac-ctrl-001", "--for", "5m"])
        #expect(outcome.errors == "")
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("hvac-ctrl-001  mode"))
        #expect(try bytes() == before)
    }
}
