import Arguments
import Gateway
import Model
import Store
import Wire

let auditVerb = Verb(
    name: "audit", summary: "every step of every command: list it, export it, prove it unchanged",
    usage: Usage(
        "iotflow audit list | verify [FILE] | export [--data DIR] [--json]",
        "Reads the audit in the gateway's store, whether the gateway runs or not. 'list' shows\n"
            + "its entries, 'verify' tells whether any was changed, dropped, moved or cut off,\n"
            + "'export' writes all of it to standard output, as a file that 'verify FILE' takes.",
        options: [
            Option("device", "D", argument: "NAME", "list: only what concerns this device"),
            Option("command", "c", argument: "ID", "list: only the steps of this command"),
            Option("since", argument: "TIME", "list: only from this time on"),
            Option("limit", "n", argument: "COUNT", "list: only so many, the newest [100]"),
            Option("head", argument: "SEQ:HASH", "verify: an entry and its hash, noted elsewhere"),
            Option("key", argument: "KEY", "verify: a public key that checkpoints may have"),
            Option("format", argument: "FORMAT", "export: cbor or json [cbor]"),
            .data, .socket, .json, .help,
        ],
        notes: "Exit status: 0 done, 1 the audit is not as it was written, 69 there is none to "
            + "read."),
    run: audit)

@Sendable private func audit(_ arguments: Arguments) throws(UsageError) -> Int32 {
    switch (arguments.operands.first, arguments.operands.count) {
    case ("list", 1): return try list(arguments)
    case ("verify", 1...2): return try verify(arguments)
    case ("export", 1): return try export(arguments)
    case ("list", _): throw UsageError("audit list takes no operand")
    case ("verify", _): throw UsageError("audit verify takes one file at most")
    case ("export", _): throw UsageError("audit export takes no operand")
    default: throw UsageError("audit list, audit verify or audit export")
    }
}

/// The audit that the arguments name; tells where there is none.
private func stored(_ arguments: Arguments) -> StoredAudit? {
    do throws(StoredAuditError) {
        return try StoredAudit(at: arguments["data"] ?? "/var/lib/iotflow")
    } catch {
        printError("iotflow audit: \(error)")
        return nil
    }
}

private func list(_ arguments: Arguments) throws(UsageError) -> Int32 {
    let limit = try arguments.value("limit", as: Int.self) ?? 100
    guard limit > 0 else { throw UsageError("--limit: '\(limit)' is not greater than 0") }
    guard let audit = stored(arguments) else { return 69 }
    var steps = audit.steps
    if let text = arguments["since"] {
        let end = steps.map(\.step.time).max() ?? .distantPast
        guard let since = MomentText.read(text, end: end) else {
            throw UsageError("--since: '\(text)' is not a time")
        }
        steps.removeAll { $0.step.time < since }
    }
    if let device = arguments["device"] { steps.removeAll { $0.step.device != device } }
    if let command = arguments["command"] {
        steps.removeAll { $0.step.command.description != command }
    }
    let shown = steps.suffix(limit)
    if arguments.has("json") {
        let documents = shown.map { sequence, step in
            Document.map([.init("entry", .integer(Int64(clamping: sequence)))] + step.entries)
        }
        printText(String(decoding: Document.array(documents).json, as: UTF8.self) + "\n")
        return 0
    }
    var rows = [["ENTRY", "TIME", "DEVICE", "COMMAND", "ID", "STEP"]]
    for (sequence, step) in shown {
        rows.append([
            "\(sequence)", step.time.description, step.device, step.name,
            step.command.description, step.words,
        ])
    }
    printText(table(rows))
    if shown.count < steps.count {
        printError("iotflow audit: \(steps.count - shown.count) older entries are not shown")
    }
    return 0
}

extension AuditStep {
    fileprivate var entries: [Document.Entry] {
        guard case .map(let entries) = document else { return [] }
        return entries
    }

    /// `queued -> sent: reason (who=joe)`.
    fileprivate var words: String {
        let details = details.map { "\($0.name)=\($0.value?.description ?? "missing")" }
        return "\(from) -> \(to)" + (reason.isEmpty ? "" : ": \(reason)")
            + (details.isEmpty ? "" : " (\(details.joined(separator: " ")))")
    }
}

private func export(_ arguments: Arguments) throws(UsageError) -> Int32 {
    let text = arguments["format"] ?? (arguments.has("json") ? "json" : "cbor")
    guard let format = StoredAudit.Format(rawValue: text) else {
        throw UsageError("--format: '\(text)' is neither cbor nor json")
    }
    guard let audit = stored(arguments) else { return 69 }
    printBytes(audit.exported(as: format))
    return 0
}

private func verify(_ arguments: Arguments) throws(UsageError) -> Int32 {
    var heads: [AuditHead] = []
    for text in arguments.all("head") {
        guard let head = AuditHead(text) else {
            throw UsageError("--head: '\(text)' is not a number and a hash, as 12:9f86…")
        }
        heads.append(head)
    }
    var keys: [[UInt8]] = []
    for text in arguments.all("key") {
        guard let key = [UInt8](hexadecimal: text), key.count == 32 else {
            throw UsageError("--key: '\(text)' is not 64 hexadecimal digits")
        }
        keys.append(key)
    }
    let audit: StoredAudit
    if arguments.operands.count == 2 {
        guard let found = exported(arguments.operands[1]) else { return 69 }
        audit = found
    } else {
        // Asked first: what the running gateway has committed by now must be in the store.
        if let told = askGateway(["status"], arguments, tells: false) {
            let status = (try? Document(json: told.span))?["audit"]
            if case .text(let text)? = status?["head"], let head = AuditHead(text) {
                heads.append(head)
            }
            if keys.isEmpty, case .text(let text)? = status?["key"],
                let key = [UInt8](hexadecimal: text)
            {
                keys.append(key)
            }
        }
        guard let found = stored(arguments) else { return 69 }
        audit = found
    }
    let verification = audit.verified(heads: heads, keys: keys)
    let report = AuditReport(verification, audit)
    printText(
        arguments.has("json")
            ? String(decoding: report.document.json, as: UTF8.self) + "\n" : report.text)
    return report.isWhole ? 0 : 1
}

/// The audit that a file holds; tells where it holds none.
private func exported(_ path: String) -> StoredAudit? {
    let bytes: [UInt8]
    do throws(EventError) {
        bytes = try EventInput.whole(path)
    } catch {
        printError("iotflow audit: \(error)")
        return nil
    }
    do throws(StoredAuditError) {
        return try StoredAudit(exported: bytes)
    } catch {
        printError("iotflow audit: \(path): \(error)")
        return nil
    }
}
