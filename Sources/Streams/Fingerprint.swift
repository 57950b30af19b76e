import Language
import Model

/// A number that two definitions share only if state of one may go on in the other: FNV-1a (64 bit)
/// over everything that shapes the state or decides what it means.
struct Fingerprint {
    private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    init(_ stream: StreamDefinition, _ columns: [Schema.Column]) {
        add("stream", stream.name.value)
        add(stream.sources, columns)
        add(stream.window)
        for step in stream.processing {
            switch step {
            case .filter(let expression): add("filter", expression.value)
            case .aggregate(let by, let functions):
                add("aggregate")
                for field in by { add(field.value) }
                add(functions)
            }
        }
        for pattern in stream.patterns {
            add(
                "pattern", pattern.name.value, pattern.condition.value,
                pattern.isCritical ? "critical" : "normal")
        }
    }

    init(_ aggregation: AggregationDefinition, _ columns: [Schema.Column]) {
        add("aggregation", aggregation.name.value)
        add(aggregation.sources, columns)
        for dimension in aggregation.dimensions { add(dimension.value) }
        add(aggregation.metrics)
        for (name, window) in aggregation.windows {
            add("window", name.value)
            add(window)
        }
    }

    private mutating func add(_ parts: String...) {
        for part in parts {
            for byte in part.utf8 { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
            value = (value ^ 0xff) &* 0x100_0000_01b3
        }
    }

    private mutating func add(_ sources: [SourceDefinition], _ columns: [Schema.Column]) {
        for source in sources {
            add("source", source.group?.value ?? "", source.topic.value)
            add("\(source.lateness)", "\(source.idleTimeout)")
            for (field, path) in source.mapping { add(field.value, path.value) }
        }
        for column in columns { add(column.name, column.type.rawValue, column.unit?.symbol ?? "") }
    }

    private mutating func add(_ window: WindowDefinition?) {
        guard let window else { return add("no window") }
        add("\(window.size)", "\(window.offset)")
    }

    private mutating func add(_ functions: [AggregateDefinition]) {
        for function in functions {
            add(function.name.value, function.function.value, function.field?.value ?? "")
        }
    }
}
