import Foundation
import Model
import Simulation
import Testing

@Suite struct BehaviourTests {
    @Test func `decay is the library's exponential everywhere`() {
        #expect(Dynamics.decay(0) == 1)
        #expect(Dynamics.decay(-1) == 1)
        #expect(Dynamics.decay(800) == 0)
        for step in 1...6900 {
            let x = Double(step) / 10
            let expected = exp(-x)
            #expect(abs(Dynamics.decay(x) - expected) <= expected * 1e-14)
        }
    }

    // 5 + 15 e^-n after n time constants.
    @Test(arguments: [(0, 20), (1, 10.518191618), (5, 5.101069205)] as [(Double, Double)])
    func `a value is where the first order says`(constants: Double, expected: Double) {
        var dynamics = Dynamics(at: 20, timeConstant: .minute, since: Building.start)
        dynamics.approach(5, at: Building.start)
        let time = Building.start + Milliseconds(Int64(constants * 60_000))
        #expect(abs(dynamics.value(at: time) - expected) < 1e-6)
    }

    @Test func `a new target is approached from where the value is`() {
        var dynamics = Dynamics(at: 0, timeConstant: .minute, since: Building.start)
        dynamics.approach(100, at: Building.start)
        let turn = Building.start + .minute
        let before = dynamics.value(at: turn)
        dynamics.approach(0, at: turn)
        #expect(dynamics.value(at: turn) == before)
        #expect(abs(dynamics.value(at: turn + .minute) - before * 0.36787944) < 1e-6)
        // Time does not go back.
        #expect(dynamics.value(at: Building.start) == before)
    }

    private static func station() -> Registry {
        var registry = Registry()
        var speed = PropertyModel(name: "speed", tolerance: 5, expectedInterval: .seconds(2))
        speed.behaviour = BehaviourModel(
            timeConstant: .seconds(8), towards: "speed_setpoint", gain: 1, rest: 0)
        let model = registry.add(
            DeviceModel(
                name: "station", properties: [speed, PropertyModel(name: "speed_setpoint")],
                commands: [
                    CommandModel(name: "start", writes: [("speed", "speed_setpoint")])
                ]))
        var entry = Registry.Entry(name: "station-1")
        entry.model = model
        entry.groups = [registry.addGroup("stations")]
        registry.add(entry)
        return registry
    }

    @Test func `what a command sets moves what the device measures, and is reported meanwhile`()
        throws
    {
        var fleet = Building.fleet(
            Building.scenario([], duration: .zero), registry: Self.station())
        #expect(fleet.nextTime == nil)
        let device = try #require(fleet.registry.device(named: "station-1"))
        let answer = fleet.execute(
            "start", id: CommandID(value: 1), parameters: [Field("speed", .number(1200))],
            on: device)
        #expect(answer.code == 204)
        let emissions = fleet.all()
        #expect(emissions.first?.time == Building.start + .seconds(2))
        #expect(emissions[3].time == Building.start + .seconds(8))
        #expect(abs(emissions[3].value.number - 1200 * 0.6321205588) < 0.01)
        #expect(emissions.last?.value == .number(1200))
        // Within a thousandth it has arrived: ln(1000) is 6.9 time constants.
        #expect((27...29).contains(emissions.count))
        #expect(fleet.nextTime == nil)
    }

    @Test func `time that passes moves it, reported or not`() throws {
        var fleet = Building.fleet(
            Building.scenario([], duration: .zero), registry: Self.station())
        let device = try #require(fleet.registry.device(named: "station-1"))
        let speed = try #require(fleet.registry.property(named: "speed"))
        let setpoint = try #require(fleet.registry.property(named: "speed_setpoint"))
        fleet.note(device, speed, .number(500))
        fleet.note(device, setpoint, .number(0))
        fleet.advance(to: Building.start + .seconds(8))
        #expect(fleet.state(of: device, speed) == .number(183.94))
    }

    @Test func `a scenario's pattern disturbs what the behaviour says`() throws {
        let pattern = TelemetryPattern(
            group: "stations", property: "speed", baseValue: 0, interval: .seconds(1))
        var fleet = Building.fleet(
            Building.scenario([pattern], duration: .minute * 2), registry: Self.station())
        let device = try #require(fleet.registry.device(named: "station-1"))
        _ = fleet.execute(
            "start", id: CommandID(value: 1), parameters: [Field("speed", .number(1000))],
            on: device)
        let emissions = fleet.all()
        #expect(emissions.count == 120)
        #expect(abs(emissions[8].value.number - 632.12) < 0.01)
        #expect(abs(emissions[119].value.number - 1000) < 0.01)
    }
}
