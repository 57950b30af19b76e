import Config
import Engine
import Model
import Simulation
import Testing

/// What would happen to a few stations, and that nothing does.
@Suite struct WhatIfTests {
    private static func definition() -> Definition {
        var registry = Registry()
        var speed = PropertyModel(name: "speed", tolerance: 5)
        speed.behaviour = BehaviourModel(
            timeConstant: .seconds(60), towards: "speed_setpoint", gain: 1, rest: 0)
        let model = registry.add(
            DeviceModel(
                name: "station",
                properties: [speed, PropertyModel(name: "speed_setpoint", isWritable: true)],
                commands: [CommandModel(name: "start", writes: [("speed", "speed_setpoint")])]))
        let group = registry.addGroup("stations")
        for number in 1...3 {
            var entry = Registry.Entry(name: "station-\(number)")
            entry.model = model
            entry.groups = [group]
            registry.add(entry)
        }
        return Definition(registry: registry)
    }

    private static func engine() throws -> Engine {
        var diagnostics: [Diagnostic] = []
        return Engine(
            try #require(Plan(compiling: definition(), diagnostics: &diagnostics)))
    }

    private static let start = Building.start

    private static func question(_ engine: Engine, devices: Int = 2) -> WhatIf.Question {
        WhatIf.Question(
            devices: Array(engine.registry.devices.prefix(devices)),
            scenario: ScenarioDefinition(name: "", duration: .zero), duration: .minute * 5)
    }

    private func values(_ result: WhatIf, _ engine: Engine, _ device: Int, _ property: String)
        -> [Double]
    {
        result.trajectories.first {
            $0.device == engine.registry.devices[device]
                && engine.registry.name(of: $0.property) == property
        }?.values.compactMap { $0?.double } ?? []
    }

    @Test func `what was reported goes on by the model's behaviour`() throws {
        var engine = try Self.engine()
        let device = engine.registry.devices[0]
        let speed = try #require(engine.registry.property(named: "speed"))
        let setpoint = try #require(engine.registry.property(named: "speed_setpoint"))
        var effects: [Effect] = []
        engine.step(
            [(speed, 1000.0), (setpoint, 0)].map { property, value in
                .reading(
                    Reading(
                        device: device, property: property, time: Self.start,
                        value: .number(value)))
            }, at: Self.start, into: &effects)
        let result = WhatIf(Self.question(engine), engine: engine, start: Self.start)
        #expect(result.times.count == 6)
        // One time constant a minute, to the hundredth that sensors have.
        #expect(
            values(result, engine, 0, "speed") == [1000, 367.88, 135.34, 49.79, 18.32, 6.74])
        #expect(result.events.isEmpty)
    }

    @Test func `what is supposed takes the place of what was reported`() throws {
        let engine = try Self.engine()
        var question = Self.question(engine)
        let setpoint = try #require(engine.registry.property(named: "speed_setpoint"))
        question.settings = [(engine.registry.devices[1], setpoint, .number(100))]
        let result = WhatIf(question, engine: engine, start: Self.start)
        #expect(values(result, engine, 1, "speed") == [0, 63.21, 86.47, 95.02, 98.17, 99.33])
        #expect(values(result, engine, 0, "speed") == [0, 0, 0, 0, 0, 0])
    }

    @Test func `a command is given at its time, obeyed, and moves what it sets`() throws {
        let engine = try Self.engine()
        var question = Self.question(engine)
        question.commands = [
            (
                .minute,
                CommandRequest(
                    principal: "what-if", key: "1", device: engine.registry.devices[0],
                    name: "start", parameters: [Field("speed", .number(100))])
            )
        ]
        let result = WhatIf(question, engine: engine, start: Self.start)
        #expect(result.events.map(\.kind) == [.sent, .finished])
        #expect(result.events.first?.time == Self.start + .minute)
        #expect(result.events.first?.device == "station-1")
        #expect(result.events.last?.fields.contains(Field("state", .text("succeeded"))) == true)
        // It takes 20 ms to get there.
        #expect(values(result, engine, 0, "speed") == [0, 0, 63.2, 86.46, 95.02, 98.17])
    }

    @Test func `a device that misbehaves in the scenario does so here`() throws {
        let engine = try Self.engine()
        func states(_ kind: FaultDefinition.Kind) -> [String] {
            var question = Self.question(engine)
            question.scenario.faults = [
                FaultDefinition(kind, group: "stations", delay: .seconds(20))
            ]
            question.duration = .hour
            question.commands = [
                (
                    .zero,
                    CommandRequest(
                        principal: "what-if", key: "1", device: engine.registry.devices[0],
                        name: "start", parameters: [Field("speed", .number(100))])
                )
            ]
            return WhatIf(question, engine: engine, start: Self.start).events
                .filter { $0.kind == .finished }
                .compactMap { event in
                    event.fields.first { $0.name == "state" }?.value?.description
                }
        }
        #expect(states(.slow) == ["succeeded"])
        #expect(states(.fail) == ["failed"])
        #expect(states(.refuse) == ["failed"])
        #expect(states(.loseAnswer) == ["succeeded"])
        #expect(states(.acknowledgeOnly) == ["succeeded"])
        #expect(states(.vanish) == ["indeterminate"])
    }

    @Test func `only the devices that are asked about are there`() throws {
        let engine = try Self.engine()
        let result = WhatIf(Self.question(engine), engine: engine, start: Self.start)
        #expect(
            Set(result.trajectories.map(\.device)) == Set(engine.registry.devices.prefix(2)))
    }

    @Test func `one seed gives one answer`() throws {
        let engine = try Self.engine()
        func run(_ seed: UInt64) -> [[Value?]] {
            var question = Self.question(engine)
            question.scenario.telemetry = [
                TelemetryPattern(
                    group: "stations", property: "speed", baseValue: 0, randomVariance: 5)
            ]
            question.seed = seed
            return WhatIf(question, engine: engine, start: Self.start).trajectories.map(\.values)
        }
        #expect(run(1) == run(1))
        #expect(run(1) != run(2))
    }
}
