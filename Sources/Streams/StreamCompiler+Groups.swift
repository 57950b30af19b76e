import Language
import Model

/// What rows are grouped by: devices, their groups and tags, words of their own, and expressions.
extension StreamCompiler {
    /// The parts of a key.
    mutating func compileKey(
        _ names: [Located<String>], _ input: SourceColumns
    ) -> [KeyTable.KeyField] {
        requireUnique(names, "dimension")
        let tags = Set(input.devices.flatMap { registry.entry($0)?.tags.keys.map { $0 } ?? [] })
        return names.map { name in
            let column = input.columns.lastIndex { $0.name == name.value }
            if let column, input.deviceColumns.contains(column) || name.value == "device_id" {
                return .device(name: name.value)
            }
            if name.value == "device_id" { return .device(name: name.value) }
            if let column,
                input.columns[column].type != .number || input.groupings.contains(column)
            {
                return .column(column, name: name.value)
            }
            if column != nil {
                report(
                    .badGrouping, "rows cannot be grouped by the number `\(name.value)`", at: name,
                    help: [
                        "group by device_id, by tags of the devices, or by words",
                        "or by an expression: {name: band, expression: round(\(name.value) / 5)}",
                    ])
            } else if name.value == "group", !tags.contains("group") {
                let groups = Set(input.sources.compactMap(\.group)).sorted()
                return .group(name: name.value, among: groups)
            } else if !tags.contains(name.value) {
                report(
                    .unknownDimension, "no device here has a tag `\(name.value)`", at: name,
                    help: suggestion(
                        name.value, among: ["device_id", "group"] + tags.sorted(), "known"))
            }
            return .tag(name.value)
        }
    }

    /// A column to group by.
    mutating func grouping(
        _ name: Located<String>, _ expression: Located<String>, _ input: inout SourceColumns
    ) -> StepPlan? {
        if input.columns.contains(where: { $0.name == name.value }) {
            report(
                .duplicateName, "there is a field `\(name.value)` already", at: name,
                help: ["give what rows are grouped by a name of its own"])
        }
        let formula = Formula.compile(
            expression, schema: Schema(columns: input.columns), diagnostics: &diagnostics)
        input.columns.append(Schema.Column(name: name.value, type: formula?.program.type ?? .text))
        let column = input.columns.count - 1
        input.valueColumns.insert(column)
        input.groupings.insert(column)
        return formula.map { .derive(column: column, $0) }
    }
}
