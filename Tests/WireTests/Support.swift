/// Bytes from hexadecimal digits; white space is ignored.
func hex(_ digits: String) -> [UInt8] {
    var bytes: [UInt8] = []
    var high: UInt8?
    for digit in digits where !digit.isWhitespace {
        guard let value = digit.hexDigitValue else { return [] }
        if let first = high {
            bytes.append(first << 4 | UInt8(value))
            high = nil
        } else {
            high = UInt8(value)
        }
    }
    return bytes
}

func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

/// Steele, Lea and Flood's generator: one seed, one sequence.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}

/// Calls `body` with a fresh seed's generator and prints the seed, so that a failure can be
/// repeated.
func withSeed(_ name: String, _ body: (inout SplitMix64) throws -> Void) rethrows {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("\(name): seed \(seed)")
    var generator = SplitMix64(state: seed)
    try body(&generator)
}

/// Every proper prefix of `bytes`, and `bytes` with each single byte replaced by some others.
func damaged(_ bytes: [UInt8]) -> [[UInt8]] {
    var variants = bytes.indices.map { Array(bytes[..<$0]) }
    for index in bytes.indices {
        for replacement: UInt8 in [0, 0x1b, 0x5f, 0x7f, 0x80, 0x9f, 0xff, bytes[index] ^ 1, 0x22] {
            var variant = bytes
            variant[index] = replacement
            variants.append(variant)
        }
    }
    return variants
}
