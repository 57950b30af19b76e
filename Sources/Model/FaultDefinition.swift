/// How emulated devices misbehave when they are told something, as a scenario lists it under
/// `faults`.
package struct FaultDefinition: Hashable, Sendable {
    /// The devices of this group, beside those that are named.
    package var group: String?
    package var devices: [String]
    /// The commands it is about; empty for all.
    package var commands: [String]
    package var kind: Kind
    /// Nothing happens before, since the scenario's start.
    package var after: Milliseconds
    /// How long a slow command runs.
    package var delay: Milliseconds
    /// It happens so often to a device, and then no more; nil for ever.
    package var times: Int?
    /// By chance, the same for the same seed: 0 never, 1 each time.
    package var probability: Double

    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Answers 4.03 and does nothing.
        case refuse
        /// Answers that it is done, and does nothing.
        case acknowledgeOnly = "acknowledge_only"
        /// Is gone: nothing is answered, and nothing sent, from then on.
        case vanish
        /// Takes the command up, tells how it goes, and ends it after `delay`.
        case slow
        /// Takes the command up, and tells after `delay` that it could not.
        case fail
        /// Does it, and no answer arrives.
        case loseAnswer = "lose_answer"
        /// Answers 5.03: not now.
        case transient
    }

    package init(
        _ kind: Kind, group: String? = nil, devices: [String] = [], commands: [String] = [],
        after: Milliseconds = .zero, delay: Milliseconds = .seconds(5), times: Int? = nil,
        probability: Double = 1
    ) {
        self.kind = kind
        self.group = group
        self.devices = devices
        self.commands = commands
        self.after = after
        self.delay = delay
        self.times = times
        self.probability = probability
    }
}
