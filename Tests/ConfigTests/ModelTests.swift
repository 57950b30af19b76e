import Config
import Engine
import Model
import Testing

@Suite("Models of devices")
struct ModelTests {
    private func model(_ body: String) throws -> DeviceModel {
        let configuration = try accepted("models:\n  m:\n" + body)
        return try #require(configuration.definition.registry.models.first)
    }

    @Test("a property has all that is written of it")
    func property() throws {
        let model = try model(
            """
                version: 1.2
                awake: 30s
                properties:
                  t: {kind: telemetry, unit: Cel, range: [-40, 85], tolerance: 0.05,
                      expected: 30s, lwm2m: /3303/0/5700,
                      behaviour: {time_constant: 8s, towards: s, gain: 2, rest: 1}}
                  s: {type: int, range: [5, 35], step: 5, writable: true, policy: desiredWins,
                      settle: 30s, default: 20}
                  mode: {type: enum, values: {"off": 0, heat: 7}, writable: true, default: 7,
                         policy: manual}
                  on: {type: bool}
                  place: {type: position, tolerance: 10, writable: true, default: "48.1,11.5"}
            """)
        #expect(model.version == "1.2.0" && model.awakeWindow == .seconds(30))
        let (t, s, mode) = (model.properties[0], model.properties[1], model.properties[2])
        #expect(t.isTelemetry && !t.isWritable && t.lwm2m == "/3303/0/5700")
        #expect(t.expectedInterval == .seconds(30) && t.tolerance == 0.05)
        #expect(
            t.behaviour
                == BehaviourModel(timeConstant: .seconds(8), towards: "s", gain: 2, rest: 1))
        #expect(s.type == .integer && s.step == 5 && s.settle == .seconds(30))
        #expect(s.policy == .desiredWins && s.defaultValue == .integer(20))
        #expect(mode.choices == ["off", "heat"] && mode.choiceNumbers == [0, 7])
        #expect(mode.defaultValue == .text("heat") && mode.policy == .manual)
        #expect(model.properties[3].type == .boolean)
        #expect(model.properties[4].defaultValue == GeoPosition("48.1,11.5").map { .position($0) })
    }

    @Test(
        "each word for a policy",
        arguments: [
            ("latest_timestamp", .latestTimestamp), ("latestWins", .latestTimestamp),
            ("device_wins", .deviceWins), ("deviceWins", .deviceWins),
            ("desired_wins", .desiredWins), ("desiredWins", .desiredWins), ("manual", .manual),
        ] as [(String, TwinSyncDefinition.ConflictResolution)])
    func policy(word: String, policy: TwinSyncDefinition.ConflictResolution) throws {
        let model = try model("    properties: {x: {writable: true, policy: \(word)}}")
        #expect(model.properties[0].policy == policy)
    }

    @Test("a command has typed parameters, a time, a proof and a way back")
    func command() throws {
        let model = try model(
            """
                properties: {mode: {type: enum, values: ["off", heat]}}
                commands:
                  resume: {}
                  purge:
                    input: {minutes: {type: int, range: [1, 60], unit: min}, deep: bool}
                    output: {accepted: bool}
                    idempotent: false
                    timeout: 120s
                    verify: mode == "off"
                    compensate: resume
                    concurrent: true
                    approval: required
            """)
        let purge = try #require(model.commands.last)
        #expect(purge.inputs.map(\.name) == ["minutes", "deep"])
        #expect(purge.inputs.map(\.type) == [.integer, .boolean])
        #expect(purge.inputs[0].unit == Unit("min") && purge.inputs[0].range == 1...60)
        #expect(purge.outputs.map(\.name) == ["accepted"])
        #expect(!purge.isIdempotent && purge.isConcurrent && purge.needsApproval)
        #expect(purge.executionTimeout == .minute * 2 && purge.compensation == "resume")
        #expect(purge.verify?.value == "mode == \"off\"")
        let resume = model.commands[0]
        #expect(resume.isIdempotent && !resume.isConcurrent && !resume.needsApproval)
    }

    @Test("what is listed under telemetry is only measured, unless a command sets it")
    func telemetry() throws {
        let model = try model("    telemetry: [a, b]\n    commands: [set_b]")
        #expect(model.properties.map(\.isTelemetry) == [true, false])
        #expect(model.properties.map(\.isWritable) == [false, true])
    }

    @Test("each mistake is told with its place", arguments: mistakes)
    func mistake(body: String, said: [String]) {
        let (configuration, diagnostics) = Configuration.load(
            texts: [("test.yaml", "models: {m: {\(body)}}")])
        #expect(configuration == nil)
        #expect(diagnostics.map(line) == said)
    }

    static let mistakes: [(String, [String])] = [
        (
            "version: new",
            ["1:23 E0106 a version is wanted here, not `new` (write three numbers: 1.2.0)"]
        ),
        (
            "properties: {s: {range: [5, 35], step: 0.7, writable: true}}",
            [
                "1:47 E0119 steps of 0.7 do not lead from 5.0 to 35.0 "
                    + "(the last one ends at 34.4)"
            ]
        ),
        (
            "properties: {s: {range: [5, 35], writable: true, default: 40}}",
            ["1:72 E0111 no default: s = 40.0 is outside 5.0...35.0"]
        ),
        (
            "properties: {s: {range: [5, 35], step: 0.5, default: 20.3}}",
            ["1:67 E0111 no default: s = 20.3 lies between its steps 20.0 and 20.5"]
        ),
        (
            "properties: {s: {type: enum, values: {low: 0, high: 1}, default: hihg}}",
            [
                "1:79 E0112 no default: s is one of low, high, not 'hihg' (did you mean `high`?)"
            ]
        ),
        (
            "properties: {s: {type: bool, default: maybe}}",
            ["1:52 E0106 no default: s is a boolean, not 'maybe'"]
        ),
        (
            "properties: {s: {type: enum, values: {low: 0, high: 0}}}",
            ["1:66 E0117 0 stands for another value already"]
        ),
        (
            "properties: {s: {type: enum, values: [low, low]}}",
            ["1:57 E0117 `low` is listed twice"]
        ),
        (
            "properties: {s: {type: enum, values: low}}",
            [
                "1:51 E0106 `values` must be a list, not `low` "
                    + "(write `values: [low, high]` or `values: {low: 0, high: 1}`)"
            ]
        ),
        (
            "properties: {s: {kind: telemetry, writable: true}}",
            [
                "1:48 E0119 telemetry is measured, so `s` cannot be writable "
                    + "(remove `kind: telemetry`)"
            ]
        ),
        (
            "properties: {s: {writable: false, settle: 3s}}",
            [
                "1:48 E0119 `settle` belongs to what can be set, and `s` cannot "
                    + "(write `writable: true`)"
            ]
        ),
        (
            "properties: {s: {type: string, tolerance: 1}}",
            ["1:45 E0119 `tolerance` belongs to a number or a position, and `s` is of type string"]
        ),
        (
            "properties: {s: {lwm2m: 3303/0}}",
            [
                "1:38 E0106 `3303/0` is no path of LwM2M "
                    + "(write /object/instance/resource: /3303/0/5700)"
            ]
        ),
        (
            "properties: {a: {lwm2m: /3303/0/5700}, b: {lwm2m: /3303/0/5700}}",
            ["1:64 E0117 `a` is bound to /3303/0/5700 already"]
        ),
        (
            "properties: {speed: {behaviour: {time_constant: 8s, towards: sped}}, s: {}}",
            ["1:75 E0118 the model has no number `sped` (did you mean `speed`?)"]
        ),
        (
            "properties: {s: {behaviour: {time_constant: 8s, towards: s}}}",
            ["1:71 E0119 `s` cannot follow itself"]
        ),
        (
            "commands: {purge: {compensate: resum}, resume: {}}",
            ["1:45 E0118 the model has no command `resum` (did you mean `resume`?)"]
        ),
        (
            "commands: {purge: {compensate: purge}}",
            ["1:45 E0119 `purge` cannot take itself back"]
        ),
        (
            "properties: {mode: {type: string}}, commands: {purge: {verify: mood == \"off\"}}",
            ["1:77 E0313 there is no `mood` here (known here: mode)"]
        ),
        (
            "commands: {purge: {input: {minutes: integr}}}",
            [
                "1:50 E0112 `integr` is not a choice here (did you mean `integer`?; it may be: "
                    + "float, number, integer, int, boolean, bool, string, timestamp, position, "
                    + "enum)"
            ]
        ),
        (
            "properties: {x: {}}, commands: {go: {input: {a: int}, writes: {b: x}}}",
            ["1:77 E0118 the command has no input `b` (did you mean `a`?)"]
        ),
    ]
}
