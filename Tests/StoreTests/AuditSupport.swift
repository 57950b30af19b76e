import Crypto
import Model
import Store
import Testing
import Wire

/// Steps as the gateway writes them, all different.
func auditStep(_ number: Int) -> [UInt8] {
    let entry = AuditEntry(
        time: Instant(milliseconds: 1_780_000_000_000 + Int64(number) * 137),
        command: CommandID("trigger", "\(number / 5)"), device: Device(index: 0),
        name: "set_fan_speed", from: ["created", "queued", "sent", "running"][number % 4],
        to: ["queued", "sent", "running", "succeeded"][number % 4],
        reason: number % 7 == 0 ? "the device is asleep" : "",
        details: number % 5 == 0 ? [Field("by", .text("operator"))] : [])
    return AuditStep(entry, device: "hvac-ctrl-\(number % 20)").cbor
}

/// A store whose audit has so many entries, and what is in it afterwards.
func writtenAudit(
    _ count: Int, in directory: TemporaryDirectory, limit: Int = 64 << 20
) throws -> (header: AuditHeader?, rows: [AuditRow]) {
    let signal = CommitSignal()
    var configuration = configuration(directory)
    configuration.auditLimit = limit
    let store = try Store.open(configuration)
    try store.start { signal.notify() }
    for start in stride(from: 0, to: count, by: 300) {
        let steps = (start..<min(start + 300, count)).map(auditStep)
        #expect(store.commit([batch { $0.audit = steps }], signal: signal))
    }
    store.stop()
    return try Store.openReadOnly(directory.path).audit()
}

func verified(
    _ header: AuditHeader?, _ rows: [AuditRow], heads: [AuditHead] = [], keys: [[UInt8]] = []
) -> AuditVerification {
    var verification = AuditVerification(header: header, heads: heads, keys: keys)
    for row in rows { verification.take(row) }
    verification.finish()
    return verification
}

extension AuditRow {
    /// Its bytes, of which each counts.
    var content: [UInt8] {
        switch self {
        case .entry(_, let hash, let cbor): hash + cbor
        case .checkpoint(_, let signature, let cbor): signature + cbor
        case .plain(_, let bytes): bytes
        }
    }

    /// The same row with other bytes.
    func with(_ content: [UInt8]) -> AuditRow {
        switch self {
        case .entry(let sequence, _, _):
            .entry(
                sequence: sequence, hash: Array(content.prefix(32)),
                cbor: Array(content.dropFirst(32)))
        case .checkpoint(let sequence, _, _):
            .checkpoint(
                sequence: sequence, signature: Array(content.prefix(64)),
                cbor: Array(content.dropFirst(64)))
        case .plain(let sequence, _): .plain(sequence: sequence, bytes: content)
        }
    }

    /// The same content in another place.
    func at(_ sequence: UInt64) -> AuditRow {
        switch self {
        case .entry(_, let hash, let cbor): .entry(sequence: sequence, hash: hash, cbor: cbor)
        case .checkpoint(_, let signature, let cbor):
            .checkpoint(sequence: sequence, signature: signature, cbor: cbor)
        case .plain(_, let bytes): .plain(sequence: sequence, bytes: bytes)
        }
    }

    var sequence: UInt64 {
        switch self {
        case .entry(let sequence, _, _), .checkpoint(let sequence, _, _),
            .plain(let sequence, _):
            sequence
        }
    }

    var isEntry: Bool { if case .entry = self { true } else { false } }
}
