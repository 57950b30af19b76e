/// Reads JSON's tokens (RFC 8259) from borrowed bytes, without building anything.
///
/// The scanner holds a place only; the bytes are handed to each call, so that it can live in a
/// struct.
package struct JSONScanner: Sendable {
    package var offset = 0

    package init(at offset: Int = 0) { self.offset = offset }

    /// A string token: where its content stands, and whether `append` has escapes to resolve.
    package struct Text: Sendable {
        package var range: Range<Int>
        package var hasEscapes: Bool
    }

    /// The next byte that is not white space; the scanner stands on it.
    package mutating func peek(_ bytes: Span<UInt8>) throws(WireError) -> UInt8 {
        while offset < bytes.count {
            let byte = bytes[offset]
            if byte > 0x20 { return byte }
            guard byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 else {
                throw .unexpected(at: offset)
            }
            offset += 1
        }
        throw .truncated(at: offset)
    }

    /// Consumes `expected`, after white space.
    package mutating func expect(
        _ expected: UInt8, _ bytes: Span<UInt8>
    ) throws(WireError) {
        guard try peek(bytes) == expected else { throw .unexpected(at: offset) }
        offset += 1
    }

    /// Refuses anything but white space up to the end.
    package mutating func end(_ bytes: Span<UInt8>) throws(WireError) {
        while offset < bytes.count {
            guard [0x20, 0x0a, 0x0d, 0x09].contains(bytes[offset]) else {
                throw .trailing(at: offset)
            }
            offset += 1
        }
    }

    /// After an element: true past a comma, false past `close`.
    package mutating func another(
        before close: UInt8, _ bytes: Span<UInt8>
    ) throws(WireError) -> Bool {
        let byte = try peek(bytes)
        guard byte == UInt8(ascii: ",") || byte == close else { throw .unexpected(at: offset) }
        offset += 1
        return byte != close
    }

    /// After an opening bracket: true past `close`.
    package mutating func isEmpty(
        _ close: UInt8, _ bytes: Span<UInt8>
    ) throws(WireError) -> Bool {
        guard try peek(bytes) == close else { return false }
        offset += 1
        return true
    }

    /// Consumes the rest of a literal whose first byte has been seen.
    package mutating func literal(
        _ word: StaticString, _ bytes: Span<UInt8>
    ) throws(WireError) {
        for scalar in String(describing: word).utf8 {
            guard offset < bytes.count else { throw .truncated(at: offset) }
            guard bytes[offset] == scalar else { throw .unexpected(at: offset) }
            offset += 1
        }
    }

    /// Steps over any value.
    package mutating func skip(
        _ bytes: Span<UInt8>, depth: Int = 0
    ) throws(WireError) {
        switch try peek(bytes) {
        case UInt8(ascii: "\""): _ = try text(bytes)
        case UInt8(ascii: "t"): try literal("true", bytes)
        case UInt8(ascii: "f"): try literal("false", bytes)
        case UInt8(ascii: "n"): try literal("null", bytes)
        case UInt8(ascii: "["):
            guard depth < Document.depthMax else { throw .tooDeep(at: offset) }
            offset += 1
            if try isEmpty(UInt8(ascii: "]"), bytes) { return }
            repeat {
                try skip(bytes, depth: depth + 1)
            } while try another(before: UInt8(ascii: "]"), bytes)
        case UInt8(ascii: "{"):
            guard depth < Document.depthMax else { throw .tooDeep(at: offset) }
            offset += 1
            if try isEmpty(UInt8(ascii: "}"), bytes) { return }
            repeat {
                _ = try text(bytes)
                try expect(UInt8(ascii: ":"), bytes)
                try skip(bytes, depth: depth + 1)
            } while try another(before: UInt8(ascii: "}"), bytes)
        default: _ = try number(bytes)
        }
    }
}

// MARK: Strings

extension JSONScanner {
    /// A string, checked to the last escape; its content is not copied.
    package mutating func text(_ bytes: Span<UInt8>) throws(WireError) -> Text {
        try expect(UInt8(ascii: "\""), bytes)
        let start = offset
        var hasEscapes = false
        var isASCII = true
        while offset < bytes.count {
            let byte = bytes[offset]
            if byte == UInt8(ascii: "\"") {
                if !isASCII, !isUTF8(bytes.extracting(start..<offset)) {
                    throw .invalidText(at: start)
                }
                offset += 1
                return Text(range: start..<offset - 1, hasEscapes: hasEscapes)
            }
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                _ = try escape(bytes)
                continue
            }
            guard byte >= 0x20 else { throw .unexpected(at: offset) }
            if byte >= 0x80 { isASCII = false }
            offset += 1
        }
        throw .truncated(at: offset)
    }

    /// The scalar of the escape the scanner stands on.
    private mutating func escape(_ bytes: Span<UInt8>) throws(WireError) -> Unicode.Scalar {
        guard offset + 1 < bytes.count else { throw .truncated(at: bytes.count) }
        let start = offset
        offset += 2
        switch bytes[start + 1] {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            let unit = try hexadecimal(bytes)
            if let scalar = Unicode.Scalar(unit) { return scalar }
            // Only surrogates are no scalars: the high one must come first.
            guard unit < 0xdc00 else { throw .invalidText(at: start) }
            for expected in [UInt8(ascii: "\\"), UInt8(ascii: "u")] {
                guard offset < bytes.count else { throw .truncated(at: offset) }
                guard bytes[offset] == expected else { throw .invalidText(at: start) }
                offset += 1
            }
            let low = try hexadecimal(bytes)
            guard (0xdc00..<0xe000).contains(low),
                let scalar = Unicode.Scalar(
                    0x1_0000 + (UInt32(unit) - 0xd800) << 10 + (UInt32(low) - 0xdc00))
            else { throw .invalidText(at: start) }
            return scalar
        default: throw .unexpected(at: start + 1)
        }
    }

    private mutating func hexadecimal(_ bytes: Span<UInt8>) throws(WireError) -> UInt16 {
        var value: UInt16 = 0
        for _ in 0..<4 {
            guard offset < bytes.count else { throw .truncated(at: offset) }
            let digit: UInt8
            switch bytes[offset] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = bytes[offset] - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = bytes[offset] - 87
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = bytes[offset] - 55
            default: throw .unexpected(at: offset)
            }
            value = value << 4 | UInt16(digit)
            offset += 1
        }
        return value
    }

    /// Appends what a scanned string says to `output`.
    package static func append(
        _ text: Text, of bytes: Span<UInt8>, to output: inout [UInt8]
    ) throws(WireError) {
        var scanner = JSONScanner(at: text.range.lowerBound)
        while scanner.offset < text.range.upperBound {
            let byte = bytes[scanner.offset]
            if byte == UInt8(ascii: "\\") {
                let scalar = try scanner.escape(bytes)
                output += String(scalar).utf8
            } else {
                output.append(byte)
                scanner.offset += 1
            }
        }
    }

    /// What a scanned string says.
    package static func string(
        _ text: Text, of bytes: Span<UInt8>
    ) throws(WireError) -> String {
        if text.hasEscapes {
            var utf8: [UInt8] = []
            try append(text, of: bytes, to: &utf8)
            return try checkedString(utf8.span, at: text.range.lowerBound)
        }
        return try checkedString(bytes.extracting(text.range), at: text.range.lowerBound)
    }
}
