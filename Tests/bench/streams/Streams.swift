import Model
import Streams

/// A stream of one property, as a workflow would say it.
func stream(
    _ name: String = "s", property: String = "temperature", filter: String? = nil,
    window: Milliseconds? = nil, measures: [String] = [], when conditions: [String] = []
) -> StreamDefinition {
    var processing: [ProcessingDefinition] = []
    if let filter { processing.append(.filter(expression: Located(filter))) }
    if !measures.isEmpty {
        processing.append(
            .aggregate(
                by: [Located("device_id")],
                functions: measures.map {
                    AggregateDefinition(
                        name: Located("\($0)_t"), function: Located($0),
                        field: $0 == "count" ? nil : Located("temperature"))
                }))
    }
    return StreamDefinition(
        name: Located(name),
        sources: [
            SourceDefinition(
                group: Located("sensors"), topic: Located("telemetry/+/\(property)"),
                mapping: [
                    (Located("device_id"), Located("topic[1]")),
                    (Located("temperature"), Located("payload.value")),
                ], lateness: .seconds(1))
        ], window: window.map { WindowDefinition(size: $0) }, processing: processing,
        patterns: conditions.enumerated().map { index, condition in
            PatternDefinition(name: Located("p\(index)"), condition: Located(condition))
        })
}

/// One measured run: how many outputs there were, and processor time.
struct Run {
    var outputs = 0
    var seconds: Double
}

/// Sends all readings through the streams, 64 to a turn; nil where the streams do not compile.
func run(
    _ streams: [StreamDefinition], on world: World, atEnd: () -> Void = {}
) -> Run? {
    var diagnostics: [Diagnostic] = []
    var processor = StreamProcessor(
        streams: streams, aggregations: [], registry: world.registry, diagnostics: &diagnostics)
    guard diagnostics.isEmpty else { return nil }
    var outputs: [StreamOutput] = []
    var count = 0
    let began = processorTime()
    for index in 0..<world.readings.count {
        let now = world.readings[index].time
        processor.accept(
            world.readings[index], registry: world.registry, at: now, into: &outputs)
        if index % 64 == 63 {
            processor.advance(to: now, registry: world.registry, into: &outputs)
            count += outputs.count
            outputs.removeAll(keepingCapacity: true)
        }
    }
    let seconds = processorTime() - began
    atEnd()
    return Run(outputs: count + outputs.count, seconds: seconds)
}

/// What anything must do at least: read each event and keep a number per device.
func runPlainLoop(on world: World) -> Run {
    var highest = [Double](repeating: 0, count: 100_000)
    let began = processorTime()
    for reading in world.readings {
        if case .number(let value) = reading.value {
            let device = Int(reading.device.index)
            highest[device] = max(highest[device], value)
        }
    }
    let seconds = processorTime() - began
    return Run(outputs: highest.count { $0 > 0 }, seconds: seconds)
}
