import Model

extension Program {
    static let registersMax = 16

    private typealias Registers = InlineArray<16, UInt64>

    /// Runs the code and leaves the result in register 0.
    func run(_ row: Span<Value?>) -> UInt64 {
        var registers = Registers(repeating: 0)
        let code = code.span
        for index in code.indices {
            let step = code[index]
            // A mask instead of a bounds check; the compiler of programs keeps below 16.
            let left = registers[Int(step.left & 15)]
            let right = registers[Int(step.right & 15)]
            registers[Int(step.target & 15)] = apply(step, left, right, row)
        }
        return registers[0]
    }

    @inline(__always)
    private func apply(
        _ step: Instruction, _ left: UInt64, _ right: UInt64, _ row: Span<Value?>
    ) -> UInt64 {
        switch step.operation {
        case .constant: step.immediate
        case .loadNumber: loadNumber(row, step.immediate)
        case .loadInteger: loadInteger(row, step.immediate)
        case .loadBoolean: loadBoolean(row, step.immediate)
        case .loadTimestamp: loadTimestamp(row, step.immediate)
        case .loadText: loadText(row, step.immediate)

        case .lessConstant: compare(left, step.immediate) { $0 < $1 }
        case .lessOrEqualConstant: compare(left, step.immediate) { $0 <= $1 }
        case .greaterConstant: compare(left, step.immediate) { $0 > $1 }
        case .greaterOrEqualConstant: compare(left, step.immediate) { $0 >= $1 }
        case .lessNumber: compare(left, right) { $0 < $1 }
        case .lessOrEqualNumber: compare(left, right) { $0 <= $1 }
        case .equalNumber: compare(left, right) { $0 == $1 }
        case .lessInteger: compareIntegers(left, right) { $0 < $1 }
        case .lessOrEqualInteger: compareIntegers(left, right) { $0 <= $1 }
        case .equalInteger: compareIntegers(left, right) { $0 == $1 }
        case .equalBoolean: left == 2 || right == 2 ? 2 : (left == right ? 1 : 0)
        case .equalText: equalTexts(left, right, row)

        case .and: left == 0 || right == 0 ? 0 : (left == 1 && right == 1 ? 1 : 2)
        case .or: left == 1 || right == 1 ? 1 : (left == 0 && right == 0 ? 0 : 2)
        case .not: left == 2 ? 2 : 1 - left

        case .addNumber: finite(Double(bitPattern: left) + Double(bitPattern: right))
        case .subtractNumber: finite(Double(bitPattern: left) - Double(bitPattern: right))
        case .multiplyNumber: finite(Double(bitPattern: left) * Double(bitPattern: right))
        case .divideNumber: finite(Double(bitPattern: left) / Double(bitPattern: right))
        case .remainderNumber:
            finite(
                Double(bitPattern: left).truncatingRemainder(dividingBy: Double(bitPattern: right)))
        case .negateNumber: (-Double(bitPattern: left)).bitPattern
        case .absNumber: abs(Double(bitPattern: left)).bitPattern
        case .roundNumber: Double(bitPattern: left).rounded().bitPattern
        case .minNumber: both(left, right) { $1 < $0 ? $1 : $0 }
        case .maxNumber: both(left, right) { $1 > $0 ? $1 : $0 }
        case .integerToNumber:
            left == Missing.integer
                ? Missing.number : Double(Int64(bitPattern: left)).bitPattern

        case .addInteger: integers(left, right) { $0.addingReportingOverflow($1) }
        case .subtractInteger: integers(left, right) { $0.subtractingReportingOverflow($1) }
        case .multiplyInteger: integers(left, right) { $0.multipliedReportingOverflow(by: $1) }
        case .remainderInteger:
            integers(left, right) { $0.remainderReportingOverflow(dividingBy: $1) }
        case .minInteger: integers(left, right) { (min($0, $1), false) }
        case .maxInteger: integers(left, right) { (max($0, $1), false) }
        // The negative of Int64.min is itself: missing stays missing.
        case .negateInteger: 0 &- left
        case .absInteger: UInt64(bitPattern: Int64(bitPattern: left)) >> 63 == 1 ? 0 &- left : left

        case .addSeconds: addSeconds(left, right)
        case .secondsBetween: secondsBetween(left, right)
        case .hour: hour(left)
        case .weekday: weekday(left)

        case .isMissingNumber: Double(bitPattern: left).isNaN ? 1 : 0
        case .isMissingInteger: left == Missing.integer ? 1 : 0
        case .isMissingBoolean: left == Missing.boolean ? 1 : 0
        case .coalesceNumber: Double(bitPattern: left).isNaN ? right : left
        case .coalesceInteger: left == Missing.integer ? right : left
        case .coalesceBoolean: left == Missing.boolean ? right : left
        }
    }

    /// The text a register refers to.
    func text(_ reference: UInt64, _ row: Span<Value?>) -> String? {
        if reference == Missing.integer { return nil }
        let slot = Int64(bitPattern: reference)
        if slot < 0 { return texts[Int(~slot)] }
        if case .text(let text)? = row[Int(slot)] { return text }
        return nil
    }

    private func equalTexts(_ left: UInt64, _ right: UInt64, _ row: Span<Value?>) -> UInt64 {
        guard let left = text(left, row), let right = text(right, row) else {
            return Missing.boolean
        }
        return left == right ? 1 : 0
    }
}

// MARK: Loading; a value of another type than the schema says is missing

@inline(__always)
func loadNumber(_ row: Span<Value?>, _ slot: UInt64) -> UInt64 {
    guard slot < row.count else { return Missing.number }
    switch row[Int(truncatingIfNeeded: slot)] {
    case .number(let value)?: return finite(value)
    case .integer(let value)?:
        return value == .min ? Missing.number : Double(value).bitPattern
    default: return Missing.number
    }
}

private func loadInteger(_ row: Span<Value?>, _ slot: UInt64) -> UInt64 {
    guard slot < row.count else { return Missing.integer }
    switch row[Int(truncatingIfNeeded: slot)] {
    case .integer(let value)?: return UInt64(bitPattern: value)
    // An aggregate may count in doubles.
    case .number(let value)?:
        return Int64(exactly: value).map { UInt64(bitPattern: $0) } ?? Missing.integer
    default: return Missing.integer
    }
}

private func loadBoolean(_ row: Span<Value?>, _ slot: UInt64) -> UInt64 {
    guard slot < row.count, case .boolean(let value)? = row[Int(truncatingIfNeeded: slot)] else {
        return Missing.boolean
    }
    return value ? 1 : 0
}

private func loadTimestamp(_ row: Span<Value?>, _ slot: UInt64) -> UInt64 {
    guard slot < row.count, case .timestamp(let value)? = row[Int(truncatingIfNeeded: slot)] else {
        return Missing.integer
    }
    return UInt64(bitPattern: value.milliseconds)
}

private func loadText(_ row: Span<Value?>, _ slot: UInt64) -> UInt64 {
    guard slot < row.count, case .text? = row[Int(truncatingIfNeeded: slot)] else {
        return Missing.integer
    }
    return slot
}

// MARK: Operators; no NaN or infinity leaves them but as "missing"

@inline(__always)
private func finite(_ value: Double) -> UInt64 {
    value.isFinite ? value.bitPattern : Missing.number
}

@inline(__always)
private func compare(
    _ left: UInt64, _ right: UInt64, _ holds: (Double, Double) -> Bool
) -> UInt64 {
    let (left, right) = (Double(bitPattern: left), Double(bitPattern: right))
    if left.isNaN || right.isNaN { return Missing.boolean }
    return holds(left, right) ? 1 : 0
}

@inline(__always)
private func compareIntegers(
    _ left: UInt64, _ right: UInt64, _ holds: (Int64, Int64) -> Bool
) -> UInt64 {
    if left == Missing.integer || right == Missing.integer { return Missing.boolean }
    return holds(Int64(bitPattern: left), Int64(bitPattern: right)) ? 1 : 0
}

@inline(__always)
private func both(
    _ left: UInt64, _ right: UInt64, _ choose: (Double, Double) -> Double
) -> UInt64 {
    let (left, right) = (Double(bitPattern: left), Double(bitPattern: right))
    if left.isNaN || right.isNaN { return Missing.number }
    return choose(left, right).bitPattern
}

@inline(__always)
private func integers(
    _ left: UInt64, _ right: UInt64,
    _ combine: (Int64, Int64) -> (partialValue: Int64, overflow: Bool)
) -> UInt64 {
    if left == Missing.integer || right == Missing.integer { return Missing.integer }
    let (result, overflow) = combine(Int64(bitPattern: left), Int64(bitPattern: right))
    return overflow ? Missing.integer : UInt64(bitPattern: result)
}

private func addSeconds(_ timestamp: UInt64, _ seconds: UInt64) -> UInt64 {
    let seconds = Double(bitPattern: seconds)
    guard timestamp != Missing.integer,
        let milliseconds = Int64(exactly: (seconds * 1000).rounded())
    else { return Missing.integer }
    let (sum, overflow) = Int64(bitPattern: timestamp).addingReportingOverflow(milliseconds)
    return overflow ? Missing.integer : UInt64(bitPattern: sum)
}

private func secondsBetween(_ later: UInt64, _ earlier: UInt64) -> UInt64 {
    if later == Missing.integer || earlier == Missing.integer { return Missing.number }
    let (span, overflow) = Int64(bitPattern: later)
        .subtractingReportingOverflow(Int64(bitPattern: earlier))
    return overflow ? Missing.number : (Double(span) / 1000).bitPattern
}

private func hour(_ timestamp: UInt64) -> UInt64 {
    if timestamp == Missing.integer { return Missing.integer }
    let day = floored(Int64(bitPattern: timestamp), by: 86_400_000)
    return UInt64(bitPattern: day.remainder / 3_600_000)
}

/// 1970-01-01 was a Thursday.
private func weekday(_ timestamp: UInt64) -> UInt64 {
    if timestamp == Missing.integer { return Missing.integer }
    let day = floored(Int64(bitPattern: timestamp), by: 86_400_000).quotient
    return UInt64(bitPattern: floored(day + 3, by: 7).remainder + 1)
}

/// Division that rounds down, so that it works before 1970 as well.
private func floored(_ value: Int64, by size: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: size)
    return remainder < 0 ? (quotient - 1, remainder + size) : (quotient, remainder)
}
