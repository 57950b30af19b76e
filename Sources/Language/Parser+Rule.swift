import Model

extension Parser {
    /// Steps and the clauses behind them; those come in any order.
    mutating func rule() -> RuleSyntax {
        isRule = true
        var rule = RuleSyntax(steps: [step()])
        while !isAtEnd {
            let start = token.range
            if let link = link() {
                if let clause = rule.clause, !source.has(.misplacedClause) {
                    source.report(
                        .misplacedClause,
                        "`\(source[clause])` is for the whole rule, but a step follows it",
                        at: clause, help: ["put it behind the last step"])
                }
                guard rule.steps.count < Rule.stepsMax else {
                    source.report(
                        .tooManySteps, "a sequence has at most \(Rule.stepsMax) steps", at: start,
                        help: ["let a second pattern go on where this one matches"])
                    skipToEnd()
                    return rule
                }
                if link.isBroken, isAtEnd { return rule }
                rule.links.append(link)
                rule.steps.append(step())
            } else if !option(&rule), !sustain(&rule) {
                trailing()
            }
        }
        return rule
    }

    /// An expression and nothing behind it.
    mutating func expression() -> Expression {
        let expression = condition()
        let isCount = isNext("least", ahead: 1) || isNext("times", ahead: 2)
        if let word = token.spelling, Keyword.clauses.contains(word) || isCount {
            source.report(
                .notOnOneRow, "`\(word)` spans time, and here one row at a time is looked at",
                at: token.range, help: ["use it in the condition of a pattern"])
        } else if !isAtEnd {
            trailing()
        }
        return expression
    }

    // MARK: Links and clauses

    private mutating func link() -> LinkSyntax? {
        let start = token.range.lowerBound
        if eat("then") { return LinkSyntax(kind: .relaxed, range: start..<behind) }
        if eat("immediately") {
            let isWhole = expect("then", "`then`")
            return LinkSyntax(kind: .strict, range: start..<behind, isBroken: !isWhole)
        }
        if eat("without") {
            let condition = condition()
            let isWhole =
                condition.isInvalid ? eat("then") : expect("then", "`then` and the next step")
            return LinkSyntax(
                kind: .without(condition), range: start..<behind, isBroken: !isWhole)
        }
        return nil
    }

    /// Reads a clause for the whole rule, if one stands here.
    private mutating func option(_ rule: inout RuleSyntax) -> Bool {
        let clause = token.range
        if eat("within") {
            let span = duration(after: "within")
            if rule.within != nil { duplicate("within", clause) }
            if let span { rule.within = (span, clause) }
        } else if eat("cooldown") {
            let span = duration(after: "cooldown")
            if rule.cooldown != nil { duplicate("cooldown", clause) }
            if let span { rule.cooldown = (span, clause) }
        } else if eat("overlapping") {
            if rule.overlapping != nil { duplicate("overlapping", clause) }
            rule.overlapping = clause
        } else if eat("until") {
            if rule.until != nil { duplicate("until", clause) }
            rule.until = (condition(), clause)
        } else if eat("per") {
            if rule.per != nil { duplicate("per", clause) }
            rule.per = (names(), clause)
        } else {
            return false
        }
        return true
    }

    private mutating func names() -> [(name: String, range: Range<Int>)] {
        var names: [(name: String, range: Range<Int>)] = []
        repeat {
            guard let name = name() else {
                source.report(.expected, "expected a name, found \(found)", at: token.range)
                skipOperand()
                return names
            }
            names.append(name)
        } while eat(",")
        return names
    }

    /// Goes past a name.
    mutating func name() -> (name: String, range: Range<Int>)? {
        let range = token.range
        switch token.kind {
        case .word(let word) where token.isName:
            advance()
            return (word, range)
        case .quotedName(let name):
            advance()
            return (name, range)
        default:
            return nil
        }
    }

    private mutating func duplicate(_ clause: String, _ range: Range<Int>) {
        source.report(.duplicateClause, "`\(clause)` stands here a second time", at: range)
    }

    // MARK: How long and how often

    /// Reads how long or how often the last step must hold, if that stands here.
    private mutating func sustain(_ rule: inout RuleSyntax) -> Bool {
        let start = token.range
        let value: Rule.Sustained?
        if eat("for") {
            value = sustained()
        } else if isNext("at"), isNext("least", ahead: 1) {
            advance()
            advance()
            value = times().map { .atLeastTimes($0) }
        } else if eat("exactly") {
            value = times().map { .exactlyTimes($0) }
        } else if case .number = token.kind, isNext("times", ahead: 1) {
            value = times().map { .exactlyTimes($0) }
        } else {
            return false
        }
        let range = start.lowerBound..<max(behind, start.upperBound)
        let last = rule.steps.count - 1
        switch rule.steps[last].what {
        case .condition:
            if let first = rule.steps[last].sustained {
                source.report(
                    .duplicateClause,
                    "`\(source[range])` cannot stand beside `\(source[first.range])`", at: start)
            } else if !rule.links.isEmpty, let clause = rule.clause {
                source.report(
                    .misplacedClause,
                    "`\(source[range])` is for one step, and stands behind `\(source[clause])`",
                    at: range, help: ["put it directly behind its step"])
            }
        case .noData, .absence:
            source.report(
                .misplacedClause, "a silence lasts as long as its own `for` says", at: range,
                help: ["remove `\(source[range])`"])
        case .group:
            source.report(
                .misplacedClause, "`\(source[range])` cannot follow a condition over devices",
                at: range, help: ["put it into a pattern of its own, on what this one matches"])
        }
        if let value { rule.steps[last].sustained = (value, range) }
        return true
    }

    /// What stands behind `for`.
    private mutating func sustained() -> Rule.Sustained? {
        guard case .number(let number) = token.kind, number.suffix == nil else {
            return duration(after: "for").map { .duration($0) }
        }
        let range = token.range
        if isNext("of", ahead: 1) { return some(number, range) }
        if let unit = peek().spelling, isCounted(unit) {
            source.report(
                .expected, "expected `consecutive` before `\(unit)`", at: peek().range,
                help: ["write for \(source[range]) consecutive \(unit)"])
            advance()
            advance()
            return nil
        }
        guard isNext("consecutive", ahead: 1) else {
            return duration(after: "for").map { .duration($0) }
        }
        advance()
        advance()
        guard let isWindows = windowsOrEvents(), let count = count(number, range) else {
            return nil
        }
        return isWindows ? .consecutiveWindows(count) : .consecutiveEvents(count)
    }

    /// `3 of 5 windows`.
    private mutating func some(_ few: NumberToken, _ range: Range<Int>) -> Rule.Sustained? {
        advance()
        advance()
        let all = token
        guard case .number(let many) = all.kind else {
            source.report(.expected, "expected a number, found \(found)", at: all.range)
            skipOperand()
            return nil
        }
        if let suffix = many.suffix {
            expectedWord(["windows", "events"], suffix)
            return nil
        }
        advance()
        guard let isWindows = windowsOrEvents(), let few = count(few, range),
            let many = count(many, all.range)
        else { return nil }
        guard few <= many else {
            source.report(
                .badCount, "\(few) of \(many) can never be",
                at: range.lowerBound..<all.range.upperBound,
                help: ["write for \(many) of \(few)"])
            return nil
        }
        return isWindows ? .someWindows(count: few, of: many) : .someEvents(count: few, of: many)
    }

    private mutating func windowsOrEvents() -> Bool? {
        guard let unit = token.spelling, isCounted(unit) else {
            let nearest = token.spelling.flatMap { didYouMean($0, among: ["windows", "events"]) }
            source.report(
                .expected, "expected `windows` or `events`, found \(found)", at: token.range,
                help: nearest.map { ["did you mean `\($0)`?"] } ?? [])
            advance()
            return nil
        }
        advance()
        return unit.hasPrefix("window")
    }

    private func isCounted(_ word: String) -> Bool {
        ["windows", "window", "events", "event"].contains(word)
    }

    /// `3 times`.
    private mutating func times() -> Int? {
        let range = token.range
        guard case .number(let number) = token.kind else {
            source.report(.expected, "expected a number, found \(found)", at: range)
            skipOperand()
            return nil
        }
        if let suffix = number.suffix {
            expectedWord(["times"], suffix)
            return nil
        }
        advance()
        guard eat("times") else {
            let isGroup = isNext("devices") || isNext("device")
            source.report(
                .expected, "expected `times`, found \(found)", at: token.range,
                help: isGroup
                    ? [
                        "a condition over devices begins with how many: "
                            + "at least \(source[range]) devices: …"
                    ] : [])
            skipOperand()
            return nil
        }
        return count(number, range)
    }

    /// Complains of a word behind a number that was taken for its unit, and reads on behind it.
    mutating func expectedWord(_ words: [String], _ suffix: (word: String, range: Range<Int>)) {
        let list = words.map { "`\($0)`" }.joined(separator: " or ")
        let nearest = didYouMean(suffix.word, among: words)
        source.report(
            .expected, "expected \(list), found `\(suffix.word)`", at: suffix.range,
            help: nearest.map { ["did you mean `\($0)`?"] } ?? [])
        skipOperand()
    }

    /// The number as a count of windows or events.
    mutating func count(_ number: NumberToken, _ range: Range<Int>) -> Int? {
        if let integer = number.integer, number.suffix == nil,
            (1...Rule.countMax).contains(integer)
        {
            return Int(integer)
        }
        source.report(
            .badCount, "the count must be a whole number from 1 to \(Rule.countMax)", at: range)
        return nil
    }
}
