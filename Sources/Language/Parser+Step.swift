import Model

// Steps: a condition, a silence, or a condition over devices; and what may stand behind them.
extension Parser {
    mutating func step() -> StepSyntax {
        var label: (name: String, range: Range<Int>)?
        if isNext(":", ahead: 1), !isNext("(", ahead: 2) || token.isName, let name = name() {
            label = name
            advance()
        }
        let start = token.range.lowerBound
        let what =
            startsSilence ? silence() : startsGroup ? group() : .condition(condition())
        let range = start..<max(start, behind)
        return StepSyntax(what: what, label: label, range: range)
    }

    // MARK: Silence

    /// Whether `no` here is the keyword and not the name of a field.
    var startsSilence: Bool {
        guard isNext("no") else { return false }
        switch peek().kind {
        case .word(let next):
            return next == "not" || next == "event" || next == "true" || next == "false"
                || !Keyword.reserved.contains(next) && !Keyword.clauses.contains(next)
                    && !["changed", "crosses", "at", "exactly"].contains(next)
        case .number, .duration, .text, .quotedName: return true
        case .symbol(let symbol): return symbol == "("
        case .unreadable, .end: return false
        }
    }

    private mutating func silence() -> StepSyntax.What {
        let start = token.range.lowerBound
        advance()
        let isData = isNext("data") || isNext("event")
        if isData, isNext("for", ahead: 1) || peek().isEnd {
            let word = source[token.range]
            advance()
            return lasting("no \(word)", from: start).map { .noData($0) }
                ?? .condition(Expression(.invalid, start..<behind))
        }
        let condition = condition()
        if condition.isInvalid, !isNext("for") { return .condition(condition) }
        guard let span = lasting("no \(source[condition.range])", from: start) else {
            return .condition(Expression(.invalid, start..<behind))
        }
        return .absence(condition, span)
    }

    private mutating func lasting(_ written: String, from start: Int) -> Milliseconds? {
        guard eat("for") else {
            source.report(
                .expected, "expected `for` and how long, found \(found)", at: token.range,
                help: ["write \(written) for 5m"])
            return nil
        }
        return duration(after: "for")
    }

    // MARK: Devices

    /// Whether a condition over several devices begins here.
    var startsGroup: Bool {
        if case .number = token.kind { return isDevices(ahead: 1) }
        if isNext("any") || isNext("all") { return isDevices(ahead: 1) }
        guard isNext("at"), isNext("least", ahead: 1), case .number = peek(2).kind else {
            return false
        }
        return true
    }

    private func isDevices(ahead: Int) -> Bool {
        isNext("devices", ahead: ahead) || isNext("device", ahead: ahead)
    }

    private mutating func group() -> StepSyntax.What {
        let start = token.range.lowerBound
        func invalid() -> StepSyntax.What { .condition(Expression(.invalid, start..<behind)) }
        let quantifier = quantifier()
        if quantifier == nil, source.has(.expected) {
            skipToClause()
            return invalid()
        }
        guard isDevices(ahead: 0) else {
            source.report(
                .expected, "expected `devices`, found \(found)", at: token.range,
                help: isNext("times")
                    ? ["it comes behind the condition: x > 5 \(source[start..<behind]) times"]
                    : [])
            skipToClause()
            return invalid()
        }
        advance()
        var group: String?
        if eat("in") {
            guard let name = name() else {
                source.report(
                    .expected, "expected the name of a group, found \(found)", at: token.range)
                skipToClause()
                return invalid()
            }
            group = name.name
        }
        guard expect(":", "`:` and the condition") else {
            skipToClause()
            return invalid()
        }
        let condition = condition()
        return .group(quantifier ?? .any, of: group, condition)
    }

    private mutating func quantifier() -> Rule.Quantifier? {
        if eat("any") { return .any }
        if eat("all") { return .all }
        if isNext("at") {
            advance()
            advance()
        }
        let range = token.range
        guard case .number(let number) = token.kind else { return nil }
        advance()
        if number.suffix?.word == "%" {
            if number.value > 0, number.value <= 100 { return .percent(number.value) }
            source.report(.badCount, "the share must be above 0% and at most 100%", at: range)
            return nil
        }
        if let suffix = number.suffix {
            expectedWord(["devices"], suffix)
            return nil
        }
        return count(number, range).map { .atLeast($0) }
    }

    // MARK: What does not belong here

    /// A step inside a condition.
    mutating func misplaced(_ construct: String) -> Expression {
        let range = token.range
        if isRule {
            source.report(
                .misplacedStep, "\(construct) begins a step, and cannot be part of a condition",
                at: range, help: ["put it behind `then`, or into a pattern of its own"])
        } else {
            source.report(
                .notOnOneRow, "\(construct) is for patterns, and here one row is looked at",
                at: range, help: ["use it in the condition of a pattern"])
        }
        skipToEnd()
        return Expression(.invalid, range)
    }

    mutating func trailing() {
        var help: [String] = []
        if let word = token.spelling, let nearest = didYouMean(word, among: Reference.words) {
            help = ["did you mean `\(nearest)`?"]
        }
        if case .unreadable = token.kind {
            skipToEnd()
            return
        }
        source.report(
            .trailingText, "expected an operator or the end, found \(found)", at: token.range,
            help: help)
        skipToEnd()
    }

    private mutating func skipToClause() {
        while !isAtEnd, !(token.spelling.map { Keyword.clauses.contains($0) } ?? false) {
            advance()
        }
    }

    /// A positive duration; `5 m` is read like `5m` here, where nothing but a duration can stand.
    mutating func duration(after clause: String) -> Milliseconds? {
        let first = token
        var span: Milliseconds?
        var help = ["a duration is written 250ms, 30s, 5m, 1h30m, 1d or 2w"]
        switch first.kind {
        case .duration(let written):
            span = written
        case .number(let number):
            let digits = number.integer.map { "\($0)" } ?? "\(number.value)"
            if let word = number.suffix?.word {
                span = Milliseconds(digits + word)
                let proper = ["min": "m", "sec": "s", "hour": "h", "day": "d", "week": "w"]
                if let unit = proper.first(where: { word.hasPrefix($0.key) })?.value {
                    help = ["write `\(digits)\(unit)`"]
                }
            } else {
                help = ["add a unit of time: `\(digits)s` or `\(digits)m`"]
            }
        case .word, .quotedName, .symbol, .text, .unreadable, .end:
            source.report(
                .badDuration, "`\(clause)` needs a duration, found \(found)", at: first.range,
                help: help)
            skipToClause()
            return nil
        }
        advance()
        guard let span else {
            source.report(
                .badDuration, "`\(source[first.range])` is no duration", at: first.range,
                help: help)
            return nil
        }
        guard span > .zero else {
            source.report(.badDuration, "a duration must be longer than nothing", at: first.range)
            return nil
        }
        return span
    }
}

extension Token {
    fileprivate var isEnd: Bool {
        if case .end = kind { return true }
        return false
    }
}
