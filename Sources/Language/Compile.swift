package import Model

extension Program {
    /// Compiles an expression over one row of `schema`. Nil, and errors in `diagnostics`, where it
    /// cannot be; all errors that can be found are reported at once.
    package static func compile(
        _ text: Located<String>, schema: Schema, expecting: ValueType?,
        diagnostics: inout [Diagnostic]
    ) -> Program? {
        var parser = Parser(text)
        let expression = parser.expression()
        var checker = Checker(schema, parser.source, .row)
        let program = checker.compile(expression, expecting: expecting)
        diagnostics += checker.source.diagnostics
        return checker.source.hasErrors ? nil : program
    }
}

extension Checker {
    mutating func compile(_ expression: Expression, expecting: ValueType?) -> Program? {
        guard var typed = check(expression) else { return nil }
        if expecting == .number { typed = asNumber(typed) }
        if let expecting, typed.type != expecting {
            // An expression that was cut short has no type to speak of.
            if source.has(.trailingText) || source.has(.misplacedStep) { return nil }
            source.report(
                .wrongResult,
                "\(expecting.description) is needed here, and this is \(typed.type.description)",
                at: expression.range,
                help: expecting == .boolean && typed.isNumeric
                    ? ["compare it with something: \(source[expression.range]) > 0"] : [])
            return nil
        }
        return emit(typed.node, typed.type, expression.range)
    }
}
