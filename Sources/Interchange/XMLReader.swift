import Wire

/// Elements of an XML text, as far as registry files need them: elements, text, character data,
/// comments and the five entities. Document types are refused, so nothing expands.
struct XMLReader {
    /// One element; white space around its text is left out.
    struct Element {
        var name: String
        var attributes: [(name: String, value: String)] = []
        var children: [Element] = []
        var text = ""

        /// The first child of that name.
        subscript(name: String) -> Element? { children.first { $0.name == name } }
    }

    private let bytes: [UInt8]
    private var offset = 0
    private var elements = 0
    static let depthMax = 16
    static let elementsMax = 100_000

    /// The root element of a text.
    static func read(_ bytes: [UInt8]) throws(InterchangeError) -> Element {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw .wrongContent("the file is not UTF-8")
        }
        var reader = XMLReader(bytes)
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { reader.offset = 3 }
        try reader.skipMisc()
        let root = try reader.element(depth: 0)
        try reader.skipMisc()
        guard reader.offset == bytes.count else { throw reader.wrong("text after the end") }
        return root
    }

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    private func wrong(_ reason: String) -> InterchangeError {
        .malformed(InterchangeError.Position(of: offset, in: bytes), reason)
    }

    private func begins(_ text: StaticString) -> Bool {
        let word = text.description.utf8
        return bytes.count - offset >= word.count
            && bytes[offset..<offset + word.count].elementsEqual(word)
    }

    /// Moves behind the next `text`.
    private mutating func skip(past text: StaticString, _ what: String) throws(InterchangeError) {
        let start = offset
        while offset < bytes.count {
            if begins(text) {
                offset += text.utf8CodeUnitCount
                return
            }
            offset += 1
        }
        offset = start
        throw wrong("\(what) is never closed")
    }

    private mutating func skipSpace() {
        while offset < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[offset]) { offset += 1 }
    }

    /// White space, comments and instructions outside the root.
    private mutating func skipMisc() throws(InterchangeError) {
        while true {
            skipSpace()
            if begins("<?") {
                try skip(past: "?>", "the instruction")
            } else if begins("<!--") {
                try skip(past: "-->", "the comment")
            } else if begins("<!") {
                throw wrong("document types are not read")
            } else {
                return
            }
        }
    }

    private mutating func name() throws(InterchangeError) -> String {
        let start = offset
        while offset < bytes.count {
            let byte = bytes[offset]
            let isLetter = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            let isOther =
                (UInt8(ascii: "0")...UInt8(ascii: ":")).contains(byte)
                || [UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_")].contains(byte)
            guard
                isLetter || byte >= 0x80 || isOther && (offset > start || byte == UInt8(ascii: "_"))
            else { break }
            offset += 1
        }
        guard offset > start, offset - start <= 256 else { throw wrong("a name is wanted here") }
        return String(decoding: bytes[start..<offset], as: UTF8.self)
    }

    private mutating func element(depth: Int) throws(InterchangeError) -> Element {
        guard begins("<") else { throw wrong("an element is wanted here") }
        guard depth < XMLReader.depthMax else { throw wrong("nested too deeply") }
        elements += 1
        guard elements <= XMLReader.elementsMax else { throw wrong("too many elements") }
        offset += 1
        var element = Element(name: try name())
        while true {
            skipSpace()
            if begins("/>") {
                offset += 2
                return element
            }
            if begins(">") {
                offset += 1
                break
            }
            let attribute = try name()
            guard !element.attributes.contains(where: { $0.name == attribute }) else {
                throw wrong("the attribute \(attribute) stands here a second time")
            }
            element.attributes.append((attribute, try attributeValue()))
        }
        try content(of: &element, depth: depth)
        return element
    }

    private mutating func attributeValue() throws(InterchangeError) -> String {
        skipSpace()
        guard begins("=") else { throw wrong("`=` is wanted here") }
        offset += 1
        skipSpace()
        guard begins("\"") || begins("'") else { throw wrong("quotes are wanted here") }
        let quote = bytes[offset]
        offset += 1
        let text = try self.text(until: quote)
        guard offset < bytes.count, bytes[offset] == quote else {
            throw wrong("the quotes are never closed")
        }
        offset += 1
        return text
    }

    private mutating func content(
        of element: inout Element, depth: Int
    ) throws(InterchangeError) {
        while true {
            if begins("<!--") {
                try skip(past: "-->", "the comment")
            } else if begins("<![CDATA[") {
                let start = offset + 9
                try skip(past: "]]>", "the character data")
                element.text += String(decoding: bytes[start..<offset - 3], as: UTF8.self)
            } else if begins("<?") {
                try skip(past: "?>", "the instruction")
            } else if begins("</") {
                offset += 2
                let start = offset
                guard try name() == element.name else {
                    offset = start
                    throw wrong("</\(element.name)> is wanted here")
                }
                skipSpace()
                guard begins(">") else { throw wrong("`>` is wanted here") }
                offset += 1
                element.text = XMLReader.trimmed(element.text)
                return
            } else if begins("<") {
                element.children.append(try self.element(depth: depth + 1))
            } else if offset < bytes.count {
                element.text += try text(until: UInt8(ascii: "<"))
            } else {
                throw wrong("<\(element.name)> is never closed")
            }
        }
    }

    /// Text up to a byte, which is not taken, or the end; entities resolved.
    private mutating func text(until end: UInt8) throws(InterchangeError) -> String {
        var text: [UInt8] = []
        while offset < bytes.count, bytes[offset] != end {
            switch bytes[offset] {
            case UInt8(ascii: "<"): throw wrong("`<` cannot stand here")
            case UInt8(ascii: "&"): text += try entity().utf8
            default:
                text.append(bytes[offset])
                offset += 1
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func entity() throws(InterchangeError) -> String {
        let start = offset
        let end = bytes[offset...].prefix(12).firstIndex(of: UInt8(ascii: ";"))
        guard let end else { throw wrong("`&` begins an entity, and this is none") }
        let name = String(decoding: bytes[start + 1..<end], as: UTF8.self)
        offset = end + 1
        switch name {
        case "lt": return "<"
        case "gt": return ">"
        case "amp": return "&"
        case "quot": return "\""
        case "apos": return "'"
        default: break
        }
        let digits = name.hasPrefix("#x") ? name.dropFirst(2) : name.dropFirst()
        if name.hasPrefix("#"), digits.first?.isHexDigit == true,
            let number = UInt32(digits, radix: name.hasPrefix("#x") ? 16 : 10),
            let scalar = Unicode.Scalar(number), number > 0
        {
            return String(Character(scalar))
        }
        offset = start
        throw wrong("there is no entity &\(name);")
    }

    private static func trimmed(_ text: String) -> String {
        var rest = text[...]
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}
