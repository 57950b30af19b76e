import Model

// Functions that look ahead.
extension Checker {
    mutating func lookAhead(
        _ function: OutlookFunction, _ call: Expression.Call, _ range: Range<Int>
    ) -> Typed? {
        guard mayRemember(range) else { return nil }
        if call.over != nil {
            source.report(
                .typeMismatch, "`\(call.function)` has no `over`", at: range,
                help: ["how far it looks back are \(Outlook.samples) steps: step: 5m"])
            return nil
        }
        guard
            let bound = bind(call, function.parameters, required: function.required, range),
            let first = bound[0]
        else { return nil }
        if function != .forecast {
            return approach(function, first, step: bound[1], range)
        }
        guard let second = bound[1], let ahead = length(second, "ahead"),
            let (step, season) = steps(ahead, step: bound[2], season: bound[3], range),
            let argument = checkOfRow(first), requireNumber(argument)
        else { return nil }
        let count = (ahead.count - 1) / step.count + 1
        guard count <= Outlook.mostSteps else {
            source.report(
                .badParameter,
                "\(ahead) are \(count) steps of \(step), and at most \(Outlook.mostSteps) can be "
                    + "looked ahead", at: second.range, help: ["make the steps longer: step: …"])
            return nil
        }
        let outlook = Outlook(.value(steps: Int(count)), step: step, season: season)
        guard let node = remember(.outlook(outlook), of: asNumber(argument), type: .number, range)
        else { return nil }
        return Typed(node: node, type: .number, range: range, measure: argument.measure)
    }

    // MARK: Limits

    private mutating func approach(
        _ function: OutlookFunction, _ condition: Expression, step given: Expression?,
        _ range: Range<Int>
    ) -> Typed? {
        var step = function.standardStep
        if let given {
            guard let length = length(given, "step") else { return nil }
            step = length
        }
        guard let (argument, limit) = self.limit(function, condition) else { return nil }
        let aim = function == .timeTo ? Outlook.Aim.crossing(limit) : .life(limit)
        return remember(.outlook(Outlook(aim, step: step)), of: argument, type: .number, range)
            .map {
                Typed(
                    node: $0, type: .number, range: range,
                    measure: Unit("s").map { Measure(unit: $0) })
            }
    }

    /// The side that changes, and the constant beside it.
    private mutating func limit(
        _ function: OutlookFunction, _ condition: Expression
    ) -> (Typed, Outlook.Limit)? {
        guard case .binary(let sign, let left, let right) = condition.node,
            [.less, .lessOrEqual, .greater, .greaterOrEqual].contains(sign)
        else {
            if !condition.isInvalid {
                source.report(
                    .badParameter,
                    "`\(function.rawValue)` looks for a limit: it takes a comparison, not "
                        + "`\(source[condition.range])`", at: condition.range,
                    help: ["write it so: \(function.rawValue)(temperature > 80)"])
            }
            return nil
        }
        let (leftSide, rightSide) = (checkOfRow(left), checkOfRow(right))
        guard let leftSide, let rightSide, requireNumber(leftSide), requireNumber(rightSide),
            let (first, second) = align(leftSide, rightSide, condition.range)
        else { return nil }
        let isConstant = (left: left.isConstant, right: right.isConstant)
        guard isConstant.left != isConstant.right else {
            source.report(
                .badParameter,
                isConstant.left
                    ? "nothing changes in `\(source[condition.range])`"
                    : "the limit of `\(function.rawValue)` must be known when the rule is read",
                at: condition.range,
                help: isConstant.left
                    ? []
                    : [
                        "look for their difference: \(function.rawValue)(\(source[left.range]) - "
                            + "\(source[right.range]) \(sign.rawValue) 0)"
                    ])
            return nil
        }
        let constant = asNumber(isConstant.right ? second : first)
        guard let program = emit(constant.node, .number, constant.range) else { return nil }
        guard let value = program.evaluate([])?.double, value.isFinite else {
            source.report(
                .badParameter, "`\(source[constant.range])` is no number", at: constant.range)
            return nil
        }
        let isGreater = sign == .greater || sign == .greaterOrEqual
        return (
            asNumber(isConstant.right ? first : second),
            Outlook.Limit(value, isAbove: isGreater == isConstant.right)
        )
    }

    // MARK: Steps

    /// A length of time that is fixed when the rule is read.
    private mutating func length(_ expression: Expression, _ name: String) -> Milliseconds? {
        if case .duration(let span) = expression.node, span > .zero { return span }
        if !expression.isInvalid {
            source.report(
                .badParameter, "`\(name)` must be a duration such as 15m", at: expression.range)
        }
        return nil
    }

    /// The length of a step, and how many a season has; a twelfth of what is looked ahead unless
    /// told otherwise, but long enough for a season to be remembered.
    private mutating func steps(
        _ ahead: Milliseconds, step given: Expression?, season: Expression?, _ range: Range<Int>
    ) -> (Milliseconds, Int)? {
        var step = Milliseconds(max(1, ahead.count / 12))
        if let given {
            guard let length = length(given, "step") else { return nil }
            step = length
        }
        guard let season else { return (step, 0) }
        guard let span = length(season, "season") else { return nil }
        if given == nil {
            let most = max(2, min(Outlook.seasonSteps.upperBound, span.count / step.count))
            let count = (2...most).last { span.count.isMultiple(of: $0) } ?? 2
            step = Milliseconds(max(1, span.count / count))
        }
        let count = span.count / step.count
        guard span.count.isMultiple(of: step.count), Outlook.seasonSteps.contains(count) else {
            source.report(
                .badParameter,
                "a season must have \(Outlook.seasonSteps.lowerBound) to "
                    + "\(Outlook.seasonSteps.upperBound) whole steps, and \(span) are not so many "
                    + "of \(step)", at: season.range)
            return nil
        }
        return (step, Int(count))
    }
}

extension Expression {
    /// Whether it is made of literals alone.
    fileprivate var isConstant: Bool {
        switch node {
        case .name, .call: false
        default: operands.allSatisfy(\.isConstant)
        }
    }
}
