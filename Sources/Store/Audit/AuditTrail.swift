import Crypto
import Loop
import Model

/// What the writer knows of the audit: the end of its chain, and what no checkpoint covers yet.
struct AuditTrail: Sendable {
    let gateway: String
    let epoch: UInt64
    /// The first entry with a hash; 0 before there is one.
    private(set) var start: UInt64 = 0
    /// The newest entry.
    private(set) var sequence: UInt64 = 0
    private(set) var hash: [UInt8] = []
    /// The entries since the newest checkpoint.
    private(set) var unsigned = MerkleTree()
    /// When the oldest of them was written, in monotonic nanoseconds.
    private(set) var unsignedSince: UInt64?
    private(set) var checkpoint: AuditCheckpoint?
    var entries = 0
    var bytes = 0

    /// A checkpoint is due after so many entries, or so many nanoseconds after the first of them.
    static let checkpointEntries = 1000
    static let checkpointDelay: UInt64 = 60_000_000_000

    private static let key = Array("audit".utf8)

    /// Reads where the audit ends; entries of old form are counted and left alone.
    init(_ transaction: borrowing Transaction, _ identity: Identity) throws(StoreError) {
        gateway = identity.gateway
        epoch = identity.epoch
        if let header = try AuditTrail.header(transaction, identity) {
            start = header.start
            sequence = header.head.sequence
            hash = header.head.hash
        }
        try count(transaction)
        if start > 0 { try loadUnsigned(transaction) }
    }

    /// The row that tells the chain's ends; nil before the first entry with a hash.
    static func header(
        _ transaction: borrowing Transaction, _ identity: Identity
    ) throws(StoreError) -> AuditHeader? {
        guard let row = try transaction.get(.meta, key) else { return nil }
        var reader = ByteReader(row)
        do throws(RecordError) {
            let (start, sequence) = (try reader.unsigned(), try reader.unsigned())
            return AuditHeader(
                gateway: identity.gateway, epoch: identity.epoch, start: start,
                head: AuditHead(sequence: sequence, hash: Array(row.dropFirst(reader.offset))))
        } catch {
            throw StoreError.damaged(table: Table.meta.name)
        }
    }

    func storeHeader(_ transaction: borrowing Transaction) throws(StoreError) {
        var row = ByteWriter()
        row.unsigned(start)
        row.unsigned(sequence)
        row.bytes += hash
        try transaction.put(.meta, AuditTrail.key, row.bytes)
    }

    private mutating func count(_ transaction: borrowing Transaction) throws(StoreError) {
        var (entries, bytes, last) = (0, 0, UInt64(0))
        try transaction.withCursor(.audit) { cursor throws(StoreError) in
            var found = try cursor.first()
            while found {
                let key = cursor.key
                if !AuditRow.isCheckpoint(key: key) { entries += 1 }
                bytes += cursor.valueCount
                last = AuditRow.sequence(ofKey: key)
                found = try cursor.next()
            }
        }
        (self.entries, self.bytes) = (entries, bytes)
        // Were entries taken from the end, their numbers are still not given again.
        sequence = max(sequence, last)
    }

    /// Takes up the newest checkpoint, and the entries behind it.
    private mutating func loadUnsigned(_ transaction: borrowing Transaction) throws(StoreError) {
        var rows: [AuditRow] = []
        try transaction.withCursor(.audit) { cursor throws(StoreError) in
            var found = try cursor.last()
            while found {
                let row = AuditRow(key: cursor.key, value: cursor.value, start: start)
                rows.append(row)
                if case .entry = row { found = try cursor.previous() } else { found = false }
            }
        }
        for row in rows.reversed() {
            switch row {
            case .checkpoint(_, _, let cbor): checkpoint = AuditCheckpoint(cbor: cbor)
            case .entry(_, _, let cbor): unsigned.append(cbor)
            case .plain: break
            }
        }
        if unsigned.count > 0 { unsignedSince = monotonicNow() }
    }

    var head: AuditHead? { start > 0 ? AuditHead(sequence: sequence, hash: hash) : nil }

    /// Whether an entry is of old form.
    func isPlain(_ sequence: UInt64) -> Bool { start == 0 || sequence < start }

    /// Adds an entry, given as CBOR, and answers its row.
    mutating func append(_ entry: [UInt8], at now: UInt64) -> [UInt8] {
        sequence += 1
        if start == 0 {
            start = sequence
            hash = AuditChain.start(gateway: gateway, epoch: epoch, sequence: start)
        }
        let cbor = AuditRow.numbered(sequence, entry)
        hash = AuditChain.hash(after: hash, cbor)
        unsigned.append(cbor)
        unsignedSince = unsignedSince ?? now
        entries += 1
        bytes += hash.count + cbor.count
        return hash + cbor
    }

    /// When the next checkpoint is due; nil while everything is signed.
    var checkpointDue: UInt64? {
        if unsigned.count >= AuditTrail.checkpointEntries { return 0 }
        return unsignedSince.map { $0 + AuditTrail.checkpointDelay }
    }

    /// Signs what is not signed yet, and answers the row.
    mutating func sign(with key: SigningKey, at time: Instant) -> [UInt8] {
        let checkpoint = AuditCheckpoint(
            gateway: gateway, epoch: epoch, first: sequence - UInt64(unsigned.count) + 1,
            sequence: sequence, head: hash, root: unsigned.root, time: time, key: key.publicKey)
        let cbor = checkpoint.cbor
        let row = AuditCheckpoint.sign(cbor, with: key) + cbor
        self.checkpoint = checkpoint
        unsigned = MerkleTree()
        unsignedSince = nil
        bytes += row.count
        return row
    }
}

extension Commit {
    mutating func append(audit entries: [[UInt8]], now: UInt64) throws(StoreError) {
        for entry in entries {
            let row = ledger.audit.append(entry, at: now)
            try put(.audit, Key.bytes(ledger.audit.sequence), row, .append)
            if ledger.audit.checkpointDue == 0 { try signAudit() }
        }
        if !entries.isEmpty { try ledger.audit.storeHeader(transaction) }
    }

    /// Writes a checkpoint of all that has none yet.
    mutating func signAudit() throws(StoreError) {
        let row = ledger.audit.sign(with: key, at: Instant(milliseconds: Clock.now))
        try put(.audit, AuditRow.key(ofCheckpoint: ledger.audit.sequence), row, .append)
    }

    /// Deletes the oldest entries up to a checkpoint, which stays to vouch for what is behind it.
    mutating func trimAudit() throws(StoreError) {
        let limit = configuration.auditLimit
        guard ledger.audit.bytes > limit else { return }
        var trail = ledger.audit
        try transaction.withCursor(.audit) { cursor throws(StoreError) in
            var left = Commit.trimmedMax
            while trail.bytes > limit, left > 0 {
                let count = min(try Commit.trimmable(&cursor, trail), left)
                if count == 0 { break }
                var found = try cursor.first()
                for _ in 0..<count where found {
                    if !AuditRow.isCheckpoint(key: cursor.key) { trail.entries -= 1 }
                    trail.bytes -= cursor.valueCount
                    try cursor.delete()
                    found = try cursor.next()
                }
                left -= count
            }
        }
        ledger.audit = trail
    }

    /// How many rows at the beginning may go at once: those before the second checkpoint, or those
    /// of old form. The newest of all stays in any case.
    private static func trimmable(
        _ cursor: inout Cursor, _ trail: AuditTrail
    ) throws(StoreError) -> Int {
        var count = 0
        var found = try cursor.first()
        let isPlain = found && trail.isPlain(AuditRow.sequence(ofKey: cursor.key))
        while found, count < Commit.trimmedMax {
            let key = cursor.key
            let sequence = AuditRow.sequence(ofKey: key)
            let isCheckpoint = AuditRow.isCheckpoint(key: key)
            if isPlain, !trail.isPlain(sequence) || sequence == trail.sequence { return count }
            if isCheckpoint, count > 0 { return count }
            if sequence == trail.sequence, !isCheckpoint { return 0 }
            count += 1
            found = try cursor.next()
        }
        return isPlain ? count : 0
    }
}
