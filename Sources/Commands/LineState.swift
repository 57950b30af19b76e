package import Model

/// The state of a line of devices as one machine (PackML, ISA-TR88.00.02).
package enum LineState: UInt8, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    case idle, starting, execute, holding, held, unholding, suspending, suspended, unsuspending
    case completing, complete, resetting, stopping, stopped, aborting, aborted, clearing

    /// As the standard writes it.
    package var description: String {
        switch self {
        case .idle: "Idle"
        case .starting: "Starting"
        case .execute: "Execute"
        case .holding: "Holding"
        case .held: "Held"
        case .unholding: "Unholding"
        case .suspending: "Suspending"
        case .suspended: "Suspended"
        case .unsuspending: "Unsuspending"
        case .completing: "Completing"
        case .complete: "Complete"
        case .resetting: "Resetting"
        case .stopping: "Stopping"
        case .stopped: "Stopped"
        case .aborting: "Aborting"
        case .aborted: "Aborted"
        case .clearing: "Clearing"
        }
    }

    /// Where an acting state leads once its sequence is done; nil for a state that waits.
    var next: LineState? {
        switch self {
        case .starting, .unholding, .unsuspending: .execute
        case .holding: .held
        case .suspending: .suspended
        case .completing: .complete
        case .resetting: .idle
        case .stopping, .clearing: .stopped
        case .aborting: .aborted
        case .idle, .execute, .held, .suspended, .complete, .stopped, .aborted: nil
        }
    }

    /// Where a command leads; nil where the state has no place for it.
    package func state(after command: LineCommand) -> LineState? {
        switch (command, self) {
        case (.start, .idle): .starting
        case (.hold, .execute): .holding
        case (.unhold, .held): .unholding
        case (.suspend, .execute): .suspending
        case (.unsuspend, .suspended): .unsuspending
        case (.complete, .execute): .completing
        case (.reset, .complete), (.reset, .stopped): .resetting
        case (.clear, .aborted): .clearing
        case (.stop, .stopping), (.stop, .stopped), (_, .aborting), (_, .aborted),
            (.stop, .clearing):
            nil
        case (.stop, _): .stopping
        case (.abort, _): .aborting
        default: nil
        }
    }
}

/// What a line can be told to do.
package enum LineCommand: String, Hashable, Sendable, CaseIterable {
    case start, hold, unhold, suspend, unsuspend, complete, stop, abort, clear, reset

    /// The state that its sequence brings about.
    var acting: LineState {
        switch self {
        case .start: .starting
        case .hold: .holding
        case .unhold: .unholding
        case .suspend: .suspending
        case .unsuspend: .unsuspending
        case .complete: .completing
        case .stop: .stopping
        case .abort: .aborting
        case .clear: .clearing
        case .reset: .resetting
        }
    }
}

/// A line as it is written: its devices, and the sequence behind each command. A command without
/// one changes the state at once.
package struct LineDefinition: Sendable {
    package var name: Located<String>
    package var group: Located<String>
    package var sequences: [(command: LineCommand, sequence: Located<String>)]

    package init(
        name: Located<String>, group: Located<String>,
        sequences: [(command: LineCommand, sequence: Located<String>)]
    ) {
        self.name = name
        self.group = group
        self.sequences = sequences
    }
}

/// A line as people see it.
package struct LineRecord: Hashable, Sendable {
    package var name: String
    package var group: String
    package var state: LineState
    package var since: Instant
    /// Why it is in this state.
    package var reason: String
    /// The run that its state waits for.
    package var run: CommandID?
}

/// A line and where it is. One that was never told anything is idle.
struct Line: Hashable, Sendable {
    var name: String
    var group: String
    var sequences: [LineState: String]
    var device: Device
    var state = LineState.idle
    var since = Instant.distantPast
    var reason = ""
    var run: CommandID?
    /// How many times it has acted: names the runs.
    var actions: UInt64 = 0

    var record: LineRecord {
        LineRecord(name: name, group: group, state: state, since: since, reason: reason, run: run)
    }
}
