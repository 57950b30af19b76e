/// Where a command is in its life. The names are the specification's, and the audit trail's.
package enum CommandState: String, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    case created, blocked, queued, leased, sent, accepted, executing, verifying, backoff
    case reconciling, cancelling, compensating, rejected, skipped, superseded, expired
    case cancelled, succeeded, failed, indeterminate, compensated, compensationFailed

    /// The command has come to an end. Some ends can still be corrected by a late result, or taken
    /// back by a compensation.
    package var isFinal: Bool {
        switch self {
        case .created, .blocked, .queued, .leased, .sent, .accepted, .executing, .verifying,
            .backoff, .reconciling, .cancelling, .compensating:
            false
        case .rejected, .skipped, .superseded, .expired, .cancelled, .succeeded, .failed,
            .indeterminate, .compensated, .compensationFailed:
            true
        }
    }

    /// The device is taken: at most one command per device is in such a state, but for those whose
    /// model lets the device take others while it runs.
    package var isInFlight: Bool {
        switch self {
        case .leased, .sent, .accepted, .executing, .verifying, .reconciling, .cancelling: true
        default: false
        }
    }

    package var description: String { rawValue }
}

/// What can happen to a command.
package enum CommandEvent: String, Hashable, Sendable, CaseIterable {
    case validate, evaluate, dependencyFailed, ttl, cancel, supersede, dispatch, transmit
    case preempt, offline, selectRefused, restart, response, noResponse, progress, result
    case execTimeout, conditionMet, verifyTimeout, retryTimer, probe, reconcileTimeout
    case cancelResult, cancelTimeout, compensate, compResult, lateResult
}

/// Under which circumstance it happens, spelt as in the specification.
package enum CommandGuard: String, Hashable, Sendable, CaseIterable {
    case fail
    case conditional = "ok&hasPreconditions"
    case valid = "ok&noPreconditions"
    case open = "depsMet&condTrue&windowOpen"
    case skips = "condFalse&onFalse=skip"
    case fails = "condFalse&onFalse=fail"
    case always = "-"
    case ready = "lockFree&online&recheckTrue"
    case closedNeverSent = "recheckFalse&neverSent"
    case closedMaybeExecuted = "recheckFalse&maybeExecuted"
    case neverSent
    case maybeExecuted
    case moreUrgent = "higherPriority&noBytesSent"
    case selectRetryLeft = "retryLeft"
    case exhaustedNeverSent = "exhausted&neverSent"
    case exhaustedMaybeExecuted = "exhausted&maybeExecuted"
    case doneUnverified = "2xxFinal&noVerify"
    case doneVerify = "2xxFinal&verify"
    case accepted
    case permanent = "4xxPermanent"
    case transientRetryLeft = "5xxTransient&retryLeft"
    case transientExhausted = "5xxTransient&exhausted"
    case retryLeft = "idempotent&retryLeft"
    case exhausted = "nonIdempotentOrExhausted"
    case resultUnverified = "ok&noVerify"
    case resultVerify = "ok&verify"
    case resultPermanent = "failPermanent"
    case resultRetryLeft = "failTransient&retryLeft"
    case resultExhausted = "failTransient&exhausted"
    case tooLate
    case probedDone = "done&noVerify"
    case probedDoneVerify = "done&verify"
    case probedRetryLeft = "notExecuted&retryLeft&ttlLeft"
    case probedExhausted = "notExecuted&exhaustedOrTtl"
    case probedRunning = "stillRunning"
    case probedFailed = "reportedFailed"
    case confirmed
    case alreadyDone
    case alreadyFailed
    case defined
    case partialEffect = "partialEffect&defined"
    case ok
    case failRetryLeft = "fail&retryLeft"
    case failExhausted = "fail&exhausted"

    /// Whether the command must have been sent, perhaps run, for this to be so; nil where it does
    /// not matter.
    package var needsMaybeExecuted: Bool? {
        switch self {
        case .neverSent, .closedNeverSent, .exhaustedNeverSent: false
        case .maybeExecuted, .closedMaybeExecuted, .exhaustedMaybeExecuted: true
        default: nil
        }
    }
}
