import Crypto
package import Model
import Wire

/// A signed statement of how far the audit had come at some time. Whoever keeps one elsewhere can
/// tell later whether anything up to it was changed or taken away.
package struct AuditCheckpoint: Hashable, Sendable {
    package var gateway: String
    package var epoch: UInt64
    /// The first entry that is under `root`, and the last: the newest when it was signed.
    package var first: UInt64
    package var sequence: UInt64
    /// The last entry's hash.
    package var head: [UInt8]
    /// Of the Merkle tree over the entries from `first` to `sequence`.
    package var root: [UInt8]
    package var time: Instant
    /// The public key that it is signed with.
    package var key: [UInt8]

    package init(
        gateway: String, epoch: UInt64, first: UInt64, sequence: UInt64, head: [UInt8],
        root: [UInt8], time: Instant, key: [UInt8]
    ) {
        self.gateway = gateway
        self.epoch = epoch
        self.first = first
        self.sequence = sequence
        self.head = head
        self.root = root
        self.time = time
        self.key = key
    }

    /// The entry it was signed at.
    package var auditHead: AuditHead { AuditHead(sequence: sequence, hash: head) }

    /// As deterministic CBOR (RFC 8949 section 4.2.1), which is what is signed.
    package var cbor: [UInt8] {
        Document.map([
            .init("gateway", .text(gateway)), .init("epoch", AuditCheckpoint.integer(epoch)),
            .init("first", AuditCheckpoint.integer(first)),
            .init("sequence", AuditCheckpoint.integer(sequence)), .init("head", .bytes(head)),
            .init("root", .bytes(root)), .init("time", .timestamp(time)),
            .init("key", .bytes(key)),
        ]).deterministicCBOR
    }

    /// Reads what `cbor` wrote; nil for anything else.
    package init?(cbor: [UInt8]) {
        guard let document = try? Document(cbor: cbor.span),
            case .text(let gateway)? = document["gateway"],
            let epoch = AuditCheckpoint.number(document["epoch"]),
            let first = AuditCheckpoint.number(document["first"]),
            let sequence = AuditCheckpoint.number(document["sequence"]),
            case .bytes(let head)? = document["head"], case .bytes(let root)? = document["root"],
            case .timestamp(let time)? = document["time"],
            case .bytes(let key)? = document["key"]
        else { return nil }
        self.init(
            gateway: gateway, epoch: epoch, first: first, sequence: sequence, head: head,
            root: root, time: time, key: key)
    }

    private static func integer(_ number: UInt64) -> Document {
        .integer(Int64(clamping: number))
    }

    private static func number(_ document: Document?) -> UInt64? {
        guard case .integer(let integer)? = document else { return nil }
        return UInt64(exactly: integer)
    }

    /// What stands before the bytes that are signed, so that the key's signatures are good for
    /// nothing else.
    private static let purpose = Array("iotflow audit checkpoint\0".utf8)

    static func sign(_ cbor: [UInt8], with key: SigningKey) -> [UInt8] {
        key.sign(purpose + cbor)
    }

    /// Whether `key` has signed these bytes.
    package static func isSigned(_ cbor: [UInt8], _ signature: [UInt8], by key: [UInt8]) -> Bool {
        SigningKey.isValid(signature, of: purpose + cbor, by: key)
    }
}
