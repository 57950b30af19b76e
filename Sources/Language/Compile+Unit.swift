package import Model

extension Program {
    /// Compiles an expression of whatever type it has, and tells the unit of its value. A
    /// difference of temperatures has none: it is not a temperature.
    package static func compile(
        measuring text: Located<String>, schema: Schema, diagnostics: inout [Diagnostic]
    ) -> (program: Program, unit: Unit?)? {
        var parser = Parser(text)
        let expression = parser.expression()
        var checker = Checker(schema, parser.source, .row)
        var result: (program: Program, unit: Unit?)?
        if let typed = checker.check(expression),
            let program = checker.emit(typed.node, typed.type, expression.range)
        {
            let isTemperature = typed.measure?.unit.dimension == .temperature
            let isSpread = isTemperature && typed.measure?.isDifference == true
            result = (program, isSpread ? nil : typed.measure?.unit)
        }
        diagnostics += checker.source.diagnostics
        return checker.source.hasErrors ? nil : result
    }
}
