import Model

// Operands: literals, names, calls and parentheses.
extension Parser {
    mutating func primary() -> Expression {
        let first = token
        switch first.kind {
        case .number(let number):
            if startsGroup { return misplaced("`N devices`") }
            advance()
            return literal(number, first.range)
        case .duration(let span):
            advance()
            return Expression(.duration(span), first.range)
        case .text(let text):
            advance()
            return Expression(.text(text), first.range)
        case .quotedName(let name):
            advance()
            return Expression(.name(name), first.range)
        case .symbol("("):
            return parenthesized()
        case .word(let word):
            if word == "true" || word == "false" {
                advance()
                return Expression(.boolean(word == "true"), first.range)
            }
            if startsSilence { return misplaced("`no … for`") }
            if startsGroup { return misplaced("`\(word) … devices`") }
            if isNext(":", ahead: 1) { return misplaced("the label `\(word):`") }
            if Keyword.reserved.contains(word) { break }
            advance()
            return isNext("(") ? call(word, first.range) : Expression(.name(word), first.range)
        case .unreadable:
            while case .unreadable = token.kind { advance() }
            switch token.kind {
            case .symbol, .end: return Expression(.invalid, first.range)
            default: return primary()
            }
        case .symbol, .end:
            break
        }
        return missingOperand()
    }

    private mutating func literal(_ number: NumberToken, _ range: Range<Int>) -> Expression {
        var unit: Unit?
        if let (word, place) = number.suffix {
            unit = Unit(word)
            if unit == nil {
                let names = ["and"] + Unit.names + Reference.words
                let nearest = word.count > 1 ? didYouMean(word, among: names) : nil
                source.report(
                    .unknownUnit, "there is no unit `\(word)`", at: place,
                    help: nearest.map { ["did you mean `\($0)`?"] } ?? [])
                skipOperand()
                return Expression(.invalid, range)
            }
        }
        return Expression(
            .number(number.value, integer: number.integer, unit: unit), range)
    }

    private mutating func missingOperand() -> Expression {
        let place = token.range.lowerBound..<token.range.lowerBound
        if tokens.count == 1 {
            if !source.hasErrors { source.report(.empty, "there is no condition here", at: 0..<1) }
            return Expression(.invalid, place)
        }
        var help: [String] = []
        if case .word(let word) = token.kind {
            help = ["if `\(word)` is the name of a field, write it in backquotes: `\(word)`"]
        }
        source.report(
            .expected, "expected a value or a name, found \(found)", at: token.range, help: help)
        skipOperand()
        return Expression(.invalid, place)
    }

    private mutating func parenthesized() -> Expression {
        let start = token.range
        advance()
        let inner = condition()
        let end = token.range.upperBound
        guard close(start, isReported: inner.isInvalid) else {
            return Expression(.invalid, start.lowerBound..<inner.range.upperBound)
        }
        return Expression(wrapping: inner, start.lowerBound..<end)
    }

    private mutating func call(_ function: String, _ range: Range<Int>) -> Expression {
        let open = token.range
        advance()
        var arguments: [Expression.Argument] = []
        var per: (span: Milliseconds, range: Range<Int>)?
        if isNext("*") {
            advance()
        } else if !isNext(")") {
            repeat {
                arguments.append(argument())
                let clause = token.range
                if eat("per") {
                    guard let span = duration(after: "per") else {
                        return Expression(.invalid, range.lowerBound..<open.upperBound)
                    }
                    per = (span, clause.lowerBound..<behind)
                }
            } while eat(",")
        }
        guard close(open, isReported: arguments.contains(where: \.value.isInvalid)) else {
            return Expression(.invalid, range.lowerBound..<open.upperBound)
        }
        var over: Expression.Call.Over?
        if eat("over") {
            guard let span = span() else {
                return Expression(.invalid, range.lowerBound..<max(behind, range.upperBound))
            }
            over = span
        }
        let call = Expression.Call(
            function: function, functionRange: range, arguments: arguments, over: over, per: per)
        return make(.call(call), range.lowerBound..<behind, over: arguments.map(\.value))
    }

    private mutating func argument() -> Expression.Argument {
        let first = token
        if case .word(let word) = first.kind, isNext(":", ahead: 1) {
            advance()
            advance()
            return Expression.Argument(name: (word, first.range), value: condition())
        }
        return Expression.Argument(value: condition())
    }

    /// What stands behind `over`.
    private mutating func span() -> Expression.Call.Over? {
        guard case .number(let number) = token.kind,
            ["events", "event"].contains(peek().spelling)
        else { return duration(after: "over").map { .span($0) } }
        let range = token.range
        advance()
        advance()
        return count(number, range).map { .events($0) }
    }

    /// Goes past the `)` that belongs to the parenthesis at `open`, or complains once.
    private mutating func close(_ open: Range<Int>, isReported: Bool) -> Bool {
        if eat(")") { return true }
        if !isReported {
            if isAtEnd || token.spelling.map({ Keyword.clauses.contains($0) }) ?? false {
                source.report(.expected, "this `(` is never closed", at: open, help: ["add `)`"])
            } else {
                source.report(.expected, "expected `)`, found \(found)", at: token.range)
            }
        }
        skipOperand()
        _ = eat(")")
        return false
    }
}
