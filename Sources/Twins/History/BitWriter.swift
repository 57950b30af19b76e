/// Appends bits to bytes, the first bit of a byte being its highest.
struct BitWriter: Sendable {
    private(set) var bytes: [UInt8] = []
    /// Bits that do not fill a byte yet, the last ones written lowest.
    private var rest: UInt64 = 0
    private var restCount = 0

    /// Bytes that are written or begun.
    var count: Int { bytes.count + (restCount > 0 ? 1 : 0) }

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        rest = 0
        restCount = 0
    }

    /// Writes the low `count` bits of a value that has no others; at most 56.
    mutating func write(_ value: UInt64, _ count: Int) {
        rest = rest << UInt64(count) | value
        restCount += count
        while restCount >= 8 {
            restCount -= 8
            bytes.append(UInt8(truncatingIfNeeded: rest >> UInt64(restCount)))
        }
    }

    /// Writes `count` bits of a value, up to all 64.
    mutating func writeWide(_ value: UInt64, _ count: Int) {
        if count > 32 {
            write(value >> 32, count - 32)
            write(value & 0xffff_ffff, 32)
        } else {
            write(value, count)
        }
    }

    /// The bytes, the last one filled up with zeros.
    var padded: [UInt8] {
        if restCount == 0 { return bytes }
        return bytes + [UInt8(truncatingIfNeeded: rest << UInt64(8 - restCount))]
    }
}

/// Reads what `BitWriter` wrote. Past the end there are zeros, and `isExhausted` says so.
struct BitReader {
    private let bytes: [UInt8]
    private var offset: Int
    /// The next bits, from the highest on.
    private var window: UInt64 = 0
    private var available = 0
    private(set) var isExhausted = false

    init(_ bytes: [UInt8], at offset: Int) {
        self.bytes = bytes
        self.offset = offset
        refill()
    }

    private mutating func refill() {
        while available <= 56, offset < bytes.count {
            window |= UInt64(bytes[offset]) << UInt64(56 - available)
            offset += 1
            available += 8
        }
    }

    /// At most 56 bits.
    mutating func read(_ count: Int) -> UInt64 {
        if count == 0 { return 0 }
        if available < count { refill() }
        let value = window >> UInt64(64 - count)
        window <<= UInt64(count)
        available -= count
        if available < 0 {
            isExhausted = true
            available = 0
        }
        return value
    }

    /// Up to 64 bits.
    mutating func readWide(_ count: Int) -> UInt64 {
        if count <= 32 { return read(count) }
        let high = read(count - 32)
        return high << 32 | read(32)
    }

    /// How many ones come before a zero, up to `limit`; the zero is taken, too, below the limit.
    mutating func ones(_ limit: Int) -> Int {
        if available <= limit { refill() }
        let count = min((~window).leadingZeroBitCount, limit)
        _ = read(count < limit ? count + 1 : limit)
        return count
    }
}

/// Adaptive Rice coding of whole numbers that are small as a rule: as many low bits as the numbers
/// before suggest, the rest as a run of ones.
struct RiceCoder: Hashable, Sendable {
    /// 32 times the mean of the last numbers or so.
    private var sum: UInt64 = 0

    /// After so many ones comes the number itself.
    private static let onesMax = 20

    private var lowBits: Int {
        let mean = sum >> 5
        return mean == 0 ? 0 : 63 - mean.leadingZeroBitCount
    }

    private mutating func learn(_ number: UInt64, _ low: Int) {
        // One number far from the others does not count for more than a few.
        sum = sum - sum >> 5 + min(number, 16 << UInt64(min(low, 40)))
    }

    mutating func write(_ number: UInt64, to bits: inout BitWriter) {
        let low = lowBits
        let high = number >> UInt64(low)
        if high < UInt64(RiceCoder.onesMax) {
            bits.write(1 << (high + 1) - 2, Int(high) + 1)
            bits.writeWide(number & (1 << UInt64(low) - 1), low)
        } else {
            bits.write(1 << UInt64(RiceCoder.onesMax) - 1, RiceCoder.onesMax)
            let width = 64 - number.leadingZeroBitCount
            bits.write(UInt64(width - 1), 6)
            bits.writeWide(number, width)
        }
        learn(number, low)
    }

    mutating func read(from bits: inout BitReader) -> UInt64 {
        let low = lowBits
        let high = bits.ones(RiceCoder.onesMax)
        let number =
            high < RiceCoder.onesMax
            ? UInt64(high) << UInt64(low) | bits.readWide(low)
            : bits.readWide(Int(bits.read(6)) + 1)
        learn(number, low)
        return number
    }

    /// Signed numbers, those near zero first: 0, -1, 1, -2, …
    mutating func writeSigned(_ number: Int64, to bits: inout BitWriter) {
        write(UInt64(bitPattern: number << 1 ^ number >> 63), to: &bits)
    }

    mutating func readSigned(from bits: inout BitReader) -> Int64 {
        let number = read(from: &bits)
        return Int64(bitPattern: number >> 1) ^ -Int64(bitPattern: number & 1)
    }
}
