import Model

extension Checker {
    // MARK: Comparison

    mutating func compare(
        _ sign: BinaryOperator, _ left: Typed, _ right: Typed, _ range: Range<Int>
    ) -> Typed? {
        guard let (left, right) = comparable(left, right, range) else { return nil }
        let isEquality = sign == .equal || sign == .notEqual
        guard isEquality || left.type != .text && left.type != .boolean else {
            let what = left.type == .text ? "text" : "a condition"
            source.report(
                .typeMismatch, "\(what) has no order: only = and != compare it", at: range)
            return nil
        }
        let isNumber = left.type == .number
        let node =
            switch sign {
            case .equal: builder.binary(left.type.equal, left.node, right.node)
            case .notEqual:
                builder.unary(.not, builder.binary(left.type.equal, left.node, right.node))
            case .less:
                builder.binary(isNumber ? .lessNumber : .lessInteger, left.node, right.node)
            case .greater:
                builder.binary(isNumber ? .lessNumber : .lessInteger, right.node, left.node)
            case .lessOrEqual:
                builder.binary(
                    isNumber ? .lessOrEqualNumber : .lessOrEqualInteger, left.node, right.node)
            default:
                builder.binary(
                    isNumber ? .lessOrEqualNumber : .lessOrEqualInteger, right.node, left.node)
            }
        return Typed(node: node, type: .boolean, range: range)
    }

    /// Both sides in one type and unit.
    private mutating func comparable(
        _ left: Typed, _ right: Typed, _ range: Range<Int>
    ) -> (left: Typed, right: Typed)? {
        if left.isNumeric, right.isNumeric {
            guard let (left, right) = align(left, right, range) else { return nil }
            return unify(left, right)
        }
        if left.type == .timestamp, right.text != nil {
            return timestamp(right).map { (left, $0) }
        }
        if right.type == .timestamp, left.text != nil {
            return timestamp(left).map { ($0, right) }
        }
        guard left.type == right.type else {
            source.report(
                .typeMismatch,
                "`\(source[left.range])` is \(left.type.description), "
                    + "`\(source[right.range])` is \(right.type.description)", at: range)
            return nil
        }
        guard isChoice(right, of: left), isChoice(left, of: right) else { return nil }
        return (left, right)
    }

    /// Reports a text literal that the enumeration beside it cannot be.
    private mutating func isChoice(_ literal: Typed, of other: Typed) -> Bool {
        guard let text = literal.text, !other.choices.isEmpty, !other.choices.contains(text) else {
            return true
        }
        let choices = other.choices.map { "\"\($0)\"" }
        let help =
            didYouMean(text, among: other.choices).map { "did you mean \"\($0)\"?" }
            ?? "it is one of " + choices.joined(separator: ", ")
        source.report(
            .unknownChoice, "`\(source[other.range])` is never \"\(text)\"", at: literal.range,
            help: [help])
        return false
    }

    /// A text literal where a timestamp is needed.
    private mutating func timestamp(_ literal: Typed) -> Typed? {
        guard let instant = literal.text.flatMap({ Instant($0) }) else {
            source.report(
                .typeMismatch, "`\(source[literal.range])` is no timestamp", at: literal.range,
                help: ["a timestamp is written \"2026-07-15T14:00:00Z\""])
            return nil
        }
        return Typed(
            node: builder.integer(instant.milliseconds), type: .timestamp, range: literal.range,
            isLiteral: true)
    }

    mutating func between(
        _ operand: Expression, _ low: Expression, _ high: Expression, _ isNegated: Bool,
        _ range: Range<Int>
    ) -> Typed? {
        let (operand, low, high) = (check(operand), check(low), check(high))
        guard let operand, let low, let high,
            let above = compare(.greaterOrEqual, operand, low, range),
            let below = compare(.lessOrEqual, operand, high, range)
        else { return nil }
        let node = builder.binary(.and, above.node, below.node)
        return Typed(
            node: isNegated ? builder.unary(.not, node) : node, type: .boolean, range: range)
    }

    mutating func membership(
        _ operand: Expression, _ choices: [Expression], _ isNegated: Bool, _ range: Range<Int>
    ) -> Typed? {
        let checked = check(operand)
        guard let checked else { return nil }
        guard checked.type != .boolean else {
            source.report(
                .typeMismatch, "`in` is not for conditions", at: range,
                help: ["write \(source[operand.range]) or not \(source[operand.range])"])
            return nil
        }
        // Doubles hold whatever a list may hold; integers stay exact among integers.
        var members: [Typed] = []
        var isComplete = true
        for choice in choices {
            guard let member = check(choice),
                let pair = comparable(checked, member, choice.range)
            else {
                isComplete = false
                continue
            }
            members.append(pair.right)
        }
        guard isComplete else { return nil }
        var subject = checked
        if members.contains(where: { $0.type == .number }) {
            subject = asNumber(subject)
            members = members.map { asNumber($0) }
        }
        let constants = members.compactMap { builder.constant($0.node) }
        let node = builder.membership(subject.type.equal, subject.node, in: constants)
        return Typed(
            node: isNegated ? builder.unary(.not, node) : node, type: .boolean, range: range)
    }

    // MARK: Arithmetic

    mutating func negate(_ operand: Expression, _ range: Range<Int>) -> Typed? {
        guard var typed = check(operand), requireNumber(typed) else { return nil }
        typed.node = builder.unary(
            typed.type == .integer ? .negateInteger : .negateNumber, typed.node)
        typed.range = range
        typed.isLiteral = false
        return typed
    }

    mutating func requireNumber(_ typed: Typed) -> Bool {
        if typed.isNumeric { return true }
        source.report(
            .typeMismatch,
            "`\(source[typed.range])` is \(typed.type.description), not a number", at: typed.range)
        return false
    }

    mutating func arithmetic(
        _ sign: BinaryOperator, _ left: Typed, _ right: Typed, _ range: Range<Int>
    ) -> Typed? {
        if left.type == .timestamp, sign == .add || sign == .subtract {
            return timeArithmetic(sign, left, right, range)
        }
        let (isLeft, isRight) = (requireNumber(left), requireNumber(right))
        guard isLeft, isRight else { return nil }
        switch sign {
        case .add, .subtract:
            guard let (left, right, measure) = summands(sign, left, right, range) else {
                return nil
            }
            return operate(sign, left, right, measure, range)
        case .remainder:
            guard let (left, right) = align(left, right, range) else { return nil }
            return operate(sign, left, right, left.measure, range)
        default:
            guard let (left, right, measure) = factors(sign, left, right, range) else {
                return nil
            }
            return operate(sign, left, right, measure, range)
        }
    }

    private mutating func operate(
        _ sign: BinaryOperator, _ left: Typed, _ right: Typed, _ measure: Measure?,
        _ range: Range<Int>
    ) -> Typed {
        // int / int is real division.
        let sides =
            sign == .divide ? (left: asNumber(left), right: asNumber(right)) : unify(left, right)
        let isInteger = sides.left.type == .integer
        let operation: Instruction.Operation =
            switch sign {
            case .add: isInteger ? .addInteger : .addNumber
            case .subtract: isInteger ? .subtractInteger : .subtractNumber
            case .multiply: isInteger ? .multiplyInteger : .multiplyNumber
            case .remainder: isInteger ? .remainderInteger : .remainderNumber
            default: .divideNumber
            }
        return Typed(
            node: builder.binary(operation, sides.left.node, sides.right.node),
            type: sides.left.type, range: range, measure: measure)
    }

    /// Sums stay in the left unit. Of temperatures: one minus another is a difference, one plus a
    /// literal is moved by it.
    private mutating func summands(
        _ sign: BinaryOperator, _ left: Typed, _ right: Typed, _ range: Range<Int>
    ) -> (Typed, Typed, Measure?)? {
        guard let first = left.measure, let second = right.measure else {
            let isBare = (left.measure == nil ? left : right).isLiteral
            guard isBare || !(left.isLiteral || right.isLiteral) else {
                return align(left, right, range).map { ($0.left, $0.right, $0.left.measure) }
            }
            return (left, right, left.measure ?? right.measure)
        }
        guard first.unit.dimension == second.unit.dimension else {
            mismatch(left, right, first, second, range)
            return nil
        }
        var (left, right) = (left, right)
        if sign == .add {
            if right.isLiteral, !left.isLiteral { right.measure = second.difference }
            if left.isLiteral, !right.isLiteral { left.measure = first.difference }
        }
        guard let a = left.measure, let b = right.measure else { return nil }
        // The result is in the unit of the side that is no literal.
        let unit = left.isLiteral && !right.isLiteral ? b.unit : a.unit
        left = convert(left, to: Measure(unit: unit, isDifference: a.isDifference))
        right = convert(right, to: Measure(unit: unit, isDifference: b.isDifference))
        let isDifference =
            sign == .subtract && !a.isDifference && !b.isDifference
            ? Measure(unit: unit).difference.isDifference : a.isDifference && b.isDifference
        return (left, right, Measure(unit: unit, isDifference: isDifference))
    }

    /// A product with a bare number keeps the unit; a quotient of one dimension has none; what
    /// other products are in is not known.
    private mutating func factors(
        _ sign: BinaryOperator, _ left: Typed, _ right: Typed, _ range: Range<Int>
    ) -> (Typed, Typed, Measure?)? {
        guard let first = left.measure, let second = right.measure else {
            if sign == .divide, right.measure != nil { return (left, right, nil) }
            return (left, right, left.measure ?? right.measure)
        }
        if sign == .divide, first.unit.dimension == second.unit.dimension {
            guard let (left, right) = align(left, right, range) else { return nil }
            return (left, right, nil)
        }
        for literal in [left, right] where literal.isLiteral {
            source.report(
                .unitMismatch,
                "this version cannot tell the unit of `\(source[range])`", at: literal.range,
                help: ["write the number alone"])
            return nil
        }
        return (left, right, nil)
    }

    /// Timestamps differ by seconds and move by durations.
    private mutating func timeArithmetic(
        _ sign: BinaryOperator, _ left: Typed, _ right: Typed, _ range: Range<Int>
    ) -> Typed? {
        guard let seconds = Unit("s").map({ Measure(unit: $0) }) else { return nil }
        if right.type == .timestamp, sign == .subtract {
            return Typed(
                node: builder.binary(.secondsBetween, left.node, right.node), type: .number,
                range: range, measure: seconds)
        }
        guard right.isNumeric, right.measure?.unit.dimension == .time else {
            source.report(
                .typeMismatch,
                "only a duration can be added to a timestamp or taken from it, and "
                    + "`\(source[right.range])` is none", at: right.range,
                help: ["write it with a unit: 30s, 5m"])
            return nil
        }
        var span = asNumber(convert(right, to: seconds))
        if sign == .subtract { span.node = builder.unary(.negateNumber, span.node) }
        return Typed(
            node: builder.binary(.addSeconds, left.node, span.node), type: .timestamp, range: range)
    }
}
