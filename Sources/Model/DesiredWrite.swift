/// One write into the desired half of a property: into one of its priority slots.
package struct DesiredWrite: Hashable, Sendable {
    package var device: Device
    package var property: Property
    /// Nil relinquishes the slot.
    package var value: Value?
    package var source: TwinSource
    package var slot: Slot
    /// After this the slot is empty again.
    package var expires: Instant?
    /// When and where it was written; nil for a write made here, which the core stamps.
    package var stamp: Stamp?

    /// Who wishes, in order of precedence, the most urgent first: 1 to 16, as BACnet's priority
    /// array has it (ASHRAE 135 clause 19.2).
    package struct Slot: Hashable, Comparable, Sendable {
        package let number: UInt8

        /// Nil unless `number` is 1 to 16.
        package init?(_ number: Int) {
            guard (1...16).contains(number) else { return nil }
            self.number = UInt8(number)
        }

        private init(fixed number: UInt8) { self.number = number }

        package static let lifeSafety = Slot(fixed: 1)
        /// A critical pattern or command.
        package static let critical = Slot(fixed: 5)
        package static let manualOperator = Slot(fixed: 8)
        /// Patterns, sequences and all other programs.
        package static let program = Slot(fixed: 15)
        package static let lowest = Slot(fixed: 16)

        package static func < (left: Slot, right: Slot) -> Bool { left.number < right.number }
    }

    package init(
        _ device: Device, _ property: Property, _ value: Value?, source: TwinSource,
        slot: Slot = .program, expires: Instant? = nil, stamp: Stamp? = nil
    ) {
        self.device = device
        self.property = property
        self.value = value
        self.source = source
        self.slot = slot
        self.expires = expires
        self.stamp = stamp
    }
}

/// A hybrid logical clock's reading and the place it was made at (Kulkarni et al. 2014): of two
/// writes the one with the larger stamp wins, everywhere.
package struct Stamp: Hashable, Comparable, Sendable {
    /// 48 bits of milliseconds since the epoch, 16 of counter.
    package var clock: UInt64
    /// The gateway or service that wrote; 0 for this one.
    package var origin: UInt32

    package init(clock: UInt64, origin: UInt32 = 0) {
        self.clock = clock
        self.origin = origin
    }

    package static func < (left: Stamp, right: Stamp) -> Bool {
        (left.clock, left.origin) < (right.clock, right.origin)
    }
}

/// Who wrote a value of a twin.
package enum TwinSource: UInt8, Hashable, Sendable {
    case device, command, pattern, operatorRequest
    /// A simulation beside the real device; never in either half.
    case simulated
}

/// What somebody decides about a twin, or about a property in conflict.
package struct TwinOrder: Hashable, Sendable {
    package var principal: String
    package var device: Device
    /// Nil for the whole twin.
    package var property: Property?
    package var decision: Decision

    package enum Decision: UInt8, Hashable, Sendable {
        /// Leaves a stamped tombstone; a newer report or wish makes the twin anew.
        case delete
        /// Sends the desired value once more.
        case reassert
        /// Gives the wish up for what the device reports.
        case acceptReported
    }

    package init(
        principal: String, device: Device, property: Property?, decision: Decision
    ) {
        self.principal = principal
        self.device = device
        self.property = property
        self.decision = decision
    }
}
