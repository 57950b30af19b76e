import Gateway
import Store
import Wire

/// What `iotflow audit verify` tells.
struct AuditReport {
    private let verification: AuditVerification
    private let isDamagedFile: Bool

    init(_ verification: AuditVerification, _ audit: StoredAudit) {
        self.verification = verification
        isDamagedFile = audit.isDamagedFile
    }

    var isWhole: Bool { verification.isWhole && !isDamagedFile }

    private var findings: [String] {
        (isDamagedFile ? ["the file is not as it was exported"] : [])
            + verification.findings.map(\.description)
    }

    /// Entries that are newer than the newest good checkpoint.
    private var unsigned: UInt64 {
        guard let last = verification.last else { return 0 }
        let signed = verification.checkpoint?.sequence ?? (verification.first ?? last) - 1
        return last > signed ? last - signed : 0
    }

    var text: String {
        var lines: [String] = []
        let verdict = isWhole ? "is as it was written" : "is NOT as it was written"
        if let first = verification.first, let last = verification.last {
            lines.append(
                "the audit \(verdict): \(verification.entries) entries, \(first) to \(last)")
        } else {
            lines.append("the audit \(verdict): no entries with hashes")
        }
        lines += findings.map { "  " + $0 }
        let more = verification.findingCount - verification.findings.count
        if more > 0 { lines.append("  and \(more) more") }
        if let checkpoint = verification.checkpoint {
            lines.append(
                "\(verification.checkpoints) checkpoints; the newest is of \(checkpoint.time), "
                    + "\(unsigned) entries are newer")
            lines.append("head  \(checkpoint.auditHead)")
            lines.append("key   \(checkpoint.key.hexadecimal)")
        } else if verification.entries > 0 {
            lines.append("no checkpoint yet: the end could have been cut off or written anew")
        }
        if let trimmed = verification.trimmed {
            lines.append("entries up to \(trimmed) were deleted to make room")
        }
        if verification.plainEntries > 0 {
            lines.append(
                "\(verification.plainEntries) entries of an older version have no hashes; the "
                    + "chain begins behind them")
        }
        return lines.map { $0 + "\n" }.joined()
    }

    var document: Document {
        let checkpoint = verification.checkpoint
        func number(_ value: UInt64?) -> Document {
            value.map { .integer(Int64(clamping: $0)) } ?? .null
        }
        return .map([
            .init("whole", .boolean(isWhole)),
            .init("findings", .array(findings.map { .text($0) })),
            .init(
                "finding_count",
                .integer(Int64(verification.findingCount + (isDamagedFile ? 1 : 0)))),
            .init("entries", .integer(Int64(verification.entries))),
            .init("first", number(verification.first)), .init("last", number(verification.last)),
            .init("plain_entries", .integer(Int64(verification.plainEntries))),
            .init("trimmed", number(verification.trimmed)),
            .init("checkpoints", .integer(Int64(verification.checkpoints))),
            .init("unsigned", number(unsigned)),
            .init("head", checkpoint.map { .text("\($0.auditHead)") } ?? .null),
            .init("signed_at", checkpoint.map { .timestamp($0.time) } ?? .null),
            .init("key", checkpoint.map { .text($0.key.hexadecimal) } ?? .null),
        ])
    }
}
