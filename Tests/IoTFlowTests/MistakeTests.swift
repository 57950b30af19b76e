import IoTFlow
import Testing

@Suite("Mistakes are told at once, and nothing runs")
struct MistakeTests {
    private func deploy(
        _ workflow: IoTWorkflow, connectivity: ConnectivityManager = ConnectivityManager()
    ) -> Execution {
        let devices = DeviceRegistry()
        devices.addGroup("hvac_controllers", ["hvac-1"])
        return Engine(devices, connectivity, sampleTwinManager()).deploy(workflow)
    }

    @Test("a wrong workflow fails with all its mistakes and has empty metrics")
    func wrongWorkflow() {
        let workflow = IoTWorkflow("wrong")
        workflow.addStreamProcessor(
            "s",
            [
                "sources": [["topic": "telemetry/+/x", "mapping": ["x": "payload.value"]]],
                "windw": ["type": "tumbling", "size": "5m"],
            ])
        workflow.addCommandSequence(
            "c",
            [
                "target": ["group": "hvac_controllers", "selection": "all"],
                "steps": [["command": "set_mod", "parameters": ["mode": "cool"]]],
            ])
        let execution = deploy(workflow)
        #expect(execution.status == "failed")
        #expect(execution.diagnostics.map(\.code) == ["E0104", "E0118"])
        #expect(
            execution.diagnostics.map(\.help) == [
                ["did you mean `window`?"], ["did you mean `set_mode`?"],
            ])
        #expect(execution.diagnostics.allSatisfy { $0.isError })
        #expect(execution.getMetrics().eventsProcessed == 0)
        #expect(execution.getMetrics().detectedPatterns.names == [])
        #expect(execution.log == [])
    }

    @Test("a mistake in an expression is found by compiling")
    func wrongExpression() {
        let workflow = IoTWorkflow("wrong")
        workflow.addStreamProcessor(
            "s",
            [
                "sources": [["topic": "telemetry/+/x", "mapping": ["x": "payload.value"]]],
                "processing": [["type": "filter", "expression": "x > > 1"]],
            ])
        let execution = deploy(workflow)
        #expect(execution.status == "failed")
        #expect(execution.diagnostics.contains { $0.code.hasPrefix("E03") })
    }

    @Test("connectivity is checked when a workflow is deployed")
    func connectivity() {
        let connectivity = ConnectivityManager()
        connectivity.addProtocol("mqt", ["broker": "b"])
        connectivity.addProtocol("mqtt", ["broker": "b", "port": 70_000, "tsl": true])
        connectivity.addProtocol("http", ["auth": ["type": "basic", "token": "t"]])
        connectivity.addProtocol("http", ["base_url": "https://example.com"])
        let execution = deploy(IoTWorkflow("w"), connectivity: connectivity)
        #expect(execution.status == "failed")
        #expect(
            execution.diagnostics.map(\.description) == [
                "error: there is no protocol `mqt` [E0112] (did you mean `mqtt`?)",
                "error: the protocol mqtt has no key `tsl` [E0104] (did you mean `tls`?)",
                "error: 70000 is out of range: at most 65535 is allowed [E0111]",
                "error: the protocol http needs `base_url` [E0105]"
                    + " (`base_url`: Where the service is.)",
                "error: `basic` is none of bearer [E0112]",
                "error: the protocol `http` is set up twice [E0117]",
            ])
        #expect(connectivity.protocolNames == ["mqt", "mqtt", "http", "http"])
    }

    @Test("a wrong scenario does not run, and says why")
    func wrongScenario() {
        let (devices, execution) = deployedSite()
        let simulator = DeviceSimulator(devices)
        let scenario = simulator.createScenario("odd")
        scenario.addTemperaturePattern(["group": "temperature_sensor", "base_value": 1])
        let mistakes = simulator.runScenario(scenario, duration: "1 hour")
        #expect(Set(mistakes.map(\.code)) == ["E0109", "E0118"])
        #expect(execution.diagnostics == mistakes)
        #expect(execution.status == "deployed")
        #expect(execution.getMetrics().eventsProcessed == 0)
    }

    @Test("a failed workflow is not fed")
    func failedIsNotFed() {
        let devices = DeviceRegistry()
        devices.addGroup("sensors", ["s"])
        let workflow = IoTWorkflow("w")
        workflow.setEdgeDistribution(["nothing": ["components": []]])
        let execution = Engine(devices, ConnectivityManager(), TwinManager()).deploy(workflow)
        #expect(execution.status == "failed")
        let simulator = DeviceSimulator(devices)
        let scenario = simulator.createScenario("s")
        scenario.addTemperaturePattern(["group": "sensors", "base_value": 1])
        simulator.runScenario(scenario, duration: "1m")
        #expect(execution.getMetrics().eventsProcessed == 0)
    }

    @Test("a setting never prints the credential it holds")
    func credentials() {
        let setting: Setting = ["auth": Auth.bearerToken("s3cret")]
        var dumped = ""
        dump(setting, to: &dumped)
        let connectivity = ConnectivityManager()
        connectivity.addProtocol("http", setting)
        dump(connectivity, to: &dumped)
        let texts = ["\(setting)", String(reflecting: setting), dumped]
        #expect(texts.allSatisfy { !$0.contains("s3cret") })
    }

    @Test("single devices join groups")
    func singleDevice() {
        let devices = DeviceRegistry()
        devices.addGroup("sensors", [])
        devices.addDevice("s1", ["group": "sensors", "tags": ["floor": 1]])
        let execution = Engine(devices, ConnectivityManager(), TwinManager())
            .deploy(IoTWorkflow("w"))
        let simulator = DeviceSimulator(devices)
        let scenario = simulator.createScenario("s")
        scenario.addTelemetryPattern([
            "group": "sensors", "property": "x", "base_value": 1, "interval": "10s",
        ])
        simulator.runScenario(scenario, duration: "1m")
        #expect(execution.diagnostics == [])
        #expect(execution.getMetrics().eventsProcessed == 6, "a model is not needed")
    }
}
