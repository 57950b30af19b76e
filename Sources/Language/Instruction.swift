/// One step of a program: registers in, a register out.
struct Instruction: Hashable, Sendable {
    var operation: Operation
    var target: UInt8
    var left: UInt8
    var right: UInt8
    /// A constant's bits or a slot of the row.
    var immediate: UInt64

    /// What a register's 64 bits mean is decided when compiling, so nothing is tagged or boxed:
    /// - number: a double; NaN is missing (numbers are finite, so NaN is free to mean it)
    /// - integer and timestamp: an Int64; `Int64.min` is missing
    /// - boolean: 0, 1, or 2 for unknown
    /// - text: a slot of the row, or the complement of an index of the program's texts;
    ///   `Int64.min` is missing
    enum Operation: UInt8, Sendable {
        case constant
        case loadBoolean, loadInteger, loadNumber, loadTimestamp, loadText

        case integerToNumber
        case negateInteger, absInteger
        case addInteger, subtractInteger, multiplyInteger, remainderInteger
        case minInteger, maxInteger
        case negateNumber, absNumber, roundNumber
        case addNumber, subtractNumber, multiplyNumber, divideNumber, remainderNumber
        case minNumber, maxNumber
        /// A timestamp and a number of seconds.
        case addSeconds
        /// Two timestamps give a number of seconds.
        case secondsBetween
        /// Of a timestamp in UTC: the hour from 0 to 23, the day from 1 (Monday) to 7.
        case hour, weekday

        case lessInteger, lessOrEqualInteger, equalInteger
        case lessNumber, lessOrEqualNumber, equalNumber
        /// The same with `immediate` on the right: what most conditions do.
        case lessConstant, lessOrEqualConstant, greaterConstant, greaterOrEqualConstant
        case equalBoolean, equalText
        case not, and, or
        case isMissingInteger, isMissingNumber, isMissingBoolean
        case coalesceInteger, coalesceNumber, coalesceBoolean
    }
}

/// The bits that mean "missing", by what the register holds.
enum Missing {
    static let number = Double.nan.bitPattern
    static let integer = UInt64(bitPattern: Int64.min)
    static let boolean: UInt64 = 2
}
