import Model
import Streams
import Testing

@Suite("Exact sums")
struct ExactSumTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var story: String
        var values: [Double]
        var sum: Double
        var testDescription: String { story }
    }

    @Test(arguments: [
        Case(story: "nothing", values: [], sum: 0),
        Case(story: "what a double sum loses", values: [1e16, 1, -1e16, 1], sum: 2),
        Case(story: "tenths round once", values: Array(repeating: 0.1, count: 10), sum: 1),
        Case(story: "minus zero is zero", values: [-0.0], sum: 0),
        Case(story: "the high lane overflows", values: [0x1p61, 0x1p61, 0x1p61], sum: 0x1.8p62),
        Case(
            story: "and comes back",
            values: [0x1p61, 0x1p61, 0x1p61, 1, -0x1p61, -0x1p61, -0x1p61],
            sum: 1),
        Case(story: "beyond the high lane", values: [1e300, 1, -1e300, 0x1p-80], sum: 1),
        Case(story: "the same with a small rest", values: [1e300, -1e300, 0x1p-80], sum: 0x1p-80),
        Case(
            story: "the largest twice is infinite",
            values: [.greatestFiniteMagnitude, .greatestFiniteMagnitude], sum: .infinity),
        Case(
            story: "but not if it is taken back",
            values: [
                .greatestFiniteMagnitude, .greatestFiniteMagnitude, -.greatestFiniteMagnitude,
            ], sum: .greatestFiniteMagnitude),
        Case(story: "halfway rounds to even, down", values: [0x1p53, 1], sum: 0x1p53),
        Case(
            story: "halfway rounds to even, up", values: [0x1p53 + 2, 1], sum: 0x1p53 + 4),
        Case(
            story: "a bit more than halfway, far below", values: [0x1p53, 1, 0x1p-150],
            sum: 0x1p53 + 2),
        Case(
            story: "a bit less than halfway, far below", values: [0x1p53 + 2, 1, -0x1p-150],
            sum: 0x1p53 + 2),
        Case(story: "below the high lane", values: [0x1p-100, 0x1p-152, -0x1p-100], sum: 0x1p-152),
        Case(
            story: "finer than anything measured", values: [0x1p-160, .leastNonzeroMagnitude],
            sum: 0),
        Case(story: "no numbers are left out", values: [.nan, .infinity, 3], sum: 3),
        Case(story: "negative", values: [-1.5, -2.25, 0x1p-70, -0x1p-70], sum: -3.75),
    ])
    func table(_ row: Case) {
        for values in [row.values, row.values.reversed()] {
            var sum = ExactSum()
            for value in values { sum.add(value) }
            #expect(sum.value == row.sum)
        }
    }

    /// NIST StRD, univariate: certified means of NumAcc1 to NumAcc4.
    @Test(
        arguments: [
            ("NumAcc1", [10_000_001, 10_000_003, 10_000_002], 10_000_002),
            ("NumAcc2", [1.2] + repeated([1.1, 1.3], 500), 1.2),
            ("NumAcc3", [1_000_000.2] + repeated([1_000_000.1, 1_000_000.3], 500), 1_000_000.2),
            (
                "NumAcc4", [10_000_000.2] + repeated([10_000_000.1, 10_000_000.3], 500),
                10_000_000.2
            ),
        ] as [(String, [Double], Double)])
    func nist(_ name: String, _ values: [Double], _ mean: Double) {
        var sum = ExactSum()
        for value in values { sum.add(value) }
        #expect(sum.divided(by: Int64(values.count)) == mean)
    }

    @Test("any order, any grouping and any detour give the same sum, which a big number confirms")
    func orderless() {
        let seed: UInt64 = 20_260_715
        var random = SplitMix64(state: seed)
        for round in 0..<60 {
            var values: [Double] = []
            for _ in 0..<50 {
                let exponent = Int.random(
                    in: round % 2 == 0 ? -30...30 : -100...200, using: &random)
                let significand = Double.random(in: -2...2, using: &random)
                values.append(Double(sign: .plus, exponent: exponent, significand: significand))
            }
            var reference = BigSum()
            for value in values { reference.add(value) }
            var straight = ExactSum()
            for value in values { straight.add(value) }
            values.shuffle(using: &random)
            var (left, right) = (ExactSum(), ExactSum())
            for value in values[..<20] { left.add(value) }
            for value in values[20...] { right.add(value) }
            var merged = left
            merged.merge(right)
            #expect(merged == straight, "seed \(seed), round \(round)")
            #expect(merged.value == reference.value, "seed \(seed), round \(round)")
            merged.subtract(left)
            #expect(merged == right, "seed \(seed), round \(round)")
            let count = Int64.random(in: 1...1000, using: &random)
            let quotient = straight.divided(by: count)
            #expect(quotient == reference.divided(by: count), "seed \(seed), round \(round)")
        }
    }

    @Test("integers beyond what a double holds")
    func integers() {
        var sum = ExactSum()
        sum.add(Int64.max)
        #expect(sum.integer == .max)
        sum.add(Int64(1))
        #expect(sum.integer == nil)
        sum.add(Int64.min)
        #expect(sum.integer == 0)
        sum.add(Int64.min)
        #expect(sum.integer == .min)
        sum.add(-0.5)
        #expect(sum.integer == nil)
        sum.add(0.5)
        sum.add(-0x1p-80)
        #expect(sum.integer == nil)
    }

    @Test("written and read back, it goes on")
    func stored() throws {
        for values in [[0.1, 3], [1e300, 0x1p-120], [-5]] {
            var sum = ExactSum()
            for value in values { sum.add(value) }
            var writer = ByteWriter()
            sum.write(into: &writer)
            var reader = ByteReader(writer.bytes)
            #expect(try ExactSum(from: &reader) == sum)
            for length in 0..<writer.bytes.count {
                var cut = ByteReader(Array(writer.bytes[..<length]))
                #expect(throws: RecordError.self) { try ExactSum(from: &cut) }
            }
        }
    }
}

func repeated(_ values: [Double], _ times: Int) -> [Double] {
    (0..<times).flatMap { _ in values }
}

/// A sum as one wide integer, written as plainly as can be: decimal-free school arithmetic on bits.
private struct BigSum {
    /// Units of 2^-152, sign and magnitude, least bit first.
    private var positive = [Bool](repeating: false, count: 600)
    private var negative = [Bool](repeating: false, count: 600)

    mutating func add(_ value: Double) {
        guard value != 0 else { return }
        let mantissa = value.significandBitPattern | 1 << 52
        for bit in 0..<53 where mantissa >> bit & 1 == 1 {
            let place = Int(value.exponent) - 52 + bit + 152
            if place < 0 { continue }
            if value < 0 { carry(&negative, place) } else { carry(&positive, place) }
        }
    }

    private func carry(_ bits: inout [Bool], _ place: Int) {
        var place = place
        while bits[place] {
            bits[place] = false
            place += 1
        }
        bits[place] = true
    }

    private var difference: (bits: [Bool], isNegative: Bool) {
        let isNegative =
            negative.reversed().lexicographicallyPrecedes(positive.reversed()) { !$0 && $1 }
            == false && negative != positive
        let (large, small) = isNegative ? (negative, positive) : (positive, negative)
        var result = large
        var borrow = false
        for index in result.indices {
            let count = (large[index] ? 1 : 0) - (small[index] ? 1 : 0) - (borrow ? 1 : 0)
            result[index] = count & 1 != 0
            borrow = count < 0
        }
        return (result, isNegative)
    }

    var value: Double { divided(by: 1) }

    func divided(by count: Int64) -> Double {
        let (bits, isNegative) = difference
        var quotient: [Bool] = []
        var rest: Int64 = 0
        for bit in bits.reversed() + Array(repeating: false, count: 100) {
            rest = rest * 2 + (bit ? 1 : 0)
            quotient.append(rest >= count)
            if rest >= count { rest -= count }
        }
        guard let lead = quotient.firstIndex(of: true) else { return 0 }
        var mantissa: UInt64 = 0
        for index in lead..<lead + 53 { mantissa = mantissa << 1 | (quotient[index] ? 1 : 0) }
        let isMore = rest != 0 || quotient[(lead + 54)...].contains(true)
        if quotient[lead + 53], isMore || mantissa & 1 == 1 { mantissa += 1 }
        let exponent = quotient.count - 1 - lead - 52 - 152 - 100
        let magnitude = Double(sign: .plus, exponent: exponent, significand: Double(mantissa))
        return isNegative ? -magnitude : magnitude
    }
}
