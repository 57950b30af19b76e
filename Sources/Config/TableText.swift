import Model

/// A table's file as it is written: comma-separated values (RFC 4180) in UTF-8, each with its
/// place. Blank lines are left out, and so are blanks around values that are not in quotes.
struct TableText {
    /// The first row, and the others.
    private(set) var header: [Cell] = []
    private(set) var rows: [[Cell]] = []
    private let file: String
    private let bytes: [UInt8]
    private var offset = 0
    private var line = 1
    private var lineStart = 0
    private let report: Report

    /// One value. There are many, so that it is small.
    struct Cell {
        var text: String
        var isQuoted: Bool
        var line: Int32
        var column: Int32
        /// Of what is written, in bytes.
        var length: Int32

        /// Nothing stands here.
        var isMissing: Bool { text.isEmpty && !isQuoted }
    }

    /// What one file may hold.
    enum Limit {
        static let bytes = 16 << 20
        static let rows = 100_000
        static let columns = 256
        static let cells = 1_000_000
        /// After so many mistakes in one file the rest is not worth telling.
        static let mistakes = 20
    }

    /// Nil, with everything that is wrong reported, where the bytes are no table.
    init?(_ bytes: [UInt8], file: String, _ report: Report) {
        self.file = file
        self.bytes = bytes
        self.report = report
        let start = Place(file: file, line: 1, column: 1)
        guard bytes.count <= Limit.bytes else {
            report.add(
                .tooLarge, "a table's file has \(Limit.bytes >> 20) MiB at most", at: start)
            return nil
        }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { offset = 3 }
        var isSound = true
        var cells = 0
        while offset < bytes.count, rows.count <= Limit.rows, cells <= Limit.cells {
            guard let row = row() else {
                isSound = false
                break
            }
            if row.isEmpty { continue }
            cells += row.count
            if header.isEmpty { header = row } else { rows.append(row) }
        }
        if rows.count > Limit.rows || cells > Limit.cells {
            let (limit, what) =
                cells > Limit.cells ? (Limit.cells, "values") : (Limit.rows, "rows")
            report.add(.tooLarge, "a table has \(limit) \(what) at most", at: self.place)
            isSound = false
        }
        if isSound, header.isEmpty {
            report.add(
                .badCSV, "the file is empty; its first row names the columns", at: start,
                help: ["write the names of the columns: model,max_temp,vendor"])
            isSound = false
        }
        guard isSound, hasEvenRows(), header.count <= Limit.columns else {
            if header.count > Limit.columns {
                report.add(
                    .tooLarge, "a table has \(Limit.columns) columns at most",
                    at: place(of: header[Limit.columns]))
            }
            return nil
        }
    }

    private func hasEvenRows() -> Bool {
        let uneven = rows.filter { $0.count != header.count }
        for row in uneven.prefix(Limit.mistakes) {
            let isLong = row.count > header.count
            report.add(
                .badCSV, "the row has \(row.count) values, and the header \(header.count) names",
                at: place(of: isLong ? row[header.count] : row[0]),
                help: isLong ? ["a value that holds a comma must be in quotes"] : [])
        }
        return uneven.isEmpty
    }

    func place(of cell: Cell) -> Place {
        Place(file: file, line: Int(cell.line), column: Int(cell.column))
    }

    // MARK: Reading

    private var place: Place { Place(file: file, line: line, column: offset - lineStart + 1) }

    private func isAt(_ character: Unicode.Scalar) -> Bool {
        offset < bytes.count && bytes[offset] == UInt8(ascii: character)
    }

    private var isAtLineEnd: Bool {
        offset >= bytes.count || isAt("\n")
            || isAt("\r") && (offset + 1 >= bytes.count || bytes[offset + 1] == 0x0A)
    }

    /// One row and its line end; empty for a blank line, nil after a mistake.
    private mutating func row() -> [Cell]? {
        var row: [Cell] = []
        while true {
            guard let cell = cell() else { return nil }
            row.append(cell)
            if isAt(",") {
                offset += 1
                continue
            }
            if isAt("\r") { offset += 1 }
            if isAt("\n") { offset += 1 }
            (line, lineStart) = (line + 1, offset)
            return row.count == 1 && cell.isMissing ? [] : row
        }
    }

    private mutating func skipBlanks() { while isAt(" ") || isAt("\t") { offset += 1 } }

    private mutating func cell() -> Cell? {
        skipBlanks()
        if isAt("\"") { return quoted() }
        let (start, place) = (offset, place)
        while !isAtLineEnd, !isAt(",") {
            guard !isAt("\"") else {
                return fail(
                    "a quote stands inside a value",
                    help: [
                        "put the whole value in quotes, and write each quote in it twice"
                    ])
            }
            offset += 1
        }
        var end = offset
        while end > start, bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 { end -= 1 }
        return cell(bytes[start..<end], isQuoted: false, at: place)
    }

    private mutating func quoted() -> Cell? {
        let place = place
        var text: [UInt8] = []
        offset += 1
        while true {
            guard offset < bytes.count else {
                report.add(.badCSV, "the quote that begins here is not closed", at: place)
                return nil
            }
            if isAt("\"") {
                offset += 1
                guard isAt("\"") else { break }
            }
            text.append(bytes[offset])
            offset += 1
            if text.last == 0x0A { (line, lineStart) = (line + 1, offset) }
        }
        skipBlanks()
        guard isAtLineEnd || isAt(",") else {
            return fail(
                "something stands behind the closing quote",
                help: ["write a quote inside quotes twice"])
        }
        return cell(text[...], isQuoted: true, at: place)
    }

    private func cell(_ text: ArraySlice<UInt8>, isQuoted: Bool, at place: Place) -> Cell? {
        guard let valid = String(validating: text, as: UTF8.self), !text.contains(0) else {
            report.add(.badCSV, "this is no text in UTF-8", at: place)
            return nil
        }
        // The file's own size bounds them.
        return Cell(
            text: valid, isQuoted: isQuoted, line: Int32(place.line), column: Int32(place.column),
            length: Int32(isQuoted ? text.count + 2 : max(1, text.count)))
    }

    private func fail(_ message: String, help: [String]) -> Cell? {
        report.add(.badCSV, message, at: place, help: help)
        return nil
    }
}
