import Model

extension Checker {
    mutating func call(_ call: Expression.Call, _ range: Range<Int>) -> Typed? {
        if let function = AggregateFunction(rawValue: call.function) {
            guard call.arguments.count <= 1, function == .count || call.arguments.count == 1 else {
                wrongCount(call, "one argument", range, help: scalarAdvice(call))
                return nil
            }
            return aggregate(
                function, of: call.arguments.first, over: call.over, written: source[range], range)
        }
        if call.over != nil, ScalarFunction(rawValue: call.function) != nil {
            source.report(
                .typeMismatch, "`\(call.function)` looks at one row, so it has no `over`", at: range
            )
            return nil
        }
        guard let function = ScalarFunction(rawValue: call.function) else {
            unknownFunction(call)
            return nil
        }
        let count = function.argumentCount
        guard count.contains(call.arguments.count) else {
            let what =
                count.lowerBound == 1 && count.upperBound == 1
                ? "one argument"
                : count.upperBound > 3 ? "at least two arguments" : "\(count.lowerBound) arguments"
            wrongCount(call, what, range, help: [])
            return nil
        }
        let checked = call.arguments.map { check($0) }
        let arguments = checked.compactMap { $0 }
        guard arguments.count == checked.count else { return nil }
        return scalar(function, arguments, range)
    }

    private mutating func wrongCount(
        _ call: Expression.Call, _ needed: String, _ range: Range<Int>, help: [String]
    ) {
        source.report(
            .wrongArgumentCount,
            "`\(call.function)` takes \(needed), not \(call.arguments.count)", at: range, help: help
        )
    }

    private func scalarAdvice(_ call: Expression.Call) -> [String] {
        guard ["min", "max"].contains(call.function), call.arguments.count == 2 else { return [] }
        return ["the smaller or larger of two values is `\(call.function)2`"]
    }

    private mutating func unknownFunction(_ call: Expression.Call) {
        if ScalarFunction.later.contains(call.function) || call.function.isPercentile {
            source.report(
                .notInThisVersion, "this version does not have `\(call.function)()`",
                at: call.functionRange)
            return
        }
        let known =
            ScalarFunction.allCases.map(\.rawValue) + AggregateFunction.allCases.map(\.rawValue)
        let help =
            didYouMean(call.function, among: known).map { ["did you mean `\($0)`?"] }
            ?? ["known functions: " + known.joined(separator: ", ")]
        source.report(
            .unknownFunction, "there is no function `\(call.function)`", at: call.functionRange,
            help: help)
    }

    // MARK: Functions of one row

    private mutating func scalar(
        _ function: ScalarFunction, _ arguments: [Typed], _ range: Range<Int>
    ) -> Typed? {
        if function == .coalesce { return coalesce(arguments, range) }
        for argument in arguments where !requireNumber(argument) { return nil }
        switch function {
        case .abs:
            return unary(arguments[0], .absInteger, .absNumber, range)
        case .round:
            // Integers are round.
            if arguments[0].type == .integer { return arguments[0] }
            return unary(arguments[0], .absInteger, .roundNumber, range)
        case .min2, .max2:
            return choose(function == .max2, arguments[0], arguments[1], range)
        case .clamp:
            guard let atLeast = choose(true, arguments[0], arguments[1], range) else { return nil }
            return choose(false, atLeast, arguments[2], range)
        case .coalesce:
            return nil
        }
    }

    private mutating func unary(
        _ argument: Typed, _ integer: Instruction.Operation, _ number: Instruction.Operation,
        _ range: Range<Int>
    ) -> Typed {
        Typed(
            node: builder.unary(argument.type == .integer ? integer : number, argument.node),
            type: argument.type, range: range, measure: argument.measure)
    }

    private mutating func choose(
        _ isMax: Bool, _ left: Typed, _ right: Typed, _ range: Range<Int>
    ) -> Typed? {
        guard let aligned = align(left, right, range) else { return nil }
        let sides = unify(aligned.left, aligned.right)
        let isInteger = sides.left.type == .integer
        let operation: Instruction.Operation =
            isMax ? (isInteger ? .maxInteger : .maxNumber) : isInteger ? .minInteger : .minNumber
        return Typed(
            node: builder.binary(operation, sides.left.node, sides.right.node),
            type: sides.left.type, range: range,
            measure: sides.left.measure ?? sides.right.measure)
    }

    private mutating func coalesce(_ arguments: [Typed], _ range: Range<Int>) -> Typed? {
        var result = arguments[0]
        for next in arguments.dropFirst() {
            var sides = (left: result, right: next)
            if result.isNumeric, next.isNumeric {
                guard let aligned = align(result, next, range) else { return nil }
                sides = unify(aligned.left, aligned.right)
            }
            guard sides.left.type == sides.right.type else {
                source.report(
                    .typeMismatch,
                    "`\(source[result.range])` is \(result.type.description), "
                        + "`\(source[next.range])` is \(next.type.description)", at: next.range,
                    help: ["the values of `coalesce` must be of one type"])
                return nil
            }
            result = Typed(
                node: builder.binary(sides.left.type.coalesce, sides.left.node, sides.right.node),
                type: sides.left.type, range: range,
                measure: sides.left.measure ?? sides.right.measure)
        }
        return result
    }

    // MARK: Aggregates

    /// An aggregate over `over`, or else over the rule's `within`. Nil `argument` counts rows.
    mutating func aggregate(
        _ function: AggregateFunction, of argument: Expression?, over: Milliseconds?,
        written: String, _ range: Range<Int>
    ) -> Typed? {
        guard let span = span(over, of: written, range) else { return nil }
        let outer = (builder, scope)
        (builder, scope) = (Builder(), .aggregate)
        let input = aggregateInput(function, argument, range)
        (builder, scope) = outer
        guard let (input, measure) = input else { return nil }
        let slot = slot(AggregateCall(function: function, argument: .program(input), over: span))
        let isCount = function == .count
        return Typed(
            node: builder.leaf(isCount ? .loadInteger : .loadNumber, UInt64(slot)),
            type: isCount ? .integer : .number, range: range, measure: isCount ? nil : measure)
    }

    private mutating func span(
        _ over: Milliseconds?, of written: String, _ range: Range<Int>
    ) -> Milliseconds? {
        switch scope {
        case .row:
            source.report(
                .notOnOneRow, "`\(written)` spans time, and here one row at a time is looked at",
                at: range, help: ["use it in the condition of a pattern"])
            return nil
        case .aggregate:
            source.report(
                .notOnOneRow, "an aggregate cannot stand inside another", at: range)
            return nil
        case .rule(within: let within):
            if let span = over ?? within {
                if over == nil { usesWithin = true }
                return span
            }
            source.report(
                .aggregateWithoutSpan, "`\(written)` needs to know how far to look back", at: range,
                help: ["add the span to the whole condition: … within 5m"])
            return nil
        }
    }

    /// What goes into the aggregate on each row. For `count` a condition counts where it is true,
    /// any other value where it is there.
    private mutating func aggregateInput(
        _ function: AggregateFunction, _ argument: Expression?, _ range: Range<Int>
    ) -> (Program, Measure?)? {
        guard let argument else {
            return emit(builder.leaf(.constant, 1), .boolean, range).map { ($0, nil) }
        }
        guard let typed = check(argument) else { return nil }
        if function == .count {
            var node = typed.node
            if typed.type != .boolean {
                node = builder.unary(.not, builder.unary(typed.type.isMissing, node))
            }
            return emit(node, .boolean, range).map { ($0, nil) }
        }
        guard requireNumber(typed) else { return nil }
        return emit(typed.node, typed.type, range).map {
            ($0, function == .range ? typed.measure?.difference : typed.measure)
        }
    }

    /// The finished code.
    mutating func emit(_ node: Int, _ type: ValueType, _ range: Range<Int>) -> Program? {
        if let program = builder.program(node, type: type) { return program }
        source.report(.tooDeep, "too complex", at: range)
        return nil
    }
}

/// The functions of one row, by the name they are written with.
enum ScalarFunction: String, CaseIterable {
    case abs, min2, max2, round, clamp, coalesce

    var argumentCount: ClosedRange<Int> {
        switch self {
        case .abs, .round: 1...1
        case .min2, .max2: 2...2
        case .clamp: 3...3
        case .coalesce: 2...Int.max
        }
    }

    /// Known to the language, but not to this version.
    static let later: Set<String> = [
        "previous", "delta", "rate", "elapsed", "hour", "weekday", "first", "last", "median",
        "percentile", "stddev", "stddev_pop", "variance", "mad", "distinct", "slope", "zscore",
        "ewma_z", "mad_z", "cusum", "hampel", "seasonal_z", "anomaly_score",
    ]
}

extension String {
    /// `p50`, `p95`.
    fileprivate var isPercentile: Bool {
        hasPrefix("p") && count > 1 && dropFirst().allSatisfy { $0.isASCII && $0.isNumber }
    }
}
