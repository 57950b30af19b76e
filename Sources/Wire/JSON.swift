import Model

extension Document {
    /// Reads one JSON text (RFC 8259), strictly: no duplicate keys, no lone surrogates, nothing
    /// after it, no number that overflows, at most `depthMax` levels.
    package init(json bytes: Span<UInt8>) throws(WireError) {
        var scanner = JSONScanner()
        self = try Document.read(&scanner, bytes, depth: 0)
        try scanner.end(bytes)
    }

    /// Reads one value of a text; `depth` tells how deep it stands.
    static func read(
        _ scanner: inout JSONScanner, _ bytes: Span<UInt8>, depth: Int
    ) throws(WireError) -> Document {
        switch try scanner.peek(bytes) {
        case UInt8(ascii: "\""):
            return .text(try JSONScanner.string(try scanner.text(bytes), of: bytes))
        case UInt8(ascii: "t"):
            try scanner.literal("true", bytes)
            return .boolean(true)
        case UInt8(ascii: "f"):
            try scanner.literal("false", bytes)
            return .boolean(false)
        case UInt8(ascii: "n"):
            try scanner.literal("null", bytes)
            return .null
        case UInt8(ascii: "["):
            guard depth < depthMax else { throw .tooDeep(at: scanner.offset) }
            scanner.offset += 1
            var elements: [Document] = []
            if try scanner.isEmpty(UInt8(ascii: "]"), bytes) { return .array([]) }
            repeat {
                elements.append(try read(&scanner, bytes, depth: depth + 1))
            } while try scanner.another(before: UInt8(ascii: "]"), bytes)
            return .array(elements)
        case UInt8(ascii: "{"):
            guard depth < depthMax else { throw .tooDeep(at: scanner.offset) }
            scanner.offset += 1
            return try readMap(&scanner, bytes, depth: depth)
        default:
            switch try scanner.number(bytes) {
            case .integer(let integer): return .integer(integer)
            case .number(let number): return .number(number)
            }
        }
    }

    private static func readMap(
        _ scanner: inout JSONScanner, _ bytes: Span<UInt8>, depth: Int
    ) throws(WireError) -> Document {
        var entries: [Entry] = []
        var keys: Set<[UInt8]> = []
        if try scanner.isEmpty(UInt8(ascii: "}"), bytes) { return .map([]) }
        repeat {
            let text = try scanner.text(bytes)
            let key = try JSONScanner.string(text, of: bytes)
            guard keys.insert(Array(key.utf8)).inserted else {
                throw .duplicateKey(at: text.range.lowerBound)
            }
            try scanner.expect(UInt8(ascii: ":"), bytes)
            entries.append(Entry(key, try read(&scanner, bytes, depth: depth + 1)))
        } while try scanner.another(before: UInt8(ascii: "}"), bytes)
        return .map(entries)
    }

    /// The JSON text of this document, without white space; equal documents give equal bytes.
    ///
    /// What JSON lacks follows RFC 8949 section 6.1: bytes become base64url text, numbers that are
    /// not finite become null, keys that are not text become their JSON as text.
    package var json: [UInt8] {
        var output: [UInt8] = []
        writeJSON(to: &output)
        return output
    }

    /// Appends the JSON text of this document to `output`.
    package func writeJSON(to output: inout [UInt8]) {
        switch self {
        case .null: output += "null".utf8
        case .boolean(let boolean): output += (boolean ? "true" : "false").utf8
        case .integer(let integer): output += String(integer).utf8
        case .number(let number): output += (number.isFinite ? number.description : "null").utf8
        case .text(let text): Document.writeJSON(text: text, to: &output)
        case .bytes(let bytes):
            output.append(UInt8(ascii: "\""))
            appendBase64URL(bytes.span, to: &output)
            output.append(UInt8(ascii: "\""))
        case .timestamp(let instant): Document.writeJSON(text: instant.description, to: &output)
        case .array(let elements):
            output.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                element.writeJSON(to: &output)
            }
            output.append(UInt8(ascii: "]"))
        case .map(let entries):
            output.append(UInt8(ascii: "{"))
            for (index, entry) in entries.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                entry.writeJSONKey(to: &output)
                output.append(UInt8(ascii: ":"))
                entry.value.writeJSON(to: &output)
            }
            output.append(UInt8(ascii: "}"))
        }
    }

    /// Appends `text` in quotes, with only the escapes that RFC 8259 section 7 demands.
    fileprivate static func writeJSON(text: String, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): output += "\\\"".utf8
            case UInt8(ascii: "\\"): output += "\\\\".utf8
            case 0x0a: output += "\\n".utf8
            case 0x0d: output += "\\r".utf8
            case 0x09: output += "\\t".utf8
            case 0..<0x20:
                output += "\\u00".utf8
                output.append(byte < 0x10 ? UInt8(ascii: "0") : UInt8(ascii: "1"))
                output += String(byte & 15, radix: 16).utf8
            default: output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }
}

extension Document.Entry {
    fileprivate func writeJSONKey(to output: inout [UInt8]) {
        switch key {
        case .text, .bytes, .timestamp: key.writeJSON(to: &output)
        default:
            Document.writeJSON(text: String(decoding: key.json, as: UTF8.self), to: &output)
        }
    }
}
