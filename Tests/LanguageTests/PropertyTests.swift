import Language
import Model
import Testing

/// A random tree, printed with as few or as many parentheses as chance wants and compiled, has the
/// value that walking the tree gives.
@Suite struct PropertyTests {
    @Test func `a printed tree means what the tree means`() {
        let seed = UInt64.random(in: 0 ... .max)
        print("trees: seed \(seed)")
        var random = SplitMix64(seed)
        for _ in 0..<1000 {
            let kind: ValueType =
                [.boolean, .boolean, .integer, .number].randomElement(
                    using: &random) ?? .boolean
            let tree = Tree.random(kind, depth: Int.random(in: 0...5, using: &random), &random)
            let text = tree.printed(atLeast: 0, &random)
            var diagnostics: [Diagnostic] = []
            let program = Program.compile(
                Located(text), schema: Tree.schema, expecting: nil, diagnostics: &diagnostics)
            guard let program else {
                if diagnostics.map(\.code) != ["E0307"] {
                    Issue.record("seed \(seed): \(text): \(diagnostics)")
                }
                continue
            }
            #expect(program.type == tree.type, "seed \(seed): \(text)")
            for _ in 0..<5 {
                let row = Tree.row(&random)
                let expected = tree.value(row)
                let actual = program.evaluate(row)
                #expect(actual == expected, "seed \(seed): \(text) on \(row)")
                guard case .boolean(let truth)? = expected else { continue }
                #expect(program.holds(row) == truth)
            }
        }
    }

    @Test func `the naive evaluator itself knows Kleene's tables`() {
        let row: [Value?] = [nil, nil, nil, nil, .boolean(true), .boolean(false), nil]
        let (yes, no, unknown) = (Tree.column(4), Tree.column(5), Tree.column(6))
        #expect(Tree.binary("and", no, unknown).value(row) == .boolean(false))
        #expect(Tree.binary("and", yes, unknown).value(row) == nil)
        #expect(Tree.binary("or", yes, unknown).value(row) == .boolean(true))
        #expect(Tree.binary("or", no, unknown).value(row) == nil)
        #expect(Tree.prefix("not", unknown).value(row) == nil)
    }
}

/// An expression as the textbook has it: a tree that is walked, with values boxed and missing as
/// nil.
private indirect enum Tree {
    case integer(Int64)
    case number(Double)
    case column(Int)
    case prefix(String, Tree)
    case binary(String, Tree, Tree)
    case between(Tree, Tree, Tree, Bool)
    case membership(Tree, [Tree], Bool)
    case isMissing(Tree, Bool)
    case call(String, [Tree])

    static let schema = Schema(columns: [
        .init(name: "i", type: .integer), .init(name: "j", type: .integer),
        .init(name: "x", type: .number), .init(name: "y", type: .number),
        .init(name: "a", type: .boolean), .init(name: "b", type: .boolean),
        .init(name: "c", type: .boolean),
    ])

    static func row(_ random: inout SplitMix64) -> [Value?] {
        schema.columns.map { column in
            switch (column.type, Int.random(in: 0..<8, using: &random)) {
            case (_, 0): nil
            case (.boolean, let pick): .boolean(pick % 2 == 0)
            case (.integer, 1): .integer(.max)
            case (.integer, 2): .integer(-.max)
            case (.integer, _): .integer(Int64.random(in: -4...4, using: &random))
            case (_, 1): .number(1e308)
            case (_, 2): .number(-0.25)
            default: .number(Double(Int.random(in: -4...4, using: &random)))
            }
        }
    }

    var type: ValueType {
        switch self {
        case .integer: .integer
        case .number: .number
        case .column(let index): Tree.schema.columns[index].type
        case .prefix(_, let operand): operand.type
        case .binary("/", _, _): .number
        case .binary(let sign, let left, let right):
            "+-*%".contains(sign)
                ? (left.type == .integer && right.type == .integer ? .integer : .number) : .boolean
        case .between, .membership, .isMissing: .boolean
        case .call(_, let arguments):
            arguments.contains { $0.type == .number } ? .number : arguments[0].type
        }
    }
}

// MARK: Making

extension Tree {
    static func random(_ type: ValueType, depth: Int, _ random: inout SplitMix64) -> Tree {
        guard depth > 0 else { return leaf(type, &random) }
        let pick = Int.random(in: 0..<10, using: &random)
        func child(_ type: ValueType, _ random: inout SplitMix64) -> Tree {
            .random(type, depth: depth - 1, &random)
        }
        func numeric(_ random: inout SplitMix64) -> Tree {
            child(Bool.random(using: &random) ? .integer : .number, &random)
        }
        func any(of words: [String], _ random: inout SplitMix64) -> String {
            words.randomElement(using: &random) ?? words[0]
        }
        guard type == .boolean else {
            switch pick {
            case 0: return leaf(type, &random)
            case 1: return .prefix("-", child(type, &random))
            case 2: return .call("abs", [child(type, &random)])
            case 3: return .call("round", [child(type, &random)])
            case 4:
                let name = any(of: ["min2", "max2", "coalesce"], &random)
                return .call(name, [child(type, &random), child(type, &random)])
            case 5: return .call("clamp", (0..<3).map { _ in child(type, &random) })
            case 6 where type == .number: return .binary("/", numeric(&random), numeric(&random))
            case 7 where type == .number:
                return .binary("*", child(.integer, &random), child(.number, &random))
            default:
                let sign = any(of: ["+", "-", "*", "%"], &random)
                return .binary(sign, child(type, &random), child(type, &random))
            }
        }
        let isNegated = Bool.random(using: &random)
        switch pick {
        case 0: return leaf(type, &random)
        case 1: return .prefix("not", child(.boolean, &random))
        case 2: return .between(numeric(&random), numeric(&random), numeric(&random), isNegated)
        case 3:
            let choices = (0...Int.random(in: 0..<4, using: &random)).map { _ in
                literal(Bool.random(using: &random) ? .integer : .number, &random)
            }
            return .membership(numeric(&random), choices, isNegated)
        case 4: return .isMissing(child(.boolean, &random), isNegated)
        case 5: return .isMissing(numeric(&random), isNegated)
        case 6, 7:
            let sign = any(of: ["<", "<=", ">", ">=", "=", "!="], &random)
            return .binary(sign, numeric(&random), numeric(&random))
        default:
            let sign = any(of: ["and", "or", "and", "or", "=", "!="], &random)
            return .binary(sign, child(.boolean, &random), child(.boolean, &random))
        }
    }

    private static func leaf(_ type: ValueType, _ random: inout SplitMix64) -> Tree {
        let columns = schema.columns.indices.filter { schema.columns[$0].type == type }
        if type != .boolean, Bool.random(using: &random) { return literal(type, &random) }
        return .column(columns.randomElement(using: &random) ?? columns[0])
    }

    private static func literal(_ type: ValueType, _ random: inout SplitMix64) -> Tree {
        let value = Int64.random(in: 0...4, using: &random)
        return type == .integer ? .integer(value) : .number(Double(value) + 0.5)
    }
}

// MARK: Printing

extension Tree {
    private var precedence: Int {
        switch self {
        case .integer, .number, .column, .call: 8
        case .prefix("not", _): 3
        case .prefix: 7
        case .binary("or", _, _): 1
        case .binary("and", _, _): 2
        case .binary("+", _, _), .binary("-", _, _): 5
        case .binary("*", _, _), .binary("/", _, _), .binary("%", _, _): 6
        case .binary, .between, .membership, .isMissing: 4
        }
    }

    func printed(atLeast minimum: Int, _ random: inout SplitMix64) -> String {
        if precedence < minimum || Int.random(in: 0..<10, using: &random) == 0 {
            return "(" + printed(atLeast: 0, &random) + ")"
        }
        switch self {
        case .integer(let value): return "\(value)"
        case .number(let value): return "\(value)"
        case .column(let index): return Tree.schema.columns[index].name
        case .prefix(let sign, let operand):
            return sign + " " + operand.printed(atLeast: precedence, &random)
        case .binary(let sign, let left, let right):
            let sides = precedence == 4 ? (5, 5) : (precedence, precedence + 1)
            return left.printed(atLeast: sides.0, &random) + " \(sign) "
                + right.printed(atLeast: sides.1, &random)
        case .between(let operand, let low, let high, let isNegated):
            return operand.printed(atLeast: 5, &random) + (isNegated ? " not" : "") + " between "
                + low.printed(atLeast: 5, &random) + " and " + high.printed(atLeast: 5, &random)
        case .membership(let operand, let choices, let isNegated):
            let list = choices.map { choice in
                switch choice {
                case .integer(let value): "\(value)"
                case .number(let value): "\(value)"
                default: ""
                }
            }
            return operand.printed(atLeast: 5, &random) + (isNegated ? " not" : "") + " in ["
                + list.joined(separator: ", ") + "]"
        case .isMissing(let operand, let isNegated):
            return operand.printed(atLeast: 5, &random)
                + (isNegated ? " is not missing" : " is missing")
        case .call(let name, let arguments):
            let list = arguments.map { $0.printed(atLeast: 0, &random) }
            return name + "(" + list.joined(separator: ", ") + ")"
        }
    }
}

// MARK: Walking

extension Tree {
    func value(_ row: [Value?]) -> Value? {
        switch self {
        case .integer(let value): return .integer(value)
        case .number(let value): return .number(value)
        case .column(let index): return row[index]
        case .prefix("not", let operand):
            return operand.truth(row).map { .boolean(!$0) }
        case .prefix(_, let operand):
            switch operand.value(row) {
            case .integer(let value): return .integer(-value)
            case .number(let value): return .number(-value)
            default: return nil
            }
        case .binary("and", let left, let right):
            let sides = [left.truth(row), right.truth(row)]
            if sides.contains(false) { return .boolean(false) }
            return sides.contains(nil) ? nil : .boolean(true)
        case .binary("or", let left, let right):
            let sides = [left.truth(row), right.truth(row)]
            if sides.contains(true) { return .boolean(true) }
            return sides.contains(nil) ? nil : .boolean(false)
        case .binary(let sign, let left, let right):
            guard let first = left.value(row), let second = right.value(row) else { return nil }
            return Tree.operate(sign, first, second)
        case .between(let operand, let low, let high, let isNegated):
            let inside = Tree.binary(
                "and", .binary(">=", operand, low), .binary("<=", operand, high))
            return (isNegated ? .prefix("not", inside) : inside).value(row)
        case .membership(let operand, let choices, let isNegated):
            guard let value = operand.value(row) else { return nil }
            let isIn = choices.contains { choice in
                choice.value(row).flatMap { Tree.operate("=", value, $0) } == .boolean(true)
            }
            return .boolean(isIn != isNegated)
        case .isMissing(let operand, let isNegated):
            return .boolean((operand.value(row) == nil) != isNegated)
        case .call("coalesce", let arguments):
            return arguments.lazy.compactMap { $0.value(row) }.first
        case .call(let name, let arguments):
            let values = arguments.compactMap { $0.value(row) }
            guard values.count == arguments.count else { return nil }
            return Tree.apply(name, values)
        }
    }

    private func truth(_ row: [Value?]) -> Bool? {
        if case .boolean(let value)? = value(row) { return value }
        return nil
    }

    private static func operate(_ sign: String, _ left: Value, _ right: Value) -> Value? {
        if case .boolean = left { return .boolean((left == right) == (sign == "=")) }
        if case .integer(let left) = left, case .integer(let right) = right, sign != "/" {
            let result: (partialValue: Int64, overflow: Bool)
            switch sign {
            case "+": result = left.addingReportingOverflow(right)
            case "-": result = left.subtractingReportingOverflow(right)
            case "*": result = left.multipliedReportingOverflow(by: right)
            case "%": result = left.remainderReportingOverflow(dividingBy: right)
            default: return compare(sign, left, right)
            }
            let isMissing = result.overflow || result.partialValue == .min
            return isMissing ? nil : .integer(result.partialValue)
        }
        guard let left = left.double, let right = right.double else { return nil }
        let result: Double
        switch sign {
        case "+": result = left + right
        case "-": result = left - right
        case "*": result = left * right
        case "/": result = left / right
        case "%": result = left.truncatingRemainder(dividingBy: right)
        default: return compare(sign, left, right)
        }
        return result.isFinite ? .number(result) : nil
    }

    private static func compare<T: Comparable>(_ sign: String, _ left: T, _ right: T) -> Value? {
        switch sign {
        case "<": .boolean(left < right)
        case "<=": .boolean(left <= right)
        case ">": .boolean(left > right)
        case ">=": .boolean(left >= right)
        case "=": .boolean(left == right)
        default: .boolean(left != right)
        }
    }

    private static func apply(_ name: String, _ values: [Value]) -> Value? {
        if case .integer(let first) = values[0] {
            let rest: [Int64] = values.compactMap {
                if case .integer(let value) = $0 { value } else { nil }
            }
            switch name {
            case "abs": return .integer(abs(first))
            case "round": return .integer(first)
            case "min2": return .integer(min(first, rest[1]))
            case "max2": return .integer(max(first, rest[1]))
            default: return .integer(min(max(first, rest[1]), rest[2]))
            }
        }
        let rest = values.compactMap(\.double)
        switch name {
        case "abs": return .number(abs(rest[0]))
        case "round": return .number(rest[0].rounded())
        case "min2": return .number(min(rest[0], rest[1]))
        case "max2": return .number(max(rest[0], rest[1]))
        default: return .number(min(max(rest[0], rest[1]), rest[2]))
        }
    }
}
