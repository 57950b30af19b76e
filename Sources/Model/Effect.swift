/// What the core asks the world to do. The gateway performs an effect only after the inputs that
/// justify it are safe, except a critical transmission, which leaves at once.
package enum Effect: Hashable, Sendable {
    case transmit(Transmission)
    case publish(OutboxRecord)
    case audit(AuditEntry)
    case log(String)
}

/// A named value, nil where it is missing.
package struct Field: Hashable, Sendable {
    package var name: String
    package var value: Value?

    package init(_ name: String, _ value: Value?) {
        self.name = name
        self.value = value
    }
}

/// One thing to tell upstream, named for ever by (gateway, epoch, sequence).
package struct OutboxRecord: Hashable, Sendable {
    /// Counts every record of this gateway's epoch, from 1.
    package var sequence: UInt64
    package var kind: Kind
    package var workflow: String
    /// The stream, aggregation, pattern or sequence it comes from.
    package var name: String
    /// Event time: a window's end, a match's time, a command's transition.
    package var time: Instant
    /// A window's start; nil for other kinds.
    package var start: Instant?
    /// What it is about: `device_id`, or the dimensions of a group.
    package var key: [Field]
    package var fields: [Field]
    /// By the name of each field that is not exact: how far it may be from what it stands for.
    package var quality: [Field]

    /// In order of priority, the most urgent first: also the lane it waits in.
    package enum Kind: UInt8, Hashable, Sendable, CaseIterable {
        case match, command, aggregate
        /// How far the audit has come: each says all that the ones before did.
        case audit
    }

    package init(
        sequence: UInt64, kind: Kind, workflow: String, name: String, time: Instant,
        start: Instant? = nil, key: [Field], fields: [Field], quality: [Field] = []
    ) {
        self.quality = quality
        self.sequence = sequence
        self.kind = kind
        self.workflow = workflow
        self.name = name
        self.time = time
        self.start = start
        self.key = key
        self.fields = fields
    }
}

/// One step of a command's life, for the audit trail.
package struct AuditEntry: Hashable, Sendable {
    package var time: Instant
    package var command: CommandID
    package var device: Device
    package var name: String
    /// The states' names as in the specification: `queued`, `sent`, `succeeded`.
    package var from: String
    package var to: String
    package var reason: String
    /// What else is to be known: who asked, the devices that were selected, a fence.
    package var details: [Field]

    package init(
        time: Instant, command: CommandID, device: Device, name: String, from: String, to: String,
        reason: String, details: [Field] = []
    ) {
        self.details = details
        self.time = time
        self.command = command
        self.device = device
        self.name = name
        self.from = from
        self.to = to
        self.reason = reason
    }
}
