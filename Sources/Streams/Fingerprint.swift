import Language
import Model

/// A number that two definitions share only if state of one may go on in the other: FNV-1a (64 bit)
/// over everything that shapes the state or decides what it means.
struct Fingerprint {
    private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    init(
        _ stream: StreamDefinition, _ columns: [Schema.Column], _ tables: [ReferenceTable] = []
    ) {
        add("stream", stream.name.value)
        add(stream.sources, columns)
        add(stream.window)
        if let retention = stream.retention { add("revise", "\(retention.value)") }
        for step in stream.processing {
            switch step {
            case .filter(let expression): add("filter", expression.value)
            case .aggregate(let by, let functions):
                add("aggregate")
                for field in by { add(field.value) }
                add(functions)
            case .lookup(let lookup):
                add(step.withoutPlaces)
                for table in tables where table.name.value == lookup.table.value {
                    add("table", "\(table.fingerprint)")
                }
            default: add(step.withoutPlaces)
            }
        }
        for pattern in stream.patterns {
            add(
                "pattern 2", pattern.name.value, pattern.condition.value,
                pattern.isCritical ? "critical" : "normal",
                pattern.reportsTimeouts ? "timeouts" : "matches")
        }
    }

    init(_ aggregation: AggregationDefinition, _ columns: [Schema.Column]) {
        add("aggregation", aggregation.name.value)
        add(aggregation.sources, columns)
        for dimension in aggregation.dimensions { add(dimension.value) }
        for (name, expression) in aggregation.groupings {
            add("grouping", name.value, expression.value)
        }
        add(aggregation.metrics)
        for (name, expression) in aggregation.indicators {
            add("kpi", name.value, expression.value)
        }
        if let retention = aggregation.retention { add("revise", "\(retention.value)") }
        for (name, window) in aggregation.windows {
            // What a larger window holds is what smaller ones have closed with.
            add("rolled window", name.value)
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
            switch source.upstream {
            case .stream(let name): add("stream", name.value)
            case .pattern(let name): add("pattern", name.value)
            case nil: break
            }
            for (field, path) in source.mapping { add(field.value, path.value) }
            if let sequence = source.sequence { add("sequence", sequence.value) }
            for (field, unit) in source.units { add("unit", field.value, unit.symbol) }
        }
        for column in columns { add(column.name, column.type.rawValue, column.unit?.symbol ?? "") }
    }

    private mutating func add(_ window: WindowDefinition?) {
        guard let window else { return add("no window") }
        switch window.kind {
        case .tumbling(let size): add("\(size)", "\(window.offset)")
        case .hopping(let size, let every):
            add("hopping panes", "\(size)", "\(every)", "\(window.offset)")
        case .session(let gap, let longest):
            add("session", "\(gap)", longest.map { "\($0)" } ?? "")
        case .count(let rows): add("count", "\(rows)")
        case .sliding(let span): add("sliding", "\(span)")
        }
    }

    private mutating func add(_ functions: [AggregateDefinition]) {
        for function in functions {
            add(function.name.value, function.function.value, function.field?.value ?? "")
            if let expression = function.expression { add("of", expression.value) }
            if let second = function.by { add("by", second.value) }
            if let quantile = function.quantile { add("quantile", "\(quantile)") }
        }
    }
}

extension ProcessingDefinition {
    /// What a step is, in words that do not depend on where it is written.
    fileprivate var withoutPlaces: String {
        func list(_ names: [Located<String>]) -> String {
            names.map(\.value).joined(separator: "\u{1}")
        }
        switch self {
        case .filter(let expression): return "filter \(expression.value)"
        case .aggregate(let by, _): return "aggregate \(list(by))"
        case .derive(let name, let expression): return "derive \(name.value) \(expression.value)"
        case .group(let name, let expression): return "group \(name.value) \(expression.value)"
        case .enrich(let tags): return "enrich \(list(tags))"
        case .deduplicate(let by, let within, _):
            return "deduplicate \(list(by)) \(within.map { "\($0)" } ?? "")"
        case .deadband(let field, let band): return "deadband \(field.value) \(band)"
        case .debounce(let field, let span): return "debounce \(field.value) \(span)"
        case .sample(let period, let kept, _): return "sample \(period) \(kept)"
        case .join(let fields, let on, let within, _):
            return "join \(list(fields)) \(list(on)) \(within)"
        case .lookup(let lookup):
            let on = lookup.on.map { "\($0.column.value) \($0.field.value)" }
            let fields = lookup.fields.map { "\($0.field.value) \($0.column.value)" }
            return "lookup \(lookup.table.value) \(on) \(fields)"
        case .joinWith(let join):
            let keeps = join.keepsUnmatched ? "keep" : "drop"
            switch join.kind {
            case .interval(let before, let after):
                return "join \(join.with.value) \(list(join.by)) \(keeps) \(before) \(after)"
            case .window(let window):
                return "join \(join.with.value) \(list(join.by)) \(keeps) \(window.kind) "
                    + "\(window.offset)"
            }
        case .rate(let field, let name, let unit):
            return "rate \(field.value) \(name.value) \(unit)"
        }
    }
}
