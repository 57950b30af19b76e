extension ExactSum {
    /// Adds a product without rounding (its rounding error is a double of its own); false where a
    /// double cannot hold it.
    mutating func addProduct(_ left: Double, _ right: Double) -> Bool {
        let product = left * right
        guard product.isFinite else { return false }
        add(product)
        add((-product).addingProduct(left, right))
        return true
    }

    /// The same sum with its lanes filled the one way that every equal sum has.
    var canonical: ExactSum {
        if huge.isEmpty, low >= 0, low >> ExactSum.highBit == 0 { return self }
        if huge.isEmpty {
            let carry = low >> ExactSum.highBit
            let (sum, overflow) = high.addingReportingOverflow(carry)
            if !overflow {
                var result = ExactSum()
                result.high = sum
                result.low = low - carry << ExactSum.highBit
                return result
            }
        }
        return ExactSum(words: total)
    }

    /// The sum as two doubles, to more than 100 bits; nil where it is too large or small for that.
    /// Equal sums give equal pairs.
    var pair: (high: Double, low: Double)? {
        let sum = canonical
        let size = sum.high.magnitude
        guard sum.huge.isEmpty, size >> 60 > 0, size >> 120 == 0 else { return nil }
        let cut = 128 - size.leadingZeroBitCount - 53
        let upper = ExactSum.double((size >> cut) << cut)
        let rest = ExactSum.double(size - ((size >> cut) << cut))
        let sign: Double = sum.high < 0 ? -0x1p-64 : 0x1p-64
        return (sign * upper, sign * rest + ExactSum.double(UInt128(sum.low)) * 0x1p-152)
    }

    /// The nearest double, ties to even.
    static func double(_ whole: UInt128) -> Double {
        let zeros = whole.leadingZeroBitCount
        if zeros >= 64 { return Double(UInt64(truncatingIfNeeded: whole)) }
        // The lowest of 64 bits stands for all that are cut: more than nothing.
        let shifted = whole << zeros
        let top = UInt64(truncatingIfNeeded: shifted >> 64)
        let isCut = UInt64(truncatingIfNeeded: shifted) != 0
        let scale = Double(bitPattern: UInt64(1023 + 64 - zeros) << 52)
        return Double(isCut ? top | 1 : top) * scale
    }

    /// From the words that `total` makes.
    private init(words: [UInt64]) {
        func part(_ bit: Int) -> UInt64 {
            let (index, shift) = (bit / 64, bit % 64)
            let sign: UInt64 = (words.last ?? 0) >> 63 == 1 ? .max : 0
            let next = index + 1 < words.count ? words[index + 1] : sign
            return shift == 0 ? words[index] : words[index] >> shift | next << (64 - shift)
        }
        self.init()
        low = Int128(words[0]) | Int128(words[1] & 0xff_ffff) << 64
        let upper = UInt128(part(152)) << 64 | UInt128(part(88))
        let sign: UInt64 = upper >> 127 == 1 ? .max : 0
        let rest = stride(from: 216, to: words.count * 64, by: 64).map { part($0) }
        // The last part reaches beyond the top, where the sign goes on.
        if rest.allSatisfy({ $0 == sign }) {
            high = Int128(bitPattern: upper)
        } else {
            high = Int128(bitPattern: upper & (1 << 74 - 1))
            huge = (0..<ExactSum.hugeWords).map { part(162 + 64 * $0) }
        }
    }

    /// A whole number.
    init(_ value: Int128) {
        self.init()
        let upper = Int64(truncatingIfNeeded: value >> 96)
        let middle = Int64(truncatingIfNeeded: value >> 48 & 0xffff_ffff_ffff)
        add(Double(upper) * 0x1p96)
        add(Double(middle) * 0x1p48)
        add(Double(Int64(truncatingIfNeeded: value & 0xffff_ffff_ffff)))
    }
}

/// A sum of exact sums times doubles, in units of 2^-152: only what is below that is cut.
struct ScaledSum {
    private var words = Array(repeating: UInt64(0), count: ExactSum.hugeWords + 4)

    /// Adds `sum` times every one of `factors`.
    mutating func add(_ sum: ExactSum, times factors: [Double]) {
        var magnitude = sum.total
        let isNegative = (magnitude.last ?? 0) >> 63 == 1
        if isNegative { negate(&magnitude) }
        while magnitude.count > 1, magnitude.last == 0 { magnitude.removeLast() }
        for factor in factors where factor != 0 && factor.isFinite {
            add(magnitude, times: factor, isNegative: isNegative != (factor < 0))
        }
    }

    private mutating func add(_ magnitude: [UInt64], times factor: Double, isNegative: Bool) {
        let exponent = Int(factor.exponent) - 52
        let whole = UInt64(factor.magnitude.significand * 0x1p52)
        var product: [UInt64] = []
        product.reserveCapacity(magnitude.count + 3)
        var carry: UInt64 = 0
        for word in magnitude {
            let (high, low) = word.multipliedFullWidth(by: whole)
            let (sum, overflow) = low.addingReportingOverflow(carry)
            product.append(sum)
            carry = high + (overflow ? 1 : 0)
        }
        product += [carry, 0]
        if exponent < 0 {
            let (cut, shift) = (-exponent / 64, -exponent % 64)
            guard cut < product.count else { return }
            product.removeFirst(cut)
            if shift > 0 {
                for index in product.indices {
                    let next = index + 1 < product.count ? product[index + 1] : 0
                    product[index] = product[index] >> shift | next << (64 - shift)
                }
            }
        }
        if isNegative { negate(&product) }
        addWords(product, at: max(0, exponent), to: &words)
    }

    /// As the nearest double.
    var value: Double {
        var magnitude = words
        let isNegative = (words.last ?? 0) >> 63 == 1
        if isNegative { negate(&magnitude) }
        let result = ExactSum().rounded(magnitude, unit: -152)
        return isNegative ? -result : result
    }
}

/// A number as the exact sum of doubles.
struct Expansion {
    var terms: [Double]

    init(_ value: Double) { terms = [value] }

    private init(terms: [Double]) { self.terms = terms }

    func times(_ factor: Double) -> Expansion {
        Expansion(
            terms: terms.flatMap { term in
                let product = term * factor
                return [product, (-product).addingProduct(term, factor)]
            })
    }
}
