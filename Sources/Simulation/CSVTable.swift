/// Comma-separated values as RFC 4180 has them: a header, then rows of as many fields.
///
/// Quoted fields may hold commas, doubled quotes and line ends. Lines end in LF or CRLF; empty
/// lines are skipped.
package struct CSVTable: Sendable {
    package private(set) var header: [String] = []
    package private(set) var rows: [Row] = []

    /// One row and the line of the file that it begins on.
    package struct Row: Sendable {
        package var line: Int
        package var fields: [String]
    }

    package init(_ bytes: [UInt8]) throws(ReplayError) {
        var reader = Reader(bytes: bytes)
        while let row = try reader.next() {
            if header.isEmpty {
                header = row.fields
                continue
            }
            guard row.fields.count == header.count else {
                throw ReplayError(
                    "line \(row.line) has \(row.fields.count) fields, the header \(header.count)")
            }
            rows.append(row)
        }
        guard !header.isEmpty else { throw ReplayError("there is no header") }
    }

    /// Where a column stands.
    package func column(_ name: String) throws(ReplayError) -> Int {
        guard let index = header.firstIndex(of: name) else {
            throw ReplayError(
                "no column '\(name)'; there is: \(header.joined(separator: ", "))")
        }
        return index
    }

    private struct Reader {
        let bytes: [UInt8]
        var offset: Int
        var line = 1

        init(bytes: [UInt8]) {
            self.bytes = bytes
            // Spreadsheets put a byte order mark in front.
            offset = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
        }

        mutating func next() throws(ReplayError) -> Row? {
            while offset < bytes.count, isLineEnd(bytes[offset]) { skipLineEnd() }
            guard offset < bytes.count else { return nil }
            var row = Row(line: line, fields: [])
            while true {
                row.fields.append(try field())
                guard offset < bytes.count else { return row }
                if bytes[offset] == UInt8(ascii: ",") {
                    offset += 1
                } else {
                    skipLineEnd()
                    return row
                }
            }
        }

        private mutating func field() throws(ReplayError) -> String {
            guard offset < bytes.count, bytes[offset] == UInt8(ascii: "\"") else {
                let start = offset
                while offset < bytes.count, bytes[offset] != UInt8(ascii: ","),
                    !isLineEnd(bytes[offset])
                {
                    offset += 1
                }
                return String(decoding: bytes[start..<offset], as: UTF8.self)
            }
            return try quotedField()
        }

        private mutating func quotedField() throws(ReplayError) -> String {
            let opened = line
            var content: [UInt8] = []
            offset += 1
            while offset < bytes.count {
                let byte = bytes[offset]
                offset += 1
                if byte == 0x0a { line += 1 }
                guard byte == UInt8(ascii: "\"") else {
                    content.append(byte)
                    continue
                }
                guard offset < bytes.count, bytes[offset] == UInt8(ascii: "\"") else {
                    guard
                        offset == bytes.count || bytes[offset] == UInt8(ascii: ",")
                            || isLineEnd(bytes[offset])
                    else { throw ReplayError("line \(line): text after a closing quote") }
                    return String(decoding: content, as: UTF8.self)
                }
                content.append(UInt8(ascii: "\""))
                offset += 1
            }
            throw ReplayError("line \(opened): a quote is never closed")
        }

        private func isLineEnd(_ byte: UInt8) -> Bool { byte == 0x0a || byte == 0x0d }

        private mutating func skipLineEnd() {
            if bytes[offset] == 0x0d, offset + 1 < bytes.count, bytes[offset + 1] == 0x0a {
                offset += 1
            }
            offset += 1
            line += 1
        }
    }
}

/// What is wrong with a file of readings, or with how its columns are to be read.
package struct ReplayError: Error, Hashable, Sendable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}
