import Model
package import Store
package import Wire

/// Why an audit cannot be read.
package struct StoredAuditError: Error, CustomStringConvertible, Sendable {
    package var description: String
}

/// The audit of a store, read beside the running gateway or without one, or a file that was
/// exported from one.
package struct StoredAudit: Sendable {
    /// Nil where no entry has a hash.
    package private(set) var header: AuditHeader?
    package private(set) var rows: [AuditRow]
    /// Of a file: it is not, byte for byte, what an export writes.
    package private(set) var isDamagedFile = false
    private var deviceNames: [String] = []

    /// Opens the store in the directory `path`; nothing in it is changed.
    package init(at path: String) throws(StoredAuditError) {
        do throws(StoreError) {
            let reader = try Store.openReadOnly(path)
            (header, rows) = try reader.audit()
            deviceNames = try reader.deviceNames()
        } catch {
            throw StoredAuditError(description: error.description)
        }
    }

    /// Takes back what `exported` wrote, as far as it can be read.
    package init(exported bytes: [UInt8]) throws(StoredAuditError) {
        let isText = bytes.first == UInt8(ascii: "{")
        let documents = isText ? StoredAudit.lines(bytes) : StoredAudit.items(bytes)
        guard let first = documents.first, let header = StoredAudit.header(first) else {
            throw StoredAuditError(description: "this is no audit that was exported")
        }
        self.header = header.start > 0 ? header : nil
        rows = documents.dropFirst().compactMap(StoredAudit.row)
        isDamagedFile = exported(as: isText ? .json : .cbor, of: header) != bytes
    }

    /// Judges every row. `heads` were noted elsewhere; without `keys` the first one is believed.
    package func verified(
        heads: [AuditHead] = [], keys: [[UInt8]] = []
    ) -> AuditVerification {
        var verification = AuditVerification(header: header, heads: heads, keys: keys)
        for row in rows { verification.take(row) }
        verification.finish()
        return verification
    }

    /// The entries that can be read, in order, with their numbers.
    package var steps: [(sequence: UInt64, step: AuditStep)] {
        rows.compactMap { row in
            switch row {
            case .entry(let sequence, _, let cbor):
                guard let parts = AuditRow.parts(of: cbor),
                    let step = AuditStep(cbor: Array(parts.entry))
                else { return nil }
                return (sequence, step)
            case .plain(let sequence, let bytes):
                var reader = ByteReader(bytes)
                guard let entry = try? AuditEntry(from: &reader) else { return nil }
                let index = Int(entry.device.index)
                let name = index < deviceNames.count ? deviceNames[index] : "device \(index)"
                return (sequence, AuditStep(entry, device: name))
            case .checkpoint: return nil
            }
        }
    }
}

extension StoredAudit {
    /// How an audit is exported: a CBOR sequence (RFC 8742), or a JSON object a line.
    package enum Format: String, Sendable, CaseIterable { case cbor, json }

    /// The whole audit as a file of its own, which can be verified where there is no store. A
    /// header comes first, and last a digest of all bytes before it.
    package func exported(as format: Format) -> [UInt8] {
        let none = AuditHeader(
            gateway: "", epoch: 0, start: 0, head: AuditHead(sequence: 0, hash: []))
        return exported(as: format, of: header ?? none)
    }

    private func exported(as format: Format, of header: AuditHeader) -> [UInt8] {
        var output: [UInt8] = []
        func append(_ document: Document) {
            switch format {
            case .cbor: output += document.deterministicCBOR
            case .json: output += document.json + [UInt8(ascii: "\n")]
            }
        }
        append(StoredAudit.document(header, format))
        for row in rows { append(StoredAudit.document(row, format)) }
        append(
            .map([
                .init("rows", .integer(Int64(rows.count))),
                .init("digest", StoredAudit.bytes(AuditChain.digest(of: output), format)),
            ]))
        return output
    }

    private static func document(_ header: AuditHeader, _ format: Format) -> Document {
        .map([
            .init("audit", .integer(1)), .init("gateway", .text(header.gateway)),
            .init("epoch", .integer(Int64(clamping: header.epoch))),
            .init("start", .integer(Int64(clamping: header.start))),
            .init("sequence", .integer(Int64(clamping: header.head.sequence))),
            .init("hash", bytes(header.head.hash, format)),
        ])
    }

    private static func header(_ document: Document) -> AuditHeader? {
        guard document["audit"] == .integer(1), case .text(let gateway)? = document["gateway"],
            let epoch = number(document["epoch"]), let start = number(document["start"]),
            let sequence = number(document["sequence"]), let hash = bytes(document["hash"])
        else { return nil }
        return AuditHeader(
            gateway: gateway, epoch: epoch, start: start,
            head: AuditHead(sequence: sequence, hash: hash))
    }

    private static func document(_ row: AuditRow, _ format: Format) -> Document {
        switch row {
        case .entry(let sequence, let hash, let cbor):
            var entries: [Document.Entry] = [
                .init("entry", .integer(Int64(clamping: sequence))),
                .init("hash", bytes(hash, format)), .init("cbor", bytes(cbor, format)),
            ]
            // For people and their tools; what counts is the CBOR that the hash covers.
            if format == .json, let parts = AuditRow.parts(of: cbor),
                let step = AuditStep(cbor: Array(parts.entry))
            {
                entries.append(.init("step", step.document))
            }
            return .map(entries)
        case .checkpoint(let sequence, let signature, let cbor):
            return .map([
                .init("checkpoint", .integer(Int64(clamping: sequence))),
                .init("signature", bytes(signature, format)), .init("cbor", bytes(cbor, format)),
            ])
        case .plain(let sequence, let content):
            return .map([
                .init("plain", .integer(Int64(clamping: sequence))),
                .init("bytes", bytes(content, format)),
            ])
        }
    }

    private static func row(_ document: Document) -> AuditRow? {
        if let sequence = number(document["entry"]), let hash = bytes(document["hash"]),
            let cbor = bytes(document["cbor"])
        {
            return .entry(sequence: sequence, hash: hash, cbor: cbor)
        }
        if let sequence = number(document["checkpoint"]), let cbor = bytes(document["cbor"]),
            let signature = bytes(document["signature"])
        {
            return .checkpoint(sequence: sequence, signature: signature, cbor: cbor)
        }
        if let sequence = number(document["plain"]), let content = bytes(document["bytes"]) {
            return .plain(sequence: sequence, bytes: content)
        }
        return nil
    }

    private static func lines(_ bytes: [UInt8]) -> [Document] {
        bytes.split(separator: UInt8(ascii: "\n")).compactMap {
            try? Document(json: Array($0).span)
        }
    }

    /// The items up to the first that cannot be read.
    private static func items(_ bytes: [UInt8]) -> [Document] {
        var items: [Document] = []
        try? Document.readSequence(cbor: bytes.span) { items.append($0) }
        return items
    }

    private static func number(_ document: Document?) -> UInt64? {
        guard case .integer(let integer)? = document else { return nil }
        return UInt64(exactly: integer)
    }

    private static func bytes(_ bytes: [UInt8], _ format: Format) -> Document {
        format == .json ? .text(bytes.hexadecimal) : .bytes(bytes)
    }

    private static func bytes(_ document: Document?) -> [UInt8]? {
        switch document {
        case .bytes(let bytes)?: bytes
        case .text(let text)?: [UInt8](hexadecimal: text)
        default: nil
        }
    }
}
