extension CommandLife {
    /// All that can become of a command: section 9 of the specification, row by row.
    package static let table: [CommandTransition] = [
        CommandTransition("C01", .created, .validate, .fail, .rejected),
        CommandTransition("C02", .created, .validate, .conditional, .blocked),
        CommandTransition("C03", .created, .validate, .valid, .queued),
        CommandTransition("C04", .blocked, .evaluate, .open, .queued),
        CommandTransition("C05", .blocked, .evaluate, .skips, .skipped),
        CommandTransition("C06", .blocked, .evaluate, .fails, .failed),
        CommandTransition("C07", .blocked, .dependencyFailed, .always, .cancelled),
        CommandTransition("C08", .blocked, .ttl, .always, .expired),
        CommandTransition("C09", .blocked, .cancel, .always, .cancelled),
        CommandTransition("C10", .blocked, .supersede, .always, .superseded),
        CommandTransition("C11", .queued, .dispatch, .ready, .leased),
        CommandTransition("C12", .queued, .dispatch, .closedNeverSent, .blocked),
        CommandTransition("C13", .queued, .ttl, .neverSent, .expired),
        CommandTransition("C14", .queued, .cancel, .neverSent, .cancelled),
        CommandTransition("C15", .queued, .supersede, .always, .superseded),
        CommandTransition("C16", .leased, .transmit, .always, .sent),
        CommandTransition("C17", .leased, .preempt, .moreUrgent, .queued),
        CommandTransition("C18", .leased, .offline, .always, .queued),
        CommandTransition("C19", .leased, .selectRefused, .selectRetryLeft, .backoff),
        CommandTransition("C20", .leased, .selectRefused, .exhaustedNeverSent, .failed),
        CommandTransition("C21", .leased, .cancel, .neverSent, .cancelled),
        CommandTransition("C22", .leased, .ttl, .neverSent, .expired),
        CommandTransition("C23", .leased, .restart, .always, .queued),
        CommandTransition("C24", .sent, .response, .doneUnverified, .succeeded),
        CommandTransition("C25", .sent, .response, .doneVerify, .verifying),
        CommandTransition("C26", .sent, .response, .accepted, .accepted),
        CommandTransition("C27", .sent, .response, .permanent, .failed),
        CommandTransition("C28", .sent, .response, .transientRetryLeft, .backoff),
        CommandTransition("C29", .sent, .response, .transientExhausted, .failed),
        CommandTransition("C30", .sent, .noResponse, .retryLeft, .backoff),
        CommandTransition("C31", .sent, .noResponse, .exhausted, .reconciling),
        CommandTransition("C32", .sent, .ttl, .always, .reconciling),
        CommandTransition("C33", .sent, .cancel, .always, .cancelling),
        CommandTransition("C34", .sent, .restart, .always, .reconciling),
        CommandTransition("C35", .accepted, .progress, .always, .executing),
        CommandTransition("C36", .accepted, .result, .resultUnverified, .succeeded),
        CommandTransition("C37", .accepted, .result, .resultVerify, .verifying),
        CommandTransition("C38", .accepted, .result, .resultPermanent, .failed),
        CommandTransition("C39", .accepted, .result, .resultRetryLeft, .backoff),
        CommandTransition("C40", .accepted, .result, .resultExhausted, .failed),
        CommandTransition("C41", .accepted, .execTimeout, .always, .reconciling),
        CommandTransition("C42", .accepted, .cancel, .always, .cancelling),
        CommandTransition("C43", .accepted, .restart, .always, .reconciling),
        CommandTransition("C44", .executing, .progress, .always, .executing),
        CommandTransition("C45", .executing, .result, .resultUnverified, .succeeded),
        CommandTransition("C46", .executing, .result, .resultVerify, .verifying),
        CommandTransition("C47", .executing, .result, .resultPermanent, .failed),
        CommandTransition("C48", .executing, .result, .resultRetryLeft, .backoff),
        CommandTransition("C49", .executing, .result, .resultExhausted, .failed),
        CommandTransition("C50", .executing, .execTimeout, .always, .reconciling),
        CommandTransition("C51", .executing, .cancel, .always, .cancelling),
        CommandTransition("C52", .executing, .restart, .always, .reconciling),
        CommandTransition("C53", .verifying, .conditionMet, .always, .succeeded),
        CommandTransition("C54", .verifying, .verifyTimeout, .retryLeft, .backoff),
        CommandTransition("C55", .verifying, .verifyTimeout, .exhausted, .failed),
        CommandTransition("C56", .verifying, .cancel, .tooLate, .verifying),
        CommandTransition("C57", .verifying, .restart, .always, .verifying),
        CommandTransition("C58", .backoff, .retryTimer, .always, .queued),
        CommandTransition("C59", .backoff, .ttl, .neverSent, .expired),
        CommandTransition("C60", .backoff, .ttl, .maybeExecuted, .reconciling),
        CommandTransition("C61", .backoff, .cancel, .neverSent, .cancelled),
        CommandTransition("C62", .backoff, .cancel, .maybeExecuted, .cancelling),
        CommandTransition("C63", .backoff, .supersede, .always, .superseded),
        CommandTransition("C64", .backoff, .restart, .always, .backoff),
        CommandTransition("C65", .reconciling, .probe, .probedDone, .succeeded),
        CommandTransition("C66", .reconciling, .probe, .probedDoneVerify, .verifying),
        CommandTransition("C67", .reconciling, .probe, .probedRetryLeft, .backoff),
        CommandTransition("C68", .reconciling, .probe, .probedExhausted, .failed),
        CommandTransition("C69", .reconciling, .probe, .probedRunning, .executing),
        CommandTransition("C70", .reconciling, .probe, .probedFailed, .failed),
        CommandTransition("C71", .reconciling, .reconcileTimeout, .always, .indeterminate),
        CommandTransition("C72", .reconciling, .cancel, .always, .cancelling),
        CommandTransition("C73", .cancelling, .cancelResult, .confirmed, .cancelled),
        CommandTransition("C74", .cancelling, .cancelResult, .alreadyDone, .succeeded),
        CommandTransition("C75", .cancelling, .cancelResult, .alreadyFailed, .failed),
        CommandTransition("C76", .cancelling, .cancelTimeout, .always, .indeterminate),
        CommandTransition("C77", .succeeded, .compensate, .defined, .compensating),
        CommandTransition("C78", .indeterminate, .compensate, .defined, .compensating),
        CommandTransition("C79", .failed, .compensate, .partialEffect, .compensating),
        CommandTransition("C80", .compensating, .compResult, .ok, .compensated),
        CommandTransition("C81", .compensating, .compResult, .failRetryLeft, .compensating),
        CommandTransition("C82", .compensating, .compResult, .failExhausted, .compensationFailed),
        CommandTransition("C83", .indeterminate, .lateResult, .ok, .succeeded),
        CommandTransition("C84", .indeterminate, .lateResult, .fail, .failed),
        CommandTransition("C85", .queued, .dispatch, .closedMaybeExecuted, .reconciling),
        CommandTransition("C86", .queued, .ttl, .maybeExecuted, .reconciling),
        CommandTransition("C87", .queued, .cancel, .maybeExecuted, .cancelling),
        CommandTransition("C88", .leased, .cancel, .maybeExecuted, .cancelling),
        CommandTransition("C89", .leased, .ttl, .maybeExecuted, .reconciling),
        CommandTransition("C90", .leased, .selectRefused, .exhaustedMaybeExecuted, .reconciling),
        CommandTransition("C91", .created, .restart, .always, .created),
        CommandTransition("C92", .blocked, .restart, .always, .blocked),
        CommandTransition("C93", .queued, .restart, .always, .queued),
        CommandTransition("C94", .reconciling, .restart, .always, .reconciling),
        CommandTransition("C95", .cancelling, .restart, .always, .cancelling),
        CommandTransition("C96", .compensating, .restart, .always, .compensating),
    ]
}

/// One row of the table, under the specification's id.
package struct CommandTransition: Hashable, Sendable {
    package let id: String
    package let from: CommandState
    package let event: CommandEvent
    package let circumstance: CommandGuard
    package let to: CommandState

    /// What it does to the doubt whether the device has run the command: sending begins it, and the
    /// device's own word that this id was not run ends it; nil where nothing changes.
    package var setsMaybeExecuted: Bool? {
        switch id {
        case "C16": true
        case "C28", "C39", "C48", "C67": false
        default: nil
        }
    }

    fileprivate init(
        _ id: String, _ from: CommandState, _ event: CommandEvent, _ circumstance: CommandGuard,
        _ to: CommandState
    ) {
        self.id = id
        self.from = from
        self.event = event
        self.circumstance = circumstance
        self.to = to
    }
}
