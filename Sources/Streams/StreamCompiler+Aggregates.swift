import Language
import Model

/// What a window's row consists of: measures, and the cells they are read from.
struct Measured: Sendable {
    var measures: [MeasurePlan] = []
    var cells: [CellPlan] = []

    /// Whether what one of these columns holds goes into a measure.
    func reads(_ columns: [Int]) -> Bool {
        cells.contains { $0.column.map { columns.contains($0) } ?? false }
    }

    /// The cell of a column, shared by all measures of it. Two columns have a cell of their own,
    /// because it only takes rows in which both are there.
    mutating func cell(
        of column: Int?, with second: Int? = nil, needs: AggregatePartial.Needs,
        isMerged: Bool = false
    ) -> Int {
        let index = cells.firstIndex {
            $0.column == column && $0.second == second && $0.isMerged == isMerged
        }
        if let index {
            cells[index].needs.formUnion(needs)
            return index
        }
        cells.append(CellPlan(column: column, second: second, needs: needs, isMerged: isMerged))
        return cells.count - 1
    }
}

extension StreamCompiler {
    /// `reserved` are names that the measures may not take, those of the key.
    mutating func compileMeasures(
        _ functions: [AggregateDefinition], _ input: inout SourceColumns,
        _ steps: inout CompiledSteps, reserved: [String]
    ) -> Measured {
        let columns = input.columns.count
        let definitions = deriveArguments(of: functions, &input, &steps)
        // Rows do not show what was only derived to be aggregated.
        defer {
            for index in columns..<input.columns.count { input.columns[index].name = "" }
        }
        var result = Measured()
        requireUnique(definitions.map(\.name), "field")
        for definition in definitions {
            if reserved.contains(definition.name.value) {
                report(
                    .duplicateName,
                    "`\(definition.name.value)` is already what rows are grouped by",
                    at: definition.name)
            }
            guard let (function, quantile) = readFunction(definition) else {
                // A stand-in, so that conditions do not complain of a name that was meant to be.
                let cell = result.cell(of: nil, needs: [])
                result.measures.append(
                    MeasurePlan(
                        name: definition.name.value, function: .avg, cell: cell, type: .number,
                        unit: nil))
                continue
            }
            result.measures.append(measure(definition, function, quantile, input, into: &result))
        }
        return result
    }

    private mutating func readFunction(
        _ definition: AggregateDefinition
    ) -> (AggregateFunction, Double?)? {
        let name = definition.function
        guard let (function, named) = AggregateFunction.named(name.value) else {
            report(
                .unknownFunction, "there is no aggregate function `\(name.value)`", at: name,
                help: suggestion(
                    name.value, among: AggregateFunction.allCases.map(\.rawValue), "functions"))
            return nil
        }
        let quantile = named ?? definition.quantile
        if function == .percentile, quantile.map({ !(0...1).contains($0) }) ?? true {
            report(
                .missingField, "`percentile` needs a quantile from 0 to 1", at: name,
                help: ["write `quantile: 0.95`, or `function: p95`"])
        }
        return (function, quantile)
    }

    private mutating func measure(
        _ definition: AggregateDefinition, _ function: AggregateFunction, _ quantile: Double?,
        _ input: SourceColumns, into result: inout Measured
    ) -> MeasurePlan {
        var column: Int?
        if let field = definition.field {
            column = readField(field, input)
        } else if function.argument != .anyOrNone {
            report(
                .missingField, "`\(function.rawValue)` needs a field", at: definition.function,
                help: ["only `count` can do without one: it counts rows"])
        }
        var second: Int?
        if function.argument == .twoNumbers {
            if let field = definition.by {
                second = readField(field, input)
                requireNumbers(second, of: function, at: field, input)
            } else {
                report(
                    .missingField, "`\(function.rawValue)` needs a second field",
                    at: definition.function, help: ["name it with `by`"])
            }
        }
        let source = column.map { input.columns[$0] }
        if function.argument == .number || function.argument == .twoNumbers {
            requireNumbers(column, of: function, at: definition.field ?? definition.function, input)
        }
        // What the same aggregate has made of the events of another stream's windows.
        let isMerged =
            function != .count && second == nil && source?.aggregate == function
            && source?.quantile == quantile
        // A column that holds the device's name is there in every row and need not be filled.
        let isTopic = column.map { !input.valueColumns.contains($0) } ?? true
        return MeasurePlan(
            name: definition.name.value, function: function, quantile: quantile,
            cell: result.cell(
                of: isTopic && function == .count ? nil : column, with: second,
                needs: AggregatePartial.Needs(function), isMerged: isMerged),
            type: function.resultType(of: source?.type),
            unit: function.resultUnit(of: source?.unit))
    }

    private mutating func requireNumbers(
        _ column: Int?, of function: AggregateFunction, at place: Located<String>,
        _ input: SourceColumns
    ) {
        guard let column, case let source = input.columns[column],
            [.text, .timestamp, .position].contains(source.type)
        else { return }
        report(
            .needsNumber,
            "`\(function.rawValue)` needs numbers, and `\(source.name)` is "
                + source.type.rawValue, at: place,
            help: ["`count` counts values of any type"])
    }

    mutating func readField(_ field: Located<String>, _ input: SourceColumns) -> Int? {
        if let index = input.columns.firstIndex(where: { $0.name == field.value }) { return index }
        report(
            .unknownField,
            input.isWindow
                ? "the windows have no field `\(field.value)`"
                : "no source has a field `\(field.value)`", at: field,
            help: suggestion(field.value, among: input.columns.map(\.name), "fields"))
        return nil
    }
}
