/// A link as CoRE knows it (RFC 6690): a target and attributes in their order.
package struct Link: Hashable, Sendable {
    package var target: String
    package var attributes: [Attribute]

    /// An attribute without a value is a flag, such as `obs`.
    package struct Attribute: Hashable, Sendable {
        package var name: String
        package var value: String?

        package init(_ name: String, _ value: String? = nil) {
            self.name = name
            self.value = value
        }
    }

    package init(_ target: String, _ attributes: [Attribute] = []) {
        self.target = target
        self.attributes = attributes
    }

    /// The value of the first attribute of this name; the empty string for a flag.
    package subscript(name: String) -> String? {
        attributes.first { $0.name == name }.map { $0.value ?? "" }
    }
}

/// A query such as `rt=core.*` that chooses among links (RFC 6690 section 4.1).
package struct LinkFilter: Hashable, Sendable {
    package let name: String
    package let value: String
    /// Written with a final `*`.
    package let isPrefix: Bool

    /// Nil where the query is no `name=value`.
    package init?(_ query: String) {
        guard let equals = query.firstIndex(of: "="), equals != query.startIndex else { return nil }
        name = String(query[..<equals])
        let value = query[query.index(after: equals)...]
        isPrefix = value.hasSuffix("*")
        self.value = String(isPrefix ? value.dropLast() : value)
    }

    /// `href` is compared with the target; other attributes may be lists, of which one member must
    /// match, or the whole.
    package func matches(_ link: Link) -> Bool {
        if name == "href" { return matches(link.target) }
        return link.attributes.contains { attribute in
            guard attribute.name == name else { return false }
            let text = attribute.value ?? ""
            return matches(text) || text.split(separator: " ").contains { matches($0) }
        }
    }

    private func matches(_ text: some StringProtocol) -> Bool {
        isPrefix ? text.hasPrefix(value) : text == value
    }
}

/// application/link-format: what `/.well-known/core` says and a registration carries (RFC 9176).
package enum LinkFormat {
    /// More links in one payload are refused.
    package static let linksMax = 512
    /// More attributes on one link are refused.
    package static let attributesMax = 32

    /// The links that every filter matches, as bytes.
    package static func write(_ links: [Link], matching filters: [LinkFilter] = []) -> [UInt8] {
        var output: [UInt8] = []
        for link in links where filters.allSatisfy({ $0.matches(link) }) {
            if !output.isEmpty { output.append(UInt8(ascii: ",")) }
            output += "<\(link.target)>".utf8
            for attribute in link.attributes { write(attribute, to: &output) }
        }
        return output
    }

    /// Numbers stand bare, as `ct` and `sz` want it; everything else is quoted.
    private static func write(_ attribute: Link.Attribute, to output: inout [UInt8]) {
        output.append(UInt8(ascii: ";"))
        output += attribute.name.utf8
        guard let value = attribute.value else { return }
        output.append(UInt8(ascii: "="))
        if !value.isEmpty, value.utf8.allSatisfy({ $0 >= 0x30 && $0 < 0x3a }) {
            output += value.utf8
            return
        }
        output.append(UInt8(ascii: "\""))
        for byte in value.utf8 {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                output.append(UInt8(ascii: "\\"))
            }
            output.append(byte)
        }
        output.append(UInt8(ascii: "\""))
    }

    package static func parse(_ bytes: Span<UInt8>) throws(WireError) -> [Link] {
        var parser = LinkParser()
        return try parser.links(bytes)
    }
}

/// Walks link-format bytes; white space is allowed between parts, as in HTTP's Link header.
private struct LinkParser {
    var offset = 0

    mutating func links(_ bytes: Span<UInt8>) throws(WireError) -> [Link] {
        var links: [Link] = []
        skipSpace(bytes)
        if offset == bytes.count { return [] }
        while true {
            guard links.count < LinkFormat.linksMax else { throw .tooLong(at: offset) }
            links.append(try link(bytes))
            if offset == bytes.count { return links }
            try expect(UInt8(ascii: ","), bytes)
            skipSpace(bytes)
        }
    }

    private mutating func link(_ bytes: Span<UInt8>) throws(WireError) -> Link {
        try expect(UInt8(ascii: "<"), bytes)
        let start = offset
        while offset < bytes.count, bytes[offset] != UInt8(ascii: ">") {
            guard bytes[offset] > 0x20, bytes[offset] != UInt8(ascii: "<") else {
                throw .unexpected(at: offset)
            }
            offset += 1
        }
        let target = try checkedString(bytes.extracting(start..<offset), at: start)
        try expect(UInt8(ascii: ">"), bytes)
        var link = Link(target)
        skipSpace(bytes)
        while offset < bytes.count, bytes[offset] == UInt8(ascii: ";") {
            guard link.attributes.count < LinkFormat.attributesMax else {
                throw .tooLong(at: offset)
            }
            offset += 1
            skipSpace(bytes)
            link.attributes.append(try attribute(bytes))
            skipSpace(bytes)
        }
        return link
    }

    private mutating func attribute(
        _ bytes: Span<UInt8>
    ) throws(WireError) -> Link.Attribute {
        let name = try token(bytes)
        guard offset < bytes.count, bytes[offset] == UInt8(ascii: "=") else {
            return Link.Attribute(name)
        }
        offset += 1
        guard offset < bytes.count else { throw .truncated(at: offset) }
        if bytes[offset] == UInt8(ascii: "\"") {
            return Link.Attribute(name, try quoted(bytes))
        }
        return Link.Attribute(name, try token(bytes))
    }

    /// Everything up to what separates parts (RFC 6690 section 2, `ptoken` and `parmname`).
    private mutating func token(_ bytes: Span<UInt8>) throws(WireError) -> String {
        let start = offset
        scan: while offset < bytes.count {
            switch bytes[offset] {
            case 0...0x20, 0x7f, UInt8(ascii: "\""), UInt8(ascii: ","), UInt8(ascii: ";"),
                UInt8(ascii: "="), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\\"):
                break scan
            default: offset += 1
            }
        }
        guard offset > start else {
            throw offset < bytes.count ? .unexpected(at: offset) : .truncated(at: offset)
        }
        return try checkedString(bytes.extracting(start..<offset), at: start)
    }

    private mutating func quoted(_ bytes: Span<UInt8>) throws(WireError) -> String {
        offset += 1
        let start = offset
        var content: [UInt8] = []
        while offset < bytes.count {
            var byte = bytes[offset]
            offset += 1
            if byte == UInt8(ascii: "\"") { return try checkedString(content.span, at: start) }
            if byte == UInt8(ascii: "\\") {
                guard offset < bytes.count else { break }
                byte = bytes[offset]
                offset += 1
            }
            content.append(byte)
        }
        throw .truncated(at: bytes.count)
    }

    private mutating func expect(
        _ expected: UInt8, _ bytes: Span<UInt8>
    ) throws(WireError) {
        guard offset < bytes.count else { throw .truncated(at: offset) }
        guard bytes[offset] == expected else { throw .unexpected(at: offset) }
        offset += 1
    }

    private mutating func skipSpace(_ bytes: Span<UInt8>) {
        while offset < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[offset]) { offset += 1 }
    }
}
