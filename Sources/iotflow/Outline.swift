import Engine
import Gateway
import Model
import Wire

extension Document {
    /// Aligned lines for people: a key and its value, maps indented below their key.
    var outline: String { outline(indent: 0) }

    private func outline(indent: Int) -> String {
        let margin = String(repeating: " ", count: indent)
        switch self {
        case .map(let entries):
            let width = entries.map(\.key.plain.count).max() ?? 0
            return entries.map { entry in
                let key = entry.key.plain
                if entry.value.isLeaf {
                    let gap = String(repeating: " ", count: width - key.count + 2)
                    return "\(margin)\(key)\(gap)\(entry.value.plain)\n"
                }
                return "\(margin)\(key)\n" + entry.value.outline(indent: indent + 2)
            }.joined()
        case .array(let elements):
            return elements.map { element in
                element.isLeaf
                    ? "\(margin)- \(element.plain)\n" : element.outline(indent: indent) + "\n"
            }.joined()
        default: return "\(margin)\(plain)\n"
        }
    }

    private var isLeaf: Bool {
        switch self {
        case .map(let entries): entries.isEmpty
        case .array(let elements): elements.isEmpty
        default: true
        }
    }

    /// The value on one line, without quotes.
    var plain: String {
        switch self {
        case .null, .map, .array: isEmptyCollection ? "none" : "-"
        case .boolean(let value): value ? "yes" : "no"
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .text(let text): text
        case .timestamp(let instant): "\(instant)"
        case .bytes(let bytes): "\(bytes.count) bytes"
        }
    }

    private var isEmptyCollection: Bool {
        switch self {
        case .map, .array: true
        default: false
        }
    }
}

extension Report {
    /// The requirements' report, for people.
    var text: String {
        var rows = [
            ["Events processed", "\(eventsProcessed)"],
            ["Commands issued", "\(commandsIssued) (\(commandsSucceeded) succeeded)"],
            ["Edge execution ratio", "\(edgeExecutionRatio)"],
            ["Twin sync accuracy", "\(twinSyncAccuracy)"],
        ]
        for pattern in detectedPatterns {
            rows.append(["Pattern \(pattern.name)", "\(pattern.count)"])
        }
        for aggregation in aggregations {
            let window = aggregation.window.isEmpty ? "" : " " + aggregation.window
            let fields = aggregation.latest.fields.map {
                "\($0.name)=\($0.value?.description ?? "-")"
            }
            rows.append([
                "\(aggregation.name)\(window)",
                "\(aggregation.latest.closed) windows, latest \(aggregation.latest.start): "
                    + fields.joined(separator: " "),
            ])
        }
        return table(rows)
    }
}

/// Rows in columns two spaces apart.
func table(_ rows: [[String]]) -> String {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
        rows.compactMap { column < $0.count ? $0[column].count : nil }.max() ?? 0
    }
    return rows.map { row in
        let cells = row.enumerated().map { column, cell in
            column == row.count - 1
                ? cell : cell + String(repeating: " ", count: widths[column] - cell.count + 2)
        }
        return cells.joined() + "\n"
    }.joined()
}
