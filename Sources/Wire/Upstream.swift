package import Model

extension OutboxRecord.Kind {
    /// The name upstream knows the kind by.
    package var name: String {
        switch self {
        case .match: "match"
        case .command: "command"
        case .aggregate: "aggregate"
        case .audit: "audit"
        }
    }
}

extension OutboxRecord {
    /// The name this record keeps through every redelivery: `{gateway}/{epoch}/{sequence}`.
    package func id(gateway: String, epoch: UInt64) -> String { "\(gateway)/\(epoch)/\(sequence)" }

    /// What is sent upstream, its entries in a fixed order; `start` only where there is one.
    package func document(gateway: String, epoch: UInt64) -> Document {
        var entries: [Document.Entry] = [
            .init("id", .text(id(gateway: gateway, epoch: epoch))),
            .init("kind", .text(kind.name)),
            .init("workflow", .text(workflow)),
            .init("name", .text(name)),
        ]
        if let start { entries.append(.init("start", .timestamp(start))) }
        entries.append(.init("time", .timestamp(time)))
        entries.append(.init("key", Document(key)))
        entries.append(.init("fields", Document(fields)))
        if !quality.isEmpty { entries.append(.init("quality", Document(quality: quality))) }
        return .map(entries)
    }

    /// The JSON object sent upstream: the same record gives the same bytes.
    package func json(gateway: String, epoch: UInt64) -> [UInt8] {
        document(gateway: gateway, epoch: epoch).json
    }
}

extension Document {
    /// How good inexact fields are: `{"p95": {"error": 0.25}}`.
    package init(quality: [Field]) {
        self = .map(
            quality.map { field in
                Entry(field.name, .map([Entry("error", Document(field.value))]))
            })
    }
}
