/// CRC-32C (Castagnoli, RFC 3720 appendix B.4), eight bytes a step.
package enum Checksum {
    /// Table `k` (256 entries each) carries a byte `k` more zero bytes on.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var remainder = UInt32(byte)
            for _ in 0..<8 {
                remainder = remainder >> 1 ^ (remainder & 1 == 0 ? 0 : 0x82f6_3b78)
            }
            tables[byte] = remainder
        }
        for index in 256..<tables.count {
            let previous = tables[index - 256]
            tables[index] = previous >> 8 ^ tables[Int(previous & 0xff)]
        }
        return tables
    }()

    /// CRC-32C (Castagnoli, as in RFC 3720 appendix B.4) of the bytes.
    package static func crc32c(_ bytes: Span<UInt8>) -> UInt32 {
        let tables = tables.span
        var remainder: UInt32 = 0xffff_ffff
        var index = 0
        while index + 8 <= bytes.count {
            var word: UInt64 = 0
            for place in 0..<8 { word |= UInt64(bytes[index + place]) << UInt64(place * 8) }
            word ^= UInt64(remainder)
            remainder = 0
            for place in 0..<8 {
                let byte = Int(truncatingIfNeeded: word >> UInt64(place * 8) & 0xff)
                remainder ^= tables[(7 - place) * 256 + byte]
            }
            index += 8
        }
        while index < bytes.count {
            let byte = UInt8(truncatingIfNeeded: remainder) ^ bytes[index]
            remainder = remainder >> 8 ^ tables[Int(byte)]
            index += 1
        }
        return ~remainder
    }
}
