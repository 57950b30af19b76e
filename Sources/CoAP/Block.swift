/// A Block1 or Block2 option (RFC 7959 section 2.2): which block, of what size, and whether more
/// come.
package struct Block: Hashable, Sendable {
    package var number: UInt32
    package var hasMore: Bool
    /// Block size is 16 << sizeExponent; 7 is reserved over UDP.
    package var sizeExponent: UInt8

    package init(number: UInt32, hasMore: Bool, sizeExponent: UInt8) {
        self.number = number
        self.hasMore = hasMore
        self.sizeExponent = sizeExponent
    }

    /// Nil for the reserved size and for values longer than three bytes.
    package init?(optionValue: UInt32) {
        guard optionValue <= 0xff_ffff, optionValue & 7 != 7 else { return nil }
        number = optionValue >> 4
        hasMore = optionValue & 8 != 0
        sizeExponent = UInt8(optionValue & 7)
    }

    package var optionValue: UInt32 {
        number << 4 | (hasMore ? 8 : 0) | UInt32(sizeExponent)
    }

    /// Bytes.
    package var size: Int { 16 << Int(sizeExponent) }

    /// Cuts one block out of a body of `count` bytes, statelessly: each block is asked for by
    /// number.
    package static func slice(count: Int, asked: Block?, sizeMax: Int) -> Slice {
        var block = asked ?? Block(number: 0, hasMore: false, sizeExponent: 6)
        while block.size > sizeMax, block.sizeExponent > 0 {
            // A smaller size than asked for: the same offset is a larger number.
            block.sizeExponent -= 1
            block.number = block.number.multipliedReportingOverflow(by: 2).partialValue
        }
        let start = Int(block.number) * block.size
        if start == 0, count <= block.size {
            block.hasMore = false
            return Slice(range: 0..<count, block: asked == nil ? nil : block)
        }
        guard start < count, block.number <= 0xf_ffff else { return Slice(range: nil, block: nil) }
        let end = min(start + block.size, count)
        block.hasMore = end < count
        return Slice(range: start..<end, block: block)
    }

    /// The bytes to send and the Block2 option to say so with.
    package struct Slice: Hashable, Sendable {
        /// Nil when the asked-for block lies behind the end.
        package var range: Range<Int>?
        /// Nil when the whole body goes out without anybody having asked for blocks.
        package var block: Block?
    }
}
