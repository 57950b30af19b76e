import Model

/// How the values of one block are written.
///
/// All forms but `exact` turn a value into a whole number, of which differences are written.
enum HistoryForm: Hashable, Sendable {
    case boolean
    case integer
    case timestamp
    /// An index into the block's list of texts.
    case text
    /// Degrees north and east and the height, each against the one before.
    case position
    /// Numbers that are whole multiples of 10^-digits, to the last bit.
    case decimal(digits: Int)
    /// Any number: its bits, compared with those of the one before.
    case exact

    static let digitsMax = 6

    /// Powers of ten that a double holds exactly.
    private static let scales: [Double] = [1, 10, 100, 1e3, 1e4, 1e5, 1e6]

    /// The form that suits a value.
    init(_ value: Value) {
        switch value {
        case .boolean: self = .boolean
        case .integer: self = .integer
        case .timestamp: self = .timestamp
        case .text: self = .text
        case .position: self = .position
        case .number(let number): self = HistoryForm.decimal(number, digits: 0) ?? .exact
        }
    }

    /// The least digits, from `digits` on, with which a number is exact.
    static func decimal(_ number: Double, digits: Int) -> HistoryForm? {
        var digits = digits
        while digits <= digitsMax {
            if whole(number, digits: digits) != nil { return .decimal(digits: digits) }
            digits += 1
        }
        return nil
    }

    /// How many 10^-digits a number is; nil where dividing them again would not give its very bits.
    static func whole(_ number: Double, digits: Int) -> Int64? {
        let scale = scales[digits]
        let scaled = (number * scale).rounded()
        guard abs(scaled) < 9_007_199_254_740_992 else { return nil }
        let whole = Int64(scaled)
        return (Double(whole) / scale).bitPattern == number.bitPattern ? whole : nil
    }

    static func scale(_ digits: Int) -> Double { scales[digits] }

    static func number(_ whole: Int64, digits: Int) -> Double { Double(whole) / scales[digits] }

    var code: UInt8 {
        switch self {
        case .boolean: 0
        case .integer: 1
        case .timestamp: 2
        case .text: 3
        case .exact: 4
        case .position: 5
        case .decimal(let digits): 8 + UInt8(digits)
        }
    }

    init?(code: UInt8) {
        switch code {
        case 0: self = .boolean
        case 1: self = .integer
        case 2: self = .timestamp
        case 3: self = .text
        case 4: self = .exact
        case 5: self = .position
        case 8...8 + UInt8(HistoryForm.digitsMax): self = .decimal(digits: Int(code - 8))
        default: return nil
        }
    }
}
