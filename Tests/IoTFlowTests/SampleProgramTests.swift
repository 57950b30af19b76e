import Foundation
import IoTFlow
import Testing

@Suite("The requirements' sample program")
struct SampleProgramTests {
    @Test("runs line for line: the calm hour of summer_afternoon gives no alarm")
    func asWritten() {
        // Define device registry
        let devices = DeviceRegistry()
        devices.addGroup("temperature_sensors", numbered("temp-sensor", 100))
        devices.addGroup("hvac_controllers", numbered("hvac-ctrl", 20))
        devices.addGroup("power_meters", numbered("power-meter", 50))

        // Execute the workflow
        let engine = Engine(devices, sampleConnectivity(), sampleTwinManager())
        let execution = engine.deploy(sampleWorkflow())
        #expect(execution.status == "deployed")
        // The sample groups power by tags that its devices do not have: a warning each.
        #expect(execution.diagnostics.map(\.code) == ["E0208", "E0208", "E0208"])
        #expect(execution.diagnostics.allSatisfy { !$0.isError })

        let simulator = DeviceSimulator(devices)
        let scenario = simulator.createScenario("summer_afternoon")
        scenario.addTemperaturePattern([
            "group": "temperature_sensors",
            "base_value": 28.5,
            "random_variance": 1.5,
            "time_pattern": "sine_wave",
            "period": "24h",
            "amplitude": 5.0,
        ])
        let mistakes = simulator.runScenario(scenario, duration: "1h", accelerated: true)
        #expect(mistakes == [])

        // Check results: 100 sensors speak every 10 s, and 20 controllers tell three properties
        // each when they start.
        let results = execution.getMetrics()
        #expect(results.eventsProcessed == 100 * 360 + 20 * 3)
        #expect(results.commandsIssued == 0)
        #expect(results.edgeExecutionRatio == 1)
        #expect(results.detectedPatterns["temperature_anomaly"].count == 0)
        #expect(results.aggregations["energy_monitoring"]["hourly"]["avg_power_per_device"] == nil)
        #expect(results.twinSyncAccuracy == 1)
        // The wave rises from 28.5 to 29.8 degrees: on the last five minutes' mean, all agree.
        let window = results.aggregations["temperature_monitoring"]["window"]
        #expect(window.closed == 12)
        #expect(window.groups == 100)
        #expect(window["avg_temp"].map { abs($0 - 29.74) < 0.05 } == true)
    }

    @Test("a hot hour with spikes: both patterns are found, and the nearest controllers cool")
    func hotHour() throws {
        let (devices, execution) = deployedSite()
        let simulator = DeviceSimulator(devices)
        simulator.runScenario(hotAfternoon(simulator), duration: "1h", accelerated: true)
        #expect(execution.diagnostics == [])

        let results = execution.getMetrics()
        // Temperatures, humidity, battery, power, and what the controllers tell at first.
        let telemetry = 100 * (360 + 60 + 6) + 50 * 120 + 20 * 3
        #expect(results.eventsProcessed >= telemetry)
        #expect(results.detectedPatterns.names == ["high_temperature", "temperature_anomaly"])
        // Five sensors have a spike of 8 degrees every twenty minutes.
        let anomalies = results.detectedPatterns["temperature_anomaly"]
        #expect((5...15).contains(anomalies.count))
        let spiky = Set(numbered("temp-sensor", 5))
        #expect(Set(anomalies.latest.compactMap(\.device)) == spiky)
        let first = try #require(anomalies.latest.first?.values)
        let (high, low) = (try #require(first["max_temp"]), try #require(first["min_temp"]))
        #expect(high - low > 5)
        // Every controller gets the three commands of the sequence, and again while its sensors
        // stay hot.
        #expect(results.commandsIssued >= 20 * 3)
        #expect(results.commandsIssued % (20 * 3) == 0)
        #expect(results.commandsSucceeded == results.commandsIssued)
        // The sequence sets mode, setpoint and fan speed, and each controller reports them.
        #expect(results.twinSyncAccuracy == 1)
        #expect(execution.log.count == anomalies.count)
        #expect(execution.log.allSatisfy { $0.hasPrefix("anomaly: temperature_anomaly") })

        let hourly = results.aggregations["energy_monitoring"]["hourly"]
        #expect(hourly.groups == 20)
        let average = try #require(hourly["avg_power_per_device"])
        #expect(abs(average - 1596) < 10, "1200 W, and the wave's crest of 400 W")
        let total = try #require(hourly["total_power"])
        #expect(abs(total - average * 50 * 120) < 1e-6 * total)
        #expect(results.aggregations["energy_monitoring"]["real_time"].closed == 60)
        #expect(results.aggregations["energy_monitoring"]["daily"]["peak_power"] == nil)
    }

    @Test("the same seed gives the same results, another seed others")
    func seeds() {
        func peak(seed: UInt64) -> [Double?] {
            let (devices, execution) = deployedSite()
            let simulator = DeviceSimulator(devices)
            simulator.runScenario(hotAfternoon(simulator), duration: "10m", seed: seed)
            let results = execution.getMetrics()
            let window = results.aggregations["energy_monitoring"]["real_time"]
            return [window["peak_power"], window["total_power"]]
        }
        #expect(peak(seed: 7) == peak(seed: 7))
        #expect(peak(seed: 7) != peak(seed: 8))
        #expect(!peak(seed: 7).contains(nil))
    }

    @Test("a second scenario goes on where the first one ended")
    func twoScenarios() {
        let (devices, execution) = deployedSite()
        let simulator = DeviceSimulator(devices)
        let scenario = hotAfternoon(simulator)
        simulator.runScenario(scenario, duration: "10m")
        let first = execution.getMetrics()
        simulator.runScenario(scenario, duration: "10m", seed: 2)
        let second = execution.getMetrics()
        #expect(second.eventsProcessed >= 2 * first.eventsProcessed)
        let windows = [first, second].map {
            $0.aggregations["energy_monitoring"]["real_time"].start ?? ""
        }
        #expect(windows[0] < windows[1])
    }

    @Test("all workflows that are deployed on the devices are fed")
    func twoWorkflows() {
        let (devices, first) = deployedSite()
        let second = Engine(devices, ConnectivityManager(), sampleTwinManager())
            .deploy(IoTWorkflow("nothing"))
        let simulator = DeviceSimulator(devices)
        simulator.runScenario(hotAfternoon(simulator), duration: "1m")
        #expect(first.getMetrics().eventsProcessed > 0)
        #expect(second.getMetrics().eventsProcessed == first.getMetrics().eventsProcessed)
        #expect(second.getMetrics().detectedPatterns.names == [])
        #expect(second.workflow == "nothing")
    }

    @Test("unaccelerated, a scenario takes as long as it lasts")
    func realTime() {
        let (devices, execution) = deployedSite()
        let simulator = DeviceSimulator(devices)
        let start = ContinuousClock.now
        simulator.runScenario(hotAfternoon(simulator), duration: "200ms", accelerated: false)
        #expect(ContinuousClock.now - start >= .milliseconds(190))
        #expect(execution.getMetrics().eventsProcessed > 0)
    }
}
