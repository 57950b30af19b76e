import Model

/// Gives names, types and units to an expression and turns it into code. Nil means "reported".
struct Checker {
    let schema: Schema
    var source: SourceText
    var builder = Builder()
    var scope: Scope
    /// The trailing span of aggregates that have none of their own.
    var trailing: Milliseconds?
    /// Whether the rule's `within` bounds its match, so that it is no trailing span.
    var isMatchBounded = false
    /// Whether an aggregate covers the span of the rule's `within`.
    var usesWithin = false
    /// The labelled steps of the rule.
    var labels: [Label] = []
    /// How many steps come before what is being checked: their events may be read.
    var readable = 0
    /// The same for aggregates, where what is being checked is a step of several events: they may
    /// be over its own so far.
    var running: Int?
    /// Whether this is computed once a row, not once a match.
    var isOfRow = false
    /// What the condition asks the stream to compute, in the order of the row's further slots.
    var aggregates: [AggregateCall] = []
    var calls: [Call] = []
    /// Those inside its aggregates, which are computed before them.
    var fed: [Call] = []
    var captures: [Rule.Capture] = []

    enum Scope: Equatable {
        /// One row and nothing else.
        case row
        /// A row behind those of its key before it: functions that remember are allowed.
        case step
        /// Aggregates and functions that remember are allowed.
        case rule
        /// Inside an aggregate: each row of its span.
        case aggregate
        /// Inside an aggregate over the events of this step.
        case capture(step: Int)
    }

    struct Label {
        var name: String
        var step: Int
        var isSilence: Bool
    }

    init(_ schema: Schema, _ source: SourceText, _ scope: Scope) {
        self.schema = schema
        self.source = source
        self.scope = scope
    }

    mutating func check(_ expression: Expression) -> Typed? {
        let range = expression.range
        switch expression.node {
        case .invalid:
            return nil
        case .number(let value, let integer, let unit):
            return number(value, integer, unit, range)
        case .duration(let span):
            let seconds = builder.number(Double(span.count) / 1000)
            return Typed(
                node: seconds, type: .number, range: range,
                measure: Unit("s").map { Measure(unit: $0) }, isLiteral: true)
        case .text(let text):
            let node = builder.leaf(.constant, builder.reference(text))
            return Typed(node: node, type: .text, range: range, isLiteral: true, text: text)
        case .boolean(let value):
            let node = builder.leaf(.constant, value ? 1 : 0)
            return Typed(node: node, type: .boolean, range: range, isLiteral: true)
        case .name(let name):
            guard let typed = resolve(name, range) else { return nil }
            guard typed.type != .position else {
                source.report(
                    .typeMismatch, "`\(name)` is a position, which expressions cannot use",
                    at: range)
                return nil
            }
            return typed
        case .unary(.not, let operand):
            guard let operand = condition(operand) else { return nil }
            return Typed(node: builder.unary(.not, operand.node), type: .boolean, range: range)
        case .unary(.negate, let operand):
            return negate(operand, range)
        case .binary(let sign, let left, let right):
            return binary(sign, left, right, range)
        case .between(let operand, let low, let high, let isNegated):
            return between(operand, low, high, isNegated, range)
        case .membership(let operand, let choices, let isNegated):
            return membership(operand, choices, isNegated, range)
        case .isMissing(let operand, let isNegated):
            guard let operand = check(operand) else { return nil }
            let node = builder.unary(operand.type.isMissing, operand.node)
            return Typed(
                node: isNegated ? builder.unary(.not, node) : node, type: .boolean, range: range)
        case .isStale(let operand, let span, let isNegated):
            return isStale(operand, after: span, isNegated, range)
        case .changed(let operand):
            return changed(operand, range)
        case .changedBy(let sign, let operand, let amount):
            return changedBy(sign, operand, amount, range)
        case .crosses(let operand, let isAbove, let level):
            return crosses(operand, isAbove, level, range)
        case .call(let call):
            return self.call(call, range)
        }
    }

    /// Checks an operand of a logical operator.
    mutating func condition(_ expression: Expression) -> Typed? {
        guard let typed = check(expression) else { return nil }
        guard typed.type == .boolean else {
            let text = source[expression.range]
            source.report(
                .typeMismatch, "`\(text)` is \(typed.type.description), not a condition",
                at: expression.range,
                help: typed.isNumeric ? ["compare it with something: \(text) > 0"] : [])
            return nil
        }
        return typed
    }

    private mutating func number(
        _ value: Double, _ integer: Int64?, _ unit: Unit?, _ range: Range<Int>
    ) -> Typed? {
        guard let unit else {
            if let integer {
                return Typed(
                    node: builder.integer(integer), type: .integer, range: range, isLiteral: true)
            }
            return Typed(
                node: builder.number(value), type: .number, range: range, isLiteral: true)
        }
        return Typed(
            node: builder.number(value), type: .number, range: range,
            measure: Measure(unit: unit), isLiteral: true)
    }

    private mutating func binary(
        _ sign: BinaryOperator, _ left: Expression, _ right: Expression, _ range: Range<Int>
    ) -> Typed? {
        switch sign {
        case .and, .or:
            let (left, right) = (condition(left), condition(right))
            guard let left, let right else { return nil }
            let node = builder.binary(sign == .and ? .and : .or, left.node, right.node)
            return Typed(node: node, type: .boolean, range: range)
        case .less, .lessOrEqual, .greater, .greaterOrEqual, .equal, .notEqual:
            let sides = sides(left, right)
            guard let sides else { return nil }
            return compare(sign, sides.left, sides.right, range)
        case .add, .subtract, .multiply, .divide, .remainder:
            let (left, right) = (check(left), check(right))
            guard let left, let right else { return nil }
            return arithmetic(sign, left, right, range)
        }
    }

    /// Both sides of a comparison, even if the first is wrong. A bare word beside an enumeration
    /// gets its own advice.
    private mutating func sides(_ left: Expression, _ right: Expression) -> (
        left: Typed, right: Typed
    )? {
        let checkedLeft = check(left)
        if let checkedLeft, checkedLeft.type == .text, case .name(let word) = right.node,
            checkedLeft.choices.contains(word), find(word) == nil
        {
            source.report(
                .unknownName, "`\(word)` is not a name here, but a text", at: right.range,
                help: ["write \"\(word)\" in quotes"])
            return nil
        }
        let checkedRight = check(right)
        guard let checkedLeft, let checkedRight else { return nil }
        return (checkedLeft, checkedRight)
    }
}
