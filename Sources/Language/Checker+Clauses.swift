import Model

// Whether the clauses of a rule make sense together.
extension Checker {
    mutating func checkClauses(of rule: RuleSyntax) {
        for step in rule.steps { checkWindows(step) }
        checkEffect(of: rule)
        guard let within = rule.within, !usesWithin, !isMatchBounded, !source.hasErrors,
            rule.steps.count == 1
        else { return }
        reportWithinSpansNothing(rule.steps[0], within.range)
    }

    private mutating func checkWindows(_ step: StepSyntax) {
        guard !schema.isWindowed, let sustained = step.sustained else { return }
        switch sustained.value {
        case .consecutiveWindows, .someWindows:
            source.report(
                .needsWindow, "there are no windows here, but single events", at: sustained.range,
                help: ["write `events` for `windows`, or give the stream a window"])
        case .once, .duration, .consecutiveEvents, .someEvents, .atLeastTimes, .exactlyTimes:
            break
        }
    }

    /// What one event decides has nothing that could overlap or be forgotten.
    private mutating func checkEffect(of rule: RuleSyntax) {
        guard rule.steps.count == 1 else { return }
        let step = rule.steps[0]
        if let range = rule.overlapping, !step.isCounted {
            source.report(
                .clauseWithoutEffect, "matches of a single step cannot overlap", at: range,
                help: ["remove `overlapping`"])
        }
        if case .group = step.what { return }
        if let until = rule.until, step.sustained == nil, !step.isSilence {
            source.report(
                .clauseWithoutEffect, "one event decides here, so there is nothing to forget",
                at: until.range,
                help: ["write and not (\(source[until.condition.range])) instead"])
        }
    }

    private mutating func reportWithinSpansNothing(_ step: StepSyntax, _ within: Range<Int>) {
        if !aggregates.isEmpty {
            source.report(
                .withinSpansNothing,
                "every aggregate here has its own `over`, so `within` spans nothing",
                at: within, help: ["remove `within`, or the `over` of what it should cover"])
            return
        }
        if case .group = step.what { return }
        guard case .condition(let condition) = step.what else {
            source.report(
                .withinSpansNothing, "there is no aggregate here whose span `within` could be",
                at: within, help: ["remove `within`"])
            return
        }
        if step.isCounted { return }
        let text = source[condition.range]
        let span = source[within.lowerBound..<source.bytes.count].split(separator: " ")
        let duration = span.count > 1 ? String(span[1]) : "5m"
        if let sustained = step.sustained {
            source.report(
                .withinSpansNothing,
                "`\(source[sustained.range])` says how long, and there is no aggregate whose span "
                    + "`within` could be", at: within,
                help: [
                    "remove `within`",
                    "or, to require it 3 times: \(text) at least 3 times within \(duration)",
                ])
            return
        }
        var help = [
            "to require it to stay true        \(text) for \(duration)",
            "to require it 3 times             count(\(text)) >= 3 within \(duration)",
        ]
        if calls.isEmpty, let name = numericName(condition) {
            let spread =
                source[condition.range.lowerBound..<name.lowerBound] + "range(\(source[name]))"
                + source[name.upperBound..<condition.range.upperBound]
            help.append("to compare the spread             \(spread) within \(duration)")
        }
        if !calls.isEmpty {
            help[1] =
                "to require it 3 times             \(text) at least 3 times within \(duration)"
        }
        source.report(
            .withinSpansNothing,
            "`within` needs something that spans time; this is one reading, true or false at an "
                + "instant", at: condition.range, help: help)
    }

    /// The first column in the condition that has a spread.
    private func numericName(_ expression: Expression) -> Range<Int>? {
        if case .name(let name) = expression.node, let index = find(name) {
            let type = schema.columns[index].type
            return type == .number || type == .integer ? expression.range : nil
        }
        return expression.operands.lazy.compactMap { numericName($0) }.first
    }
}
