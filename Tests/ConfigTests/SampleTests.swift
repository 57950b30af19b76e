import Commands
import Config
import Engine
import Model
import Streams
import Testing
import Twins

@Suite("The requirements' sample")
struct SampleTests {
    private func sample() throws -> Definition {
        let (configuration, diagnostics) = Configuration.load(paths: [samplePath])
        #expect(diagnostics.map(line) == [])
        return try #require(configuration).definition
    }

    @Test("is accepted as it stands")
    func accepted() throws {
        let definition = try sample()
        #expect(definition.workflow == "hvac_optimization")
        #expect(definition.registry.devices.count == 170)
        #expect(definition.registry.groups.map(\.members.count) == [100, 20, 50])
        #expect(definition.streams.map(\.name.value) == ["temperature_monitoring"])
        #expect(definition.sequences.map(\.name.value) == ["activate_cooling"])
        #expect(definition.aggregations.map(\.name.value) == ["energy_monitoring"])
        #expect(
            definition.twinSync.map(\.group.value) == ["temperature_sensors", "hvac_controllers"])
        #expect(definition.edgeDistribution.count == 2)
        #expect(definition.scenarios.map(\.name) == ["summer_afternoon"])
    }

    @Test("devices have their models, in the order of the ranges")
    func devices() throws {
        let registry = try sample().registry
        let first = try #require(registry.device(named: "temp-sensor-001"))
        #expect(first.index == 0)
        #expect(registry.device(named: "temp-sensor-100")?.index == 99)
        #expect(registry.device(named: "temp-sensor-101") == nil)
        let model = try #require(registry.entry(first)?.model)
        #expect(registry.models[model].name == "temperature_sensor")
        let temperature = try #require(registry.property(named: "temperature"))
        #expect(registry.model(of: temperature, on: first)?.unit == Unit("celsius"))
    }

    @Test("properties that only telemetry names are floats, and commands make them writable")
    func models() throws {
        let registry = try sample().registry
        let hvac = try #require(registry.models.first { $0.name == "hvac_controller" })
        #expect(
            hvac.properties.map { "\($0.name) \($0.type.rawValue) \($0.isWritable)" } == [
                "mode string true", "setpoint float false", "fan_speed string true",
                "power_state boolean false", "current_temperature float false",
                "current_humidity float false", "power_consumption float false",
            ])
        #expect(hvac.properties[0].choices == ["off", "cool", "heat", "auto"])
        #expect(
            hvac.commands.map(\.path) == [
                ["command", "set_mode"], ["command", "set_temperature"],
                ["command", "set_fan_speed"],
                ["command", "power_toggle"],
            ])
    }

    @Test("the stream keeps its expressions with the places of their first characters")
    func stream() throws {
        let stream = try #require(try sample().streams.first)
        #expect(stream.window?.size == .minute * 5)
        #expect(
            stream.sources[0].mapping.map { "\($0.field.value)=\($0.path.value)" } == [
                "device_id=topic[1]", "temperature=payload.value",
            ])
        #expect(stream.sources[0].lateness == .seconds(5))
        #expect(stream.sources[0].idleTimeout == .seconds(30))
        guard case .filter(let expression) = stream.processing[0],
            case .aggregate(let by, let functions) = stream.processing[1]
        else {
            Issue.record("a filter and an aggregate, not \(stream.processing)")
            return
        }
        #expect(expression.value == "temperature > 0 and temperature < 50")
        #expect((expression.place.line, expression.place.column) == (41, 37))
        #expect(by.map(\.value) == ["device_id"])
        #expect(functions.map(\.function.value) == ["avg", "max", "min"])
        #expect(
            stream.patterns.map(\.condition.value) == [
                "max_temp - min_temp > 5 within 5m", "avg_temp > 30 for 3 consecutive windows",
            ])
        #expect(
            stream.patterns.map { $0.actions.map(\.value) } == [
                ["log_anomaly", "update_twin"], ["activate_cooling"],
            ])
        #expect(
            (stream.patterns[0].condition.place.line, stream.patterns[0].condition.place.column)
                == (50, 20))
    }

    @Test("the sequence retries with exponential back-off on the nearest controller")
    func sequence() throws {
        let sequence = try #require(try sample().sequences.first)
        #expect(sequence.target.selection == .nearest)
        #expect(sequence.target.toDevice?.value == "context.device_id")
        #expect(sequence.errorHandling.strategy == .retry)
        #expect(sequence.errorHandling.maxAttempts == 3)
        #expect(sequence.errorHandling.backoff == .exponential)
        #expect(
            sequence.steps.map { "\($0.command.value) \($0.parameters[0].value.value)" } == [
                "set_mode cool", "set_temperature 23.5", "set_fan_speed auto",
            ])
        #expect(sequence.steps[1].parameters[0].value.value == .number(23.5))
    }

    @Test("aggregation, twins, edge and scenario are read")
    func rest() throws {
        let definition = try sample()
        let energy = definition.aggregations[0]
        #expect(energy.dimensions.map(\.value) == ["building", "floor", "zone"])
        #expect(
            energy.metrics.map(\.name.value) == [
                "total_power", "avg_power_per_device", "peak_power",
            ])
        #expect(energy.windows.map(\.window.size) == [.minute, .hour, .day])
        let sensors = definition.twinSync[0]
        #expect(
            sensors.telemetryMapping.map(\.path.value) == [
                "payload.temperature", "payload.humidity", "payload.battery",
            ])
        #expect(sensors.updateFrequency == .minute)
        let controllers = definition.twinSync[1]
        #expect(controllers.acknowledgment?.method == .reportedProperties)
        #expect(controllers.acknowledgment?.timeout == .seconds(30))
        #expect(controllers.validatesCommands && controllers.healsAutomatically)
        #expect(definition.edgeDistribution[1].minMemoryMegabytes == 32)
        #expect(definition.edgeDistribution[1].minCPUGigahertz == 0.5)
        #expect(definition.edgeDistribution[1].optimization == .reliability)
        let pattern = definition.scenarios[0].telemetry[0]
        #expect(pattern.timePattern == .sineWave)
        #expect((pattern.baseValue, pattern.randomVariance, pattern.amplitude) == (28.5, 1.5, 5))
        #expect(pattern.period == .day)
    }
}
