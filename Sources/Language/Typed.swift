import Model

/// A checked expression: where its code is, and what is known about its value.
struct Typed {
    var node: Int
    var type: ValueType
    var range: Range<Int>
    /// Nil where nothing is known: bare numbers, and values without a declared unit.
    var measure: Measure?
    /// True for literals: they take the unit of what they meet.
    var isLiteral = false
    /// For an enumeration: the words it may be.
    var choices: [String] = []
    /// For a text literal.
    var text: String?

    var isNumeric: Bool { type == .number || type == .integer }
}

/// A unit, and whether the value is a difference: 5 K more is not the temperature 5 K.
struct Measure: Hashable {
    var unit: Unit
    var isDifference = false

    /// The line from a value in this measure to one in `other`, which has the same dimension.
    func line(to other: Measure) -> (factor: Double, offset: Double) {
        let factor = unit.scale / other.unit.scale
        if isDifference { return (factor, 0) }
        return (factor, (unit.offset - other.unit.offset) / other.unit.scale)
    }

    /// The value in `other`, which has the same dimension.
    func convert(_ value: Double, to other: Measure) -> Double {
        if !isDifference { return unit.convert(value, to: other.unit) ?? value }
        return value * unit.scale / other.unit.scale
    }

    /// For people.
    var description: String {
        if unit.dimension == .time { return "a duration" }
        let dimension = unit.dimension.rawValue
        let article = "aeiou".contains(dimension.prefix(1)) ? "an" : "a"
        return "\(article) \(dimension)\(isDifference ? " difference" : "")"
    }
}

extension ValueType {
    /// For people.
    var description: String {
        switch self {
        case .boolean: "a condition (true or false)"
        case .integer, .number: "a number"
        case .text: "text"
        case .timestamp: "a timestamp"
        case .position: "a position"
        }
    }

    var load: Instruction.Operation {
        switch self {
        case .boolean: .loadBoolean
        case .integer: .loadInteger
        case .number: .loadNumber
        case .text: .loadText
        // The checker lets no expression read one.
        case .timestamp, .position: .loadTimestamp
        }
    }

    var isMissing: Instruction.Operation {
        switch self {
        case .boolean: .isMissingBoolean
        case .number: .isMissingNumber
        case .integer, .text, .timestamp, .position: .isMissingInteger
        }
    }

    var coalesce: Instruction.Operation {
        switch self {
        case .boolean: .coalesceBoolean
        case .number: .coalesceNumber
        case .integer, .text, .timestamp, .position: .coalesceInteger
        }
    }

    var equal: Instruction.Operation {
        switch self {
        case .boolean: .equalBoolean
        case .number: .equalNumber
        case .integer, .timestamp, .position: .equalInteger
        case .text: .equalText
        }
    }
}
