import Config
import Engine
import Model
import Testing

/// An engine over four rooms and two fans, and what it asked for so far.
struct Bench {
    let plan: Plan
    var engine: Engine
    var effects: [Effect] = []
    /// Everything stepped, as a journal would have it.
    private(set) var turns: [(now: Instant, inputs: [Input])] = []

    static let start = Instant(milliseconds: 1_767_225_600_000)

    init(_ plan: Plan) {
        self.plan = plan
        engine = Engine(plan)
    }

    init() throws { self.init(try Bench.plan(Bench.definition())) }

    mutating func step(_ inputs: [Input], at seconds: Double) {
        step(inputs, now: Bench.instant(seconds))
    }

    mutating func step(_ inputs: [Input], now: Instant) {
        turns.append((now, inputs))
        engine.step(inputs, at: now, into: &effects)
    }

    static func instant(_ seconds: Double) -> Instant {
        start + Milliseconds(Int64(seconds * 1000))
    }

    /// A temperature measured, and received, so many seconds after the start.
    func temperature(
        _ value: Double, in room: Int, at seconds: Double, flags: Reading.Flags = []
    ) throws -> Input {
        .reading(
            Reading(
                device: try device("room-\(room)"),
                property: try property("temperature"), time: Bench.instant(seconds),
                value: .number(value), flags: flags))
    }

    func device(_ name: String) throws -> Device {
        try #require(engine.registry.device(named: name))
    }

    func property(_ name: String) throws -> Property {
        try #require(engine.registry.property(named: name))
    }

    var transmissions: [Transmission] {
        effects.compactMap { if case .transmit(let one) = $0 { one } else { nil } }
    }

    var records: [OutboxRecord] {
        effects.compactMap { if case .publish(let one) = $0 { one } else { nil } }
    }

    var log: [String] {
        effects.compactMap { if case .log(let line) = $0 { line } else { nil } }
    }

    var snapshot: [UInt8] {
        var writer = ByteWriter()
        engine.snapshot(into: &writer)
        return writer.bytes
    }

    /// All twins as the store keeps them.
    var twins: [[UInt8]] {
        engine.registry.devices.map { device in
            var writer = ByteWriter()
            engine.encodeTwin(of: device, into: &writer)
            return writer.bytes
        }
    }

    static func definition() throws -> Definition {
        let (configuration, diagnostics) = Configuration.load(texts: [("bench.yaml", text)])
        #expect(diagnostics.map(\.message) == [])
        return try #require(configuration).definition
    }

    static func plan(_ definition: Definition) throws -> Plan {
        var diagnostics: [Diagnostic] = []
        let plan = Plan(compiling: definition, diagnostics: &diagnostics)
        #expect(diagnostics.map(\.message) == [])
        return try #require(plan)
    }

    private static let text = """
        devices:
          groups:
            rooms:
              range: "room-{1..4}"
              model: room
              spread: {floor: ["1", "2"]}
              positions: {from: [0, 0], to: [3, 0]}
            fans:
              range: "fan-{1..2}"
              model: fan
              positions: {from: [0, 0], to: [3, 0]}
          list:
            fan-1: {address: "coap://192.0.2.1:5683"}
        models:
          room: {properties: {temperature: {type: float, unit: celsius}}}
          fan:
            properties: {mode: {type: enum, values: ["off", "on"]}}
            commands: [set_mode]
        workflow: bench
        streams:
          climate:
            sources:
              - group: rooms
                topic: telemetry/+/temperature
                mapping: {device_id: "topic[1]", temperature: payload.value}
                lateness: 2s
                idle_timeout: 10m
            window: {type: tumbling, size: 1m}
            processing:
              - type: aggregate
                by: [device_id]
                functions: [{name: avg_temp, function: avg, field: temperature}]
            patterns:
              - name: hot
                condition: avg_temp > 30
                actions: [log_heat, update_twin, cool]
          alarm:
            sources:
              - group: rooms
                topic: telemetry/+/temperature
                mapping: {device_id: "topic[1]", temperature: payload.value}
            patterns:
              - name: fire
                condition: temperature > 60
                actions: [log_fire, vent]
                priority: critical
        commands:
          cool:
            target:
              group: fans
              selection: nearest
              parameters: {to_device: context.device_id}
            steps: [{command: set_mode, parameters: {mode: "on"}}]
            error_handling: {strategy: retry, max_attempts: 3, backoff: exponential}
          vent:
            target: {group: fans, selection: all}
            steps: [{command: set_mode, parameters: {mode: "on"}}]
            priority: critical
        aggregations:
          by_floor:
            sources:
              - group: rooms
                topic: telemetry/+/temperature
                mapping: {device_id: "topic[1]", temperature: payload.value}
                lateness: 2s
                idle_timeout: 10m
            dimensions: [floor]
            metrics: [{name: peak, function: max, field: temperature}]
            windows: [{name: minutely, duration: 1m}]
        twin_sync:
          fans:
            command_acknowledgment: {method: reported_properties, timeout: 30s}
        """
}

/// A generator for tests whose seed is printed with a failure.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }
}
