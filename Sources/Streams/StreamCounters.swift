/// What happened to events, by stream, since the processor was made.
package struct StreamCounters: Hashable, Sendable {
    package var streams: [Stream]

    /// One stream or aggregation.
    package struct Stream: Hashable, Sendable {
        package var name: String
        /// Rows that were on time, filtered or not.
        package var accepted: UInt64 = 0
        /// Accepted rows for which a filter was not true.
        package var filtered: UInt64 = 0
        /// Rows with a number that their device has given before, or too low a one to know. They
        /// are nowhere else.
        package var duplicates: UInt64 = 0
        /// Rows at or behind the watermark.
        package var late: UInt64 = 0
        /// Rows of closed windows that a late row revised.
        package var revisions: UInt64 = 0
        /// Window rows that came out.
        package var windowsClosed: UInt64 = 0
        package var matches: UInt64 = 0
        /// Matches that had begun and ran out of their time.
        package var timedOut: UInt64 = 0
        /// Matches that had begun and were given up because a limit was reached, the earliest
        /// first.
        package var partialsDropped: UInt64 = 0
        /// Rows or remembered values given up, or released early, because a limit was reached.
        package var droppedByLimit: UInt64 = 0
        /// Times that a key's past was looked at for what it leads to, and no method had any skill.
        package var unskilled: UInt64 = 0
        /// Rows that found nothing in a reference table, or no partner in a join.
        package var unmatched: UInt64 = 0
        /// Values of another type than their field's, taken as missing.
        package var typeMismatches: UInt64 = 0
    }
}

/// Bounds on what one stream may hold.
package struct StreamLimits: Hashable, Sendable {
    /// Devices or combinations of tags; rows of further ones are dropped.
    package var keys = 100_000
    /// Rows waiting for the watermark; when there are more, the watermark is pushed to the oldest.
    package var reorderEntries = 100_000
    /// Values a trailing aggregate remembers for a key; the oldest is forgotten when there are
    /// more.
    package var trailingEntries = 4096
    /// Rows of one side of a join that wait for partners; the oldest is given up for one more. No
    /// more joined rows come out at one time.
    package var joinRows = 50_000
    /// The same, of one key.
    package var joinRowsPerKey = 256
    /// Windows of one key that may be open at once; for one more the watermark is pushed to the
    /// oldest.
    package var openWindows = 64
    /// Late events that one turn puts out; all are counted.
    package var lateOutputs = 100

    /// Matches of one pattern that may have begun for one key; the earliest is given up for one
    /// more.
    package var partialsPerKey = 256
    /// The same, for all keys of one pattern.
    package var partialsPerRule = 100_000

    package init() {}
}
