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
        case isStale(Expression, after: Milliseconds, isNegated: Bool)
        case changed(Expression)
        /// `x changed by > 4`.
        case changedBy(BinaryOperator, Expression, amount: Expression)
        case crosses(Expression, isAbove: Bool, Expression)
        case call(Call)
        /// Reported already; nothing is said about it again.
        case invalid
    }

    struct Call {
        var function: String
        var functionRange: Range<Int>
        /// Empty for `count(*)` and `count()`.
        var arguments: [Argument]
        var over: Over?
        /// `per 1s`, behind the first argument of `rate`.
        var per: (span: Milliseconds, range: Range<Int>)?

        enum Over {
            case span(Milliseconds)
            case events(Int)
        }
    }

    struct Argument {
        /// `window` of `window: 30`.
        var name: (word: String, range: Range<Int>)?
        var value: Expression
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

/// A rule as it was written: steps, what links them, and the clauses behind them.
struct RuleSyntax {
    var steps: [StepSyntax]
    var links: [LinkSyntax] = []
    var within: (span: Milliseconds, range: Range<Int>)?
    var cooldown: (span: Milliseconds, range: Range<Int>)?
    var until: (condition: Expression, range: Range<Int>)?
    var per: (names: [(name: String, range: Range<Int>)], range: Range<Int>)?
    var overlapping: Range<Int>?

    /// Where the first clause for the whole rule stands.
    var clause: Range<Int>? {
        [within?.range, cooldown?.range, until?.range, per?.range, overlapping]
            .compactMap { $0 }.min { $0.lowerBound < $1.lowerBound }
    }
}

struct StepSyntax {
    var what: What
    var label: (name: String, range: Range<Int>)?
    var sustained: (value: Rule.Sustained, range: Range<Int>)?
    /// Without the label and what sustains it.
    var range: Range<Int>

    enum What {
        case condition(Expression)
        case noData(Milliseconds)
        case absence(Expression, Milliseconds)
        case group(Rule.Quantifier, of: String?, Expression)
    }

    var isSilence: Bool {
        switch what {
        case .noData, .absence: true
        case .condition, .group: false
        }
    }

    /// Whether it takes several events, which `within` can bound.
    var isCounted: Bool {
        switch sustained?.value {
        case .once?, .duration?, nil: false
        default: true
        }
    }
}

struct LinkSyntax {
    var kind: Kind
    var range: Range<Int>
    /// Reported already: its `then` is not there.
    var isBroken = false

    enum Kind {
        case relaxed, strict
        case without(Expression)
    }
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

    /// What it is made of, in the order in which it is written.
    var operands: [Expression] {
        switch node {
        case .number, .duration, .text, .boolean, .name, .invalid: []
        case .unary(_, let operand), .isMissing(let operand, _), .isStale(let operand, _, _),
            .changed(let operand):
            [operand]
        case .binary(_, let left, let right), .changedBy(_, let left, let right),
            .crosses(let left, _, let right):
            [left, right]
        case .between(let operand, let low, let high, _): [operand, low, high]
        case .membership(let operand, let choices, _): [operand] + choices
        case .call(let call): call.arguments.map(\.value)
        }
    }

    /// All names in it.
    var names: [String] {
        if case .name(let name) = node { return [name] }
        return operands.flatMap(\.names)
    }
}
