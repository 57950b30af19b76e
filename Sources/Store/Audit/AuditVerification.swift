/// Goes through an audit row by row and notes everything that is not as it was written.
///
/// After something wrong it goes on with what is stored there, so that one change gives one
/// finding and what comes later is still judged.
package struct AuditVerification: Sendable {
    /// What is wrong, in order; no more than `findingsMax`.
    package private(set) var findings: [AuditFinding] = []
    /// All that is wrong, listed or not.
    package private(set) var findingCount = 0
    package private(set) var entries = 0
    /// Entries of old form, which no hash covers.
    package private(set) var plainEntries = 0
    /// The first entry with a hash that is there, and the last.
    package private(set) var first: UInt64?
    package private(set) var last: UInt64?
    /// The end of what retention has deleted: the entry of the checkpoint that all begins with.
    package private(set) var trimmed: UInt64?
    package private(set) var checkpoints = 0
    /// The newest checkpoint that is good.
    package private(set) var checkpoint: AuditCheckpoint?

    package static let findingsMax = 100

    private let header: AuditHeader?
    private let heads: [AuditHead]
    private var keys: [[UInt8]]
    /// The hash that the next entry follows: as stored, and as what stands there would have it.
    /// Empty where neither is known.
    private var previous: [[UInt8]] = []
    private var expected: UInt64?
    /// A row was out of place: the next may follow another than the one before it.
    private var isLost = false
    private var tree = MerkleTree()
    /// The first entry in `tree`.
    private var signedFrom: UInt64?
    /// Something is wrong since the last checkpoint, so its root tells nothing new.
    private var isBroken = false

    /// `heads` were noted elsewhere; without `keys` the first checkpoint's key is believed.
    package init(header: AuditHeader?, heads: [AuditHead] = [], keys: [[UInt8]] = []) {
        self.header = header
        self.heads = heads
        self.keys = keys
    }

    package var isWhole: Bool { findingCount == 0 }

    /// Judges the next row.
    package mutating func take(_ row: AuditRow) {
        switch row {
        case .plain: plainEntries += 1
        case .entry(let sequence, let hash, let cbor): take(sequence, hash, cbor)
        case .checkpoint(let sequence, let signature, let cbor):
            takeCheckpoint(sequence, signature, cbor)
        }
    }

    /// Says that no row follows.
    package mutating func finish() {
        guard let header else {
            if checkpoints > 0 { note(.headerMissing) }
            for head in heads { note(.truncated(1...max(head.sequence, 1))) }
            return
        }
        let end = (expected ?? header.start) - 1
        for head in [header.head] + heads {
            if head.sequence > end {
                note(.truncated(end + 1...head.sequence))
            } else if head.sequence <= trimmed ?? header.start - 1 {
                if head.sequence != trimmed { note(.headTrimmed(head.sequence)) }
            }
        }
        if end > header.head.sequence { note(.headDiffers(end)) }
    }

    private mutating func note(_ finding: AuditFinding) {
        isBroken = true
        findingCount += 1
        if findings.count < AuditVerification.findingsMax, !findings.contains(finding) {
            findings.append(finding)
        }
    }

    private mutating func take(_ sequence: UInt64, _ hash: [UInt8], _ cbor: [UInt8]) {
        place(sequence)
        entries += 1
        first = first ?? sequence
        last = sequence
        let candidates = previous.map { AuditChain.hash(after: $0, cbor) }
        let number = AuditRow.parts(of: cbor)?.sequence
        let follows = candidates.contains(hash)
        if let number, number != sequence {
            note(.moved(at: sequence, entry: number))
            isLost = true
        } else {
            if number == nil || !follows && !candidates.isEmpty && !isLost {
                note(.altered(sequence))
            }
            isLost = false
        }
        for head in heads + (header.map { [$0.head] } ?? [])
        where head.sequence == sequence && head.hash != hash {
            note(.headDiffers(sequence))
        }
        previous = follows ? [hash] : [hash] + candidates.prefix(1)
        tree.append(cbor)
        signedFrom = signedFrom ?? sequence
        expected = sequence < .max ? sequence + 1 : sequence
    }

    /// Compares an entry's number with the one that is due.
    private mutating func place(_ sequence: UInt64) {
        guard let expected else {
            guard let header, sequence == header.start else {
                return note(.unanchored(sequence))
            }
            previous = [
                AuditChain.start(
                    gateway: header.gateway, epoch: header.epoch, sequence: header.start)
            ]
            return
        }
        if sequence == expected { return }
        note(sequence > expected ? .missing(expected...sequence - 1) : .disordered(sequence))
        isLost = true
    }

    private mutating func takeCheckpoint(
        _ sequence: UInt64, _ signature: [UInt8], _ cbor: [UInt8]
    ) {
        checkpoints += 1
        let broken = isBroken
        defer {
            isBroken = false
            tree = MerkleTree()
            signedFrom = nil
        }
        guard let found = AuditCheckpoint(cbor: cbor), found.sequence == sequence,
            header.map({ $0.gateway == found.gateway && $0.epoch == found.epoch }) ?? true,
            AuditCheckpoint.isSigned(cbor, signature, by: found.key)
        else {
            note(.checkpointAltered(sequence))
            isLost = isLost || expected != sequence &+ 1
            expected = expected ?? (sequence < .max ? sequence + 1 : sequence)
            return
        }
        if keys.isEmpty { keys = [found.key] }
        if !keys.contains(found.key) { note(.foreignKey(sequence)) }
        guard let expected else {
            trimmed = sequence
            return follow(found)
        }
        if sequence >= expected {
            note(.missing(expected...sequence))
        } else if sequence < expected - 1 {
            note(.disordered(sequence))
        } else if !previous.contains(found.head) {
            if !isLost { note(.replaced(min(found.first, sequence)...sequence)) }
        } else if let start = signedFrom, found.first > start {
            note(.checkpointMissing(before: sequence))
        } else if !broken, found.first != signedFrom ?? expected || found.root != tree.root {
            note(.replaced(min(found.first, sequence)...sequence))
        }
        follow(found)
    }

    private mutating func follow(_ found: AuditCheckpoint) {
        checkpoint = found
        previous = [found.head]
        isLost = false
        expected = found.sequence + 1
    }
}
