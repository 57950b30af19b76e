import Foundation
import IoTFlow

/// `prefix-001` and so on.
func numbered(_ prefix: String, _ count: Int) -> [String] {
    (1...count).map { String(format: "\(prefix)-%03d", $0) }
}

/// The requirements' connectivity.
func sampleConnectivity() -> ConnectivityManager {
    let connectivity = ConnectivityManager()
    connectivity.addProtocol(
        "mqtt",
        [
            "broker": "mqtt.example.com",
            "port": 8883,
            "tls": true,
            "client_id": "iotflow-engine",
        ])
    connectivity.addProtocol(
        "http",
        [
            "base_url": "https://api.example.com/devices",
            "auth": Auth.bearerToken("token"),
        ])
    return connectivity
}

/// The requirements' models.
func sampleTwinManager() -> TwinManager {
    let twinManager = TwinManager()
    twinManager.defineModel(
        "temperature_sensor",
        [
            "properties": [
                "temperature": ["type": "float", "unit": "celsius"],
                "humidity": ["type": "float", "unit": "percent"],
                "battery": ["type": "float", "unit": "percent"],
                "last_reading": ["type": "timestamp"],
            ],
            "telemetry": ["temperature", "humidity", "battery"],
            "commands": ["calibrate", "set_reporting_interval"],
        ])
    twinManager.defineModel(
        "hvac_controller",
        [
            "properties": [
                "mode": ["type": "enum", "values": ["off", "cool", "heat", "auto"]],
                "setpoint": ["type": "float", "unit": "celsius"],
                "fan_speed": ["type": "enum", "values": ["low", "medium", "high", "auto"]],
                "power_state": ["type": "boolean"],
            ],
            "telemetry": ["current_temperature", "current_humidity", "power_consumption"],
            "commands": ["set_mode", "set_temperature", "set_fan_speed", "power_toggle"],
        ])
    return twinManager
}

/// The requirements' workflow.
func sampleWorkflow() -> IoTWorkflow {
    let workflow = IoTWorkflow("hvac_optimization")
    workflow.addStreamProcessor("temperature_monitoring", temperatureMonitoring)
    workflow.addCommandSequence("activate_cooling", activateCooling)
    workflow.setEdgeDistribution([
        "temperature_monitoring": [
            "components": ["filter", "aggregate"],
            "edge_resources": ["min_memory_mb": 64, "min_cpu_ghz": 1.0],
            "optimization": "latency",
        ],
        "activate_cooling": [
            "components": ["nearest_selection", "command_execution"],
            "edge_resources": ["min_memory_mb": 32, "min_cpu_ghz": 0.5],
            "optimization": "reliability",
        ],
    ])
    workflow.addTelemetryAggregation("energy_monitoring", energyMonitoring)
    workflow.configureTwinSync([
        "temperature_sensors": [
            "telemetry_mapping": [
                "temperature": "payload.temperature",
                "humidity": "payload.humidity",
                "battery": "payload.battery",
            ],
            "update_frequency": "1m",
            "conflict_resolution": "latest_timestamp",
        ],
        "hvac_controllers": [
            "command_acknowledgment": [
                "method": "reported_properties",
                "timeout": "30s",
                "retry_strategy": "exponential_backoff",
            ],
            "state_consistency": ["validation": "command_vs_reported", "healing": "auto"],
        ],
    ])
    return workflow
}

private let temperatureMonitoring: Setting = [
    "sources": [
        [
            "group": "temperature_sensors",
            "topic": "telemetry/+/temperature",
            "mapping": ["device_id": "topic[1]", "temperature": "payload.value"],
        ]
    ],
    "window": ["type": "tumbling", "size": "5m"],
    "processing": [
        ["type": "filter", "expression": "temperature > 0 and temperature < 50"],
        [
            "type": "aggregate", "by": ["device_id"],
            "functions": [
                ["name": "avg_temp", "function": "avg", "field": "temperature"],
                ["name": "max_temp", "function": "max", "field": "temperature"],
                ["name": "min_temp", "function": "min", "field": "temperature"],
            ],
        ],
    ],
    "patterns": [
        [
            "name": "temperature_anomaly",
            "condition": "max_temp - min_temp > 5 within 5m",
            "actions": ["log_anomaly", "update_twin"],
        ],
        [
            "name": "high_temperature",
            "condition": "avg_temp > 30 for 3 consecutive windows",
            "actions": ["activate_cooling"],
        ],
    ],
]

private let activateCooling: Setting = [
    "target": [
        "group": "hvac_controllers", "selection": "nearest",
        "parameters": ["to_device": "context.device_id"],
    ],
    "steps": [
        ["command": "set_mode", "parameters": ["mode": "cool"]],
        ["command": "set_temperature", "parameters": ["temperature": 23.5]],
        ["command": "set_fan_speed", "parameters": ["speed": "auto"]],
    ],
    "error_handling": ["strategy": "retry", "max_attempts": 3, "backoff": "exponential"],
]

private let energyMonitoring: Setting = [
    "sources": [
        [
            "group": "power_meters",
            "topic": "telemetry/+/power",
            "mapping": ["device_id": "topic[1]", "power": "payload.value"],
        ]
    ],
    "dimensions": ["building", "floor", "zone"],
    "metrics": [
        ["name": "total_power", "function": "sum", "field": "power"],
        ["name": "avg_power_per_device", "function": "avg", "field": "power"],
        ["name": "peak_power", "function": "max", "field": "power"],
    ],
    "windows": [
        ["name": "real_time", "duration": "1m"],
        ["name": "hourly", "duration": "1h"],
        ["name": "daily", "duration": "1d"],
    ],
]

/// The sample's devices with places and tags, and power meters that have a model, so that
/// controllers have sensors near them and power is known by zone.
func deployedSite() -> (DeviceRegistry, Execution) {
    let devices = DeviceRegistry()
    let tags: Setting = ["building": "hq"]
    let spread: Setting = ["floor": [1, 2], "zone": "zone-{01..20}"]
    devices.addGroup(
        "temperature_sensors", numbered("temp-sensor", 100),
        ["tags": tags, "spread": spread, "positions": ["from": [0, 0], "to": [99, 0]]])
    devices.addGroup(
        "hvac_controllers", numbered("hvac-ctrl", 20),
        ["tags": tags, "spread": spread, "positions": ["from": [2, 0], "to": [97, 0]]])
    devices.addGroup(
        "power_meters", numbered("power-meter", 50), ["tags": tags, "spread": spread])
    let twinManager = sampleTwinManager()
    twinManager.defineModel(
        "power_meter", ["properties": ["power": ["type": "float", "unit": "watt"]]])
    let execution = Engine(devices, sampleConnectivity(), twinManager).deploy(sampleWorkflow())
    return (devices, execution)
}

/// An afternoon at the wave's crest: hot enough to cool, with spikes to be noticed.
func hotAfternoon(_ simulator: DeviceSimulator) -> Scenario {
    let scenario = simulator.createScenario("summer_afternoon")
    scenario.addTemperaturePattern([
        "group": "temperature_sensors", "base_value": 28.5, "random_variance": 1.5,
        "time_pattern": "sine_wave", "period": "24h", "amplitude": 5.0, "phase": "6h",
        "spikes": ["devices": 5, "every": "20m", "magnitude": 8],
    ])
    scenario.addTelemetryPattern([
        "group": "temperature_sensors", "property": "humidity", "base_value": 45,
        "random_variance": 2, "interval": "1m",
    ])
    scenario.addTelemetryPattern([
        "group": "temperature_sensors", "property": "battery", "base_value": 87,
        "random_variance": 0.5, "interval": "10m",
    ])
    scenario.addTelemetryPattern([
        "group": "power_meters", "property": "power", "base_value": 1200,
        "random_variance": 150, "time_pattern": "sine_wave", "period": "24h", "amplitude": 400,
        "phase": "6h", "interval": "30s",
    ])
    scenario.addInfluence([
        "group": "hvac_controllers", "property": "mode", "value": "cool", "setpoint": "setpoint",
        "affected_group": "temperature_sensors", "affects": "temperature", "time_constant": "30m",
    ])
    return scenario
}
