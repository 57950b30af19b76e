import Model

/// An expression as it was written, with its bytes.
struct Expression {
    var node: Node
    var range: Range<Int>
    /// Operators between the root and the deepest leaf.
    var height: Int

    indirect enum Node {
        case number(Double, integer: Int64?, unit: Unit?)
        case duration(Milliseconds)
        case text(String)
        case boolean(Bool)
        case name(String)
        case unary(UnaryOperator, Expression)
        case binary(BinaryOperator, Expression, Expression)
        case between(Expression, low: Expression, high: Expression, isNegated: Bool)
        case membership(Expression, [Expression], isNegated: Bool)
        case isMissing(Expression, isNegated: Bool)
        case call(Call)
        /// Reported already; nothing is said about it again.
        case invalid
    }

    struct Call {
        var function: String
        var functionRange: Range<Int>
        /// Empty for `count(*)` and `count()`.
        var arguments: [Expression]
        var over: Milliseconds?
    }

    init(_ node: Node, _ range: Range<Int>, over operands: [Expression] = []) {
        self.node = node
        self.range = range
        height = (operands.map(\.height).max() ?? -1) + 1
    }

    var isInvalid: Bool {
        if case .invalid = node { return true }
        return false
    }
}

enum UnaryOperator { case negate, not }

enum BinaryOperator: String {
    case or, and
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case equal = "="
    case notEqual = "!="
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case remainder = "%"
}

/// A rule as it was written: a condition and the clauses behind it.
struct RuleSyntax {
    var condition: Expression
    var sustained: (value: Rule.Sustained, range: Range<Int>)?
    var within: (span: Milliseconds, range: Range<Int>)?
    var cooldown: (span: Milliseconds, range: Range<Int>)?
}

extension Expression {
    /// Parentheses change what an expression covers, not what it is.
    init(wrapping inner: Expression, _ range: Range<Int>) {
        node = inner.node
        self.range = range
        height = inner.height
    }

    var isLiteral: Bool {
        switch node {
        case .number, .duration, .text, .boolean: true
        default: false
        }
    }
}
