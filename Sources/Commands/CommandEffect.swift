package import Model

/// What the scheduler asks for, in the order it is to be done.
package enum CommandEffect: Hashable, Sendable {
    case transmit(Transmission)
    case audit(AuditEntry)
    /// The command sets this property: its twin's desired value, told once, before the first
    /// transmission.
    case desire(Device, Property, Value)
    case finished(CommandRecord)
}

/// One command as people see it.
package struct CommandRecord: Hashable, Sendable {
    package var id: CommandID
    package var device: Device
    /// The command's name; `sequence` and `step` (from 0) say where it comes from.
    package var name: String
    package var sequence: String
    package var step: Int
    package var state: CommandState
    /// Transmissions under a new attempt number, so far.
    package var attempts: Int
    package var created: Instant
    package var updated: Instant
    /// Why it is in this state: `2.04`, `4.04 no such mode`, `no answer`.
    package var result: String
}

/// What happened to a `CommandScheduler` since it was made.
package struct CommandCounters: Hashable, Sendable {
    /// Starts of a sequence on one device that made commands.
    package var started: UInt64 = 0
    /// Starts whose trigger was known already.
    package var duplicates: UInt64 = 0
    /// Starts dropped because the same sequence was still running on that device.
    package var coalesced: UInt64 = 0
    /// Starts that found no device, or no such sequence.
    package var targetless: UInt64 = 0
    /// Starts refused because a queue or the table of commands was full.
    package var refused: UInt64 = 0
    package var transmitted: UInt64 = 0
    package var succeeded: UInt64 = 0
    package var failed: UInt64 = 0
    package var indeterminate: UInt64 = 0
    package var superseded: UInt64 = 0
    package var cancelled: UInt64 = 0
    package var rejected: UInt64 = 0
    /// Responses for commands that are not (or no longer) alive.
    package var unknownResponses: UInt64 = 0
    /// Events that a command's state had no transition for; nothing changed.
    package var ignoredEvents: UInt64 = 0

    package init() {}
}

/// How much the scheduler holds. When something is full the newest start is refused, with an audit
/// entry for each of its commands.
package struct CommandLimits: Hashable, Sendable {
    package var liveCommands = 10_000
    package var commandsPerDevice = 32
    package var finishedRecords = 1000
    /// An attempt that nobody answers for this long counts as unanswered. Longer than a confirmable
    /// message can live on the wire (93 s, RFC 7252 section 4.8.2), so that the network speaks
    /// first.
    package var responseTimeout = Milliseconds.seconds(120)

    package init() {}
}
