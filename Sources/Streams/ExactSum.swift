package import Model

/// A sum of doubles without rounding, so that neither the order of the additions nor the way
/// partial sums were merged can change it.
///
/// A double is an integer times a power of two, so sums of doubles are integer additions once the
/// point is fixed. Two 128-bit lanes hold everything that sensors send: `high` counts units of
/// 2^-64, `low` the bits below that, in units of 2^-152. Magnitudes of 2^62 and more, and what
/// overflows the high lane, go to `huge`, 18 words of two's complement in units of 2^10 that are
/// only allocated then. In other words: exact for every finite double, except that each value is
/// first rounded to a multiple of 2^-152 (which touches only values below 2^-100), and rounded
/// correctly once, when read.
package struct ExactSum: Sendable {
    var high: Int128 = 0
    var low: Int128 = 0
    var huge: [UInt64] = []

    static let hugeWords = 18
    /// Where a unit of `high` stands in units of `low`.
    static let highBit: Int128 = 88
    /// Where a unit of `huge` stands in units of `high`.
    static let hugeBit: Int128 = 74

    package init() {}

    /// Adds one finite value; NaN and infinity are ignored.
    package mutating func add(_ value: Double) {
        let bits = value.bitPattern
        let shift = Int(truncatingIfNeeded: bits >> 52 & 0x7ff) - 1011
        guard shift >= 0, shift <= 73 else { return addOutlier(value) }
        let magnitude = Int128(truncatingIfNeeded: bits & 0xf_ffff_ffff_ffff | 1 << 52) << shift
        let (sum, overflow) = high.addingReportingOverflow(
            bits >> 63 == 0 ? magnitude : -magnitude)
        if overflow {
            addHigh(bits >> 63 == 0 ? magnitude : -magnitude)
        } else {
            high = sum
        }
    }

    /// Adds an integer, whole even where a double could not hold it.
    package mutating func add(_ value: Int64) {
        let upper = (value >> 32) << 32
        add(Double(upper))
        add(Double(value - upper))
    }

    package mutating func merge(_ other: ExactSum) {
        addHigh(other.high)
        if other.low != 0 { addLow(other.low) }
        if !other.huge.isEmpty { addHuge(other.huge, at: 0) }
    }

    /// Takes away what was added or merged before; exact, as everything here.
    package mutating func subtract(_ other: ExactSum) {
        let (difference, overflow) = high.subtractingReportingOverflow(other.high)
        if !overflow, other.low == 0, other.huge.isEmpty {
            high = difference
            return
        }
        var negative = other
        if negative.high == .min { negative.spillHigh() }
        if negative.low == .min { negative.spillLow() }
        negative.high = -negative.high
        negative.low = -negative.low
        negate(&negative.huge)
        merge(negative)
    }

    /// The sum as the nearest double, ties to even; infinite where it is beyond the largest.
    package var value: Double {
        if low == 0, huge.isEmpty {
            let magnitude = ExactSum.double(high.magnitude) * 0x1p-64
            return high < 0 ? -magnitude : magnitude
        }
        return roundedTotal()
    }

    /// The sum divided by a count of at least 1, rounded once.
    package func divided(by count: Int64) -> Double {
        let divisor = UInt64(max(1, count))
        guard low == 0, huge.isEmpty else { return dividedSlowly(by: divisor) }
        // All 128 bits are used, so the quotient has more than 53; a remainder is more than
        // nothing.
        let shift = high.magnitude.leadingZeroBitCount
        let (quotient, remainder) = (high.magnitude << shift)
            .quotientAndRemainder(dividingBy: UInt128(divisor))
        let magnitude = Double(
            sign: .plus, exponent: -64 - shift,
            significand: ExactSum.double(remainder == 0 ? quotient : quotient | 1))
        return high < 0 ? -magnitude : magnitude
    }

    /// The sum where it is a whole number that fits.
    package var integer: Int64? {
        if low == 0, huge.isEmpty {
            guard high & 0xffff_ffff_ffff_ffff == 0 else { return nil }
            return Int64(exactly: high >> 64)
        }
        // 152 bits of fraction: two words and 24 bits of the third.
        let words = total
        guard words[0] == 0, words[1] == 0, words[2] & 0xff_ffff == 0 else { return nil }
        let result = Int64(bitPattern: words[2] >> 24 | words[3] << 40)
        let sign: UInt64 = result < 0 ? .max : 0
        guard Int64(bitPattern: words[3]) >> 24 == (result < 0 ? -1 : 0),
            words[4...].allSatisfy({ $0 == sign })
        else { return nil }
        return result
    }

    // MARK: Lanes

    /// Values outside [2^-12, 2^62) and zero.
    private mutating func addOutlier(_ value: Double) {
        guard value != 0, value.isFinite else { return }
        let exponent = Int(value.exponent)
        if exponent >= 62 {
            let position = exponent - 52 - 10
            let mantissa = Int128(value.significandBitPattern | 1 << 52)
            let part = (value < 0 ? -mantissa : mantissa) << (position % 64)
            addHuge(words(of: part), at: position / 64)
        } else if exponent >= -100 {
            // No bit lies below 2^-152; the upper ones go to the high lane.
            let upper = (value * 0x1p64).rounded(.towardZero)
            addHigh(Int128(upper))
            addLow(Int128((value * 0x1p64 - upper) * 0x1p88))
        } else {
            addLow(Int128((value * 0x1p152).rounded(.toNearestOrEven)))
        }
    }

    private mutating func addHigh(_ part: Int128) {
        let (sum, overflow) = high.addingReportingOverflow(part)
        if !overflow {
            high = sum
            return
        }
        spillHigh()
        let upper = part >> ExactSum.hugeBit
        addHuge(words(of: upper), at: 0)
        high += part - upper << ExactSum.hugeBit
    }

    private mutating func addLow(_ part: Int128) {
        let (sum, overflow) = low.addingReportingOverflow(part)
        if !overflow {
            low = sum
            return
        }
        spillLow()
        let upper = part >> ExactSum.highBit
        addHigh(upper)
        low += part - upper << ExactSum.highBit
    }

    private mutating func spillHigh() {
        let upper = high >> ExactSum.hugeBit
        addHuge(words(of: upper), at: 0)
        high -= upper << ExactSum.hugeBit
    }

    private mutating func spillLow() {
        let upper = low >> ExactSum.highBit
        low -= upper << ExactSum.highBit
        addHigh(upper)
    }

    private mutating func addHuge(_ part: [UInt64], at word: Int) {
        if huge.isEmpty { huge = Array(repeating: 0, count: ExactSum.hugeWords) }
        addWords(part, at: word * 64, to: &huge)
    }

    /// The whole sum in units of 2^-152, two's complement, least word first.
    var total: [UInt64] {
        var words = Array(repeating: UInt64(0), count: ExactSum.hugeWords + 4)
        addWords(self.words(of: low), at: 0, to: &words)
        addWords(self.words(of: high), at: Int(ExactSum.highBit), to: &words)
        if !huge.isEmpty {
            addWords(huge, at: Int(ExactSum.highBit + ExactSum.hugeBit), to: &words)
        }
        return words
    }

    func words(of value: Int128) -> [UInt64] {
        [UInt64(truncatingIfNeeded: value), UInt64(truncatingIfNeeded: value >> 64)]
    }

    private func dividedSlowly(by divisor: UInt64) -> Double {
        // Two more words of fraction leave the quotient more than 53 bits.
        var words = [0, 0] + total
        let isNegative = words[words.count - 1] >> 63 == 1
        if isNegative { negate(&words) }
        var remainder: UInt64 = 0
        for index in words.indices.reversed() {
            (words[index], remainder) = divisor.dividingFullWidth((remainder, words[index]))
        }
        if remainder != 0 { words[0] |= 1 }
        let magnitude = rounded(words, unit: -152 - 128)
        return isNegative ? -magnitude : magnitude
    }

    private func roundedTotal() -> Double {
        var words = total
        let isNegative = words[words.count - 1] >> 63 == 1
        if isNegative { negate(&words) }
        let magnitude = rounded(words, unit: -152)
        return isNegative ? -magnitude : magnitude
    }

    /// Rounds a whole number of units of 2^`unit` to 53 bits: what lies below decides, all of it.
    func rounded(_ words: [UInt64], unit: Int) -> Double {
        guard let top = words.lastIndex(where: { $0 != 0 }) else { return 0 }
        let lead = top * 64 + 63 - words[top].leadingZeroBitCount
        func bit(_ index: Int) -> UInt64 { index < 0 ? 0 : words[index / 64] >> (index % 64) & 1 }
        var mantissa: UInt64 = 0
        for index in stride(from: lead, to: lead - 53, by: -1) {
            mantissa = mantissa << 1 | bit(index)
        }
        let half = lead - 53
        if bit(half) == 1 {
            let isTie = (0..<half).allSatisfy { bit($0) == 0 }
            if !isTie || mantissa & 1 == 1 { mantissa += 1 }
        }
        return Double(sign: .plus, exponent: lead - 52 + unit, significand: Double(mantissa))
    }
}

/// Adds a sign-extended number to another, `bit` bits up; what overflows the top is cut.
func addWords(_ part: [UInt64], at bit: Int, to words: inout [UInt64]) {
    let (first, shift) = (bit / 64, bit % 64)
    let sign: UInt64 = (part.last ?? 0) >> 63 == 1 ? .max : 0
    var carry: UInt64 = 0
    var below: UInt64 = 0
    for index in first..<words.count {
        let word = index - first < part.count ? part[index - first] : sign
        let shifted = shift == 0 ? word : word << shift | below >> (64 - shift)
        below = word
        let (sum, overflow) = words[index].addingReportingOverflow(shifted)
        let (result, overflowOfCarry) = sum.addingReportingOverflow(carry)
        words[index] = result
        carry = overflow || overflowOfCarry ? 1 : 0
    }
}

func negate(_ words: inout [UInt64]) {
    var carry = true
    for index in words.indices {
        let (result, overflow) = (~words[index]).addingReportingOverflow(carry ? 1 : 0)
        words[index] = result
        carry = overflow
    }
}

extension ExactSum: Hashable {
    /// Equal sums are equal however their parts came to lie in the lanes.
    package static func == (left: ExactSum, right: ExactSum) -> Bool { left.total == right.total }

    package func hash(into hasher: inout Hasher) { hasher.combine(total) }
}

extension ExactSum {
    /// Equal sums are written in equal bytes.
    package func write(into writer: inout ByteWriter) {
        let sum = canonical
        writer.fixed(UInt128(bitPattern: sum.high))
        writer.fixed(UInt128(bitPattern: sum.low))
        writer.list(sum.huge) { $0.fixed($1) }
    }

    package init(from reader: inout ByteReader) throws(RecordError) {
        high = Int128(bitPattern: try reader.fixed128())
        low = Int128(bitPattern: try reader.fixed128())
        huge = try reader.list { (reader) throws(RecordError) in try reader.fixed() }
        guard huge.isEmpty || huge.count == ExactSum.hugeWords else {
            throw .malformed(at: reader.offset)
        }
    }
}
