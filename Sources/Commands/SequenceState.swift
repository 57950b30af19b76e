/// Where a run of a sequence is.
package enum SequenceState: UInt8, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    /// Its devices are asked to get ready.
    case preparing
    case running
    /// No further step begins; those under way end.
    case stopping
    /// What was done is taken back.
    case compensating
    case succeeded
    /// Some devices did it, and the policy is content with any.
    case partial
    case failed, cancelled, compensated, compensationFailed, rejected

    package var isFinal: Bool { rawValue >= SequenceState.succeeded.rawValue }

    package var description: String {
        switch self {
        case .preparing: "preparing"
        case .running: "running"
        case .stopping: "stopping"
        case .compensating: "compensating"
        case .succeeded: "succeeded"
        case .partial: "partial"
        case .failed: "failed"
        case .cancelled: "cancelled"
        case .compensated: "compensated"
        case .compensationFailed: "compensationFailed"
        case .rejected: "rejected"
        }
    }
}

/// Where one step is on one device.
package enum StepState: UInt8, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    case waiting
    /// Its command is under way.
    case running
    /// Its time is up and its command was told to stop.
    case expiring
    /// The command is done, and the device must show it.
    case awaiting
    /// Before another try.
    case pausing
    case succeeded, skipped, failed, indeterminate
    /// It never began.
    case cancelled

    package var isFinal: Bool { rawValue >= StepState.succeeded.rawValue }

    package var description: String {
        switch self {
        case .waiting: "waiting"
        case .running: "running"
        case .expiring: "expiring"
        case .awaiting: "awaiting"
        case .pausing: "pausing"
        case .succeeded: "succeeded"
        case .skipped: "skipped"
        case .failed: "failed"
        case .indeterminate: "indeterminate"
        case .cancelled: "cancelled"
        }
    }
}

/// Whether a step was taken back; never more than once.
package enum UndoState: UInt8, Hashable, Sendable, CaseIterable {
    case none, compensating, compensated, compensationFailed
}
