package import Model

/// One run of a sequence as people see it.
package struct SequenceRecord: Hashable, Sendable {
    package var id: CommandID
    package var sequence: String
    package var trigger: String
    package var state: SequenceState
    package var started: Instant
    package var updated: Instant
    /// Why it is in this state: `step spin on station-3 failed: 4.09 guard open`.
    package var reason: String
    /// By step and device.
    package var steps: [Step]

    /// One step on one device.
    package struct Step: Hashable, Sendable {
        package var id: String
        package var device: Device
        package var state: StepState
        package var undo: UndoState
        /// The newest command it made.
        package var command: CommandID?
    }
}

/// Something that people must look at: a step that could not be taken back.
package struct SequenceAlarm: Hashable, Sendable {
    package var time: Instant
    package var run: CommandID
    package var sequence: String
    package var step: String
    package var device: Device
    package var reason: String
}

/// What happened to a `SequenceTable` since it was made.
package struct SequenceCounters: Hashable, Sendable {
    package var started: UInt64 = 0
    /// Starts whose trigger was known already.
    package var duplicates: UInt64 = 0
    /// Starts dropped because the same sequence still ran on one of the devices.
    package var coalesced: UInt64 = 0
    package var targetless: UInt64 = 0
    /// Starts refused because the table was full.
    package var refused: UInt64 = 0
    package var succeeded: UInt64 = 0
    package var failed: UInt64 = 0
    package var compensated: UInt64 = 0
    package var compensationsFailed: UInt64 = 0
    /// Orders for lines that their state has no place for.
    package var ordersRefused: UInt64 = 0

    package init() {}
}

/// How much a `SequenceTable` holds. When it is full the newest start is refused, with an audit
/// entry.
package struct SequenceLimits: Hashable, Sendable {
    package var liveRuns = 256
    /// Steps times devices.
    package var stepsPerRun = 4096
    package var finishedRuns = 256

    package init() {}
}

/// A command that a run wants run.
package struct SequenceOrder: Hashable, Sendable {
    package var request: CommandRequest
    package var sequence: String
    package var step: Int
    package var policy: RetryPolicy
}
