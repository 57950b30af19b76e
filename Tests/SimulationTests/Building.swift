import Model
import Simulation

/// A sensor group and one cooler, small enough to reason about.
enum Building {
    static let start = Instant(milliseconds: 1_767_225_600_000)

    static func registry(sensors: Int = 2) -> Registry {
        var registry = Registry()
        let sensor = registry.add(
            DeviceModel(name: "sensor", properties: [PropertyModel(name: "temperature")]))
        let cooler = registry.add(
            DeviceModel(
                name: "cooler",
                properties: [
                    PropertyModel(name: "mode", type: .text, choices: ["off", "cool"]),
                    PropertyModel(name: "setpoint"),
                    PropertyModel(name: "power_state", type: .boolean),
                ],
                commands: [
                    CommandModel(name: "set_mode"),
                    CommandModel(
                        name: "set_temperature", writes: [("temperature", "setpoint")]),
                ]))
        let sensors = (1...sensors).map { "sensor-\($0)" }
        let group = registry.addGroup("sensors")
        for (place, name) in sensors.enumerated() {
            var entry = Registry.Entry(name: name)
            entry.model = sensor
            entry.groups = [group]
            entry.position = Registry.Position(x: Double(place), y: 0)
            registry.add(entry)
        }
        var entry = Registry.Entry(name: "cooler-1")
        entry.model = cooler
        entry.groups = [registry.addGroup("coolers")]
        entry.position = Registry.Position(x: 0, y: 0)
        registry.add(entry)
        return registry
    }

    static func scenario(
        _ patterns: [TelemetryPattern], duration: Milliseconds = .hour,
        influences: [Influence] = []
    ) -> ScenarioDefinition {
        ScenarioDefinition(
            name: "test", duration: duration, start: start, telemetry: patterns,
            influences: influences)
    }

    static func pattern(variance: Double = 0, interval: Milliseconds = .seconds(10))
        -> TelemetryPattern
    {
        TelemetryPattern(
            group: "sensors", property: "temperature", baseValue: 20, randomVariance: variance,
            interval: interval)
    }

    static func fleet(
        _ scenario: ScenarioDefinition, registry: Registry = registry(), seed: UInt64 = 1,
        groupLimit: Int? = nil
    ) -> Fleet {
        Fleet(
            scenario: scenario, registry: registry, seed: seed, start: start,
            groupLimit: groupLimit)
    }
}

extension Fleet {
    /// Everything it emits to its end.
    mutating func all() -> [Emission] {
        var emissions: [Emission] = []
        while let emission = next(through: .distantFuture) { emissions.append(emission) }
        return emissions
    }
}

extension Value {
    var number: Double { double ?? .nan }
}
