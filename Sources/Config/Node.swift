package import Model

/// A piece of configuration as it is written, before it means anything: a tree of scalars,
/// sequences and mappings in which every part knows its place.
package struct Node: Sendable {
    package var content: Content
    /// The first character: of a quoted or block scalar the first one inside, so that an error
    /// within the text can be pointed at.
    package var place: Place
    /// Bytes of a scalar on its first line; 1 for the rest.
    package var length: Int

    package enum Content: Sendable {
        case scalar(String, Style)
        case sequence([Node])
        /// In the order written, each key once.
        case mapping([Entry])
    }

    /// How a scalar is written; only a plain one can be a number, a boolean or nothing.
    package enum Style: Sendable { case plain, singleQuoted, doubleQuoted, literal, folded }

    /// One key with its value.
    package struct Entry: Sendable {
        package var key: Located<String>
        package var value: Node

        package init(key: Located<String>, value: Node) {
            self.key = key
            self.value = value
        }
    }

    package init(_ content: Content, at place: Place = .unknown, length: Int = 1) {
        self.content = content
        self.place = place
        self.length = length
    }

    /// True for a key without a value, `~` and `null`.
    package var isNull: Bool {
        guard case .scalar(let text, .plain) = content else { return false }
        return text.isEmpty || text == "~" || text == "null" || text == "Null" || text == "NULL"
    }

    /// What stands here, for messages: "a list", "the text `x`".
    package var words: String {
        switch content {
        case .sequence: "a list"
        case .mapping: "a mapping"
        case .scalar where isNull: "nothing"
        case .scalar(let text, .plain): "`\(Node.shortened(text))`"
        case .scalar(let text, _): "the text \"\(Node.shortened(text))\""
        }
    }

    /// Keeps messages on a line.
    static func shortened(_ text: String) -> String {
        let line = text.prefix { !$0.isNewline }
        return line.count > 60 ? line.prefix(57) + "..." : String(line)
    }
}

extension Node {
    /// A plain scalar that YAML's core schema takes for an integer.
    var integer: Int64? {
        guard case .scalar(let text, .plain) = content, let first = text.utf8.first else {
            return nil
        }
        let digits = first == 0x2B || first == 0x2D ? text.utf8.dropFirst() : text.utf8[...]
        guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int64(text)
    }

    /// A plain scalar that is a finite decimal number.
    var number: Double? {
        guard case .scalar(let text, .plain) = content else { return nil }
        let allowed = text.utf8.allSatisfy {
            (0x30...0x39).contains($0) || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains($0)
        }
        guard allowed, let value = Double(text), value.isFinite else { return nil }
        return value
    }

    var boolean: Bool? {
        guard case .scalar(let text, .plain) = content else { return nil }
        switch text {
        case "true", "True", "TRUE": return true
        case "false", "False", "FALSE": return false
        default: return nil
        }
    }

    /// A scalar as a value; nil for lists, mappings and nothing.
    var value: Value? {
        guard case .scalar(let text, _) = content, !isNull else { return nil }
        if let boolean { return .boolean(boolean) }
        if let integer { return .integer(integer) }
        if let number { return .number(number) }
        return .text(text)
    }
}
