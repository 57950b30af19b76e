/// Where a command is in its life. The names are the specification's, and the audit trail's.
package enum CommandState: UInt8, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    case created, queued, leased, sent, verifying, backoff, reconciling
    case succeeded, failed, indeterminate, superseded, rejected, cancelled

    package var isFinal: Bool {
        switch self {
        case .created, .queued, .leased, .sent, .verifying, .backoff, .reconciling: false
        case .succeeded, .failed, .indeterminate, .superseded, .rejected, .cancelled: true
        }
    }

    /// The device is taken: at most one command per device is in such a state.
    package var isInFlight: Bool {
        switch self {
        case .leased, .sent, .verifying, .reconciling: true
        default: false
        }
    }

    package var description: String {
        switch self {
        case .created: "created"
        case .queued: "queued"
        case .leased: "leased"
        case .sent: "sent"
        case .verifying: "verifying"
        case .backoff: "backoff"
        case .reconciling: "reconciling"
        case .succeeded: "succeeded"
        case .failed: "failed"
        case .indeterminate: "indeterminate"
        case .superseded: "superseded"
        case .rejected: "rejected"
        case .cancelled: "cancelled"
        }
    }
}

/// What can happen to a command.
package enum CommandEvent: String, Hashable, Sendable, CaseIterable {
    case validate, dispatch, transmit, response, noResponse, conditionMet, verifyTimeout
    case retryTimer, probe, reconcileTimeout, supersede, cancel, restart
}

/// Under which circumstance it happens, spelt as in the specification.
package enum CommandGuard: String, Hashable, Sendable, CaseIterable {
    case always = "-"
    case invalid = "fail"
    case valid = "ok&noPreconditions"
    case ready = "lockFree&online&recheckTrue"
    case neverSent
    case doneUnverified = "2xxFinal&noVerify"
    case doneVerify = "2xxFinal&verify"
    case permanent = "4xxPermanent"
    case transientRetryLeft = "5xxTransient&retryLeft"
    case transientExhausted = "5xxTransient&exhausted"
    case retryLeft = "idempotent&retryLeft"
    case exhausted = "nonIdempotentOrExhausted"
    case probedDone = "done&noVerify"
    case probedDoneVerify = "done&verify"
    case probedRetryLeft = "notExecuted&retryLeft&ttlLeft"
    case probedExhausted = "notExecuted&exhaustedOrTtl"
    case probedFailed = "reportedFailed"
}
