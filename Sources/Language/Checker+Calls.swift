import Model

extension Checker {
    mutating func call(_ call: Expression.Call, _ range: Range<Int>) -> Typed? {
        if let function = Function(rawValue: call.function), function != .rate || call.over == nil {
            if call.over != nil {
                source.report(
                    .typeMismatch, "`\(call.function)` looks at no span, so it has no `over`",
                    at: range)
                return nil
            }
            return self.call(function, call, range)
        }
        if let detector = Detector(rawValue: call.function) {
            return detect(detector, call, range)
        }
        if let function = OutlookFunction(rawValue: call.function) {
            return lookAhead(function, call, range)
        }
        if let found = AggregateFunction.named(call.function) {
            return aggregate(found, call, range)
        }
        unknownFunction(call)
        return nil
    }

    private mutating func unknownFunction(_ call: Expression.Call) {
        let known = Reference.functions
        let help =
            didYouMean(call.function, among: known).map { ["did you mean `\($0)`?"] }
            ?? ["known functions: " + known.joined(separator: ", ")]
        source.report(
            .unknownFunction, "there is no function `\(call.function)`", at: call.functionRange,
            help: help)
    }

    // MARK: Arguments

    /// The arguments in the order of `parameters`, nil where left out; those beyond them at the
    /// end. Nil as a whole where they do not fit, which is reported.
    mutating func bind(
        _ call: Expression.Call, _ parameters: [String], required: Int, hasMore: Bool = false,
        _ range: Range<Int>, help: [String] = []
    ) -> [Expression?]? {
        if let per = call.per, call.function != Function.rate.rawValue {
            source.report(.trailingText, "only `rate` has `per`", at: per.range)
            return nil
        }
        var bound = [Expression?](repeating: nil, count: parameters.count)
        var place = 0
        for argument in call.arguments {
            guard let (word, wordRange) = argument.name else {
                if place < parameters.count {
                    bound[place] = argument.value
                } else {
                    bound.append(argument.value)
                }
                place += 1
                continue
            }
            guard let index = parameters.firstIndex(of: word), bound[index] == nil else {
                let isTwice = parameters.contains(word)
                let nearest = didYouMean(word, among: parameters)
                source.report(
                    .unknownParameter,
                    isTwice
                        ? "`\(word)` is given twice" : "`\(call.function)` has no `\(word)`",
                    at: wordRange,
                    help: isTwice
                        ? []
                        : nearest.map { ["did you mean `\($0)`?"] }
                            ?? ["its arguments are " + parameters.joined(separator: ", ")])
                return nil
            }
            bound[index] = argument.value
            place = max(place, 0)
        }
        let isComplete = bound.prefix(required).allSatisfy { $0 != nil }
        guard isComplete, hasMore || bound.count == parameters.count else {
            wrongCount(call, parameters.count, required, hasMore, range, help)
            return nil
        }
        return bound
    }

    private mutating func wrongCount(
        _ call: Expression.Call, _ most: Int, _ least: Int, _ hasMore: Bool, _ range: Range<Int>,
        _ help: [String]
    ) {
        func words(_ count: Int) -> String {
            ["no argument", "one argument", "two arguments"].indices.contains(count)
                ? ["no argument", "one argument", "two arguments"][count] : "\(count) arguments"
        }
        let needed =
            hasMore
            ? "at least \(words(least))"
            : least == most ? words(least) : "\(least) to \(words(most))"
        source.report(
            .wrongArgumentCount,
            "`\(call.function)` takes \(needed), not \(call.arguments.count)", at: range, help: help
        )
    }

    /// A parameter that must be known when compiling: a number, or a duration as seconds.
    mutating func parameter(
        _ expression: Expression, _ name: String, in range: ClosedRange<Double>, isWhole: Bool
    ) -> Double? {
        let value: Double?
        switch expression.node {
        case .number(let number, _, nil): value = number
        case .number(let number, _, let unit?):
            value = unit.dimension == .ratio ? number * unit.scale : nil
        case .duration(let span): value = Double(span.count) / 1000
        case .invalid: return nil
        default: value = nil
        }
        if let value, range.contains(value), !isWhole || value.rounded() == value { return value }
        source.report(
            .badParameter,
            "`\(name)` must be \(isWhole ? "a whole number" : "a number") from "
                + "\(plain(range.lowerBound)) to \(plain(range.upperBound))", at: expression.range,
            help: value == nil ? ["write it as a number: it is fixed when the rule is read"] : [])
        return nil
    }

    // MARK: Functions

    private mutating func call(
        _ function: Function, _ call: Expression.Call, _ range: Range<Int>
    ) -> Typed? {
        guard
            let bound = bind(
                call, function.parameters, required: function.required, hasMore: function.hasMore,
                range)
        else { return nil }
        switch function {
        case .previous, .delta, .rate, .elapsed:
            return remembering(function, bound, per: call.per?.span, range)
        case .hour, .weekday:
            return ofTime(function == .hour ? .hour : .weekday, bound[0], range)
        case .abs, .round, .min2, .max2, .clamp, .coalesce:
            let checked = bound.map { argument in argument.flatMap { check($0) } }
            let arguments = checked.compactMap { $0 }
            guard arguments.count == checked.count else { return nil }
            return scalar(function, arguments, range)
        }
    }

    private mutating func scalar(
        _ function: Function, _ arguments: [Typed], _ range: Range<Int>
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
        case .clamp:
            guard let atLeast = choose(true, arguments[0], arguments[1], range) else { return nil }
            return choose(false, atLeast, arguments[2], range)
        default:
            return choose(function == .max2, arguments[0], arguments[1], range)
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

    /// Of a timestamp, or else of the event itself.
    private mutating func ofTime(
        _ operation: Instruction.Operation, _ argument: Expression?, _ range: Range<Int>
    ) -> Typed? {
        var node: Int?
        if let argument {
            guard let typed = check(argument) else { return nil }
            guard typed.type == .timestamp else {
                source.report(
                    .typeMismatch,
                    "`\(source[typed.range])` is \(typed.type.description), not a timestamp",
                    at: typed.range)
                return nil
            }
            node = typed.node
        } else {
            guard mayRemember(range) else { return nil }
            node = remember(.time, type: .timestamp, range)
        }
        return node.map {
            Typed(node: builder.unary(operation, $0), type: .integer, range: range)
        }
    }
}

/// Without a fraction where there is none.
private func plain(_ value: Double) -> String {
    Int64(exactly: value).map { "\($0)" } ?? "\(value)"
}
