/// One value of a property, a field or an expression. Missing is `Value?.none`, never a special
/// value.
///
/// Numbers are finite: whoever builds a `.number` from outside turns NaN and infinity into missing
/// and counts them, so no operator downstream has to ask.
public enum Value: Hashable, Sendable {
    case boolean(Bool)
    case integer(Int64)
    case number(Double)
    case text(String)
    case timestamp(Instant)
    case position(GeoPosition)

    /// The value as a double where it has one: integers, numbers, and booleans as 0 or 1.
    public var double: Double? {
        switch self {
        case .number(let value): value
        case .integer(let value): Double(value)
        case .boolean(let value): value ? 1 : 0
        case .text, .timestamp, .position: nil
        }
    }

    /// The same value as one of `type`: whole numbers and floats stand for each other where nothing
    /// is lost. Nil where it cannot be one.
    public func converted(to type: ValueType) -> Value? {
        switch (type, self) {
        case (.boolean, .boolean), (.integer, .integer), (.number, .number), (.text, .text),
            (.timestamp, .timestamp), (.position, .position):
            self
        case (.number, .integer(let integer)): .number(Double(integer))
        case (.integer, .number(let number)): Int64(exactly: number).map { .integer($0) }
        default: nil
        }
    }
}

extension Value: CustomStringConvertible {
    /// As text, without a unit.
    public var description: String {
        switch self {
        case .boolean(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .text(let value): value
        case .timestamp(let value): "\(value)"
        case .position(let value): "\(value)"
        }
    }
}

/// The type a property or an expression has.
public enum ValueType: String, Hashable, Sendable, CaseIterable {
    case boolean
    case integer
    case number = "float"
    case text = "string"
    case timestamp
    case position
}
