package import Model

/// A command sequence as it is written: which devices, which commands in which order, and what to
/// do when one fails.
package struct SequenceDefinition: Sendable {
    package var name: Located<String>
    package var target: TargetDefinition
    package var steps: [StepDefinition]
    package var errorHandling: ErrorHandling
    package var priority: CommandPriority
    /// What the failure of one device means for the others; nil for each on its own.
    package var policy: GroupPolicy?
    package var barrier: BarrierDefinition?
    /// A step that its device has not begun by then expires.
    package var timeToLive: Milliseconds?
    /// What `{name}` stands for in the parameters of steps.
    package var parameters: [(name: String, value: Located<Value>)] = []
    /// It must tell how it ended: a line waits for it.
    package var isAwaited = false

    package var isCritical: Bool { priority == .critical }

    package init(
        name: Located<String>, target: TargetDefinition, steps: [StepDefinition],
        errorHandling: ErrorHandling = ErrorHandling(), isCritical: Bool = false
    ) {
        self.name = name
        self.target = target
        self.steps = steps
        self.errorHandling = errorHandling
        priority = isCritical ? .critical : .normal
    }

    /// Asks for more than one command after the other on each device, which needs a run that
    /// remembers.
    package var isGraph: Bool {
        policy != nil || barrier != nil || timeToLive != nil || !parameters.isEmpty || isAwaited
            || priority == .high || priority == .low || errorHandling.strategy == .compensate
            || target.isRanked || steps.contains(where: \.isGraph)
    }
}

/// What the failure of one device of a sequence means for the others.
package enum GroupPolicy: Hashable, Sendable {
    /// One failure takes back what all have done.
    case allOrCompensate
    /// Fewer than this many without failure take back what all have done.
    case quorum(Int)
    case bestEffort
    /// After one failure no further step begins anywhere.
    case stopOnFirst
}

/// All devices get ready before any of them begins.
package struct BarrierDefinition: Sendable {
    /// How long devices may take to get ready.
    package var prepareTimeout: Milliseconds
    /// All first steps must be on their way so long after the last device was ready.
    package var span: Milliseconds
    /// How many must be ready; nil for all.
    package var quorum: Int?

    package init(prepareTimeout: Milliseconds, within span: Milliseconds, quorum: Int? = nil) {
        self.prepareTimeout = prepareTimeout
        self.span = span
        self.quorum = quorum
    }
}

/// Which of a group's devices a sequence runs on.
package struct TargetDefinition: Sendable {
    package var group: Located<String>
    package var selection: Selection
    /// For `nearest`: the device to be near to, as a path such as `context.device_id`.
    package var toDevice: Located<String>?
    /// How many; nil for one, or with `all` for every one.
    package var count: Int?
    /// Where a step fails before anything was done, its retry goes to the next device.
    package var rebindsOnRetry = false
    /// Which zones lie next to each other, for `nearest`.
    package var zones: ZoneGraph?

    /// In each, ties go to the first by name.
    package enum Selection: String, Sendable, CaseIterable {
        /// The closest by zone where zones are known, then by position, then by the number of
        /// shared tags.
        case nearest
        case all
        /// Those with the fewest commands waiting.
        case leastLoaded = "least_loaded"
        /// Those that reported last.
        case freshest
        case any
    }

    /// Takes more than the nearest by position, or all.
    var isRanked: Bool {
        switch selection {
        case .all: count != nil || rebindsOnRetry
        case .nearest: count != nil || rebindsOnRetry || zones != nil
        case .leastLoaded, .freshest, .any: true
        }
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
    package var id: Located<String>?
    /// The steps that must be done before; nil where the step does not say.
    package var dependsOn: [Located<String>]?
    /// A condition on the device's fresh reported values; where it is not true the step is skipped.
    package var when: Located<String>?
    /// `condition within span`: the step is done only then.
    package var waitFor: Located<String>?
    package var timeout: Milliseconds?
    package var compensation: CompensationDefinition?
    /// Where the step runs on other devices than the sequence.
    package var target: TargetDefinition?
    /// Nil for the sequence's.
    package var errorHandling: ErrorHandling?

    var isGraph: Bool {
        id != nil || dependsOn != nil || when != nil || waitFor != nil || timeout != nil
            || compensation != nil || target != nil || errorHandling != nil
    }

    package init(command: Located<String>, parameters: [(name: String, value: Located<Value>)] = [])
    {
        self.command = command
        self.parameters = parameters
    }
}

/// The command that takes a step back.
package struct CompensationDefinition: Sendable {
    package var command: Located<String>
    package var parameters: [(name: String, value: Located<Value>)]
    /// After this it is not tried again.
    package var timeout: Milliseconds

    package init(
        command: Located<String>, parameters: [(name: String, value: Located<Value>)] = [],
        timeout: Milliseconds = .minute
    ) {
        self.command = command
        self.parameters = parameters
        self.timeout = timeout
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

    package enum Strategy: String, Sendable, CaseIterable {
        case retry, stop, skip
        /// Takes back what the sequence has done on the device.
        case compensate
    }

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
