/// Why stored bytes could not be read back.
package enum RecordError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The record ends before its content does.
    case truncated(at: Int)
    /// A tag or length that no version of ours writes.
    case malformed(at: Int)
    /// Another version of the program wrote the record, in a layout that this one does not read.
    case otherVersion(found: Int, known: Int)

    package var description: String {
        switch self {
        case .otherVersion(let found, let known):
            "\(found < known ? "an older" : "a newer") version of iotflow wrote it, in layout "
                + "\(found); this one reads layout \(known)"
        case .truncated(let offset): "record ends early, at byte \(offset)"
        case .malformed(let offset): "record makes no sense at byte \(offset)"
        }
    }
}

extension ByteReader {
    /// Reads the layout's number, which must be `known`.
    package mutating func version(_ known: UInt8) throws(RecordError) {
        let found = try byte()
        if found != known { throw .otherVersion(found: Int(found), known: Int(known)) }
    }
}

/// Appends values in the compact form that the journal and the checkpoints use: little-endian fixed
/// widths, LEB128 for unsigned, zigzag for signed, length-prefixed UTF-8.
package struct ByteWriter: Sendable {
    package var bytes: [UInt8] = []

    package init() {}

    package mutating func byte(_ value: UInt8) { bytes.append(value) }
    package mutating func bool(_ value: Bool) { bytes.append(value ? 1 : 0) }

    /// LEB128: seven bits a byte, the low ones first.
    package mutating func unsigned(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    package mutating func unsigned(_ value: Int) { unsigned(UInt64(value)) }

    package mutating func signed(_ value: Int64) {
        unsigned(UInt64(bitPattern: value << 1 ^ value >> 63))
    }

    package mutating func fixed(_ value: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    package mutating func fixed(_ value: UInt128) {
        fixed(UInt64(truncatingIfNeeded: value))
        fixed(UInt64(truncatingIfNeeded: value >> 64))
    }

    package mutating func double(_ value: Double) { fixed(value.bitPattern) }
    package mutating func instant(_ value: Instant) { signed(value.milliseconds) }

    package mutating func string(_ value: String) {
        let utf8 = value.utf8
        unsigned(utf8.count)
        bytes.append(contentsOf: utf8)
    }

    /// Their number, then the bytes.
    package mutating func block(_ content: [UInt8]) {
        unsigned(content.count)
        bytes += content
    }

    /// A tag byte, then what the tag says.
    package mutating func value(_ value: Value?) {
        switch value {
        case nil: byte(0)
        case .boolean(let boolean)?: byte(boolean ? 2 : 1)
        case .integer(let integer)?:
            byte(3)
            signed(integer)
        case .number(let number)?:
            byte(4)
            double(number)
        case .text(let text)?:
            byte(5)
            string(text)
        case .timestamp(let instant)?:
            byte(6)
            self.instant(instant)
        case .position(let position)?:
            byte(7)
            self.position(position)
        }
    }

    /// Degrees and centimetres as the position keeps them, and whether its height is known.
    package mutating func position(_ value: GeoPosition) {
        signed(Int64(value.latitude))
        signed(Int64(value.longitude))
        bool(value.altitude != nil)
        if let altitude = value.altitude { signed(Int64(altitude)) }
    }

    /// Writes the count, then each element with `body`.
    package mutating func list<Elements: Collection>(
        _ elements: Elements, _ body: (inout ByteWriter, Elements.Element) -> Void
    ) {
        unsigned(elements.count)
        for element in elements { body(&self, element) }
    }
}

/// Reads what `ByteWriter` wrote. Every read is checked; damaged bytes throw and never trap.
package struct ByteReader: Sendable {
    private let bytes: [UInt8]
    package private(set) var offset: Int

    package init(_ bytes: [UInt8], at offset: Int = 0) {
        self.bytes = bytes
        self.offset = offset
    }

    package var isAtEnd: Bool { offset >= bytes.count }

    package mutating func byte() throws(RecordError) -> UInt8 {
        guard offset < bytes.count else { throw .truncated(at: offset) }
        defer { offset += 1 }
        return bytes[offset]
    }

    /// One byte, 0 or 1.
    package mutating func bool() throws(RecordError) -> Bool {
        switch try byte() {
        case 0: return false
        case 1: return true
        default: throw .malformed(at: offset - 1)
        }
    }

    /// LEB128, at most ten bytes.
    package mutating func unsigned() throws(RecordError) -> UInt64 {
        var result: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            let byte = try byte()
            if shift == 63, byte > 1 { break }
            result |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return result }
        }
        throw .malformed(at: offset)
    }

    /// A count or index that must fit memory; larger ones are damage.
    package mutating func count() throws(RecordError) -> Int {
        let value = try unsigned()
        guard value <= UInt64(Int32.max) else { throw .malformed(at: offset) }
        return Int(value)
    }

    package mutating func signed() throws(RecordError) -> Int64 {
        let value = try unsigned()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// Eight bytes, little-endian.
    package mutating func fixed() throws(RecordError) -> UInt64 {
        guard bytes.count - offset >= 8 else { throw .truncated(at: offset) }
        var result: UInt64 = 0
        for index in (offset..<offset + 8).reversed() {
            result = result << 8 | UInt64(bytes[index])
        }
        offset += 8
        return result
    }

    package mutating func fixed128() throws(RecordError) -> UInt128 {
        let low = try fixed()
        return UInt128(try fixed()) << 64 | UInt128(low)
    }

    package mutating func double() throws(RecordError) -> Double {
        Double(bitPattern: try fixed())
    }

    package mutating func instant() throws(RecordError) -> Instant {
        Instant(milliseconds: try signed())
    }

    /// Length and bytes.
    package mutating func block() throws(RecordError) -> [UInt8] {
        let length = try count()
        guard bytes.count - offset >= length else { throw .truncated(at: offset) }
        defer { offset += length }
        return Array(bytes[offset..<offset + length])
    }

    /// Length and UTF-8.
    package mutating func string() throws(RecordError) -> String {
        let length = try count()
        guard bytes.count - offset >= length else { throw .truncated(at: offset) }
        defer { offset += length }
        guard let text = String(validating: bytes[offset..<offset + length], as: UTF8.self) else {
            throw .malformed(at: offset)
        }
        return text
    }

    /// A tag byte, then what the tag says.
    package mutating func value() throws(RecordError) -> Value? {
        switch try byte() {
        case 0: return nil
        case 1: return .boolean(false)
        case 2: return .boolean(true)
        case 3: return .integer(try signed())
        case 4: return .number(try double())
        case 5: return .text(try string())
        case 6: return .timestamp(try instant())
        case 7: return .position(try position())
        default: throw .malformed(at: offset - 1)
        }
    }

    /// A position, which must be a place.
    package mutating func position() throws(RecordError) -> GeoPosition {
        let latitude = Int32(exactly: try signed())
        let longitude = Int32(exactly: try signed())
        let isHigh = try bool()
        let altitude = isHigh ? Int32(exactly: try signed()) : nil
        guard let latitude, let longitude, !isHigh || altitude != nil,
            let position = GeoPosition(
                latitude: latitude, longitude: longitude, altitude: altitude)
        else { throw .malformed(at: offset) }
        return position
    }

    /// Reads a count, then as many elements with `body`.
    package mutating func list<Element>(
        _ body: (inout ByteReader) throws(RecordError) -> Element
    ) throws(RecordError) -> [Element] {
        var elements: [Element] = []
        for _ in 0..<(try count()) { elements.append(try body(&self)) }
        return elements
    }
}
