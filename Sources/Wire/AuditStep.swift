package import Model

/// An entry of the audit as it is kept: with the device's name, so that it means the same wherever
/// it is read.
package struct AuditStep: Hashable, Sendable {
    package var time: Instant
    package var command: CommandID
    package var device: String
    package var name: String
    package var from: String
    package var to: String
    package var reason: String
    package var details: [Field]

    package init(_ entry: AuditEntry, device: String) {
        time = entry.time
        command = entry.command
        self.device = device
        name = entry.name
        from = entry.from
        to = entry.to
        reason = entry.reason
        details = entry.details
    }

    /// Deterministic CBOR (RFC 8949 section 4.2.1). A reason and details that are empty are left
    /// out; details are pairs of a name and a value, for a name may come twice.
    package var cbor: [UInt8] {
        var entries: [Document.Entry] = [
            .init("time", .timestamp(time)), .init("command", .bytes(commandBytes)),
            .init("device", .text(device)), .init("name", .text(name)),
            .init("from", .text(from)), .init("to", .text(to)),
        ]
        if !reason.isEmpty { entries.append(.init("reason", .text(reason))) }
        if !details.isEmpty {
            let pairs = details.map { Document.array([.text($0.name), Document($0.value)]) }
            entries.append(.init("details", .array(pairs)))
        }
        return Document.map(entries).deterministicCBOR
    }

    /// Reads what `cbor` wrote; nil for anything else.
    package init?(cbor: [UInt8]) {
        guard let document = try? Document(cbor: cbor.span),
            case .timestamp(let time)? = document["time"],
            case .bytes(let command)? = document["command"], command.count == 16,
            case .text(let device)? = document["device"],
            case .text(let name)? = document["name"], case .text(let from)? = document["from"],
            case .text(let to)? = document["to"]
        else { return nil }
        self.time = time
        self.command = CommandID(value: command.reduce(0) { $0 << 8 | UInt128($1) })
        self.device = device
        self.name = name
        self.from = from
        self.to = to
        reason = ""
        if case .text(let text)? = document["reason"] { reason = text }
        details = []
        guard case .array(let pairs)? = document["details"] else { return }
        for pair in pairs {
            guard case .array(let parts) = pair, parts.count == 2, case .text(let name) = parts[0]
            else { return nil }
            details.append(Field(name, Value(parts[1])))
        }
    }

    private var commandBytes: [UInt8] {
        (0..<16).map { UInt8(truncatingIfNeeded: command.value >> UInt128(120 - 8 * $0)) }
    }

    /// As people and programs are shown it.
    package var document: Document {
        .map([
            .init("time", .timestamp(time)), .init("command", .text(command.description)),
            .init("device", .text(device)), .init("name", .text(name)),
            .init("from", .text(from)), .init("to", .text(to)), .init("reason", .text(reason)),
            .init("details", Document(details)),
        ])
    }
}
