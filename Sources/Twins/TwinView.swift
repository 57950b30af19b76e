package import Model

/// One device's twin as people and protocols see it.
package struct TwinView: Hashable, Sendable {
    package var device: Device
    /// When the device itself last reported anything, by arrival; nil if it never has.
    package var lastSeen: Instant?
    package var conflictResolution: TwinSyncDefinition.ConflictResolution
    /// Ascending by the number of the property's name. Only properties that ever had a value.
    package var properties: [PropertyView]
    /// What a simulation beside the device says, in the order it first said it.
    package var simulated: [Simulated]

    /// One value that a simulation said last.
    package struct Simulated: Hashable, Sendable {
        package var property: Property
        package var value: Value
    }

    /// How long nothing was heard of the device.
    package func linkAge(at now: Instant) -> Milliseconds? { lastSeen.map { now - $0 } }

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
        package var state: PropertyState
        /// All slots that were ever written, ascending; also what is relinquished or over.
        package var slots: [DesiredSlot]
        /// When it was deleted.
        package var tombstone: Stamp?
        /// It was deleted because the device's model no longer has it.
        package var isRemovedByModel: Bool
        /// How old a report may be at most before it is stale; nil where nobody says.
        package var staleAfter: Milliseconds?

        /// How long ago the reported value was true, by the time that is believed.
        package func age(at now: Instant) -> Milliseconds? { reported.map { now - $0.time } }

        /// How long the present wish has been one.
        package func desiredAge(at now: Instant) -> Milliseconds? { desired.map { now - $0.time } }

        /// The device should have reported again by now.
        package func isStale(at now: Instant) -> Bool {
            guard let staleAfter, let age = age(at: now) else { return false }
            return age > staleAfter
        }
    }

    /// The half that the device writes.
    package struct Reported: Hashable, Sendable {
        package var value: Value
        /// Counts the values that differed, from 1.
        package var version: UInt32
        /// Event time of the newest report, also of one that changed nothing.
        package var time: Instant
        /// What the device's own clock said, where that is known.
        package var deviceTime: Instant?
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
        /// Whose wish it is; nil for the model's default.
        package var slot: DesiredWrite.Slot?
    }
}

extension TwinTable {
    /// A device's twin, empty if it never spoke; nil for a device the table does not know.
    package func twin(of device: Device) -> TwinView? {
        guard Int(device.index) < rows.count, rows[Int(device.index)].isPresent else { return nil }
        let row = rows[Int(device.index)]
        return TwinView(
            device: device, lastSeen: row.lastSeen == .distantPast ? nil : row.lastSeen,
            conflictResolution: row.group.conflictResolution,
            properties: row.slotsInOrder.map {
                TwinView.PropertyView(Property(index: row.names[$0]), row.records[$0])
            },
            simulated: row.overlay.map {
                TwinView.Simulated(property: Property(index: $0.property), value: $0.value)
            })
    }
}

extension TwinView.PropertyView {
    fileprivate init(_ property: Property, _ record: PropertyRecord) {
        self.init(
            property: property,
            reported: record.reported.map {
                TwinView.Reported(
                    value: $0, version: record.reportedVersion, time: record.reportedTime,
                    deviceTime: record.deviceTime, arrival: record.arrival,
                    source: record.reportedSource, isClockSuspect: record.isClockSuspect)
            },
            desired: record.desired.map {
                TwinView.Desired(
                    value: $0, version: record.desiredVersion, time: record.desiredTime,
                    source: record.desiredSource, slot: record.desiredSlot)
            },
            desiredVersion: record.desiredVersion,
            isInSync: record.desired == nil || record.meetsDesired, state: record.state,
            slots: record.reconciliation.slots, tombstone: record.reconciliation.tombstone,
            isRemovedByModel: record.reconciliation.isRemovedByModel,
            staleAfter: record.settings.expectedInterval.map { $0 * 3 })
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
    /// Writes that a newer one, or a newer deletion, was there before.
    package var outdated: UInt64 = 0
    /// Writes whose value the property's model does not allow.
    package var misfits: UInt64 = 0
    /// Writes by somebody who knew another version.
    package var versionMismatches: UInt64 = 0
    /// Writes and peers' records with stamps from the future.
    package var stampsTooNew: UInt64 = 0
    /// Events that a property's state had no transition for; nothing changed.
    package var ignoredEvents: UInt64 = 0
    /// Answers about versions that never were.
    package var unknownVersions: UInt64 = 0
    /// Times that wish and device contradicted each other and somebody must decide.
    package var contested: UInt64 = 0
    /// Wishes that their device refused.
    package var refusedWishes: UInt64 = 0
    /// Wishes given up because the device strayed and wins.
    package var yielded: UInt64 = 0
    /// Times that a device that strayed was brought back.
    package var reasserted: UInt64 = 0
    /// Tombstones dropped early to make room.
    package var droppedTombstones: UInt64 = 0
    /// Conflicts that nobody took in time.
    package var droppedConflicts: UInt64 = 0
    /// Properties removed or changed by a device's new model.
    package var removedByModel: UInt64 = 0
    /// Properties carried over to a new model's.
    package var migrated: UInt64 = 0

    package init() {}
}
