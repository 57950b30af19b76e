import Wire

/// A place in the chain: an entry's number and its hash.
package struct AuditHead: Hashable, Sendable, CustomStringConvertible {
    package var sequence: UInt64
    package var hash: [UInt8]

    package init(sequence: UInt64, hash: [UInt8]) {
        self.sequence = sequence
        self.hash = hash
    }

    /// Reads `12:9f86d0…`, with all 64 digits; nil for anything else.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let sequence = UInt64(parts[0]), parts[1].utf8.count == 64,
            let hash = [UInt8](hexadecimal: String(parts[1]))
        else { return nil }
        self.init(sequence: sequence, hash: hash)
    }

    package var description: String { "\(sequence):\(hash.hexadecimal)" }
}

/// Whose chain it is, where it begins, and how far it has come.
package struct AuditHeader: Hashable, Sendable {
    package var gateway: String
    package var epoch: UInt64
    /// The first entry with a hash.
    package var start: UInt64
    package var head: AuditHead

    package init(gateway: String, epoch: UInt64, start: UInt64, head: AuditHead) {
        self.gateway = gateway
        self.epoch = epoch
        self.start = start
        self.head = head
    }
}
