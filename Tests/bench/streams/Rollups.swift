import Model
import Streams

/// One aggregation with windows of a minute, an hour and a day, over devices that report every ten
/// seconds from nine in the evening on: events a second, and memory for each device.
struct RollupBench {
    var devices = 1000
    var hours = 6

    static let plain = ["count", "avg", "min", "max"]
    static let rich = plain + ["stddev", "p95", "time_weighted_avg"]

    struct Result {
        var events = 0
        var rows = 0
        var seconds = 0.0
        /// Bytes resident at most, beyond those before the first event, by device.
        var bytesPerKey = 0.0
        /// The bound that is computed, by device.
        var boundPerKey = 0.0
    }

    func measure(_ metrics: [String], windows: [(String, WindowDefinition)]) -> Result? {
        let world = World(devices: devices, events: devices)
        let aggregation = AggregationDefinition(
            name: Located("usage"), sources: stream().sources, dimensions: [Located("device_id")],
            metrics: metrics.map {
                AggregateDefinition(
                    name: Located("\($0)_t"), function: Located($0),
                    field: $0 == "count" ? nil : Located("temperature"))
            }, windows: windows.map { (Located($0.0), $0.1) })
        var diagnostics: [Diagnostic] = []
        var processor = StreamProcessor(
            streams: [], aggregations: [aggregation], registry: world.registry,
            diagnostics: &diagnostics)
        guard diagnostics.isEmpty else { return nil }
        var result = Result()
        let bound = processor.memoryBounds(registry: world.registry)
        result.boundPerKey = Double(bound.totalBytes) / Double(devices)
        var random = SplitMix64(state: 7)
        var walk = [Double](repeating: 25, count: devices)
        var outputs: [StreamOutput] = []
        let before = residentMegabytes()
        var most = before
        // 21:00 UTC.
        let start = World.start.floored(to: .day) + .hour * 21
        for round in 0..<(hours * 360) {
            let now = start + .seconds(10) * Int64(round)
            let began = processorTime()
            for device in 0..<devices {
                let step = Double(random.next() >> 11) / Double(1 << 53) - 0.5
                walk[device] = min(40, max(15, walk[device] + step))
                var reading = world.readings[device]
                reading.time = now
                reading.value = .number(walk[device])
                processor.accept(reading, registry: world.registry, at: now, into: &outputs)
            }
            processor.advance(to: now, registry: world.registry, into: &outputs)
            result.seconds += processorTime() - began
            result.events += devices
            result.rows += outputs.count
            outputs = []
            if round % 180 == 179 { most = max(most, residentMegabytes()) }
        }
        result.bytesPerKey = (most - before) * 1e6 / Double(devices)
        return result
    }
}
