import Language
import Model

/// What a window's row consists of: measures, and the cells they are read from.
struct Measured: Sendable {
    var measures: [MeasurePlan] = []
    var cells: [CellPlan] = []

    /// The cell of a column, shared by all measures of it.
    mutating func cell(of column: Int?, needs: AggregatePartial.Needs) -> Int {
        if let index = cells.firstIndex(where: { $0.column == column }) {
            cells[index].needs.formUnion(needs)
            return index
        }
        cells.append(CellPlan(column: column, needs: needs))
        return cells.count - 1
    }
}

extension StreamCompiler {
    /// `reserved` are names that the measures may not take, those of the key.
    mutating func compileMeasures(
        _ definitions: [AggregateDefinition], _ input: SourceColumns, reserved: [String]
    ) -> Measured {
        var result = Measured()
        requireUnique(definitions.map(\.name), "field")
        for definition in definitions {
            if reserved.contains(definition.name.value) {
                report(
                    .duplicateName,
                    "`\(definition.name.value)` is already what rows are grouped by",
                    at: definition.name)
            }
            guard let function = readFunction(definition.function) else {
                // A stand-in, so that conditions do not complain of a name that was meant to be.
                let cell = result.cell(of: nil, needs: [])
                result.measures.append(
                    MeasurePlan(
                        name: definition.name.value, function: .avg, cell: cell, type: .number,
                        unit: nil))
                continue
            }
            result.measures.append(measure(definition, function, input, into: &result))
        }
        return result
    }

    private mutating func readFunction(_ name: Located<String>) -> AggregateFunction? {
        if let function = AggregateFunction(rawValue: name.value) { return function }
        report(
            .unknownFunction, "there is no aggregate function `\(name.value)`", at: name,
            help: suggestion(
                name.value, among: AggregateFunction.allCases.map(\.rawValue), "functions"))
        return nil
    }

    private mutating func measure(
        _ definition: AggregateDefinition, _ function: AggregateFunction, _ input: SourceColumns,
        into result: inout Measured
    ) -> MeasurePlan {
        let needs = AggregatePartial.Needs(function)
        var column: Int?
        if let field = definition.field {
            column = readField(field, input)
        } else if function != .count {
            report(
                .missingField, "`\(function.rawValue)` needs a field", at: definition.function,
                help: ["only `count` can do without one: it counts rows"])
        }
        let source = column.map { input.columns[$0] }
        if function != .count, let type = source?.type, type == .text || type == .timestamp {
            report(
                .needsNumber,
                "`\(function.rawValue)` needs numbers, and `\(source?.name ?? "")` is "
                    + type.rawValue, at: definition.field ?? definition.function,
                help: ["`count` counts values of any type"])
        }
        var type = ValueType.number
        if function == .count || source?.type == .integer && function != .avg { type = .integer }
        // A column that holds the device's name is there in every row and need not be filled.
        let isTopic = column.map { !input.valueColumns.contains($0) } ?? true
        return MeasurePlan(
            name: definition.name.value, function: function,
            cell: result.cell(of: isTopic ? nil : column, needs: needs), type: type,
            unit: unit(of: function, source?.unit))
    }

    private mutating func readField(_ field: Located<String>, _ input: SourceColumns) -> Int? {
        if let index = input.columns.firstIndex(where: { $0.name == field.value }) { return index }
        report(
            .unknownField, "no source has a field `\(field.value)`", at: field,
            help: suggestion(field.value, among: input.columns.map(\.name), "fields"))
        return nil
    }

    /// The spread of temperatures is a difference, not a temperature.
    private func unit(of function: AggregateFunction, _ unit: Unit?) -> Unit? {
        switch function {
        case .count: nil
        case .range: unit?.dimension == .temperature ? nil : unit
        case .sum, .avg, .min, .max: unit
        }
    }

    // MARK: Keys

    /// What rows are grouped by: the device, and tags of the device.
    mutating func compileKey(
        _ names: [Located<String>], _ input: SourceColumns
    ) -> [KeyTable.KeyField] {
        requireUnique(names, "dimension")
        let tags = Set(input.devices.flatMap { registry.entry($0)?.tags.keys.map { $0 } ?? [] })
        return names.map { name in
            let column = input.columns.firstIndex { $0.name == name.value }
            if let column, input.deviceColumns.contains(column) || name.value == "device_id" {
                return .device(name: name.value)
            }
            if name.value == "device_id" { return .device(name: name.value) }
            if column != nil {
                report(
                    .badGrouping, "rows cannot be grouped by the field `\(name.value)`", at: name,
                    help: ["group by device_id, or by tags of the devices"])
            } else if !tags.contains(name.value) {
                report(
                    .unknownDimension, "no device here has a tag `\(name.value)`", at: name,
                    help: suggestion(
                        name.value, among: ["device_id"] + tags.sorted(), "known"))
            }
            return .tag(name.value)
        }
    }
}
