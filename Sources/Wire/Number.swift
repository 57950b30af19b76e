/// A number as it was written: whole numbers that `Int64` holds stay whole.
package enum Number: Hashable, Sendable {
    case integer(Int64)
    case number(Double)

    package var double: Double {
        switch self {
        case .integer(let integer): Double(integer)
        case .number(let number): number
        }
    }
}

/// Digits beyond this cannot be meant: no double needs more than 767 to be told from its neighbour.
private let numberLengthMax = 1024

/// Exact powers of ten: the largest that a double holds without rounding is 10^22.
private let powersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
]

/// `mantissa * 10^exponent` where one correctly rounded operation on exact doubles gives it
/// (Clinger's fast path), else nil.
private func exactDouble(_ mantissa: UInt64, exponent: Int) -> Double? {
    guard mantissa <= 1 << 53, exponent >= -22, exponent <= 22 else { return nil }
    let value = Double(mantissa)
    return exponent < 0 ? value / powersOfTen[-exponent] : value * powersOfTen[exponent]
}

/// `mantissa * 10^exponent`, correctly rounded; nil where a double cannot hold it.
func decimalFraction(_ mantissa: Int64, exponent: Int64) -> Double? {
    if mantissa == 0 { return 0 }
    if (-22...22).contains(exponent),
        let value = exactDouble(mantissa.magnitude, exponent: Int(exponent))
    {
        return mantissa < 0 ? -value : value
    }
    // Past these exponents the result is zero or overflows whatever the mantissa.
    let bounded = min(max(exponent, -400), 400)
    guard let value = Double("\(mantissa)e\(bounded)"), value.isFinite else { return nil }
    return value
}

extension JSONScanner {
    /// A number by JSON's grammar. One that overflows to infinity is refused; `-0` is a double.
    package mutating func number(_ bytes: Span<UInt8>) throws(WireError) -> Number {
        let start = offset
        let isNegative = offset < bytes.count && bytes[offset] == UInt8(ascii: "-")
        if isNegative { offset += 1 }

        // The mantissa is right as long as `significant` says that no more than 19 digits are in
        // it.
        var mantissa: UInt64 = 0
        var significant = 0
        let wholeStart = offset
        while let digit = digit(bytes) {
            mantissa = mantissa &* 10 &+ digit
            if mantissa != 0 || significant > 0 { significant += 1 }
            offset += 1
        }
        guard offset > wholeStart else {
            throw offset < bytes.count ? .unexpected(at: offset) : .truncated(at: offset)
        }
        if bytes[wholeStart] == UInt8(ascii: "0"), offset > wholeStart + 1 {
            throw .unexpected(at: wholeStart + 1)
        }

        var exponent = 0
        var isWhole = true
        if offset < bytes.count, bytes[offset] == UInt8(ascii: ".") {
            isWhole = false
            offset += 1
            let fractionStart = offset
            while let digit = digit(bytes) {
                mantissa = mantissa &* 10 &+ digit
                if mantissa != 0 || significant > 0 { significant += 1 }
                offset += 1
            }
            exponent = fractionStart - offset
            guard exponent < 0 else {
                throw offset < bytes.count ? .unexpected(at: offset) : .truncated(at: offset)
            }
        }
        if offset < bytes.count, bytes[offset] | 0x20 == UInt8(ascii: "e") {
            isWhole = false
            exponent += try self.exponent(bytes)
        }
        guard offset - start <= numberLengthMax else { throw .tooLong(at: start) }

        if significant <= 19 {
            if isWhole, !isNegative, mantissa <= UInt64(Int64.max) {
                return .integer(Int64(mantissa))
            }
            if isWhole, isNegative, mantissa > 0, mantissa <= Int64.min.magnitude {
                return .integer(0 &- Int64(truncatingIfNeeded: mantissa))
            }
            if let value = exactDouble(mantissa, exponent: exponent) {
                return .number(isNegative ? -value : value)
            }
        }
        let text = try checkedString(bytes.extracting(start..<offset), at: start)
        guard let value = Double(text), value.isFinite else { throw .numberOutOfRange(at: start) }
        return .number(value)
    }

    private func digit(_ bytes: Span<UInt8>) -> UInt64? {
        guard offset < bytes.count else { return nil }
        let digit = bytes[offset] &- UInt8(ascii: "0")
        return digit < 10 ? UInt64(digit) : nil
    }

    /// The scanner stands on `e`. Absurd exponents saturate; they cannot be told apart anyway.
    private mutating func exponent(_ bytes: Span<UInt8>) throws(WireError) -> Int {
        offset += 1
        var isNegative = false
        if offset < bytes.count,
            bytes[offset] == UInt8(ascii: "-") || bytes[offset] == UInt8(ascii: "+")
        {
            isNegative = bytes[offset] == UInt8(ascii: "-")
            offset += 1
        }
        let start = offset
        var exponent = 0
        while let digit = digit(bytes) {
            exponent = min(exponent * 10 + Int(digit), 1_000_000)
            offset += 1
        }
        guard offset > start else {
            throw offset < bytes.count ? .unexpected(at: offset) : .truncated(at: offset)
        }
        return isNegative ? -exponent : exponent
    }
}
