package import Model

/// One device's twin as people and protocols see it.
package struct TwinView: Hashable, Sendable {
    package var device: Device
    /// When the device itself last reported anything, by arrival; nil if it never has.
    package var lastSeen: Instant?
    package var conflictResolution: TwinSyncDefinition.ConflictResolution
    /// Ascending by the number of the property's name. Only properties that ever had a value.
    package var properties: [PropertyView]

    /// What is known of one property.
    package struct PropertyView: Hashable, Sendable {
        package var property: Property
        package var reported: Reported?
        /// Nil where nobody wishes anything, or the wish was taken back.
        package var desired: Desired?
        /// Goes on counting after a wish was taken back; 0 where there never was one.
        package var desiredVersion: UInt32
        /// No wish, or what is reported equals it within the property's tolerance.
        package var isInSync: Bool
    }

    /// The half that the device writes.
    package struct Reported: Hashable, Sendable {
        package var value: Value
        /// Counts the values that differed, from 1.
        package var version: UInt32
        /// Event time of the newest report, also of one that changed nothing.
        package var time: Instant
        package var arrival: Instant
        package var source: TwinSource
        /// The newest report's own time was not believed.
        package var isClockSuspect: Bool
    }

    /// The half that commands and operators write.
    package struct Desired: Hashable, Sendable {
        package var value: Value
        package var version: UInt32
        package var time: Instant
        package var source: TwinSource
    }
}

/// What a report did to a twin: rules CR1 to CR5.
package struct ReportOutcome: Hashable, Sendable {
    package var effect: Effect
    /// There is a desired value, and what is reported after this equals it within tolerance.
    package var meetsDesired: Bool

    package enum Effect: Hashable, Sendable {
        /// The property had no reported value.
        case first
        /// Newer and different: a new version.
        case changed
        /// Newer and equal within tolerance: only times moved on.
        case unchanged
        /// The same time and value again.
        case duplicate
        /// Older than what is known: history, never state.
        case late
        /// The device has as many properties as it may have.
        case refused
    }
}

/// What happened to a `TwinTable` since it was made.
package struct TwinCounters: Hashable, Sendable {
    package var first: UInt64 = 0
    package var changed: UInt64 = 0
    package var unchanged: UInt64 = 0
    package var duplicate: UInt64 = 0
    package var late: UInt64 = 0
    /// Reports and wishes refused because the device had as many properties as it may have.
    package var refused: UInt64 = 0
    /// Wishes that changed a desired value.
    package var desired: UInt64 = 0

    package init() {}
}
