package import Model

/// A command sequence as it is written: which devices, which commands in which order, and what to
/// do when one fails.
package struct SequenceDefinition: Sendable {
    package var name: Located<String>
    package var target: TargetDefinition
    package var steps: [StepDefinition]
    package var errorHandling: ErrorHandling
    package var isCritical: Bool

    package init(
        name: Located<String>, target: TargetDefinition, steps: [StepDefinition],
        errorHandling: ErrorHandling = ErrorHandling(), isCritical: Bool = false
    ) {
        self.name = name
        self.target = target
        self.steps = steps
        self.errorHandling = errorHandling
        self.isCritical = isCritical
    }
}

/// Which of a group's devices a sequence runs on.
package struct TargetDefinition: Sendable {
    package var group: Located<String>
    package var selection: Selection
    /// For `nearest`: the device to be near to, as a path such as `context.device_id`.
    package var toDevice: Located<String>?

    package enum Selection: String, Sendable, CaseIterable {
        /// The closest by position, else by the number of shared tags; ties go to the first by
        /// name.
        case nearest
        case all
    }

    package init(
        group: Located<String>, selection: Selection, toDevice: Located<String>? = nil
    ) {
        self.group = group
        self.selection = selection
        self.toDevice = toDevice
    }
}

/// One command of a sequence.
package struct StepDefinition: Sendable {
    package var command: Located<String>
    /// In the order written.
    package var parameters: [(name: String, value: Located<Value>)]

    package init(command: Located<String>, parameters: [(name: String, value: Located<Value>)] = [])
    {
        self.command = command
        self.parameters = parameters
    }
}

/// What to do when a step is refused or goes unanswered.
package struct ErrorHandling: Sendable {
    package var strategy: Strategy
    /// Attempts in all, the first included.
    package var maxAttempts: Int
    package var backoff: Backoff
    /// The wait before the second attempt; exponential back-off doubles it each time.
    package var initialDelay: Milliseconds
    package var maxDelay: Milliseconds

    package enum Strategy: String, Sendable, CaseIterable { case retry, stop, skip }
    package enum Backoff: String, Sendable, CaseIterable { case exponential, fixed }

    package init(
        strategy: Strategy = .stop, maxAttempts: Int = 1, backoff: Backoff = .exponential,
        initialDelay: Milliseconds = .second, maxDelay: Milliseconds = .minute
    ) {
        self.strategy = strategy
        self.maxAttempts = maxAttempts
        self.backoff = backoff
        self.initialDelay = initialDelay
        self.maxDelay = maxDelay
    }
}
