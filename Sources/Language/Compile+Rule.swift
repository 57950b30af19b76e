package import Model

extension Rule {
    /// Compiles a pattern's condition: steps, and the clauses behind them. Nil, and errors in
    /// `diagnostics`, where it cannot be; all errors that can be found are reported at once.
    package static func compile(
        _ text: Located<String>, schema: Schema, diagnostics: inout [Diagnostic]
    ) -> Rule? {
        var parser = Parser(text)
        let syntax = parser.rule()
        var checker = Checker(schema, parser.source, .rule)
        let rule = checker.rule(syntax)
        diagnostics += checker.source.diagnostics
        return checker.source.hasErrors ? nil : rule
    }
}

extension Checker {
    mutating func rule(_ syntax: RuleSyntax) -> Rule? {
        let isSingle = syntax.steps.count == 1
        trailing = isSingle ? syntax.within?.span : nil
        isMatchBounded = !isSingle && syntax.within != nil
        label(syntax.steps)
        var steps: [Rule.Step] = []
        var links: [Rule.Link] = []
        for (index, step) in syntax.steps.enumerated() {
            readable = index
            if index > 0, let link = compile(syntax.links[index - 1], to: step) {
                links.append(link)
            }
            running = step.isCounted ? index + 1 : nil
            if let step = compile(step) { steps.append(step) }
            running = nil
        }
        readable = 0
        let until = syntax.until.flatMap { compile($0.condition, expecting: .boolean) }
        let per = columns(syntax.per?.names ?? [])
        checkClauses(of: syntax)
        guard !source.hasErrors, steps.count == syntax.steps.count, links.count == steps.count - 1
        else { return nil }
        var rule = Rule(
            steps: steps, links: links, within: syntax.within?.span,
            cooldown: syntax.cooldown?.span, aggregates: aggregates)
        rule.isOverlapping = syntax.overlapping != nil
        rule.per = per
        rule.until = until
        rule.calls = calls
        rule.fed = fed
        rule.captures = captures
        return rule.relocated(behind: schema.columns.count)
    }

    private mutating func label(_ steps: [StepSyntax]) {
        for (index, step) in steps.enumerated() {
            guard let (name, range) = step.label else { continue }
            let isField = find(name) != nil
            if isField || labels.contains(where: { $0.name == name }) {
                source.report(
                    .duplicateLabel,
                    isField
                        ? "`\(name)` is the name of a field already"
                        : "another step has the label `\(name)`", at: range,
                    help: ["give the step a name of its own"])
            }
            labels.append(Label(name: name, step: index, isSilence: step.isSilence))
        }
    }

    private mutating func compile(_ step: StepSyntax) -> Rule.Step? {
        let what: Rule.Step.What?
        switch step.what {
        case .condition(let condition):
            what = compile(condition, expecting: .boolean).map { .condition($0) }
        case .noData(let span):
            what = .noData(span)
        case .absence(let condition, let span):
            what = compile(condition, expecting: .boolean).map { .absence(of: $0, span) }
        case .group(let quantifier, let group, let condition):
            what = compile(condition, expecting: .boolean).map {
                .group(quantifier, of: group, $0)
            }
        }
        return what.map {
            Rule.Step($0, sustained: step.sustained?.value ?? .once, label: step.label?.name)
        }
    }

    private mutating func compile(_ link: LinkSyntax, to next: StepSyntax) -> Rule.Link? {
        switch link.kind {
        case .relaxed:
            return .relaxed
        case .strict:
            if next.isSilence {
                source.report(
                    .senselessLink, "a silence is no event that could come immediately",
                    at: link.range, help: ["write then"])
            }
            return .strict
        case .without(let condition):
            if case .absence(let absent, _) = next.what {
                let either = "\(source[absent.range]) or \(source[condition.range])"
                source.report(
                    .senselessLink, "a silence follows, which can itself say what must not come",
                    at: link.range, help: ["write then no (\(either)) for …"])
            } else if next.isSilence {
                source.report(
                    .senselessLink, "nothing at all may come in a silence anyway", at: link.range,
                    help: ["write then"])
            }
            return compile(condition, expecting: .boolean).map { .without($0) }
        }
    }

    private mutating func columns(_ names: [(name: String, range: Range<Int>)]) -> [Int] {
        var columns: [Int] = []
        for (name, range) in names {
            guard let index = find(name) else {
                source.report(
                    .unknownName, "there is no `\(name)` here", at: range, help: advice(on: name))
                continue
            }
            if columns.contains(index) {
                source.report(
                    .duplicateClause, "`\(name)` stands here a second time", at: range)
            }
            columns.append(index)
        }
        return columns
    }
}

extension Rule {
    /// What calls and captures leave in a row lies behind the aggregates, whose number was not
    /// known when the programs were made: behind its `width` columns.
    func relocated(_ program: Program, behind width: Int) -> Program {
        let (first, count) = (UInt64(width + aggregates.count), UInt64(calls.count))
        return program.relocated { slot in
            if slot >= Checker.captureSlots {
                return slot - Checker.captureSlots + first + count
            }
            return slot >= Checker.callSlots ? slot - Checker.callSlots + first : slot
        }
    }

    fileprivate func relocated(behind width: Int) -> Rule {
        func move(_ program: Program) -> Program { relocated(program, behind: width) }
        // In a row that aggregates take in they lie right behind the columns.
        func feed(_ program: Program) -> Program { program.withCalls(at: width) }
        var rule = self
        for index in steps.indices {
            switch steps[index].what {
            case .condition(let program): rule.steps[index].what = .condition(move(program))
            case .absence(let program, let span):
                rule.steps[index].what = .absence(of: move(program), span)
            case .group(let quantifier, let group, let program):
                rule.steps[index].what = .group(quantifier, of: group, move(program))
            case .noData: break
            }
        }
        for index in links.indices {
            if case .without(let program) = links[index] {
                rule.links[index] = .without(move(program))
            }
        }
        rule.until = until.map(move)
        for index in calls.indices { rule.calls[index].argument = move(calls[index].argument) }
        for index in fed.indices { rule.fed[index].argument = feed(fed[index].argument) }
        for index in aggregates.indices where !fed.isEmpty {
            if case .program(let program) = aggregates[index].argument {
                rule.aggregates[index].argument = .program(feed(program))
            }
            rule.aggregates[index].second = aggregates[index].second.map(feed)
        }
        return rule
    }
}
