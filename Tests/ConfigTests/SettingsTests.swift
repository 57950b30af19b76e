import Config
import Engine
import Foundation
import Model
import Testing

@Suite("Swift literals go through the same decoder")
struct SettingsTests {
    /// What a definition holds, without the places at which it was written.
    private func withoutPlaces(_ definition: Definition) -> String {
        String(reflecting: definition).replacing(
            /Model\.Place\(file: "[^"]*", line: \d+, column: \d+\)/, with: "")
    }

    @Test("the requirements' sample as literals is the sample as YAML")
    func sample() throws {
        let (fromFile, _) = Configuration.load(paths: [samplePath])
        let (fromSwift, diagnostics) = Configuration.load(Self.literal)
        #expect(diagnostics.map(line) == [])
        let file = withoutPlaces(try #require(fromFile).definition)
        let swift = withoutPlaces(try #require(fromSwift).definition)
        #expect(file == swift)
        #expect(file.contains("temperature > 0 and temperature < 50"))
    }

    @Test("a mistake in a literal is told without a place")
    func mistake() {
        let (configuration, diagnostics) = Configuration.load([
            "streams": ["s": ["sources": [["topic": "t", "maping": [:], "lateness": 5]]]]
        ])
        #expect(configuration == nil)
        #expect(diagnostics.allSatisfy { $0.place == .unknown })
        #expect(diagnostics.map(\.code) == ["E0104", "E0105", "E0109"])
    }

    @Test("a key written twice in a literal is a mistake, not a trap")
    func twice() {
        let (_, diagnostics) = Configuration.load(["workflow": "a", "workflow": "b"])
        #expect(diagnostics.map(\.code) == ["E0103"])
    }

    private static let literal: Settings = [
        "devices": [
            "groups": [
                "temperature_sensors": [
                    "members": .list((1...100).map { .text(numbered("temp-sensor", $0)) }),
                    "model": "temperature_sensor",
                ],
                "hvac_controllers": ["range": "hvac-ctrl-{001..020}"],
                "power_meters": ["range": "power-meter-{001..050}", "model": "power_meter"],
            ]
        ],
        "models": [
            "temperature_sensor": [
                "properties": [
                    "temperature": ["type": "float", "unit": "celsius"],
                    "humidity": ["type": "float", "unit": "percent"],
                    "battery": ["type": "float", "unit": "percent"],
                    "last_reading": ["type": "timestamp"],
                ],
                "telemetry": ["temperature", "humidity", "battery"],
                "commands": ["calibrate", "set_reporting_interval"],
            ],
            "hvac_controller": [
                "properties": [
                    "mode": ["type": "enum", "values": ["off", "cool", "heat", "auto"]],
                    "setpoint": ["type": "float", "unit": "celsius"],
                    "fan_speed": ["type": "enum", "values": ["low", "medium", "high", "auto"]],
                    "power_state": ["type": "boolean"],
                ],
                "telemetry": ["current_temperature", "current_humidity", "power_consumption"],
                "commands": ["set_mode", "set_temperature", "set_fan_speed", "power_toggle"],
            ],
            "power_meter": [
                "properties": ["power": ["type": "float", "unit": "watt"]], "telemetry": ["power"],
            ],
        ],
        "workflow": "hvac_optimization",
        "streams": [
            "temperature_monitoring": [
                "sources": [
                    [
                        "group": "temperature_sensors", "topic": "telemetry/+/temperature",
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
        ],
        "commands": [
            "activate_cooling": [
                "target": [
                    "group": "hvac_controllers", "selection": "nearest",
                    "parameters": ["to_device": "context.device_id"],
                ],
                "steps": [
                    ["command": "set_mode", "parameters": ["mode": "cool"]],
                    ["command": "set_temperature", "parameters": ["temperature": 23.5]],
                    ["command": "set_fan_speed", "parameters": ["speed": "auto"]],
                ],
                "error_handling": [
                    "strategy": "retry", "max_attempts": 3, "backoff": "exponential",
                ],
            ]
        ],
        "edge_distribution": [
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
        ],
        "aggregations": [
            "energy_monitoring": [
                "sources": [
                    [
                        "group": "power_meters", "topic": "telemetry/+/power",
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
                    ["name": "real_time", "duration": "1m"], ["name": "hourly", "duration": "1h"],
                    ["name": "daily", "duration": "1d"],
                ],
            ]
        ],
        "twin_sync": [
            "temperature_sensors": [
                "telemetry_mapping": [
                    "temperature": "payload.temperature", "humidity": "payload.humidity",
                    "battery": "payload.battery",
                ],
                "update_frequency": "1m", "conflict_resolution": "latest_timestamp",
            ],
            "hvac_controllers": [
                "command_acknowledgment": [
                    "method": "reported_properties", "timeout": "30s",
                    "retry_strategy": "exponential_backoff",
                ],
                "state_consistency": ["validation": "command_vs_reported", "healing": "auto"],
            ],
        ],
        "scenarios": [
            "summer_afternoon": [
                "duration": "1h",
                "telemetry": [
                    [
                        "group": "temperature_sensors", "property": "temperature",
                        "base_value": 28.5, "random_variance": 1.5, "time_pattern": "sine_wave",
                        "period": "24h", "amplitude": 5.0,
                    ]
                ],
            ]
        ],
    ]

    private static func numbered(_ name: String, _ number: Int) -> String {
        let digits = String(number)
        return "\(name)-" + String(repeating: "0", count: 3 - digits.count) + digits
    }
}
