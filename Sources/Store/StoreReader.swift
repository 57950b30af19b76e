import Glibc
package import Model

/// A store opened for looking at it, by a program that is not the daemon.
package final class StoreReader: Sendable {
    package let gateway: String
    package let epoch: UInt64
    private let identity: Identity
    private let environment: Environment

    init(_ path: String) throws(StoreError) {
        // Where there is no lock file nobody has the database open, and none needs to be made.
        let lockFile = path + "/" + StoreDirectory.databaseLockFile
        // Safe: the path is lent for the call.
        let isShared = unsafe access(lockFile, F_OK) == 0
        do throws(StoreError) {
            environment = try Environment(
                directory: path, mode: isShared ? .readOnly : .inspect)
        } catch {
            switch error {
            case .system(_, ENOENT): throw .absent(path: path)
            case .database: throw .foreignDatabase(path: path)
            default: throw error
            }
        }
        guard try environment.openTables([.meta]) else {
            throw .foreignDatabase(path: path)
        }
        identity = try environment.read { transaction throws(StoreError) in
            try Identity.load(transaction, path: path)
        }
        gateway = identity.gateway
        epoch = identity.epoch
        guard try environment.openTables() else {
            throw .damaged(table: Table.meta.name)
        }
    }

    package func deviceNames() throws(StoreError) -> [String] {
        try environment.read { transaction throws(StoreError) in try transaction.names(.device) }
    }

    package func propertyNames() throws(StoreError) -> [String] {
        try environment.read { transaction throws(StoreError) in try transaction.names(.property) }
    }

    /// All twins by device number.
    package func twins() throws(StoreError) -> [(key: UInt32, value: [UInt8])] {
        try environment.read { transaction throws(StoreError) in try transaction.twins() }
    }

    package func twin(_ device: UInt32) throws(StoreError) -> [UInt8]? {
        try environment.read { transaction throws(StoreError) in
            try transaction.get(.twin, Key.bytes(device))
        }
    }

    /// A property's blocks of a kind that may hold something from `from` to `to`, in the order of
    /// their starts; none of that kind spans more than `span`.
    package func history(
        device: UInt32, property: UInt16, kind: UInt8, from: Instant, to: Instant,
        span: Milliseconds
    ) throws(StoreError) -> [[UInt8]] {
        guard environment.has(.history) else { return [] }
        return try environment.read { transaction throws(StoreError) in
            try transaction.history(
                device, property, kind: kind, from: from, to: to, span: span)
        }
    }

    /// The configuration that was in force last, as a batch brought it; nil where none did.
    package func configuration() throws(StoreError) -> [UInt8]? {
        try environment.read { transaction throws(StoreError) in
            try transaction.get(.meta, KeptConfiguration.key)
        }
    }

    /// The numbers of the oldest block of the journal and the newest; nil without any.
    package func journalRange() throws(StoreError) -> ClosedRange<UInt64>? {
        try environment.read { transaction throws(StoreError) in
            try transaction.journalRange()
        }
    }

    /// The blocks after `sequence`, in order: at least one where there is one, and no more than
    /// about `bytesMax`. A transaction of its own, so that a daemon's pages are not held for long.
    package func journal(
        after sequence: UInt64, bytesMax: Int
    ) throws(StoreError) -> [JournalBlock] {
        var blocks: [JournalBlock] = []
        var bytes = 0
        try environment.read { transaction throws(StoreError) in
            try transaction.readJournal(.after(sequence)) { block in
                blocks.append(block)
                bytes += block.turns.count
                return bytes < bytesMax
            }
        }
        return blocks
    }

    /// The whole audit as it is at one moment, and where its chain begins and ends.
    package func audit() throws(StoreError) -> (header: AuditHeader?, rows: [AuditRow]) {
        try environment.read { transaction throws(StoreError) in
            let header = try AuditTrail.header(transaction, identity)
            let rows = try transaction.withCursor(.audit) { cursor throws(StoreError) in
                var rows: [AuditRow] = []
                var found = try cursor.first()
                while found {
                    rows.append(
                        AuditRow(
                            key: cursor.key, value: cursor.value, start: header?.start ?? 0))
                    found = try cursor.next()
                }
                return rows
            }
            return (header, rows)
        }
    }

    /// Sizes and drops as they are on disk; what counts since a start is the daemon's to tell.
    package func statistics() throws(StoreError) -> StoreStatistics {
        let ledger = try environment.read { transaction throws(StoreError) in
            try Ledger(transaction, identity, laneCount: Int(UInt8.max) + 1)
        }
        var statistics = StoreStatistics()
        statistics.show(ledger, environment)
        while statistics.lanes.count > 1, statistics.lanes.last == LaneStatistics() {
            statistics.lanes.removeLast()
        }
        return statistics
    }
}
