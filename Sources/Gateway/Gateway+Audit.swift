import Engine
import Model
import Store
import Wire

/// The audit's newest checkpoint goes upstream, where nobody on this machine can change it.
extension Gateway {
    /// A checkpoint that upstream has not been told of.
    var untoldCheckpoint: AuditCheckpoint? {
        guard let checkpoint = store.statistics.auditCheckpoint, checkpoint.sequence > auditTold
        else { return nil }
        return checkpoint
    }

    /// Publishes a checkpoint with the next batch.
    func tell(_ checkpoint: AuditCheckpoint) {
        auditTold = checkpoint.sequence
        engine.publishAudit(at: turn.now, fields: checkpoint.fields, into: &effects)
    }
}

extension AuditCheckpoint {
    fileprivate var fields: [Field] {
        [
            Field("sequence", .integer(Int64(clamping: sequence))),
            Field("hash", .text(head.hexadecimal)), Field("root", .text(root.hexadecimal)),
            Field("time", .timestamp(time)), Field("key", .text(key.hexadecimal)),
        ]
    }
}

extension Store {
    /// What `iotflow status` shows of the audit.
    var auditDocument: Document {
        let statistics = statistics
        return .map([
            .init("entries", .integer(Int64(statistics.auditEntries))),
            .init("bytes", .integer(Int64(statistics.auditBytes))),
            .init(
                "head", statistics.auditHead.map { .text("\($0)") } ?? .null),
            .init(
                "signed", statistics.auditCheckpoint.map { .text("\($0.auditHead)") } ?? .null),
            .init(
                "signed_at", statistics.auditCheckpoint.map { .timestamp($0.time) } ?? .null),
            .init("key", .text(auditKey.hexadecimal)),
        ])
    }
}
