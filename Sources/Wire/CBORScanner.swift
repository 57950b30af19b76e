package import Model

/// Reads CBOR's data items (RFC 8949) from borrowed bytes, without building anything.
///
/// Like `JSONScanner` it holds a place only. A length is compared with the bytes that are left
/// before anything is done with it, so a claimed 2^60 costs nothing.
package struct CBORScanner: Sendable {
    package var offset = 0

    package init(at offset: Int = 0) { self.offset = offset }

    /// The three high bits of an initial byte.
    package enum Major: UInt8, Sendable {
        case unsigned, negative, bytes, text, array, map, tag, simple
    }

    /// The start of a data item.
    package struct Head: Sendable {
        package var major: Major
        /// The low five bits; 31 for indefinite lengths and the break.
        package var information: UInt8
        /// The value, length, tag or float bits that follow.
        package var argument: UInt64

        package var isIndefinite: Bool { information == 31 }
        package var isBreak: Bool { major == .simple && information == 31 }
    }

    /// The next head. The short form, by far the most frequent, takes the direct way.
    @inline(__always)
    package mutating func head(_ bytes: Span<UInt8>) throws(WireError) -> Head {
        guard offset < bytes.count else { throw .truncated(at: offset) }
        let initial = bytes[offset]
        let information = initial & 31
        guard information < 24 else { return try longHead(bytes) }
        guard let major = Major(rawValue: initial >> 5) else { throw .unexpected(at: offset) }
        offset += 1
        return Head(major: major, information: information, argument: UInt64(information))
    }

    /// A head with an argument behind it, or of indefinite length.
    private mutating func longHead(_ bytes: Span<UInt8>) throws(WireError) -> Head {
        let initial = bytes[offset]
        let information = initial & 31
        guard let major = Major(rawValue: initial >> 5) else { throw .unexpected(at: offset) }
        var head = Head(major: major, information: information, argument: 0)
        switch information {
        case 24...27:
            let width = 1 << Int(information - 24)
            guard bytes.count - offset > width else { throw .truncated(at: bytes.count) }
            let argument = bytes.extracting(offset + 1...offset + width)
            for index in argument.indices {
                head.argument = head.argument << 8 | UInt64(argument[index])
            }
            // RFC 8949 section 3.3: simple values below 32 have no two-byte form.
            if major == .simple, information == 24, head.argument < 32 {
                throw .unexpected(at: offset)
            }
            offset += width
        case 31:
            switch major {
            case .unsigned, .negative, .tag: throw .unexpected(at: offset)
            case .bytes, .text, .array, .map, .simple: break
            }
        default: throw .unexpected(at: offset)
        }
        offset += 1
        return head
    }

    /// How many items an array or map of this head announces: nil for indefinite. Throws where
    /// fewer bytes are left than the items need.
    package func count(
        _ head: Head, bytesPerItem: Int, _ bytes: Span<UInt8>
    ) throws(WireError) -> Int? {
        if head.isIndefinite { return nil }
        guard head.argument <= UInt64((bytes.count - offset) / bytesPerItem) else {
            throw .truncated(at: bytes.count)
        }
        return Int(head.argument)
    }

    /// True past the break that ends an indefinite array or map.
    package mutating func isBreak(_ bytes: Span<UInt8>) throws(WireError) -> Bool {
        guard offset < bytes.count else { throw .truncated(at: offset) }
        guard bytes[offset] == 0xff else { return false }
        offset += 1
        return true
    }

    /// Whether another item follows in an array or map of which `read` items have been read.
    package mutating func another(
        after read: Int, of count: Int?, _ bytes: Span<UInt8>
    ) throws(WireError) -> Bool {
        if let count { return read < count }
        return try !isBreak(bytes)
    }

    /// The content of a byte or text string of definite length, checked for UTF-8 where it is text.
    package mutating func content(
        _ head: Head, _ bytes: Span<UInt8>
    ) throws(WireError) -> Range<Int> {
        guard head.argument <= UInt64(bytes.count - offset) else {
            throw .truncated(at: bytes.count)
        }
        let range = offset..<offset + Int(head.argument)
        if head.major == .text, !isUTF8(bytes.extracting(range)) {
            throw .invalidText(at: offset)
        }
        offset = range.upperBound
        return range
    }

    /// Appends the content of a byte or text string, chunked or not, to `output`.
    package mutating func append(
        _ head: Head, _ bytes: Span<UInt8>, to output: inout [UInt8]
    ) throws(WireError) {
        guard head.isIndefinite else {
            for index in try content(head, bytes) { output.append(bytes[index]) }
            return
        }
        while try !isBreak(bytes) {
            let start = offset
            let chunk = try self.head(bytes)
            guard chunk.major == head.major, !chunk.isIndefinite else {
                throw .unexpected(at: start)
            }
            for index in try content(chunk, bytes) { output.append(bytes[index]) }
        }
    }

    /// A byte or text string, chunked or not, as text. The caller has read the head.
    package mutating func string(
        _ head: Head, _ bytes: Span<UInt8>
    ) throws(WireError) -> String {
        let start = offset
        if head.isIndefinite {
            var utf8: [UInt8] = []
            try append(head, bytes, to: &utf8)
            return try checkedString(utf8.span, at: start)
        }
        return try checkedString(bytes.extracting(try content(head, bytes)), at: start)
    }

    /// Steps over the item of this head.
    package mutating func skip(
        _ head: Head, _ bytes: Span<UInt8>, depth: Int = 0
    ) throws(WireError) {
        switch head.major {
        case .unsigned, .negative: return
        case .simple:
            if head.isBreak { throw .unexpected(at: offset - 1) }
        case .bytes, .text:
            if !head.isIndefinite {
                _ = try content(head, bytes)
                return
            }
            var ignored: [UInt8] = []
            try append(head, bytes, to: &ignored)
        case .array, .map, .tag:
            guard depth < Document.depthMax else { throw .tooDeep(at: offset) }
            if head.major == .tag {
                try skip(try self.head(bytes), bytes, depth: depth + 1)
                return
            }
            let items = head.major == .map ? 2 : 1
            let count = try count(head, bytesPerItem: items, bytes)
            var read = 0
            while try another(after: read, of: count, bytes) {
                for _ in 0..<items { try skip(try self.head(bytes), bytes, depth: depth + 1) }
                read += 1
            }
        }
    }
}

// MARK: Numbers

extension CBORScanner {
    /// The number of this head: an integer or a float, perhaps not finite. Nil for other items.
    package func number(_ head: Head) -> Number? {
        switch head.major {
        case .unsigned:
            if let integer = Int64(exactly: head.argument) { return .integer(integer) }
            return .number(Double(head.argument))
        case .negative:
            if let integer = Int64(exactly: head.argument) { return .integer(-1 - integer) }
            return .number(-1 - Double(head.argument))
        case .simple:
            switch head.information {
            case 25: return .number(half(UInt16(truncatingIfNeeded: head.argument)))
            case 26:
                let bits = UInt32(truncatingIfNeeded: head.argument)
                return .number(Double(Float(bitPattern: bits)))
            case 27: return .number(Double(bitPattern: head.argument))
            default: return nil
            }
        case .bytes, .text, .array, .map, .tag: return nil
        }
    }

    /// A double from the sixteen bits of binary16 (RFC 8949 appendix D).
    private func half(_ bits: UInt16) -> Double {
        let exponent = Int(bits >> 10 & 0x1f)
        let fraction = Double(bits & 0x3ff)
        let magnitude: Double
        switch exponent {
        case 0: magnitude = fraction * 0x1p-24
        case 31: magnitude = fraction == 0 ? .infinity : .nan
        default:
            magnitude =
                (fraction + 1024) * Double(sign: .plus, exponent: exponent - 25, significand: 1)
        }
        return bits & 0x8000 == 0 ? magnitude : -magnitude
    }

    /// A decimal fraction (RFC 8949 section 3.4.4) whose tag has been read: `[exponent, mantissa]`.
    package mutating func decimal(_ bytes: Span<UInt8>) throws(WireError) -> Double {
        let start = offset
        let array = try head(bytes)
        let count = array.major == .array ? try self.count(array, bytesPerItem: 1, bytes) : 0
        guard array.major == .array, count == nil || count == 2,
            case .integer(let exponent)? = number(try head(bytes)),
            case .integer(let mantissa)? = number(try head(bytes))
        else { throw .wrongType(at: start) }
        if count == nil {
            guard try isBreak(bytes) else { throw .wrongType(at: start) }
        }
        guard let value = decimalFraction(mantissa, exponent: exponent) else {
            throw .numberOutOfRange(at: start)
        }
        return value
    }

    /// An epoch time (RFC 8949 section 3.4.2) whose tag has been read.
    package mutating func epochTime(_ bytes: Span<UInt8>) throws(WireError) -> Instant {
        let start = offset
        guard let seconds = number(try head(bytes)) else { throw .wrongType(at: start) }
        guard let instant = Instant(secondsSinceEpoch: seconds.double) else {
            throw .timeOutOfRange(at: start)
        }
        return instant
    }
}
