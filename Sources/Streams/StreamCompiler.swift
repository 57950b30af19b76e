import Language
import Model

/// Turns definitions into plans: names become numbers, texts become programs, and what is wrong
/// becomes a diagnostic at its place. Everything that can be found is reported at once.
struct StreamCompiler {
    let registry: Registry
    var diagnostics: [Diagnostic] = []

    init(registry: Registry) { self.registry = registry }

    /// The streams and aggregations that have no errors.
    mutating func compile(
        _ streams: [StreamDefinition], _ aggregations: [AggregationDefinition]
    ) -> [StreamPlan] {
        requireUnique(streams.map(\.name) + aggregations.map(\.name), "stream or aggregation")
        var plans: [StreamPlan] = []
        for stream in streams {
            if let plan = checked({ $0.compile(stream) }) { plans.append(plan) }
        }
        for aggregation in aggregations {
            if let plan = checked({ $0.compile(aggregation) }) { plans.append(plan) }
        }
        return plans
    }

    /// What `body` makes, unless it has reported an error.
    private mutating func checked(
        _ body: (inout StreamCompiler) -> StreamPlan?
    ) -> StreamPlan? {
        let before = diagnostics.count
        let plan = body(&self)
        return diagnostics[before...].contains { $0.severity == .error } ? nil : plan
    }

    // MARK: Streams

    private mutating func compile(_ stream: StreamDefinition) -> StreamPlan? {
        let input = compileSources(stream.sources, of: stream.name)
        let rows = Schema(columns: input.columns)
        let steps = split(stream.processing)
        let filters = steps.filters.compactMap { expression in
            Program.compile(
                expression, schema: rows, expecting: .boolean, diagnostics: &diagnostics)
        }
        requireUnique(stream.patterns.map(\.name), "pattern")
        var windows: [WindowPlan] = []
        var groups: [Located<String>] = []
        var measured = Measured()
        if let aggregate = steps.aggregate {
            windows =
                stream.window.flatMap { compileWindow($0, name: nil, stream.sources) }.map { [$0] }
                ?? []
            groups = aggregate.by
            measured = compileMeasures(
                aggregate.functions, input, reserved: aggregate.by.map(\.value))
            if stream.window == nil {
                let place = aggregate.functions.first?.name.place ?? stream.name.place
                report(
                    .aggregateWithoutWindow, "an aggregate needs a window to end it", at: place,
                    help: ["add to the stream: window: {type: tumbling, size: 5m}"])
                return nil
            }
        } else if let window = stream.window {
            report(
                .windowWithoutAggregate,
                "the window does nothing, because no processing step aggregates", at: window.place)
        }
        let isWindowed = steps.aggregate != nil
        let keyFields = isWindowed ? compileKey(groups, input) : [.device(name: input.deviceName)]
        let windowRows = Schema(
            columns: measured.measures.map {
                Schema.Column(name: $0.name, type: $0.type, unit: $0.unit, aggregate: $0.function)
            } + keyFields.map { Schema.Column(name: $0.name, type: .text) }, isWindowed: true)
        let rowFilters = steps.rowFilters.compactMap { expression in
            Program.compile(
                expression, schema: windowRows, expecting: .boolean, diagnostics: &diagnostics)
        }
        let patterns = stream.patterns.compactMap { pattern in
            compilePattern(pattern, schema: isWindowed ? windowRows : rows)
        }
        let texts =
            steps.filters.map(\.value)
            + (isWindowed ? [] : stream.patterns.map(\.condition.value))
        return StreamPlan(
            name: stream.name.value, fingerprint: Fingerprint(stream, input.columns).value,
            sources: input.sources, columns: input.columns, deviceColumns: input.deviceColumns,
            readsDevice: isRead(input, texts), filters: filters, keyFields: keyFields,
            windows: windows, cells: measured.cells, measures: measured.measures,
            rowFilters: rowFilters, patterns: patterns)
    }

    private struct Steps {
        var filters: [Located<String>] = []
        var aggregate: (by: [Located<String>], functions: [AggregateDefinition])?
        var rowFilters: [Located<String>] = []
    }

    /// Filters before the aggregate see raw rows, those after it window rows.
    private mutating func split(_ processing: [ProcessingDefinition]) -> Steps {
        var steps = Steps()
        for step in processing {
            switch step {
            case .filter(let expression):
                if steps.aggregate == nil {
                    steps.filters.append(expression)
                } else {
                    steps.rowFilters.append(expression)
                }
            case .aggregate(let by, let functions):
                if steps.aggregate == nil {
                    steps.aggregate = (by, functions)
                } else if let place = (functions.first?.name ?? by.first)?.place {
                    report(
                        .secondAggregate, "this version aggregates once in a stream", at: place,
                        help: ["put all functions into the first aggregate step"])
                }
            }
        }
        return steps
    }

    private mutating func compilePattern(
        _ pattern: PatternDefinition, schema: Schema
    ) -> PatternPlan? {
        guard
            let rule = Rule.compile(pattern.condition, schema: schema, diagnostics: &diagnostics)
        else { return nil }
        return PatternPlan(
            name: pattern.name.value, rule: rule, actions: pattern.actions.map(\.value),
            isCritical: pattern.isCritical)
    }

    /// Whether a text may mention a field that the device's name fills.
    private func isRead(_ input: SourceColumns, _ texts: [String]) -> Bool {
        input.deviceColumns.contains { column in
            texts.contains { $0.utf8Contains(input.columns[column].name) }
        }
    }

    // MARK: Aggregations

    private mutating func compile(_ aggregation: AggregationDefinition) -> StreamPlan? {
        let input = compileSources(aggregation.sources, of: aggregation.name)
        let measured = compileMeasures(
            aggregation.metrics, input, reserved: aggregation.dimensions.map(\.value))
        requireUnique(aggregation.windows.map(\.name), "window")
        let windows = aggregation.windows.compactMap {
            compileWindow($0.window, name: $0.name, aggregation.sources)
        }
        if aggregation.windows.isEmpty {
            report(
                .aggregateWithoutWindow, "`\(aggregation.name.value)` has no windows",
                at: aggregation.name.place, length: aggregation.name.value.utf8.count,
                help: ["add: windows: [{name: hourly, duration: 1h}]"])
        }
        return StreamPlan(
            name: aggregation.name.value,
            fingerprint: Fingerprint(aggregation, input.columns).value, sources: input.sources,
            columns: input.columns, deviceColumns: input.deviceColumns, readsDevice: false,
            filters: [], keyFields: compileKey(aggregation.dimensions, input), windows: windows,
            cells: measured.cells, measures: measured.measures, rowFilters: [], patterns: [])
    }

    private mutating func compileWindow(
        _ window: WindowDefinition, name: Located<String>?, _ sources: [SourceDefinition]
    ) -> WindowPlan? {
        guard window.size > .zero else {
            report(
                .badDuration, "a window's size must be more than nothing, not \(window.size)",
                at: name?.place ?? window.place)
            return nil
        }
        let lateness = sources.map(\.lateness).max() ?? .zero
        let limit = Int64(StreamLimits().openWindows)
        // One more than lateness spans, and the one that begins.
        if lateness.count / window.size.count + 2 > limit {
            report(
                .tooManyOpenWindows,
                "with a lateness of \(lateness) more than \(limit) windows of \(window.size) "
                    + "would be open at once",
                at: name?.place ?? window.place,
                help: ["use a lateness below \(window.size * (limit - 1)), or larger windows"])
            return nil
        }
        return WindowPlan(name: name?.value, size: window.size, offset: window.offset)
    }
}

extension String {
    fileprivate func utf8Contains(_ part: String) -> Bool {
        let (whole, part) = (Array(utf8), Array(part.utf8))
        guard !part.isEmpty, whole.count >= part.count else { return part.isEmpty }
        return (0...whole.count - part.count).contains {
            whole[$0..<$0 + part.count].elementsEqual(part)
        }
    }
}
