/// Functions of analysis in plain arithmetic, so that every machine gives the same bits.
package enum Elementary {
    // ln 2 in two parts, the first short enough that small multiples of it are exact.
    private static let ln2High = 0x1.62e42feep-1
    private static let ln2Low = 0x1.a39ef35793c76p-33

    /// The natural logarithm of a finite number above zero, to about 1e-16 relative.
    package static func logarithm(_ x: Double) -> Double {
        var mantissa = x.significand
        var exponent = Double(x.exponent)
        if mantissa > 1.4142135623730951 {
            mantissa /= 2
            exponent += 1
        }
        // ln m = 2 artanh z, and z is at most 0.1716.
        let z = (mantissa - 1) / (mantissa + 1)
        let square = z * z
        var sum = 0.0
        for odd in stride(from: 23.0, through: 3, by: -2) { sum = square * (sum + 1 / odd) }
        return exponent * ln2High + (2 * z * (1 + sum) + exponent * ln2Low)
    }

    /// e to this power, to about 1e-16 relative; infinite beyond what there are numbers for.
    package static func exponential(_ x: Double) -> Double {
        if x > 709.78 { return .infinity }
        if x < -745 { return 0 }
        let powers = (x / (ln2High + ln2Low)).rounded()
        let rest = (x - powers * ln2High) - powers * ln2Low
        var sum = 1.0
        for step in stride(from: 17.0, through: 1, by: -1) { sum = 1 + rest * sum / step }
        return Double(sign: .plus, exponent: Int(powers), significand: sum)
    }

    /// The share of a standard normal distribution below `z`, to 1e-15 absolute.
    package static func normal(below z: Double) -> Double {
        if z.magnitude > 8.5 { return z > 0 ? 1 : 0 }
        let square = z * z
        var term = z
        var sum = z
        var odd = 1.0
        while term.magnitude > 1e-17 * sum.magnitude {
            odd += 2
            term *= square / odd
            sum += term
        }
        return 0.5 + sum * exponential(-square / 2) / 2.5066282746310002
    }
}
