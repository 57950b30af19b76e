import Language
import Model

/// A stream's steps, compiled.
struct CompiledSteps {
    /// Those before anything else, on the sources' columns.
    var filters: [Program] = []
    var steps: [StepPlan] = []
    var aggregate: (by: [Located<String>], functions: [AggregateDefinition])?
    /// Those behind the aggregate.
    var rowSteps: [ProcessingDefinition] = []
    /// What acts as a row arrives: the steps before the first that remembers rows, and the tags,
    /// which nothing changes.
    var onArrival: [StepPlan] { Array(steps[..<firstInOrder]) + inOrder.filter { $0.isTags } }
    /// The first step that remembers rows, and all behind it.
    var inOrder: [StepPlan] { Array(steps[firstInOrder...]) }
    private var firstInOrder: Int {
        stepsBeforeJoin ?? steps.firstIndex { $0.isOrdered } ?? steps.count
    }
    /// A join of sources, which no step that remembers rows precedes.
    var join: JoinPlan?
    /// How many steps act before the join.
    var stepsBeforeJoin: Int?
    /// Every text or column name that a step reads, for what must be filled in.
    var texts: [String] = []
}

extension StreamCompiler {
    /// Steps before the aggregate see rows and may add columns to `input`; those behind it see
    /// window rows.
    mutating func compileSteps(
        _ definitions: [ProcessingDefinition], _ input: inout SourceColumns
    ) -> CompiledSteps {
        var result = CompiledSteps()
        for definition in definitions {
            switch definition {
            case .filter(let expression) where result.aggregate == nil:
                result.texts.append(expression.value)
                guard
                    let formula = Formula.compile(
                        expression, schema: Schema(columns: input.columns), expecting: .boolean,
                        diagnostics: &diagnostics)
                else { continue }
                requireDevices(formula, at: expression.place, input)
                if result.steps.isEmpty, result.stepsBeforeJoin == nil, formula.calls.isEmpty {
                    result.filters.append(formula.program)
                } else {
                    result.steps.append(.filter(formula))
                }
            case .aggregate(let by, let functions):
                if result.aggregate == nil {
                    result.aggregate = (by, functions)
                } else if let place = (functions.first?.name ?? by.first)?.place {
                    report(
                        .secondAggregate, "this version aggregates once in a stream", at: place,
                        help: ["put all functions into the first aggregate step"])
                }
            case .joinWith(let join) where result.aggregate == nil:
                compileJoin(join, &input, &result)
            case .enrich where result.aggregate != nil, .join where result.aggregate != nil,
                .joinWith:
                report(
                    .misplacedStep,
                    "a step of type \(definition.type) must stand before the aggregate",
                    at: definition.place)
            default:
                if result.aggregate != nil {
                    result.rowSteps.append(definition)
                } else if let step = compileStep(definition, &input, &result.texts) {
                    result.steps.append(step)
                }
            }
        }
        let before = definitions.prefix { !$0.isAggregate }
        if input.isWithoutDevice, let first = before.first(where: { $0.isOrdered }) {
            report(
                .badStep, "a step of type \(first.type) needs devices, and there are none here",
                at: first.place, help: ["group the stream that is followed by device_id"])
        }
        return result
    }

    /// A window's row: the measures, then the key.
    func windowRows(_ measured: Measured, _ key: [KeyTable.KeyField]) -> Schema {
        Schema(
            columns: measured.measures.map {
                Schema.Column(
                    name: $0.name, type: $0.type, unit: $0.unit, aggregate: $0.function,
                    quantile: $0.quantile)
            } + key.map { Schema.Column(name: $0.name, type: .text) }, isWindowed: true)
    }

    /// Steps on window rows, in their order; what they add comes behind the key.
    mutating func compileRowSteps(
        _ definitions: [ProcessingDefinition], _ rows: inout Schema
    ) -> (steps: [StepPlan], derived: [Schema.Column]) {
        var steps: [StepPlan] = []
        let first = rows.columns.count
        for definition in definitions {
            switch definition {
            case .filter(let expression):
                let formula = Formula.compile(
                    expression, schema: rows, expecting: .boolean, diagnostics: &diagnostics)
                if let formula { steps.append(.filter(formula)) }
            case .derive(let name, let expression):
                requireNewField(name, rows)
                let formula = Formula.compile(
                    expression, schema: rows, diagnostics: &diagnostics)
                if let formula { steps.append(.derive(column: rows.columns.count, formula)) }
                rows.columns.append(
                    Schema.Column(
                        name: name.value, type: formula?.program.type ?? .number,
                        unit: formula?.unit))
            default:
                if case .rate(_, let name, _) = definition { requireNewField(name, rows) }
                var input = SourceColumns()
                input.columns = rows.columns
                input.isWindow = true
                var texts: [String] = []
                if let step = compileStep(definition, &input, &texts) { steps.append(step) }
                rows.columns = input.columns
            }
        }
        return (steps, Array(rows.columns[first...]))
    }

    private mutating func requireNewField(_ name: Located<String>, _ rows: Schema) {
        guard rows.columns.contains(where: { $0.name == name.value }) else { return }
        report(.duplicateName, "there is a field `\(name.value)` already", at: name)
    }

    private mutating func compileStep(
        _ definition: ProcessingDefinition, _ input: inout SourceColumns, _ texts: inout [String]
    ) -> StepPlan? {
        switch definition {
        case .filter, .aggregate, .joinWith: return nil
        case .lookup(let lookup):
            let first = input.columns.count
            let step = compileLookup(lookup, &input.columns)
            input.valueColumns.formUnion(first..<input.columns.count)
            texts += step?.on.map { input.columns[$0].name } ?? []
            return step.map { .lookup($0) }
        case .derive(let name, let expression):
            texts.append(expression.value)
            return derive(name, expression, &input)
        case .group(let name, let expression):
            texts.append(expression.value)
            return grouping(name, expression, &input)
        case .enrich(let tags): return .tags(tags.map { tagColumn($0, &input) })
        case .deduplicate(let by, let within, let place):
            texts += by.isEmpty ? input.columns.map(\.name) : by.map(\.value)
            let span = within ?? Milliseconds(1)
            guard isPositive(span, "within", at: place) else { return nil }
            let columns = by.compactMap { readField($0, input) }
            return columns.count == by.count ? .deduplicate(by: columns, within: span) : nil
        case .deadband(let field, let band):
            if band.width < 0 || !band.width.isFinite {
                report(.badStep, "a deadband must be wider than nothing", at: field)
                return nil
            }
            return numberField(field, "a deadband", input).map { .deadband(column: $0, band) }
        case .debounce(let field, let span):
            texts.append(field.value)
            guard isPositive(span, "for", at: field.place) else { return nil }
            return readField(field, input).map { .debounce(column: $0, span) }
        case .sample(let period, let kept, let place):
            guard isPositive(period, "every", at: place) else { return nil }
            return .sample(every: period, kept)
        case .join(let fields, let on, let within, let place):
            texts += on.map(\.value)
            guard isPositive(within, "within", at: place) else { return nil }
            let columns = fields.compactMap { readField($0, input) }
            let keys = on.compactMap { readField($0, input) }
            for field in fields where on.contains(where: { $0.value == field.value }) {
                report(.badStep, "`\(field.value)` is what events are joined on", at: field)
            }
            guard columns.count == fields.count, keys.count == on.count else { return nil }
            return .join(columns: columns, on: keys, within: within)
        case .rate(let field, let name, let unit):
            guard isPositive(unit, "per", at: field.place) else { return nil }
            guard let source = numberField(field, "a rate", input) else { return nil }
            let column = addColumn(Schema.Column(name: name.value, type: .number), &input)
            return .rate(of: source, column: column, per: unit)
        }
    }

    private mutating func derive(
        _ name: Located<String>, _ expression: Located<String>, _ input: inout SourceColumns
    ) -> StepPlan? {
        let schema = Schema(columns: input.columns)
        guard
            let formula = Formula.compile(expression, schema: schema, diagnostics: &diagnostics)
        else {
            // So that what reads it does not complain.
            if !input.columns.contains(where: { $0.name == name.value }) {
                _ = addColumn(Schema.Column(name: name.value, type: .number), &input)
            }
            return nil
        }
        requireDevices(formula, at: expression.place, input)
        let column = Schema.Column(
            name: name.value, type: formula.program.type, unit: formula.unit)
        return .derive(column: addColumn(column, &input), formula)
    }

    /// A column for a tag; one that nobody has is more often a mistake.
    private mutating func tagColumn(
        _ tag: Located<String>, _ input: inout SourceColumns
    ) -> (column: Int, tag: String) {
        let known = Set(input.devices.flatMap { registry.entry($0)?.tags.keys.map { $0 } ?? [] })
        if !known.contains(tag.value) {
            report(
                .unknownDimension, "no device here has a tag `\(tag.value)`", at: tag,
                help: suggestion(tag.value, among: known.sorted(), "tags"))
        }
        if let index = input.columns.firstIndex(where: { $0.name == tag.value }) {
            report(
                .duplicateName, "there is a field `\(input.columns[index].name)` already", at: tag)
        }
        input.columns.append(Schema.Column(name: tag.value, type: .text))
        input.valueColumns.insert(input.columns.count - 1)
        return (input.columns.count - 1, tag.value)
    }

    /// The place of a column that a step fills: that of the name's old one if the type is the same,
    /// else a new one that hides it.
    private func addColumn(_ column: Schema.Column, _ input: inout SourceColumns) -> Int {
        if let index = input.columns.firstIndex(where: { $0.name == column.name }) {
            if input.columns[index].type == column.type, input.valueColumns.contains(index) {
                input.columns[index] = column
                return index
            }
            input.columns[index].name = ""
            input.deviceColumns.removeAll { $0 == index }
        }
        input.columns.append(column)
        input.valueColumns.insert(input.columns.count - 1)
        return input.columns.count - 1
    }

    private mutating func numberField(
        _ field: Located<String>, _ what: String, _ input: SourceColumns
    ) -> Int? {
        guard let index = readField(field, input) else { return nil }
        let type = input.columns[index].type
        if type == .number || type == .integer { return index }
        report(
            .needsNumber, "\(what) needs numbers, and `\(field.value)` is \(type.rawValue)",
            at: field)
        return nil
    }

    private mutating func isPositive(
        _ span: Milliseconds, _ what: String, at place: Place
    ) -> Bool {
        if span > .zero { return true }
        report(.badDuration, "`\(what)` must be more than nothing, not \(span)", at: place)
        return false
    }
}

extension ProcessingDefinition {
    /// As it is written.
    fileprivate var type: String {
        switch self {
        case .filter: "filter"
        case .aggregate: "aggregate"
        case .derive: "derive"
        case .group: "group"
        case .enrich: "enrich"
        case .deduplicate: "deduplicate"
        case .deadband: "deadband"
        case .debounce: "debounce"
        case .sample: "sample"
        case .rate: "rate"
        case .join, .joinWith: "join"
        case .lookup: "enrich"
        }
    }

    /// Whether it remembers rows of a device, whatever its expression.
    fileprivate var isOrdered: Bool {
        switch self {
        case .filter, .aggregate, .derive, .group, .enrich, .lookup, .joinWith: false
        case .deduplicate, .deadband, .debounce, .sample, .rate, .join: true
        }
    }

    fileprivate var isAggregate: Bool {
        if case .aggregate = self { return true }
        return false
    }

    fileprivate var place: Place {
        switch self {
        case .filter(let text), .derive(let text, _), .group(let text, _),
            .deadband(let text, _), .debounce(let text, _), .rate(let text, _, _):
            text.place
        case .aggregate(let by, let functions):
            (functions.first?.name ?? by.first)?.place ?? .unknown
        case .enrich(let tags): tags.first?.place ?? .unknown
        case .lookup(let lookup): lookup.table.place
        case .joinWith(let join): join.place
        case .deduplicate(_, _, let place), .sample(_, _, let place), .join(_, _, _, let place):
            place
        }
    }
}

extension ProcessingDefinition.Band {
    fileprivate var width: Double {
        switch self {
        case .absolute(let width), .percent(let width): width
        }
    }
}
