/// A command's life as a value: its state, and whether the device may have run it.
///
/// Every command carries an id that devices remember, so all are idempotent under repeat. What may
/// happen is `table` and nothing else.
package struct CommandLife: Hashable, Sendable {
    package private(set) var state = CommandState.created
    /// True from the first transmission until definite evidence that this id was not run.
    package private(set) var maybeExecuted = false

    package init() {}

    /// For stored commands; nil where no life could have led there.
    package init?(state: CommandState, maybeExecuted: Bool) {
        switch state {
        case .created, .rejected: if maybeExecuted { return nil }
        case .sent, .verifying, .reconciling, .indeterminate: if !maybeExecuted { return nil }
        default: break
        }
        self.state = state
        self.maybeExecuted = maybeExecuted
    }

    /// Takes the transition that `event` under `circumstance` calls for and returns it; nil, with
    /// nothing changed, where the table has none.
    package mutating func apply(_ event: CommandEvent, _ circumstance: CommandGuard = .always)
        -> CommandTransition?
    {
        if circumstance == .neverSent, maybeExecuted { return nil }
        for transition in CommandLife.table
        where transition.from == state && transition.event == event
            && transition.circumstance == circumstance
        {
            state = transition.to
            switch transition.id {
            case "C16": maybeExecuted = true
            case "C28", "C67": maybeExecuted = false
            default: break
            }
            return transition
        }
        return nil
    }

    package static let table: [CommandTransition] = [
        CommandTransition("C01", .created, .validate, .invalid, .rejected),
        CommandTransition("C03", .created, .validate, .valid, .queued),
        CommandTransition("C91", .created, .restart, .always, .created),
        CommandTransition("C11", .queued, .dispatch, .ready, .leased),
        CommandTransition("C14", .queued, .cancel, .neverSent, .cancelled),
        CommandTransition("C15", .queued, .supersede, .always, .superseded),
        CommandTransition("C93", .queued, .restart, .always, .queued),
        CommandTransition("C16", .leased, .transmit, .always, .sent),
        CommandTransition("C23", .leased, .restart, .always, .queued),
        CommandTransition("C24", .sent, .response, .doneUnverified, .succeeded),
        CommandTransition("C25", .sent, .response, .doneVerify, .verifying),
        CommandTransition("C27", .sent, .response, .permanent, .failed),
        CommandTransition("C28", .sent, .response, .transientRetryLeft, .backoff),
        CommandTransition("C29", .sent, .response, .transientExhausted, .failed),
        CommandTransition("C30", .sent, .noResponse, .retryLeft, .backoff),
        CommandTransition("C31", .sent, .noResponse, .exhausted, .reconciling),
        CommandTransition("C34", .sent, .restart, .always, .reconciling),
        CommandTransition("C53", .verifying, .conditionMet, .always, .succeeded),
        CommandTransition("C54", .verifying, .verifyTimeout, .retryLeft, .backoff),
        CommandTransition("C55", .verifying, .verifyTimeout, .exhausted, .failed),
        CommandTransition("C57", .verifying, .restart, .always, .verifying),
        CommandTransition("C58", .backoff, .retryTimer, .always, .queued),
        CommandTransition("C64", .backoff, .restart, .always, .backoff),
        CommandTransition("C65", .reconciling, .probe, .probedDone, .succeeded),
        CommandTransition("C66", .reconciling, .probe, .probedDoneVerify, .verifying),
        CommandTransition("C67", .reconciling, .probe, .probedRetryLeft, .backoff),
        CommandTransition("C68", .reconciling, .probe, .probedExhausted, .failed),
        CommandTransition("C70", .reconciling, .probe, .probedFailed, .failed),
        CommandTransition("C71", .reconciling, .reconcileTimeout, .always, .indeterminate),
        CommandTransition("C94", .reconciling, .restart, .always, .reconciling),
    ]
}

/// One row of the table, under the specification's id.
package struct CommandTransition: Hashable, Sendable {
    package let id: String
    package let from: CommandState
    package let event: CommandEvent
    package let circumstance: CommandGuard
    package let to: CommandState

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
