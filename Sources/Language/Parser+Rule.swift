import Model

extension Parser {
    /// A condition and the clauses behind it, in any order.
    mutating func rule() -> RuleSyntax {
        var rule = RuleSyntax(condition: condition())
        while !isAtEnd {
            let clause = token.range
            if eat("for") {
                let value = sustained()
                let range = clause.lowerBound..<token.range.lowerBound
                if rule.sustained != nil { duplicate("for", clause) }
                if let value { rule.sustained = (value, range) }
            } else if eat("within") {
                let span = duration(after: "within")
                if rule.within != nil { duplicate("within", clause) }
                if let span { rule.within = (span, clause) }
            } else if eat("cooldown") {
                let span = duration(after: "cooldown")
                if rule.cooldown != nil { duplicate("cooldown", clause) }
                if let span { rule.cooldown = (span, clause) }
            } else {
                trailing()
            }
        }
        return rule
    }

    /// An expression and nothing behind it.
    mutating func expression() -> Expression {
        let expression = condition()
        if let word = token.spelling, ["for", "within", "cooldown"].contains(word) {
            source.report(
                .notOnOneRow, "`\(word)` spans time, and here one row at a time is looked at",
                at: token.range, help: ["use it in the condition of a pattern"])
        } else if !isAtEnd {
            trailing()
        }
        return expression
    }

    private mutating func duplicate(_ clause: String, _ range: Range<Int>) {
        source.report(.duplicateClause, "`\(clause)` stands here a second time", at: range)
    }

    private mutating func trailing() {
        if let construct = unsupportedClause() {
            _ = unsupported(construct)
            return
        }
        var help: [String] = []
        if let word = token.spelling {
            let expected = ["and", "or", "between", "in", "is", "for", "within", "cooldown"]
            if let nearest = didYouMean(word, among: expected) {
                help = ["did you mean `\(nearest)`?"]
            }
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

    /// What stands behind `for`.
    private mutating func sustained() -> Rule.Sustained? {
        guard case .number(let number) = token.kind, number.suffix == nil else {
            return duration(after: "for").map { .duration($0) }
        }
        if isNext("of", ahead: 1) {
            _ = unsupported("`for N of M`")
            return nil
        }
        let count = token
        if let unit = peek().spelling, isCounted(unit) {
            source.report(
                .expected, "expected `consecutive` before `\(unit)`", at: peek().range,
                help: ["write for \(source[count.range]) consecutive \(unit)"])
            advance()
            advance()
            return nil
        }
        guard isNext("consecutive", ahead: 1) else {
            return duration(after: "for").map { .duration($0) }
        }
        advance()
        advance()
        guard let unit = token.spelling, isCounted(unit) else {
            let nearest = token.spelling.flatMap { didYouMean($0, among: ["windows", "events"]) }
            source.report(
                .expected, "expected `windows` or `events`, found \(found)", at: token.range,
                help: nearest.map { ["did you mean `\($0)`?"] } ?? [])
            advance()
            return nil
        }
        advance()
        guard let integer = number.integer, (1...Rule.countMax).contains(integer) else {
            source.report(
                .badCount, "the count must be a whole number from 1 to \(Rule.countMax)",
                at: count.range)
            return nil
        }
        return unit.hasPrefix("window")
            ? .consecutiveWindows(Int(integer)) : .consecutiveEvents(Int(integer))
    }

    private func isCounted(_ word: String) -> Bool {
        ["windows", "window", "events", "event"].contains(word)
    }

    private mutating func skipToClause() {
        while !isAtEnd, !["for", "within", "cooldown"].contains(token.spelling) { advance() }
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
