import Language
import Model

/// Functions over an expression: a field without a name is derived behind all other steps.
extension StreamCompiler {
    /// The same functions, each over a field.
    mutating func deriveArguments(
        of functions: [AggregateDefinition], _ input: inout SourceColumns,
        _ steps: inout CompiledSteps
    ) -> [AggregateDefinition] {
        let schema = Schema(columns: input.columns)
        var derived: [(text: String, isCounted: Bool, name: String)] = []
        return functions.map { function in
            guard let expression = function.expression else { return function }
            if let field = function.field {
                report(
                    .duplicateName, "`\(function.name.value)` has a field already", at: expression,
                    help: ["remove the expression, or `field: \(field.value)`"])
                return function
            }
            var result = function
            let isCounted = function.function.value == AggregateFunction.count.rawValue
            if let known = derived.first(where: {
                $0.text == expression.value && $0.isCounted == isCounted
            }) {
                result.field = Located(known.name, at: expression.place)
                return result
            }
            // For messages; it must only differ from all other names.
            var name = expression.value
            while input.columns.contains(where: { $0.name == name }) { name += " " }
            var column = Schema.Column(name: name, type: .number)
            steps.texts.append(expression.value)
            if let formula = Formula.compile(
                expression, schema: schema, isCounted: isCounted, diagnostics: &diagnostics)
            {
                (column.type, column.unit) = (formula.program.type, formula.unit)
                requireDevices(formula, at: expression.place, input)
                steps.steps.append(.derive(column: input.columns.count, formula))
            }
            input.valueColumns.insert(input.columns.count)
            input.columns.append(column)
            derived.append((expression.value, isCounted, name))
            result.field = Located(name, at: expression.place)
            return result
        }
    }

    /// Whose rows are remembered is only known where they are of devices.
    mutating func requireDevices(_ formula: Formula, at place: Place, _ input: SourceColumns) {
        guard formula.remembers, input.isWithoutDevice else { return }
        report(
            .badStep,
            "a function that remembers events needs devices, and there are none here", at: place,
            help: ["use it in the stream that is followed, behind its aggregate"])
    }
}
