package import Model

/// What two gateways have to tell each other of one property, and how they come to know the same:
/// rules CR16 to CR18.
package struct PropertyReplica: Hashable, Sendable {
    package var reported: ReportedReplica?
    /// Ascending by slot.
    package var slots: [DesiredSlot]
    /// When it was deleted; what is not newer does not count.
    package var tombstone: Stamp?
    package var reportedVersion: UInt32
    package var desiredVersion: UInt32

    /// The reported half with everything that orders it.
    package struct ReportedReplica: Hashable, Sendable {
        package var value: Value
        /// Grows each time the device turns to another gateway: the one it speaks with knows best.
        package var linkEpoch: UInt32
        /// The device's own count; zeros where it does not count.
        package var order: ReportOrder
        package var time: Instant
        package var arrival: Instant
        package var source: TwinSource

        package init(
            value: Value, linkEpoch: UInt32 = 0, order: ReportOrder = ReportOrder(),
            time: Instant, arrival: Instant, source: TwinSource = .device
        ) {
            self.value = value
            self.linkEpoch = linkEpoch
            self.order = order
            self.time = time
            self.arrival = arrival
            self.source = source
        }
    }

    package init(
        reported: ReportedReplica? = nil, slots: [DesiredSlot] = [], tombstone: Stamp? = nil,
        reportedVersion: UInt32 = 0, desiredVersion: UInt32 = 0
    ) {
        self.reported = reported
        self.slots = slots
        self.tombstone = tombstone
        self.reportedVersion = reportedVersion
        self.desiredVersion = desiredVersion
    }

    /// Commutative, associative and idempotent, so that replicas that have seen the same writes are
    /// the same, in whatever order and how often they saw them.
    package static func merge(_ left: PropertyReplica, _ right: PropertyReplica)
        -> PropertyReplica
    {
        let tombstone = later(left.tombstone, right.tombstone)
        return PropertyReplica(
            // A report from before the deletion stays, unseen: dropping it would let one of a lower
            // link epoch pass for the newest, depending on what was merged first.
            reported: ReportedReplica.later(left.reported, right.reported),
            slots: DesiredSlot.join(left.slots, right.slots).filter { entry in
                tombstone.map { entry.stamp > $0 } ?? true
            },
            tombstone: tombstone,
            reportedVersion: max(left.reportedVersion, right.reportedVersion),
            desiredVersion: max(left.desiredVersion, right.desiredVersion))
    }

    /// The report, unless the property was deleted after it.
    package var visibleReport: ReportedReplica? {
        guard let reported, let tombstone else { return reported }
        return reported.time > tombstone.time ? reported : nil
    }

    /// The newest stamp it holds.
    var newestStamp: Stamp? { slots.reduce(tombstone) { PropertyReplica.later($0, $1.stamp) } }

    private static func later(_ left: Stamp?, _ right: Stamp?) -> Stamp? {
        guard let left else { return right }
        return right.map { max(left, $0) } ?? left
    }
}

/// How a device numbers its own reports: the epoch grows with each of its restarts.
package struct ReportOrder: Hashable, Comparable, Sendable {
    package var epoch: UInt32
    package var sequence: UInt32

    package init(epoch: UInt32 = 0, sequence: UInt32 = 0) {
        self.epoch = epoch
        self.sequence = sequence
    }

    package static func < (left: ReportOrder, right: ReportOrder) -> Bool {
        (left.epoch, left.sequence) < (right.epoch, right.sequence)
    }

    /// The device counts.
    var isGiven: Bool { epoch != 0 || sequence != 0 }
}

extension PropertyReplica.ReportedReplica {
    fileprivate static func later(_ left: Self?, _ right: Self?) -> Self? {
        guard let left, let right else { return left ?? right }
        if left == right { return left }
        let (leftKey, rightKey) = (left.key, right.key)
        if leftKey != rightKey { return leftKey < rightKey ? right : left }
        return left.bytes.lexicographicallyPrecedes(right.bytes) ? right : left
    }

    private var key: (UInt32, ReportOrder, Instant, Instant) { (linkEpoch, order, time, arrival) }

    private var bytes: [UInt8] {
        var writer = ByteWriter()
        writer.value(value)
        writer.byte(source.rawValue)
        return writer.bytes
    }
}
