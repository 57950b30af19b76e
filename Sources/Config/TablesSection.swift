import Model
import Streams

extension Shape {
    static let table = Shape(
        "a table",
        "Rows that events are enriched from, read from a file of comma-separated values.",
        [
            Key(
                "file", .text, required: true,
                "The file, by its path from this one's directory; its first row names the columns."
            ),
            Key(
                "key", .list(.text, 1...16), required: true,
                "The columns that a row is found by."),
            Key(
                "valid_from", .text,
                "The column with the time from which a row holds, in place of the one before it; "
                    + "an event finds the row that held at its own time."),
            Key(
                "columns", .table(.label),
                "What columns hold: text, number, integer, boolean, timestamp, or a number's unit; "
                    + "by default what all their values are."),
        ])
}

/// A table as it is written, and its file.
struct TableDraft {
    private(set) var table: ReferenceTable?
    private let report: Report
    /// By column: what it is said to hold.
    private var kinds: [String: Kind] = [:]

    /// What a column holds.
    private struct Kind {
        var type: ValueType
        var unit: Unit?

        static let words: [(String, ValueType)] = [
            ("text", .text), ("number", .number), ("integer", .integer), ("boolean", .boolean),
            ("timestamp", .timestamp), ("position", .position),
        ]
    }

    init?(
        named name: Located<String>, _ node: Node, files: [String: [UInt8]], _ report: Report
    ) {
        self.report = report
        guard let fields = Fields(node, .table, report) else { return nil }
        let file = fields.text("file")
        let key = fields.texts("key")
        let since = fields.text("valid_from")
        let columns = fields.table("columns")
        for entry in columns {
            guard let word = Scalars.label(entry.value, report) else { return nil }
            guard let kind = TableDraft.kind(word) else {
                let words = Kind.words.map(\.0) + Unit.names
                report.add(
                    .unknownUnit, "`\(Node.shortened(word))` is no type and no unit",
                    at: entry.value,
                    help: report.suggestion(word, among: words)
                        + ["types: " + Kind.words.map(\.0).joined(separator: ", ")])
                return nil
            }
            kinds[entry.key.value] = kind
        }
        guard let file, !key.isEmpty else { return nil }
        let path = TableDraft.path(of: file)
        guard
            let bytes = files[path]
                ?? SourceFiles.read(path, limit: TableText.Limit.bytes, at: file.place, report),
            let text = TableText(bytes, file: path, report),
            let layout = Layout(text, key, since, columns.map(\.key), report)
        else { return nil }
        table = read(text, layout, name)
    }

    private static func kind(_ word: String) -> Kind? {
        if let type = Kind.words.first(where: { $0.0 == word })?.1 { return Kind(type: type) }
        return Unit(word).map { Kind(type: .number, unit: $0) }
    }

    /// Relative to the file that names it.
    private static func path(of file: Located<String>) -> String {
        guard !file.value.hasPrefix("/"),
            let slash = file.place.file.utf8.lastIndex(of: UInt8(ascii: "/"))
        else { return file.value }
        return String(file.place.file[...slash]) + file.value
    }

    // MARK: Values

    private mutating func read(
        _ text: TableText, _ layout: Layout, _ name: Located<String>
    ) -> ReferenceTable? {
        var mistakes = 0
        let columns = text.header.indices.map { column -> Kind in
            if column == layout.since { return Kind(type: .timestamp) }
            return kinds[text.header[column].text]
                ?? Kind(type: TableDraft.type(of: text.rows.map { $0[column] }))
        }
        var rows: [ReferenceTable.Row] = []
        var seen: [Version: Int] = [:]
        for cells in text.rows {
            var row = ReferenceTable.Row(key: [], values: [])
            let before = mistakes
            for column in layout.key {
                if let value = value(cells[column], columns[column].type, in: text, &mistakes) {
                    row.key.append(value)
                } else if cells[column].isMissing {
                    tellMissing(cells[column], text.header[column].text, in: text, &mistakes)
                }
            }
            if let since = layout.since {
                if case .timestamp(let time)? = value(cells[since], .timestamp, in: text, &mistakes)
                {
                    row.since = time
                } else if cells[since].isMissing {
                    tellMissing(cells[since], text.header[since].text, in: text, &mistakes)
                }
            }
            row.values = layout.values.map {
                value(cells[$0], columns[$0].type, in: text, &mistakes)
            }
            if mistakes >= TableText.Limit.mistakes { return nil }
            guard mistakes == before else { continue }
            let line = Int(cells[0].line)
            if let first = seen.updateValue(line, forKey: Version(key: row.key, since: row.since)) {
                mistakes += 1
                let key = row.key.map(\.description).joined(separator: ", ")
                report.add(
                    .duplicateRow,
                    "there are two rows for `\(key)`"
                        + (layout.since == nil ? "" : " from \(row.since) on"),
                    at: text.place(of: cells[layout.key[0]]),
                    length: Int(cells[layout.key[0]].length),
                    help: ["the first is on line \(first)"]
                        + (layout.since == nil
                            ? ["where rows follow each other, name their times: valid_from"] : []))
            }
            rows.append(row)
        }
        guard mistakes == 0 else { return nil }
        func column(_ index: Int) -> ReferenceTable.Column {
            ReferenceTable.Column(
                text.header[index].text, columns[index].type, columns[index].unit)
        }
        return ReferenceTable(
            name, key: layout.key.map(column), columns: layout.values.map(column), rows: rows)
    }

    private struct Version: Hashable {
        var key: [Value]
        var since: Instant
    }

    private func tellMissing(
        _ cell: TableText.Cell, _ column: String, in text: TableText, _ mistakes: inout Int
    ) {
        mistakes += 1
        report.add(.badCell, "a row needs a `\(column)`", at: text.place(of: cell))
    }

    /// Nil, with the mistake reported, where the cell is not of the type; and where it is empty.
    private func value(
        _ cell: TableText.Cell, _ type: ValueType, in text: TableText, _ mistakes: inout Int
    ) -> Value? {
        if cell.isMissing { return nil }
        if let value = TableDraft.value(cell.text, type) { return value }
        mistakes += 1
        let words: String
        switch type {
        case .number: words = "a number"
        case .integer: words = "a whole number"
        case .boolean: words = "true or false"
        case .timestamp: words = "a point in time"
        case .text: words = "a text"
        case .position: words = "a position"
        }
        report.add(
            .badCell, "\(words) is wanted, not `\(Node.shortened(cell.text))`",
            at: text.place(of: cell), length: Int(cell.length),
            help: type == .timestamp
                ? ["write it as in RFC 3339: 2026-07-15T14:00:00Z, or in milliseconds since 1970"]
                : [])
        return nil
    }

    private static func value(_ text: String, _ type: ValueType) -> Value? {
        let node = Node(.scalar(text, .plain))
        switch type {
        case .text: return .text(text)
        case .number: return node.number.map { .number($0) }
        case .integer: return node.integer.map { .integer($0) }
        case .boolean: return node.boolean.map { .boolean($0) }
        case .timestamp:
            if let milliseconds = node.integer {
                // Fewer digits are a year, a date or seconds, taken for what they are not.
                guard milliseconds == 0 || milliseconds.magnitude >= 100_000_000_000 else {
                    return nil
                }
                return .timestamp(Instant(milliseconds: milliseconds))
            }
            return Instant(text).map { .timestamp($0) }
        case .position: return GeoPosition(text).map { .position($0) }
        }
    }

    /// What all cells of a column are; digits behind a zero make it a text, and nothing as well.
    private static func type(of cells: [TableText.Cell]) -> ValueType {
        let texts = cells.filter { !$0.isMissing }.map(\.text)
        func areAll(_ type: ValueType) -> Bool {
            texts.allSatisfy { text in
                let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
                let isCode = digits.count > 1 && digits.hasPrefix("0") && !digits.hasPrefix("0.")
                return !isCode && value(text, type) != nil
            }
        }
        if texts.isEmpty { return .text }
        return [ValueType.integer, .number, .boolean, .timestamp].first(where: areAll) ?? .text
    }
}

/// Which column of a table's file is what.
private struct Layout {
    var key: [Int] = []
    var since: Int?
    var values: [Int] = []

    init?(
        _ text: TableText, _ key: [Located<String>], _ since: Located<String>?,
        _ declared: [Located<String>], _ report: Report
    ) {
        var isSound = true
        func refuse(
            _ code: Code, _ message: String, at place: Place, _ length: Int, _ help: [String]
        ) {
            isSound = false
            report.add(code, message, at: place, length: length, help: help)
        }
        let names = text.header.map(\.text)
        for (index, cell) in text.header.enumerated() {
            if cell.text.isEmpty {
                refuse(.badCSV, "a column has no name", at: text.place(of: cell), 1, [])
            } else if let first = names[..<index].firstIndex(of: cell.text) {
                refuse(
                    .badCSV, "there are two columns called `\(cell.text)`",
                    at: text.place(of: cell), Int(cell.length),
                    ["the first is at column \(text.header[first].column)"])
            }
        }
        func find(_ name: Located<String>) -> Int? {
            if let index = names.firstIndex(of: name.value) { return index }
            let near = report.suggestion(name.value, among: names)
            refuse(
                .unknownReference, "the table's file has no column `\(name.value)`",
                at: name.place, name.value.utf8.count,
                near.isEmpty ? ["its first row names \(names.joined(separator: ", "))"] : near)
            return nil
        }
        for name in declared { _ = find(name) }
        for name in key {
            guard let column = find(name) else { continue }
            if self.key.contains(column) {
                refuse(
                    .duplicateName, "`\(name.value)` is in the key twice", at: name.place,
                    name.value.utf8.count, [])
            }
            self.key.append(column)
        }
        self.since = since.flatMap { find($0) }
        if let since, let column = self.since, self.key.contains(column) {
            refuse(
                .conflict, "`\(since.value)` is in the key, so that it cannot be the time too",
                at: since.place, since.value.utf8.count, [])
        }
        values = names.indices.filter { !self.key.contains($0) && $0 != self.since }
        guard isSound else { return nil }
    }
}
