/// One command that somebody wants a device to run.
package struct CommandRequest: Hashable, Sendable {
    /// Who asks: `operator`, a device, a stream's pattern.
    package var principal: String
    /// The idempotency key: the same key of the same principal is the same command, for a day.
    package var key: String
    package var device: Device
    /// A command of the device's model.
    package var name: String
    package var parameters: [Field]
    package var priority: CommandPriority
    /// Not begun by then, it expires; nil for as long as the model or the configuration says.
    package var timeToLive: Milliseconds?

    package init(
        principal: String, key: String, device: Device, name: String, parameters: [Field] = [],
        priority: CommandPriority = .normal, timeToLive: Milliseconds? = nil
    ) {
        self.principal = principal
        self.key = key
        self.device = device
        self.name = name
        self.parameters = parameters
        self.priority = priority
        self.timeToLive = timeToLive
    }

    package var id: CommandID { CommandID("request", principal, key) }
}

/// The classes in which commands wait for their device, the most urgent first.
package enum CommandPriority: UInt8, Hashable, Sendable, CaseIterable, Comparable {
    /// Sent in the turn that decided it, before its commit.
    case critical
    case high, normal, low

    package static func < (left: CommandPriority, right: CommandPriority) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// A command sequence that somebody wants to run.
package struct SequenceRequest: Hashable, Sendable {
    package var principal: String
    /// The idempotency key, as of a command.
    package var key: String
    package var name: String
    /// The device the run is about: what `nearest` is near to.
    package var context: Device?

    package init(principal: String, key: String, name: String, context: Device? = nil) {
        self.principal = principal
        self.key = key
        self.name = name
        self.context = context
    }
}

/// What somebody decides about a command that exists.
package struct CommandOrder: Hashable, Sendable {
    package var principal: String
    package var command: CommandID
    package var decision: Decision

    package enum Decision: UInt8, Hashable, Sendable {
        case cancel
        /// Lets a command go whose model asks for approval.
        case approve
    }

    package init(principal: String, command: CommandID, decision: Decision) {
        self.principal = principal
        self.command = command
        self.decision = decision
    }
}
