package import Model

/// How a command is to be run, beyond what it is: what a sequence's step says.
///
/// This is how a sequence's run drives its steps: it submits each with `isHeld`, as principal
/// `sequence` under a key made of run, step and device; it lets one go (`letGo`) when the steps it
/// depends on have succeeded, or drops it (`drop`); it waits for the effects `.prepared` (and
/// then calls `operate` for all together) and `.finished`. Steps with `isKept` can be compensated
/// (`compensate`) after they ended, until `forget`.
package struct CommandTerms: Sendable {
    package var sequence = ""
    /// From 0.
    package var step = 0
    /// How often it is tried; nil for what the limits say.
    package var policy: RetryPolicy?
    /// Waits, however true its condition, until `letGo`.
    package var isHeld = false
    /// Must hold on fresh reports, at first and again when it is sent.
    package var condition: CommandCondition?
    package var onFalse = Refrain.wait
    /// What it is, where the device's model does not say.
    package var command: CommandModel?
    /// The device is asked to be ready first; the command goes with `operate`.
    package var isPrepared = false
    /// How long the device may stay ready.
    package var lease: Milliseconds?
    /// How long the device may work on it; nil for what the model says.
    package var executionTimeout: Milliseconds?
    /// What takes it back, in place of what the model says.
    package var compensation: Compensation?
    /// Can still be compensated after its end, until `forget`.
    package var isKept = false

    package init() {}

    /// A command that takes another one back.
    package struct Compensation: Hashable, Sendable {
        package var name: String
        package var parameters: [Field]
        /// How long it may take to succeed; nil for what the limits say.
        package var timeToLive: Milliseconds?

        package init(
            name: String, parameters: [Field] = [], timeToLive: Milliseconds? = nil
        ) {
            self.name = name
            self.parameters = parameters
            self.timeToLive = timeToLive
        }
    }

    /// What becomes of a command whose condition is false.
    package enum Refrain: UInt8, Hashable, Sendable, CaseIterable { case wait, skip, fail }
}

/// What became of a request.
package enum CommandAnswer: Hashable, Sendable {
    case accepted(CommandID)
    /// The key is known and asks for the same again: it is the same command.
    case known(CommandID)
    case refused(CommandRefusal)
}

/// Why a request makes no command.
package enum CommandRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    case unknownDevice
    case unknownCommand(String)
    /// A parameter is missing, too many, or has no value that the command can take.
    case invalid(String)
    /// The same key came with another request.
    case conflictingKey
    case full(String)

    /// As CoAP has it: class * 100 + detail.
    package var code: Int {
        switch self {
        case .unknownDevice, .unknownCommand: 404
        case .invalid: 422
        case .conflictingKey: 409
        case .full: 429
        }
    }

    package var description: String {
        switch self {
        case .unknownDevice: "there is no such device"
        case .unknownCommand(let text), .invalid(let text), .full(let text): text
        case .conflictingKey: "the key was used for another request"
        }
    }
}
