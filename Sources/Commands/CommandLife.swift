/// A command's life as a value: its state, and whether the device may have run it.
///
/// Every command carries an id that devices remember, so repeats of one id are harmless. What may
/// happen is `table` and nothing else.
package struct CommandLife: Hashable, Sendable {
    package private(set) var state = CommandState.created
    /// True from the first transmission until definite evidence that this id was not run.
    package private(set) var maybeExecuted = false

    package init() {}

    /// For stored commands; nil where no life could have led there.
    package init?(state: CommandState, maybeExecuted: Bool) {
        switch state {
        case .created, .blocked, .rejected, .skipped, .expired: if maybeExecuted { return nil }
        case .sent, .accepted, .executing, .verifying, .reconciling, .cancelling, .succeeded,
            .indeterminate:
            if !maybeExecuted { return nil }
        case .queued, .leased, .backoff, .superseded, .cancelled, .failed, .compensating,
            .compensated, .compensationFailed:
            break
        }
        self.state = state
        self.maybeExecuted = maybeExecuted
    }

    /// Takes the transition that `event` under `circumstance` calls for and returns it; nil, with
    /// nothing changed, where the table has none.
    package mutating func apply(_ event: CommandEvent, _ circumstance: CommandGuard = .always)
        -> CommandTransition?
    {
        if let needed = circumstance.needsMaybeExecuted, needed != maybeExecuted { return nil }
        for row in CommandLife.table
        where row.from == state && row.event == event && row.circumstance == circumstance {
            state = row.to
            maybeExecuted = row.setsMaybeExecuted ?? maybeExecuted
            return row
        }
        return nil
    }
}
