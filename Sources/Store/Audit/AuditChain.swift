import Crypto

/// How entries of the audit hang together: each hash covers its entry and the hash before, so that
/// nothing inside can be changed, taken out or put in without changing everything behind it.
///
/// Every use of SHA-256 begins with another byte, so that a hash of one kind is never one of
/// another.
package enum AuditChain {
    private static let entryTag: UInt8 = 0
    private static let nodeTag: UInt8 = 1
    private static let leafTag: UInt8 = 2
    private static let startTag: UInt8 = 3

    /// What the first entry of a chain follows: whose chain it is and where it begins.
    package static func start(gateway: String, epoch: UInt64, sequence: UInt64) -> [UInt8] {
        SHA256.digest(
            startTag, Key.bytes(epoch), Key.bytes(sequence), Array(gateway.utf8))
    }

    /// The hash of an entry, given the hash before it.
    package static func hash(after previous: [UInt8], _ entry: [UInt8]) -> [UInt8] {
        SHA256.digest(entryTag, previous, entry)
    }

    /// The plain digest of a file.
    package static func digest(of bytes: [UInt8]) -> [UInt8] {
        var hash = SHA256()
        hash.update(bytes)
        return hash.finish()
    }

    static func leaf(_ entry: [UInt8]) -> [UInt8] { SHA256.digest(leafTag, entry) }

    static func node(_ left: [UInt8], _ right: [UInt8]) -> [UInt8] {
        SHA256.digest(nodeTag, left, right)
    }
}

/// The root of a Merkle tree (RFC 9162 section 2.1.1) whose leaves come one by one: what is kept
/// are the roots of the full trees they make up so far, no more than one for each power of two.
package struct MerkleTree: Hashable, Sendable {
    package private(set) var count = 0
    private var full: [[UInt8]] = []

    package init() {}

    /// Adds an entry as the next leaf.
    package mutating func append(_ entry: [UInt8]) {
        var root = AuditChain.leaf(entry)
        var rest = count
        while rest & 1 == 1, let left = full.popLast() {
            root = AuditChain.node(left, root)
            rest >>= 1
        }
        full.append(root)
        count += 1
    }

    /// The digest of nothing while there are no leaves.
    package var root: [UInt8] {
        guard var root = full.last else { return AuditChain.digest(of: []) }
        for left in full.dropLast().reversed() { root = AuditChain.node(left, root) }
        return root
    }
}
