package import Model

/// A pattern's conditions taken apart, for telling why they are true or not: each part is a program
/// of its own over the rule's rows.
package struct RuleOutline: Sendable {
    package private(set) var steps: [Step] = []
    package private(set) var until: Term?
    /// The names of the row's first fields.
    package let columns: [String]

    /// One step of the rule.
    package struct Step: Sendable {
        /// As it is written, with what sustains it, on one line.
        package var text: String
        package var label: String?
        /// Nil where any event will do.
        package var condition: Term?
        /// What may not come before it.
        package var abort: Term?
    }

    /// A condition, or an operand of one.
    package struct Term: Sendable {
        package var text: String
        /// Its operands, but for literals.
        package var parts: [Term]
        /// Where it is a field of the row: which.
        package var column: Int?
        let program: Program

        /// Its value on a row, and those of all its parts.
        package func trace(_ row: [Value?]) -> Trace {
            Trace(
                text: text, value: program.evaluate(row), isCondition: program.type == .boolean,
                column: column, parts: parts.map { $0.trace(row) })
        }
    }

    /// Nil where the text is no rule; `Rule.compile` tells why.
    package init?(_ text: Located<String>, schema: Schema) {
        var parser = Parser(text)
        let syntax = parser.rule()
        var checker = Checker(schema, parser.source, .rule)
        columns = schema.columns.map(\.name)
        guard let rule = checker.rule(syntax), !checker.source.hasErrors else { return nil }
        let outliner = Outliner(
            rule: rule, checker: checker, width: schema.columns.count)
        for (index, step) in syntax.steps.enumerated() {
            var abort: Term?
            if index > 0, case .without(let condition) = syntax.links[index - 1].kind {
                abort = outliner.term(condition, step: index)
            }
            let end = max(step.range.upperBound, step.sustained?.range.upperBound ?? 0)
            steps.append(
                Step(
                    text: outliner.text(step.range.lowerBound..<end), label: step.label?.name,
                    condition: step.expression.flatMap {
                        outliner.term(
                            $0, step: index, running: step.isCounted ? index + 1 : nil)
                    },
                    abort: abort))
        }
        until = syntax.until.flatMap { outliner.term($0.condition, step: 0) }
    }
}

/// What an expression and its operands are on one row.
package struct Trace: Hashable, Sendable {
    package var text: String
    /// Nil where it is missing, or unknown.
    package var value: Value?
    package var isCondition: Bool
    /// Where it is a field of the row: which.
    package var column: Int?
    package var parts: [Trace]
}

/// Compiles parts of a rule that has been checked as a whole, so that what its calls and aggregates
/// leave in a row is found where the rule finds it.
private struct Outliner {
    let rule: Rule
    let checker: Checker
    /// Columns of a row.
    let width: Int

    /// `running` is the step itself where it is one of several events.
    func term(
        _ expression: Expression, step: Int, running: Int? = nil
    ) -> RuleOutline.Term? {
        var checker = checker
        checker.readable = step
        checker.running = running
        guard let typed = checker.check(expression),
            let program = checker.emit(typed.node, typed.type, expression.range),
            checker.aggregates.count == rule.aggregates.count,
            checker.calls.count == rule.calls.count, checker.fed.count == rule.fed.count,
            checker.captures.count == rule.captures.count
        else { return nil }
        var column: Int?
        if case .name(let name) = expression.node { column = checker.find(name) }
        return RuleOutline.Term(
            text: text(expression.range),
            parts: operands(expression).filter(\.varies).compactMap {
                term($0, step: step, running: running)
            }, column: column, program: rule.relocated(program, behind: width))
    }

    /// A chain of one logical operator has its members side by side.
    private func operands(_ expression: Expression) -> [Expression] {
        guard case .binary(let sign, let left, let right) = expression.node,
            sign == .and || sign == .or
        else { return expression.operands }
        return [left, right].flatMap { side in
            if case .binary(sign, _, _) = side.node { return operands(side) }
            return [side]
        }
    }

    func text(_ range: Range<Int>) -> String {
        checker.source[range].split { $0 == " " || $0 == "\n" || $0 == "\t" }
            .joined(separator: " ")
    }
}

extension Expression {
    /// Whether its value depends on the row.
    fileprivate var varies: Bool {
        switch node {
        case .name, .call: true
        default: operands.contains(where: \.varies)
        }
    }
}

extension StepSyntax {
    fileprivate var expression: Expression? {
        switch what {
        case .condition(let condition), .absence(let condition, _), .group(_, _, let condition):
            condition
        case .noData: nil
        }
    }
}
