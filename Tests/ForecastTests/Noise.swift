/// Numbers that are nearly normal, each the sum of twelve fractions of SplitMix64 less six.
func noise(_ seed: UInt64, _ count: Int) -> [Double] {
    var state = seed
    func next() -> Double {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return Double((mixed ^ (mixed >> 31)) >> 11) / 0x1p53
    }
    return (0..<count).map { _ in (0..<12).reduce(-6) { sum, _ in sum + next() } }
}

/// Each the last and a step.
func walk(_ seed: UInt64, _ count: Int) -> [Double] {
    var sum = 0.0
    return noise(seed, count).map {
        sum += $0
        return sum
    }
}

func isClose(_ left: Double, _ right: Double, _ tolerance: Double = 1e-9) -> Bool {
    (left - right).magnitude <= tolerance * max(1, right.magnitude)
}
