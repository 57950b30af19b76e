import Language
import Model

/// Turns definitions into plans: names become numbers, texts become programs, and what is wrong
/// becomes a diagnostic at its place. Everything that can be found is reported at once.
struct StreamCompiler {
    let registry: Registry
    let tables: [ReferenceTable]
    var diagnostics: [Diagnostic] = []
    /// What later streams may follow.
    private(set) var compiled: [StreamPlan] = []
    /// Every stream there is, with errors or without.
    var definitions: [StreamDefinition] = []

    init(registry: Registry, tables: [ReferenceTable] = []) {
        self.registry = registry
        self.tables = tables
    }

    /// The streams and aggregations that have no errors.
    mutating func compile(
        _ streams: [StreamDefinition], _ aggregations: [AggregationDefinition]
    ) -> [StreamPlan] {
        requireUnique(streams.map(\.name) + aggregations.map(\.name), "stream or aggregation")
        for stream in inOrder(streams) {
            if let plan = checked({ $0.compile(stream) }) { compiled.append(plan) }
        }
        for aggregation in aggregations {
            if let plan = checked({ $0.compile(aggregation) }) { compiled.append(plan) }
        }
        return compiled
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
        if lacksUpstream(stream.sources) || lacksTable(stream.processing) { return nil }
        var input = compileSources(
            stream.sources, of: stream.name, partner: stream.join?.with.value)
        var steps = compileSteps(stream.processing, &input)
        prepareCarrying(&input, isPossible: steps.inOrder.isEmpty && steps.join == nil)
        let rows = Schema(columns: input.columns)
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
                aggregate.functions, &input, &steps, reserved: aggregate.by.map(\.value))
            if stream.window == nil, !stream.hasBrokenWindow {
                let place = aggregate.functions.first?.name.place ?? stream.name.place
                report(
                    .aggregateWithoutWindow, "an aggregate needs a window to end it", at: place,
                    help: ["add to the stream: window: {type: tumbling, size: 5m}"])
            }
        }
        let isWindowed = steps.aggregate != nil
        let keyFields = isWindowed ? compileKey(groups, input) : input.ownKey
        var windowRows = windowRows(measured, keyFields)
        let (rowSteps, derived) = compileRowSteps(steps.rowSteps, &windowRows)
        let patterns = stream.patterns.compactMap { pattern in
            compilePattern(
                pattern, schema: isWindowed ? windowRows : rows,
                window: isWindowed ? nil : stream.window)
        }
        // The patterns have been looked at all the same, so that their mistakes are told too.
        if isWindowed, stream.window == nil { return nil }
        let isJudged = patterns.contains { $0.window != nil }
        if let window = stream.window, !isWindowed, !isJudged,
            patterns.count == stream.patterns.count
        {
            report(
                .windowWithoutAggregate,
                "the window does nothing, because no processing step aggregates", at: window.place,
                help: patterns.contains { $0.rule.isOfGroup }
                    ? ["a group of devices is judged in tumbling windows, if it has no `within`"]
                    : [])
        }
        let texts =
            steps.texts
            + (isWindowed ? [] : stream.patterns.map(\.condition.value))
        var plan = StreamPlan(
            name: stream.name.value, fingerprint: Fingerprint(stream, input.columns, tables).value,
            sources: input.sources, columns: input.columns, deviceColumns: input.deviceColumns,
            readsDevice: isRead(input, texts) || measured.reads(input.deviceColumns),
            filters: steps.filters,
            arrivalSteps: steps.onArrival, orderedSteps: steps.inOrder, keyFields: keyFields,
            windows: windows, cells: measured.cells, measures: measured.measures,
            rowSteps: rowSteps, derived: derived,
            retention: compileRetention(stream, windows, steps, rowSteps), patterns: patterns,
            join: steps.join)
        StreamCompiler.finishCarrying(&plan, input)
        return plan
    }

    private mutating func compilePattern(
        _ pattern: PatternDefinition, schema: Schema, window: WindowDefinition?
    ) -> PatternPlan? {
        guard
            let rule = Rule.compile(pattern.condition, schema: schema, diagnostics: &diagnostics)
        else { return nil }
        var plan = PatternPlan(
            name: pattern.name.value, rule: rule, actions: pattern.actions.map(\.value),
            isCritical: pattern.isCritical, reportsTimeouts: pattern.reportsTimeouts)
        if rule.isOfGroup, rule.within == nil, let window, case .tumbling(let size) = window.kind,
            size > .zero
        {
            plan.window = WindowPlan(name: nil, kind: window.kind, offset: window.offset)
        }
        if pattern.reportsTimeouts, PatternShape(plan).span == nil {
            report(
                .noTimeouts,
                "nothing of `\(pattern.name.value)` can run out of its time: it has no `within` "
                    + "that several events must keep", at: pattern.name,
                help: ["add a `within` to its condition, or remove `timeouts`"])
        }
        for case .group(_, let name?, _) in rule.steps.map(\.what) {
            plan.scope = PatternScope(of: name, in: registry)
        }
        return plan
    }

    /// Whether a text may mention a field that the device's name fills.
    private func isRead(_ input: SourceColumns, _ texts: [String]) -> Bool {
        input.deviceColumns.contains { column in
            texts.contains { $0.utf8Contains(input.columns[column].name) }
        }
    }

    // MARK: Aggregations

    private mutating func compile(_ aggregation: AggregationDefinition) -> StreamPlan? {
        if lacksUpstream(aggregation.sources) { return nil }
        var input = compileSources(aggregation.sources, of: aggregation.name)
        var steps = CompiledSteps()
        steps.steps = aggregation.groupings.compactMap {
            grouping($0.name, $0.expression, &input)
        }
        steps.texts = aggregation.groupings.map(\.expression.value)
        prepareCarrying(&input, isPossible: true)
        let measured = compileMeasures(
            aggregation.metrics, &input, &steps, reserved: aggregation.dimensions.map(\.value))
        requireUnique(aggregation.windows.map(\.name), "window")
        let windows = StreamCompiler.rolledUp(
            aggregation.windows.compactMap {
                compileWindow($0.window, name: $0.name, aggregation.sources)
            })
        if aggregation.windows.isEmpty {
            report(
                .aggregateWithoutWindow, "`\(aggregation.name.value)` has no windows",
                at: aggregation.name.place, length: aggregation.name.value.utf8.count,
                help: ["add: windows: [{name: hourly, duration: 1h}]"])
        }
        let keyFields = compileKey(aggregation.dimensions, input)
        var rows = windowRows(measured, keyFields)
        let (rowSteps, derived) = compileRowSteps(
            aggregation.indicators.map { .derive(name: $0.name, expression: $0.expression) }, &rows)
        var plan = StreamPlan(
            name: aggregation.name.value,
            fingerprint: Fingerprint(aggregation, input.columns).value, sources: input.sources,
            columns: input.columns, deviceColumns: input.deviceColumns,
            readsDevice: isRead(input, steps.texts) || measured.reads(input.deviceColumns),
            filters: [], arrivalSteps: steps.onArrival, orderedSteps: steps.inOrder,
            keyFields: keyFields, windows: windows,
            cells: measured.cells, measures: measured.measures, rowSteps: rowSteps,
            derived: derived,
            retention: aggregation.retention.flatMap { compileRetention($0, windows) },
            patterns: [])
        plan.bases = StreamCompiler.bases(windows)
        StreamCompiler.finishCarrying(&plan, input)
        return plan
    }
}

extension String {
    func utf8Contains(_ part: String) -> Bool {
        let (whole, part) = (Array(utf8), Array(part.utf8))
        guard !part.isEmpty, whole.count >= part.count else { return part.isEmpty }
        return (0...whole.count - part.count).contains {
            whole[$0..<$0 + part.count].elementsEqual(part)
        }
    }
}
