import Wire

/// Comma-separated values as RFC 4180 has them: a header, then rows of as many fields.
///
/// Empty lines are skipped.
package struct CSVTable: Sendable {
    package private(set) var header: [String] = []
    package private(set) var rows: [Row] = []

    /// One row and the line of the file that it begins on.
    package struct Row: Sendable {
        package var line: Int
        package var fields: [String]
    }

    package init(_ content: [UInt8]) throws(ReplayError) {
        let bytes = content.span
        var record = CSVRecord()
        var offset = CSVRecord.byteOrderMark(bytes)
        var line = 1
        while offset < bytes.count {
            guard let next = record.scan(bytes, from: offset, isLast: true) else { break }
            offset = next
            let first = line
            line += record.lines
            if let fault = record.fault {
                throw ReplayError("line \(first + fault.lines): \(fault.problem.text)")
            }
            if record.isBlank { continue }
            let fields = (0..<record.count).map { record.text($0, in: bytes) }
            if header.isEmpty {
                header = fields
                continue
            }
            guard fields.count == header.count else {
                throw ReplayError(
                    "line \(first) has \(fields.count) fields, the header \(header.count)")
            }
            rows.append(Row(line: first, fields: fields))
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
}

/// What is wrong with a file of readings, or with how its columns are to be read.
package struct ReplayError: Error, Hashable, Sendable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}
