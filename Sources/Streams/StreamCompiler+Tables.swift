import Language
import Model

/// Steps that look something up in a reference table.
extension StreamCompiler {
    /// Whether a table that a step needs could not be read, which has been told.
    func lacksTable(_ steps: [ProcessingDefinition]) -> Bool {
        steps.contains { step in
            guard case .lookup(let lookup) = step else { return false }
            return tables.contains { $0.name.value == lookup.table.value && !$0.isSound }
        }
    }

    /// A look-up of rows with such columns, which get the table's.
    mutating func compileLookup(
        _ lookup: LookupDefinition, _ columns: inout [Schema.Column]
    ) -> TableLookup? {
        guard let table = tables.first(where: { $0.name.value == lookup.table.value }) else {
            report(
                .unknownTable, "there is no table `\(lookup.table.value)`", at: lookup.table,
                help: suggestion(lookup.table.value, among: tables.map(\.name.value), "tables"))
            return nil
        }
        let on = compileKey(of: lookup, table, columns)
        let fields =
            lookup.fields.isEmpty
            ? table.columns.map {
                let name = Located($0.name, at: lookup.table.place)
                return (field: name, column: name)
            } : lookup.fields
        requireUnique(fields.map(\.field), "field")
        var fills: [(column: Int, source: Int)] = []
        for (field, column) in fields {
            var new = Schema.Column(name: field.value, type: .number)
            let source = table.columns.firstIndex { $0.name == column.value }
            if let source {
                (new.type, new.unit) = (table.columns[source].type, table.columns[source].unit)
            } else {
                report(
                    .unknownField,
                    "the table `\(table.name.value)` has no column "
                        + "`\(column.value)`", at: column,
                    help: suggestion(column.value, among: table.columns.map(\.name), "columns"))
            }
            if columns.contains(where: { $0.name == field.value }) {
                report(
                    .duplicateName, "there is a field `\(field.value)` already", at: field,
                    help: ["give it another name: fields: {name: \(column.value)}"])
            }
            columns.append(new)
            if let source { fills.append((columns.count - 1, source)) }
        }
        return on.count == table.key.count ? TableLookup(table, on: on, fills: fills) : nil
    }

    /// By part of the table's key the row's column; fewer where one is wrong.
    private mutating func compileKey(
        of lookup: LookupDefinition, _ table: ReferenceTable, _ fields: [Schema.Column]
    ) -> [Int] {
        let names = table.key.map(\.name)
        requireUnique(lookup.on.map(\.column), "key")
        for (column, _) in lookup.on where !names.contains(column.value) {
            report(
                .badLookup, "`\(column.value)` is not in the key of `\(table.name.value)`",
                at: column, help: suggestion(column.value, among: names, "key"))
        }
        var columns: [Int] = []
        for part in table.key {
            let written = lookup.on.first { $0.column.value == part.name }?.field
            if written == nil, !lookup.on.isEmpty {
                report(
                    .badLookup,
                    "the key of `\(table.name.value)` is \(names.joined(separator: ", ")), and "
                        + "`\(part.name)` is not given", at: lookup.table,
                    help: ["write: on: {\(part.name): <field>}"])
                continue
            }
            let field = written ?? Located(part.name, at: lookup.table.place)
            guard let column = fields.firstIndex(where: { $0.name == field.value }) else {
                report(
                    .unknownField, "there is no field `\(field.value)`", at: field,
                    help: suggestion(field.value, among: fields.map(\.name), "fields"))
                continue
            }
            let type = fields[column].type
            let numeric: Set<ValueType> = [.integer, .number]
            if type != part.type, !(numeric.contains(type) && numeric.contains(part.type)) {
                report(
                    .badLookup,
                    "`\(part.name)` of `\(table.name.value)` is \(part.type.rawValue), and "
                        + "`\(field.value)` is \(type.rawValue)", at: field,
                    help: [
                        "say what the column is: columns: {\(part.name): "
                            + "\(type == .text ? "text" : type.rawValue)}"
                    ])
            }
            columns.append(column)
        }
        return columns
    }
}
