import Model

/// What most conditions and arguments are: a number of the row, or one compared with a constant.
/// The same as the code says, without running it.
enum Shortcut: Hashable, Sendable {
    case none
    case number(slot: UInt64)
    case comparison(slot: UInt64, Relation, bound: Double)

    enum Relation: Hashable, Sendable { case less, lessOrEqual, greater, greaterOrEqual }

    init(_ code: [Instruction]) {
        self = .none
        guard let load = code.first, load.operation == .loadNumber, load.target == 0 else { return }
        let slot = load.immediate
        if code.count == 1 { self = .number(slot: slot) }
        guard code.count == 2, code[1].left == 0, code[1].target == 0 else { return }
        let bound = Double(bitPattern: code[1].immediate)
        switch code[1].operation {
        case .lessConstant: self = .comparison(slot: slot, .less, bound: bound)
        case .lessOrEqualConstant: self = .comparison(slot: slot, .lessOrEqual, bound: bound)
        case .greaterConstant: self = .comparison(slot: slot, .greater, bound: bound)
        case .greaterOrEqualConstant: self = .comparison(slot: slot, .greaterOrEqual, bound: bound)
        default: break
        }
    }
}

extension Shortcut.Relation {
    /// Nil where one of them is missing.
    @inline(__always)
    func holds(_ left: Double, _ right: Double) -> Bool? {
        if left.isNaN || right.isNaN { return nil }
        switch self {
        case .less: return left < right
        case .lessOrEqual: return left <= right
        case .greater: return left > right
        case .greaterOrEqual: return left >= right
        }
    }
}
