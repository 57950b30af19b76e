/// Names one command for ever: derived from what triggered it, so the same trigger after a crash is
/// the same command and a device that has run it drops the repeat.
package struct CommandID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let value: UInt128
    package init(value: UInt128) { self.value = value }

    /// FNV-1a (128 bit) over the parts, each ended by a byte that UTF-8 never holds.
    package init(_ parts: String...) {
        var hash: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d
        for part in parts {
            for byte in part.utf8 {
                hash = (hash ^ UInt128(byte)) &* 0x100_0000_0000_0000_0000_013b
            }
            hash = (hash ^ 0xff) &* 0x100_0000_0000_0000_0000_013b
        }
        value = hash
    }

    /// 32 hexadecimal digits.
    package var description: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 32 - digits.count) + digits
    }

    package static func < (left: CommandID, right: CommandID) -> Bool { left.value < right.value }
}
