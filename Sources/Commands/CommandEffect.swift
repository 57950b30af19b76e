package import Model

/// What the scheduler asks for, in the order it is to be done.
package enum CommandEffect: Hashable, Sendable {
    case transmit(Transmission)
    case audit(AuditEntry)
    /// The command sets this property: its twin's desired value, told once, before the first
    /// transmission.
    case desire(Device, Property, Value, command: CommandID)
    /// The device is ready for this command and waits; `operate` sends it.
    case prepared(CommandID)
    /// The command has come to an end; once more, if a late result or a compensation changes it.
    case finished(CommandRecord)
    /// A run of a sequence ended.
    case ran(SequenceRecord)
    case alarm(SequenceAlarm)
    /// A line is in another state.
    case line(LineRecord)
}

/// One command as people see it.
package struct CommandRecord: Hashable, Sendable {
    package var id: CommandID
    package var device: Device
    /// The command's name; `sequence` and `step` (from 0) say where it comes from.
    package var name: String
    package var sequence: String
    package var step: Int
    /// Who asked for it.
    package var principal: String
    package var priority: CommandPriority
    package var state: CommandState
    /// The device may have run it.
    package var maybeExecuted: Bool
    /// Transmissions under a new attempt number, so far.
    package var attempts: Int
    package var created: Instant
    package var updated: Instant
    /// Why it is in this state: `2.04`, `4.04 no such mode`, `no answer`.
    package var result: String
    /// How far the device says it is.
    package var percent: Int?
    /// What the command put out.
    package var output: [Field]
}

/// What happened to a `CommandScheduler` since it was made.
package struct CommandCounters: Hashable, Sendable {
    /// Starts of a sequence on one device that made commands.
    package var started: UInt64 = 0
    /// Requests that made a command.
    package var requested: UInt64 = 0
    /// Starts and requests whose trigger or key was known already.
    package var duplicates: UInt64 = 0
    /// Requests whose key was known with another body.
    package var conflicts: UInt64 = 0
    /// Starts dropped because the same sequence was still running on that device.
    package var coalesced: UInt64 = 0
    /// Starts that found no device, or no such sequence.
    package var targetless: UInt64 = 0
    /// Starts and requests refused because a queue or the table of commands was full.
    package var refused: UInt64 = 0
    package var transmitted: UInt64 = 0
    package var probes: UInt64 = 0
    package var preempted: UInt64 = 0
    package var succeeded: UInt64 = 0
    package var failed: UInt64 = 0
    package var indeterminate: UInt64 = 0
    package var superseded: UInt64 = 0
    package var cancelled: UInt64 = 0
    package var rejected: UInt64 = 0
    package var expired: UInt64 = 0
    package var skipped: UInt64 = 0
    package var compensated: UInt64 = 0
    package var compensationFailed: UInt64 = 0
    /// Results that came after their command was given up.
    package var lateResults: UInt64 = 0
    /// Responses for commands that are not (or no longer) alive.
    package var unknownResponses: UInt64 = 0
    /// Events that a command's state had no transition for; nothing changed.
    package var ignoredEvents: UInt64 = 0
    /// Idempotency keys that made room for newer ones before their day was over.
    package var keysForgotten: UInt64 = 0

    package init() {}

    /// Counts a command that ended so.
    mutating func note(_ state: CommandState) {
        switch state {
        case .succeeded: succeeded += 1
        case .failed: failed += 1
        case .indeterminate: indeterminate += 1
        case .superseded: superseded += 1
        case .cancelled: cancelled += 1
        case .rejected: rejected += 1
        case .expired: expired += 1
        case .skipped: skipped += 1
        case .compensated: compensated += 1
        default: compensationFailed += 1
        }
    }
}

/// How much the scheduler holds, and how long it waits. When something is full the newest start is
/// refused, with an audit entry for each of its commands; of keys the oldest is forgotten.
package struct CommandLimits: Hashable, Sendable {
    package var liveCommands = 10_000
    package var commandsPerDevice = 32
    package var finishedRecords = 1000
    package var keys = 65_536
    /// How long an idempotency key is known.
    package var keyLifetime = Milliseconds.day
    /// An attempt that nobody answers for this long counts as unanswered. Longer than a confirmable
    /// message can live on the wire (93 s, RFC 7252 section 4.8.2), so that the network speaks
    /// first.
    package var responseTimeout = Milliseconds.seconds(120)
    /// Not begun by then, a request expires, where it does not say itself.
    package var timeToLive = Milliseconds.seconds(3600)
    /// How long a device may work on what it has accepted, where the model does not say.
    package var executionTimeout = Milliseconds.seconds(300)
    /// How long a device may take to show what a command's `verify` asks for.
    package var settle = Milliseconds.seconds(30)
    /// How long the device is asked, and watched, for what became of a command.
    package var reconcileTimeout = Milliseconds.seconds(120)
    package var cancelTimeout = Milliseconds.seconds(120)
    /// How long the last two go on while a critical command waits for the device.
    package var criticalPatience = Milliseconds.seconds(5)
    /// The wait between two questions to the device, doubled each time up to a minute.
    package var probeDelay = Milliseconds.seconds(5)
    /// How long a device stays leased to a command that it is prepared for.
    package var lease = Milliseconds.seconds(60)
    /// For each such span that it has waited, a command counts as one class more urgent, up to
    /// `high`.
    package var ageing = Milliseconds.seconds(60)
    /// Values older than this decide no condition, where the model does not tell how often they
    /// come.
    package var maxAge = Milliseconds.seconds(300)
    /// How often a request is tried.
    package var maxAttempts = 3

    package init() {}
}
