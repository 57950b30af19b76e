import Model

// Operators, loosest first: a function per line of the grammar.
extension Parser {
    mutating func condition() -> Expression {
        guard nesting < Parser.nestingMax else {
            source.report(
                .tooDeep, "nested more than \(Parser.nestingMax) levels deep", at: token.range,
                help: ["split it into several patterns or filters"])
            skipToEnd()
            return Expression(.invalid, token.range)
        }
        nesting += 1
        defer { nesting -= 1 }
        var left = conjunction()
        while eat("or") { left = binary(.or, left, conjunction()) }
        return left
    }

    private mutating func conjunction() -> Expression {
        var left = negation()
        while eat("and") { left = binary(.and, left, negation()) }
        return left
    }

    private mutating func negation() -> Expression {
        let start = token.range.lowerBound
        var count = 0
        while isNext("not") || (isNext("NOT") && !isOperator(peek())) {
            _ = eat("not")
            count += 1
        }
        var operand = relation()
        if count > Parser.nestingMax {
            source.report(.tooDeep, "more than \(Parser.nestingMax) times `not`", at: operand.range)
            return Expression(.invalid, operand.range)
        }
        for _ in 0..<count {
            operand = make(
                .unary(.not, operand), start..<operand.range.upperBound, over: [operand])
        }
        return operand
    }

    private func isOperator(_ token: Token) -> Bool {
        if case .symbol(let symbol) = token.kind { return symbol != "(" && symbol != "-" }
        return false
    }

    private mutating func relation() -> Expression {
        let left = sum()
        if let comparison = comparison() {
            return chained(binary(comparison, left, sum()))
        }
        let isNegated = isNext("not") && (isNext("between", ahead: 1) || isNext("in", ahead: 1))
        if isNegated { advance() }
        if eat("between") {
            let low = sum()
            if low.isInvalid { return invalid(from: left) }
            guard expect("and", "`and` and the upper bound") else {
                if isNext("or") || isNext(",") { advance() }
                return invalid(from: left)
            }
            let high = sum()
            return make(
                .between(left, low: low, high: high, isNegated: isNegated),
                left.range.lowerBound..<high.range.upperBound, over: [left, low, high])
        }
        if eat("in") {
            return membership(of: left, isNegated: isNegated)
        }
        if eat("is") { return state(of: left) }
        if eat("changed") { return changed(left) }
        if eat("crosses") { return crosses(left) }
        return left
    }

    private mutating func comparison() -> BinaryOperator? {
        guard case .symbol(let symbol) = token.kind else { return nil }
        let found: BinaryOperator? =
            switch symbol {
            case "==": .equal
            case "<", "<=", ">", ">=", "=", "!=": BinaryOperator(rawValue: symbol)
            default: nil
            }
        if found != nil { advance() }
        return found
    }

    /// `a < b < c`: tells what to write instead, and reads on behind it.
    private mutating func chained(_ first: Expression) -> Expression {
        let start = token.range.lowerBound
        guard comparison() != nil else { return first }
        let third = sum()
        var help: [String] = []
        if case .binary(_, _, let middle) = first.node, !third.isInvalid {
            let rest = source[start..<third.range.upperBound]
            help = ["write \(source[first.range]) and \(source[middle.range]) \(rest)"]
        }
        let range = first.range.lowerBound..<max(third.range.upperBound, first.range.upperBound)
        source.report(.chainedComparison, "comparisons cannot be chained", at: range, help: help)
        while comparison() != nil { _ = sum() }
        return Expression(.invalid, range)
    }

    private mutating func membership(of left: Expression, isNegated: Bool) -> Expression {
        let isRound = isNext("(")
        guard isNext("[") else {
            source.report(
                .expected, "expected `[` and the list of values, found \(found)", at: token.range,
                help: isRound ? ["a list is written in square brackets: [1, 2]"] : [])
            while isRound, !isAtEnd, !isNext(")") { advance() }
            if isRound { advance() }
            return invalid(from: left)
        }
        advance()
        if isNext("]") {
            source.report(.expected, "this list is empty", at: token.range)
            advance()
            return invalid(from: left)
        }
        var choices: [Expression] = []
        repeat { choices.append(choice()) } while eat(",")
        let end = token.range.upperBound
        if choices.contains(where: \.isInvalid) {
            _ = eat("]")
            return invalid(from: left)
        }
        guard expect("]", "`,` or `]`") else { return invalid(from: left) }
        return make(
            .membership(left, choices, isNegated: isNegated), left.range.lowerBound..<end,
            over: [left] + choices)
    }

    private mutating func choice() -> Expression {
        let choice = unary()
        if choice.isLiteral || choice.isInvalid { return choice }
        var help: [String] = []
        if case .name(let name) = choice.node { help = ["write \"\(name)\""] }
        source.report(
            .expected, "a list holds numbers, strings or durations, not names", at: choice.range,
            help: help)
        return Expression(.invalid, choice.range)
    }

    private mutating func state(of left: Expression) -> Expression {
        let isNegated = eat("not")
        let end = token.range.upperBound
        if eat("stale") {
            guard eat("after") else {
                let text = source[left.range]
                source.report(
                    .staleWithoutSpan, "`stale` needs to know after how long a silence",
                    at: left.range.lowerBound..<end,
                    help: ["write \(text) is \(isNegated ? "not " : "")stale after 5m"])
                return invalid(from: left)
            }
            guard let span = duration(after: "after") else { return invalid(from: left) }
            return make(
                .isStale(left, after: span, isNegated: isNegated), left.range.lowerBound..<behind,
                over: [left])
        }
        guard expect("missing", "`missing`, `stale` or `not`") else { return invalid(from: left) }
        return make(
            .isMissing(left, isNegated: isNegated), left.range.lowerBound..<end, over: [left])
    }

    private mutating func changed(_ left: Expression) -> Expression {
        guard eat("by") else {
            return make(.changed(left), left.range.lowerBound..<behind, over: [left])
        }
        guard let sign = comparison() else {
            source.report(
                .expected, "expected `>` or another comparison, found \(found)", at: token.range,
                help: ["write \(source[left.range]) changed by > 4"])
            return invalid(from: left)
        }
        let amount = sum()
        return make(
            .changedBy(sign, left, amount: amount),
            left.range.lowerBound..<max(behind, amount.range.upperBound), over: [left, amount])
    }

    private mutating func crosses(_ left: Expression) -> Expression {
        let isAbove = isNext("above")
        guard eat("above") || eat("below") else {
            source.report(
                .expected, "expected `above` or `below`, found \(found)", at: token.range,
                help: ["write \(source[left.range]) crosses above 30"])
            return invalid(from: left)
        }
        let level = sum()
        return make(
            .crosses(left, isAbove: isAbove, level),
            left.range.lowerBound..<max(behind, level.range.upperBound), over: [left, level])
    }

    // MARK: Arithmetic

    private mutating func sum() -> Expression {
        var left = product()
        while let sign: BinaryOperator = isNext("+") ? .add : isNext("-") ? .subtract : nil {
            advance()
            left = binary(sign, left, product())
        }
        return left
    }

    private mutating func product() -> Expression {
        var left = unary()
        while case .symbol(let symbol) = token.kind, "*/%".contains(symbol),
            let sign = BinaryOperator(rawValue: symbol)
        {
            advance()
            left = binary(sign, left, unary())
        }
        return left
    }

    mutating func unary() -> Expression {
        let start = token.range.lowerBound
        var count = 0
        while isNext("-") {
            advance()
            count += 1
        }
        var operand = primary()
        if count > Parser.nestingMax {
            source.report(.tooDeep, "more than \(Parser.nestingMax) times `-`", at: operand.range)
            return Expression(.invalid, operand.range)
        }
        for _ in 0..<count {
            let range = start..<operand.range.upperBound
            // A signed literal is one literal: -5 degF is a temperature, not minus one.
            operand =
                operand.negatedLiteral(range)
                ?? make(.unary(.negate, operand), range, over: [operand])
        }
        return operand
    }

    private mutating func binary(
        _ sign: BinaryOperator, _ left: Expression, _ right: Expression
    ) -> Expression {
        make(
            .binary(sign, left, right), left.range.lowerBound..<right.range.upperBound,
            over: [left, right])
    }
}

extension Expression {
    fileprivate func negatedLiteral(_ range: Range<Int>) -> Expression? {
        switch node {
        case .number(let value, let integer, let unit):
            Expression(.number(-value, integer: integer.map { -$0 }, unit: unit), range)
        case .duration(let span):
            Expression(.duration(span * -1), range)
        default: nil
        }
    }
}
