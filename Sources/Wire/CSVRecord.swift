/// Where the fields of one row of comma-separated values (RFC 4180) stand in a block of bytes.
/// Nothing is copied.
///
/// Quoted fields may hold commas, doubled quotes and line ends. Lines end in LF or CRLF.
package struct CSVRecord: Sendable {
    /// Valid up to `count`; what is behind is left from longer rows.
    package private(set) var fields: [Field] = []
    package private(set) var count = 0
    /// Line ends that the row holds, its own included.
    package private(set) var lines = 0
    /// The first thing wrong with the row, and how many line ends of the row stand before it.
    package private(set) var fault: (problem: Problem, lines: Int)?

    package init() {}

    /// One field's place.
    package struct Field: Sendable {
        package var start: Int
        package var end: Int
        /// It holds doubled quotes.
        package var isEscaped: Bool
    }

    /// What can be wrong with a row.
    package enum Problem: Sendable {
        case openQuote, textAfterQuote

        /// In words.
        package var text: String {
            switch self {
            case .openQuote: "a quote is never closed"
            case .textAfterQuote: "text after a closing quote"
            }
        }
    }

    /// How many bytes of a file's beginning are the mark that spreadsheets put there.
    package static func byteOrderMark(_ bytes: Span<UInt8>) -> Int {
        bytes.count > 2 && bytes[0] == 0xef && bytes[1] == 0xbb && bytes[2] == 0xbf ? 3 : 0
    }

    /// Finds the row that begins at `start` and returns the offset behind it; nil where the row
    /// does not end in these bytes, though more are to come.
    package mutating func scan(_ bytes: Span<UInt8>, from start: Int, isLast: Bool) -> Int? {
        var offset = start
        count = 0
        lines = 0
        fault = nil
        while true {
            guard let end = scanField(bytes, from: offset, isLast: isLast) else { return nil }
            offset = end
            if offset >= bytes.count { return isLast ? offset : nil }
            if bytes[offset] == UInt8(ascii: "\n") {
                lines += 1
                return offset + 1
            }
            // Any other byte that ends a field is a comma.
            offset += 1
        }
    }

    /// Takes one field and returns the offset of the comma or line feed behind it.
    private mutating func scanField(
        _ bytes: Span<UInt8>, from start: Int, isLast: Bool
    ) -> Int? {
        var offset = start
        if offset < bytes.count, bytes[offset] == UInt8(ascii: "\"") {
            return scanQuoted(bytes, from: start + 1, isLast: isLast)
        }
        while offset < bytes.count {
            let byte = bytes[offset]
            if byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\n") { break }
            offset += 1
        }
        var end = offset
        if end > start, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        add(Field(start: start, end: end, isEscaped: false))
        return offset
    }

    private mutating func scanQuoted(
        _ bytes: Span<UInt8>, from start: Int, isLast: Bool
    ) -> Int? {
        var offset = start
        var isEscaped = false
        while offset < bytes.count {
            if bytes[offset] == UInt8(ascii: "\n") { lines += 1 }
            if bytes[offset] == UInt8(ascii: "\"") {
                guard offset + 1 < bytes.count, bytes[offset + 1] == UInt8(ascii: "\"") else {
                    break
                }
                isEscaped = true
                offset += 1
            }
            offset += 1
        }
        // A quote at the very end of a block may be the first of two.
        if offset + 1 >= bytes.count, !isLast { return nil }
        add(Field(start: start, end: offset, isEscaped: isEscaped))
        if offset < bytes.count { offset += 1 } else { note(.openQuote, 0) }
        let closed = offset
        while offset < bytes.count, bytes[offset] != UInt8(ascii: ","),
            bytes[offset] != UInt8(ascii: "\n")
        {
            offset += 1
        }
        let isReturn = offset == closed + 1 && bytes[closed] == UInt8(ascii: "\r")
        if offset > closed, !isReturn { note(.textAfterQuote, lines) }
        return offset
    }

    private mutating func note(_ problem: Problem, _ line: Int) {
        if fault == nil { fault = (problem, line) }
    }

    private mutating func add(_ field: Field) {
        if count < fields.count { fields[count] = field } else { fields.append(field) }
        count += 1
    }

    /// The row is an empty line.
    package var isBlank: Bool { count == 1 && fields[0].start == fields[0].end }

    /// A field's text, its quotes undone.
    package func text(_ index: Int, in bytes: Span<UInt8>) -> String {
        let field = fields[index]
        var text: [UInt8] = []
        text.reserveCapacity(field.end - field.start)
        var offset = field.start
        while offset < field.end {
            text.append(bytes[offset])
            if field.isEscaped, bytes[offset] == UInt8(ascii: "\"") { offset += 1 }
            offset += 1
        }
        return String(decoding: text, as: UTF8.self)
    }
}
