import Model
import Simulation
import Testing

@Suite struct FleetTests {
    @Test func `one seed gives the same readings, another gives others`() {
        let scenario = Building.scenario([Building.pattern(variance: 2)])
        var first = Building.fleet(scenario)
        var second = Building.fleet(scenario)
        var other = Building.fleet(scenario, seed: 2)
        let emissions = first.all()
        #expect(emissions == second.all())
        #expect(emissions != other.all())
    }

    @Test func `a device more does not change the noise of the others`() {
        let scenario = Building.scenario([Building.pattern(variance: 2)])
        func values(_ sensors: Int) -> [Value] {
            var fleet = Building.fleet(scenario, registry: Building.registry(sensors: sensors))
            let first = fleet.registry.device(named: "sensor-1")
            return fleet.all().filter { $0.device == first }.map(\.value)
        }
        #expect(values(2) == values(3))
    }

    @Test(arguments: [
        (Milliseconds.hour, Milliseconds.seconds(10), 2, 720), (.hour, .seconds(7), 3, 1543),
        (.seconds(9), .seconds(10), 2, 2), (Milliseconds(1), .seconds(10), 2, 1),
        (.minute, .minute, 5, 5),
    ])
    func `it emits exactly as many readings as it announces`(
        duration: Milliseconds, interval: Milliseconds, sensors: Int, expected: Int
    ) {
        var fleet = Building.fleet(
            Building.scenario([Building.pattern(interval: interval)], duration: duration),
            registry: Building.registry(sensors: sensors))
        let announced = fleet.expectedReadings
        let emissions = fleet.all()
        #expect(emissions.count == announced)
        #expect(emissions.count == expected)
        #expect(emissions.allSatisfy { $0.time < Building.start + duration })
        #expect(emissions.map(\.time) == emissions.map(\.time).sorted())
    }

    @Test func `noise stays within its variance`() {
        var fleet = Building.fleet(Building.scenario([Building.pattern(variance: 1.5)]))
        let values = fleet.all().map(\.value.number)
        #expect(values.allSatisfy { abs($0 - 20) <= 1.5 })
        #expect((values.max() ?? 0) - (values.min() ?? 0) > 2)
    }

    @Test func `spikes stand out once in each period, on the first devices only`() {
        var pattern = Building.pattern()
        pattern.spikes = .init(devices: 1, every: .minute * 20, magnitude: 8)
        var fleet = Building.fleet(Building.scenario([pattern]))
        let spikes = fleet.all().filter { $0.value.number > 25 }
        #expect(spikes.count == 3)
        #expect(Set(spikes.map(\.device)) == [fleet.registry.device(named: "sensor-1")])
        #expect(zip(spikes, spikes.dropFirst()).allSatisfy { $1.time - $0.time == .minute * 20 })
    }

    @Test func `a limit runs the first devices of each group`() {
        var fleet = Building.fleet(
            Building.scenario([Building.pattern()]), registry: Building.registry(sensors: 5),
            groupLimit: 2)
        #expect(fleet.members.map(fleet.registry.name) == ["sensor-1", "sensor-2", "cooler-1"])
        #expect(Set(fleet.all().map(\.device)).count == 2)
    }

    @Test func `a rate counts readings of the wall clock`() {
        var scenario = Building.scenario([Building.pattern()])
        scenario.setRate(2, speedup: 60)
        #expect(scenario.telemetry[0].interval == .seconds(30))
        scenario.telemetry.append(scenario.telemetry[0])
        scenario.setRate(2, speedup: 60)
        #expect(scenario.telemetry.allSatisfy { $0.interval == .minute })
    }
}

@Suite struct ThermalTests {
    private static let influence = Influence(
        group: "coolers", property: "mode", value: .text("cool"), setpoint: "setpoint",
        affectedGroup: "sensors", affects: "temperature", timeConstant: .minute * 10)

    private func run(_ commands: [(name: String, field: Field)]) -> [Double] {
        var fleet = Building.fleet(
            Building.scenario([Building.pattern()], influences: [ThermalTests.influence]),
            registry: Building.registry(sensors: 1))
        guard let cooler = fleet.registry.device(named: "cooler-1") else { return [] }
        for (index, command) in commands.enumerated() {
            _ = fleet.execute(
                command.name, id: CommandID(value: UInt128(index + 1)),
                parameters: [command.field], on: cooler)
        }
        return fleet.all().map(\.value.number)
    }

    @Test func `a room approaches the setpoint of the cooler that is on`() throws {
        let values = run([
            ("set_temperature", Field("temperature", .number(10))),
            ("set_mode", Field("mode", .text("cool"))),
        ])
        #expect(values.first == 20)
        #expect(zip(values, values.dropFirst()).allSatisfy { $1 <= $0 })
        // After one time constant 1 - 1/e of the way is left behind; the steps are 1/60 of it.
        #expect(abs(values[60] - (10 + 10 * 0.3679)) < 0.1)
        #expect(abs(try #require(values.last) - 10) < 0.1)
    }

    @Test func `a room stays as it is while the cooler is off`() {
        let values = run([("set_temperature", Field("temperature", .number(10)))])
        #expect(values.allSatisfy { $0 == 20 })
    }
}

@Suite struct CommandTests {
    private let id = CommandID(value: 7)

    private func cooler() throws -> (Fleet, Device) {
        let fleet = Building.fleet(Building.scenario([]))
        return (fleet, try #require(fleet.registry.device(named: "cooler-1")))
    }

    @Test func `a command sets what it writes and is reported`() throws {
        var (fleet, device) = try cooler()
        let setpoint = try #require(fleet.registry.property(named: "setpoint"))
        let answer = fleet.execute(
            "set_temperature", id: id, parameters: [Field("temperature", .number(23.5))],
            on: device)
        #expect(answer.code == 204)
        #expect(!answer.isRepeat)
        #expect(answer.reports.map(\.property) == [setpoint])
        #expect(fleet.state(of: device, setpoint) == .number(23.5))
    }

    @Test func `a repeat changes nothing and reports what holds now`() throws {
        var (fleet, device) = try cooler()
        let mode = try #require(fleet.registry.property(named: "mode"))
        let cool = [Field("mode", .text("cool"))]
        _ = fleet.execute("set_mode", id: id, parameters: cool, on: device)
        _ = fleet.execute(
            "set_mode", id: CommandID(value: 8), parameters: [Field("mode", .text("off"))],
            on: device)
        let answer = fleet.execute("set_mode", id: id, parameters: cool, on: device)
        #expect(answer.isRepeat)
        #expect(answer.reports.map(\.value) == [.text("off")])
        #expect(fleet.state(of: device, mode) == .text("off"))
    }

    @Test func `what a device does not know it refuses`() throws {
        var (fleet, device) = try cooler()
        #expect(fleet.execute("explode", id: id, parameters: [], on: device).code == 404)
        #expect(
            fleet.execute(
                "set_mode", id: id, parameters: [Field("mode", nil)], on: device
            ).code == 400)
        #expect(
            fleet.execute("set_mode", id: id, parameters: [], on: Device(index: 99)).code == 404)
    }

    @Test func `switches and choices have a value from the start`() throws {
        let (fleet, device) = try cooler()
        let state = fleet.initialState(of: device).map {
            "\(fleet.registry.name(of: $0.property))=\($0.value)"
        }
        #expect(state == ["mode=off", "power_state=false"])
    }
}
