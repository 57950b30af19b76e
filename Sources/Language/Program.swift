package import Model

/// An expression as flat code over the slots of a row. Evaluation allocates nothing and cannot
/// fail: what has no answer is missing (Kleene logic).
///
/// `Int64.min` counts as missing, in a row as well as in a result: integers are symmetric here.
package struct Program: Hashable, Sendable {
    package let type: ValueType
    let code: [Instruction]
    let texts: [String]
    private let shortcut: Shortcut

    init(type: ValueType, code: [Instruction], texts: [String]) {
        self.type = type
        self.code = code
        self.texts = texts
        shortcut = Shortcut(code)
    }

    /// The same code on rows laid out as `slot` tells.
    func relocated(_ slot: (UInt64) -> UInt64) -> Program {
        let code = code.map { instruction in
            switch instruction.operation {
            case .loadBoolean, .loadInteger, .loadNumber, .loadTimestamp, .loadText:
                var moved = instruction
                moved.immediate = slot(instruction.immediate)
                return moved
            default:
                return instruction
            }
        }
        return Program(type: type, code: code, texts: texts)
    }

    /// The expression's value on a row, nil where it is missing. `row` has a slot per column of the
    /// schema; in a rule those for its aggregates, calls and captures follow.
    package func evaluate(_ row: [Value?]) -> Value? { evaluate(row.span) }

    /// The same on a row that is lent.
    package func evaluate(_ row: Span<Value?>) -> Value? {
        if case .number(let slot) = shortcut {
            let number = Double(bitPattern: loadNumber(row, slot))
            return number.isNaN ? nil : .number(number)
        }
        let result = run(row)
        switch type {
        case .boolean:
            return result == Missing.boolean ? nil : .boolean(result == 1)
        case .integer:
            return result == Missing.integer ? nil : .integer(Int64(bitPattern: result))
        case .number:
            let number = Double(bitPattern: result)
            return number.isNaN ? nil : .number(number)
        case .timestamp, .position:
            return result == Missing.integer
                ? nil : .timestamp(Instant(milliseconds: Int64(bitPattern: result)))
        case .text:
            return text(result, row).map { .text($0) }
        }
    }

    /// For a condition: true, false, or nil where it is unknown.
    package func holds(_ row: [Value?]) -> Bool? { holds(row.span) }

    /// The same on a row that is lent.
    package func holds(_ row: Span<Value?>) -> Bool? {
        if case .comparison(let slot, let relation, let bound) = shortcut {
            return relation.holds(Double(bitPattern: loadNumber(row, slot)), bound)
        }
        guard type == .boolean else { return nil }
        let result = run(row)
        return result == Missing.boolean ? nil : result == 1
    }
}
