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

extension Rule {
    /// Compiles a pattern's condition with its clauses `for`, `within` and `cooldown`. Nil, and
    /// errors in `diagnostics`, where it cannot be; all errors that can be found are reported at
    /// once.
    package static func compile(
        _ text: Located<String>, schema: Schema, diagnostics: inout [Diagnostic]
    ) -> Rule? {
        var parser = Parser(text)
        let syntax = parser.rule()
        var checker = Checker(schema, parser.source, .rule(within: syntax.within?.span))
        let condition = checker.compile(syntax.condition, expecting: .boolean)
        checker.checkClauses(of: syntax)
        diagnostics += checker.source.diagnostics
        guard !checker.source.hasErrors, let condition else { return nil }
        return Rule(
            condition: condition, sustained: syntax.sustained?.value ?? .once,
            within: syntax.within?.span, cooldown: syntax.cooldown?.span,
            aggregates: checker.aggregates)
    }
}

extension Checker {
    fileprivate mutating func compile(_ expression: Expression, expecting: ValueType?) -> Program? {
        guard var typed = check(expression) else { return nil }
        if expecting == .number { typed = asNumber(typed) }
        if let expecting, typed.type != expecting {
            // An expression that was cut short has no type to speak of.
            if source.has(.trailingText) || source.has(.notInThisVersion) { return nil }
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

    fileprivate mutating func checkClauses(of rule: RuleSyntax) {
        if case .consecutiveWindows? = rule.sustained?.value, !schema.isWindowed,
            let range = rule.sustained?.range
        {
            source.report(
                .needsWindow, "there are no windows here, but single events", at: range,
                help: ["write `events` for `windows`, or give the stream a window"])
        }
        guard let within = rule.within, !usesWithin else { return }
        if let sustained = rule.sustained {
            if source.hasErrors { return }
            source.report(
                .notInThisVersion,
                "this version does not have `within` together with `\(source[sustained.range])`",
                at: within.range)
        } else if !source.hasErrors {
            reportWithinSpansNothing(rule.condition, within.range)
        }
    }

    private mutating func reportWithinSpansNothing(_ condition: Expression, _ within: Range<Int>) {
        if !aggregates.isEmpty {
            source.report(
                .withinSpansNothing,
                "every aggregate here has its own `over`, so `within` spans nothing",
                at: within, help: ["remove `within`, or the `over` of what it should cover"])
            return
        }
        let text = source[condition.range]
        let span = source[within.lowerBound..<source.bytes.count].split(separator: " ")
        let duration = span.count > 1 ? String(span[1]) : "5m"
        var help = [
            "to require it to stay true        \(text) for \(duration)",
            "to require it 3 times             count(\(text)) >= 3 within \(duration)",
        ]
        if let name = numericName(condition) {
            let spread =
                source[condition.range.lowerBound..<name.lowerBound] + "range(\(source[name]))"
                + source[name.upperBound..<condition.range.upperBound]
            help.append("to compare the spread             \(spread) within \(duration)")
        }
        source.report(
            .withinSpansNothing,
            "`within` needs something that spans time; this is one reading, true or false at an "
                + "instant", at: condition.range, help: help)
    }

    /// The first column in the condition that has a spread.
    private func numericName(_ expression: Expression) -> Range<Int>? {
        switch expression.node {
        case .name(let name):
            guard let index = find(name) else { return nil }
            let type = schema.columns[index].type
            return type == .number || type == .integer ? expression.range : nil
        case .unary(_, let operand), .isMissing(let operand, _), .membership(let operand, _, _):
            return numericName(operand)
        case .binary(_, let left, let right):
            return numericName(left) ?? numericName(right)
        case .between(let operand, let low, let high, _):
            return numericName(operand) ?? numericName(low) ?? numericName(high)
        case .call(let call):
            return call.arguments.lazy.compactMap { numericName($0) }.first
        case .number, .duration, .text, .boolean, .invalid:
            return nil
        }
    }
}
