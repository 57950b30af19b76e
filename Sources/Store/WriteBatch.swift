package import Model

/// What one turn of the gateway wants to be durable: all of it or nothing.
package struct WriteBatch: Sendable {
    /// The turn's time, kept with its journal block.
    package var time: Instant
    package var urgency: Urgency
    /// The turn's inputs as the journal keeps them; may be empty. A journal block holds whole
    /// turns, one after the other, in the order they were submitted.
    package var turn: [UInt8] = []
    /// Whole twins by device number; the last value of a key wins.
    package var twins: [(key: UInt32, value: [UInt8])] = []
    /// Command records; nil deletes one. Keys are 1 to 511 bytes.
    package var commands: [(key: [UInt8], value: [UInt8]?)] = []
    /// Entries of the audit as CBOR, in order.
    package var audit: [[UInt8]] = []
    /// Sealed blocks of history. One that is stored already stays as it is.
    package var history: [HistoryRow] = []
    /// Records for upstream, in the order of their sequence. One that is stored already stays as it
    /// is.
    package var outbox: [(lane: UInt8, sequence: UInt64, value: [UInt8])] = []
    package var deviceNames: [(index: UInt32, name: String)] = []
    package var propertyNames: [(index: UInt16, name: String)] = []
    /// The core's state after this turn; covers every turn submitted up to and with this batch.
    package var checkpoint: [UInt8]?
    /// The configuration in force from here on, for whoever reads the journal later.
    package var configuration: [UInt8]?

    /// How long a batch may wait for its commit, the most patient first.
    package enum Urgency: Int, Comparable, Sendable {
        /// Already acknowledged; may be lost in a power cut.
        case relaxed
        /// Shares a commit with others within the schedule's delay.
        case group
        /// Wants a commit now.
        case strict
        /// Its command has left already; wants a commit now.
        case critical

        package static func < (left: Urgency, right: Urgency) -> Bool {
            left.rawValue < right.rawValue
        }
    }

    package init(time: Instant, urgency: Urgency = .group) {
        self.time = time
        self.urgency = urgency
    }

    /// Roughly the memory it holds, in bytes.
    package var cost: Int {
        var sum = 128 + turn.count + (checkpoint?.count ?? 0) + (configuration?.count ?? 0)
        for row in twins { sum += row.value.count + 48 }
        for row in commands { sum += row.key.count + (row.value?.count ?? 0) + 80 }
        for row in audit { sum += row.count + 40 }
        for row in history { sum += row.value.count + 80 }
        for row in outbox { sum += row.value.count + 56 }
        for row in deviceNames { sum += row.name.utf8.count + 32 }
        for row in propertyNames { sum += row.name.utf8.count + 32 }
        return sum
    }
}
