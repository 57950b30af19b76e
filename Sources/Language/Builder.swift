import Model

/// The checked expression as a graph of operations, and how it becomes flat code.
struct Builder {
    private var nodes: [Node] = []
    private(set) var texts: [String] = []

    private struct Node {
        var form: Form
        /// Registers needed to evaluate it, operand first that needs more (Sethi and Ullman): for a
        /// tree of n leaves at most log2(n) + 1, so a few registers are enough for any text.
        var registers: Int
    }

    private enum Form {
        case leaf(Instruction.Operation, UInt64)
        case unary(Instruction.Operation, Int, UInt64)
        case binary(Instruction.Operation, Int, Int)
        case membership(Instruction.Operation, Int, [UInt64])
    }

    mutating func leaf(_ operation: Instruction.Operation, _ immediate: UInt64) -> Int {
        append(.leaf(operation, immediate), 1)
    }

    mutating func number(_ value: Double) -> Int { leaf(.constant, value.bitPattern) }

    mutating func integer(_ value: Int64) -> Int { leaf(.constant, UInt64(bitPattern: value)) }

    /// The register bits that stand for `text`.
    mutating func reference(_ text: String) -> UInt64 {
        let index = texts.firstIndex(of: text) ?? texts.count
        if index == texts.count { texts.append(text) }
        return ~UInt64(index)
    }

    mutating func unary(
        _ operation: Instruction.Operation, _ operand: Int, immediate: UInt64 = 0
    ) -> Int {
        append(.unary(operation, operand, immediate), nodes[operand].registers)
    }

    mutating func binary(_ operation: Instruction.Operation, _ left: Int, _ right: Int) -> Int {
        if let fused = fused(operation, left, right) { return fused }
        let (first, second) = (nodes[left].registers, nodes[right].registers)
        return append(
            .binary(operation, left, right), first == second ? first + 1 : max(first, second))
    }

    /// Whether `operand` equals one of `choices`, by `equality`.
    mutating func membership(
        _ equality: Instruction.Operation, _ operand: Int, in choices: [UInt64]
    ) -> Int {
        append(.membership(equality, operand, choices), max(nodes[operand].registers, 3))
    }

    /// A constant's bits, where the node is one.
    func constant(_ node: Int) -> UInt64? {
        if case .leaf(.constant, let bits) = nodes[node].form { return bits }
        return nil
    }

    /// Nil where it would need more registers than there are.
    func program(_ root: Int, type: ValueType) -> Program? {
        guard nodes[root].registers <= Program.registersMax else { return nil }
        var code: [Instruction] = []
        generate(root, into: 0, &code)
        return Program(type: type, code: code, texts: texts)
    }

    private mutating func append(_ form: Form, _ registers: Int) -> Int {
        nodes.append(Node(form: form, registers: registers))
        return nodes.count - 1
    }

    /// A comparison with a constant carries the constant itself.
    private mutating func fused(
        _ operation: Instruction.Operation, _ left: Int, _ right: Int
    ) -> Int? {
        if let bits = constant(right), constant(left) == nil {
            if operation == .lessNumber { return unary(.lessConstant, left, immediate: bits) }
            if operation == .lessOrEqualNumber {
                return unary(.lessOrEqualConstant, left, immediate: bits)
            }
        } else if let bits = constant(left), constant(right) == nil {
            if operation == .lessNumber { return unary(.greaterConstant, right, immediate: bits) }
            if operation == .lessOrEqualNumber {
                return unary(.greaterOrEqualConstant, right, immediate: bits)
            }
        }
        return nil
    }

    private func generate(_ node: Int, into target: UInt8, _ code: inout [Instruction]) {
        switch nodes[node].form {
        case .leaf(let operation, let immediate):
            code.append(
                Instruction(
                    operation: operation, target: target, left: 0, right: 0, immediate: immediate))
        case .unary(let operation, let operand, let immediate):
            generate(operand, into: target, &code)
            code.append(
                Instruction(
                    operation: operation, target: target, left: target, right: 0,
                    immediate: immediate))
        case .binary(let operation, let left, let right):
            let isLeftFirst = nodes[left].registers >= nodes[right].registers
            generate(isLeftFirst ? left : right, into: target, &code)
            generate(isLeftFirst ? right : left, into: target + 1, &code)
            code.append(
                Instruction(
                    operation: operation, target: target, left: isLeftFirst ? target : target + 1,
                    right: isLeftFirst ? target + 1 : target, immediate: 0))
        case .membership(let equality, let operand, let choices):
            generate(operand, into: target, &code)
            generateMembership(equality, choices, into: target, &code)
        }
    }

    private func generateMembership(
        _ equality: Instruction.Operation, _ choices: [UInt64], into target: UInt8,
        _ code: inout [Instruction]
    ) {
        func emit(_ operation: Instruction.Operation, _ to: UInt8, _ left: UInt8, _ right: UInt8) {
            code.append(
                Instruction(
                    operation: operation, target: to, left: left, right: right, immediate: 0))
        }
        code.append(
            Instruction(
                operation: .constant, target: target + 1, left: 0, right: 0, immediate: 0))
        for choice in choices {
            code.append(
                Instruction(
                    operation: .constant, target: target + 2, left: 0, right: 0, immediate: choice))
            emit(equality, target + 2, target, target + 2)
            emit(.or, target + 1, target + 1, target + 2)
        }
        // `and` of a register with itself is a move.
        emit(.and, target, target + 1, target + 1)
    }
}
