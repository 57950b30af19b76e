import Model

/// Configuration written as Swift literals, with the keys and words of the YAML files:
/// `["window": ["type": "tumbling", "size": "5m"]]`. It goes through the same decoder.
package enum Settings: Sendable {
    case text(String)
    case integer(Int)
    case number(Double)
    case boolean(Bool)
    case list([Settings])
    case mapping([(key: String, value: Settings)])

    /// The same as a file would give, without places. Numbers are spelt as YAML spells them, and a
    /// key that stands twice is reported.
    package func node(_ report: Report) -> Node {
        switch self {
        case .text(let text): Node(.scalar(text, .doubleQuoted), length: text.utf8.count)
        case .integer(let value): Node(.scalar(String(value), .plain))
        case .number(let value): Node(.scalar(String(value), .plain))
        case .boolean(let value): Node(.scalar(String(value), .plain))
        case .list(let elements): Node(.sequence(elements.map { $0.node(report) }))
        case .mapping(let entries): Node(.mapping(nodes(entries, report)))
        }
    }

    private func nodes(
        _ entries: [(key: String, value: Settings)], _ report: Report
    ) -> [Node.Entry] {
        var seen: Set<String> = []
        for entry in entries where !seen.insert(entry.key).inserted {
            report.add(
                .duplicateKey, "`\(Node.shortened(entry.key))` stands here a second time",
                at: .unknown)
        }
        return entries.map { Node.Entry(key: Located($0.key), value: $0.value.node(report)) }
    }
}

extension Settings: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral,
    ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral
{
    package init(dictionaryLiteral elements: (String, Settings)...) {
        self = .mapping(elements.map { (key: $0.0, value: $0.1) })
    }

    package init(arrayLiteral elements: Settings...) { self = .list(elements) }
    package init(stringLiteral value: String) { self = .text(value) }
    package init(integerLiteral value: Int) { self = .integer(value) }
    package init(floatLiteral value: Double) { self = .number(value) }
    package init(booleanLiteral value: Bool) { self = .boolean(value) }
}
