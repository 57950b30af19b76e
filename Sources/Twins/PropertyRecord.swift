package import Model

/// One property of one twin: the reported half that its device writes, and the desired half that
/// others write. Neither half ever overwrites the other; `state` says how they stand.
struct PropertyRecord: Sendable {
    var reported: Value?
    /// What is wished by the most urgent live slot, or by the model's default.
    var desired: Value?
    var reportedTime = Instant.distantPast
    var arrival = Instant.distantPast
    /// What the device's own clock said, where that is known.
    var deviceTime: Instant?
    var order = ReportOrder()
    var linkEpoch: UInt32 = 0
    var desiredTime = Instant.distantPast
    var settings: PropertySettings
    var reportedVersion: UInt32 = 0
    var desiredVersion: UInt32 = 0
    var reportedSource = TwinSource.device
    var desiredSource = TwinSource.command
    /// The slot of `desired`; nil for the default.
    var desiredSlot: DesiredWrite.Slot?
    var isClockSuspect = false
    var state = PropertyState.unknown
    /// Kept up to date: a wish exists and is fulfilled.
    var meetsDesired = false
    var reconciliation = Reconciliation()

    /// What only properties that are wished something, or were deleted, need.
    struct Reconciliation: Hashable, Sendable {
        /// Ascending by slot.
        var slots: [DesiredSlot] = []
        /// Transmissions of the present version.
        var attempts: UInt8 = 0
        var sentVersion: UInt32 = 0
        /// An older version was sent and may yet arrive.
        var isOutstanding = false
        /// The device has been let win over the default.
        var defaultYields = false
        /// What brings the present version to the device.
        var command: CommandID?
        /// When the state's timer fires.
        var due = Instant.distantFuture
        /// When the device was last brought back, oldest first.
        var reasserts: [Instant] = []
        var tombstone: Stamp?
        var isRemovedByModel = false
    }

    init(_ settings: PropertySettings) { self.settings = settings }

    /// Nothing that is worth a row was ever known.
    var isEmpty: Bool {
        reported == nil && desiredVersion == 0 && reconciliation.tombstone == nil
    }

    /// A report and what comes with it beside the reading itself.
    struct Arrival {
        var source: TwinSource
        var order: ReportOrder
        var deviceTime: Instant?
        var linkEpoch: UInt32
        var now: Instant
    }

    /// Rules CR1 to CR5: ordered by the device's count, else by event time, then by arrival. What
    /// the report means for the wish is for `reconcile` to find out.
    mutating func report(_ reading: Reading, _ report: Arrival) -> ReportOutcome.Effect {
        guard let known = reported else {
            if state == .tombstoned, !isNewerThanTombstone(reading.time) {
                move(.report, .older, at: report.now)
                return .late
            }
            take(reading, report)
            return .first
        }
        if order.isGiven, report.order.isGiven {
            if report.order < order { return .late }
            if report.order == order { return .duplicate }
        } else {
            if reading.time < reportedTime { return .late }
            if reading.time == reportedTime, equal(known, reading.value, within: 0) {
                return .duplicate
            }
        }
        if equal(known, reading.value, within: settings.tolerance) {
            // The old value stays: its version names it, and a slow drift of many steps that are
            // each within tolerance must still become a change.
            note(reading, report)
            return .unchanged
        }
        take(reading, report)
        return .changed
    }

    mutating func updateSync() {
        if let desired, let reported {
            meetsDesired = equal(desired, reported, within: settings.tolerance)
        } else {
            meetsDesired = false
        }
    }

    func isNewerThanTombstone(_ time: Instant) -> Bool {
        reconciliation.tombstone.map { time > $0.time } ?? true
    }

    private mutating func take(_ reading: Reading, _ report: Arrival) {
        reported = reading.value
        reportedSource = report.source
        reportedVersion &+= 1
        note(reading, report)
        if desired != nil { updateSync() }
    }

    private mutating func note(_ reading: Reading, _ report: Arrival) {
        reportedTime = reading.time
        arrival = max(arrival, report.now)
        deviceTime = report.deviceTime
        order = report.order
        linkEpoch = report.linkEpoch
        isClockSuspect = reading.flags.contains(.clockSuspect)
    }
}

/// Whether two values are the same for a twin: numbers and booleans by distance,
/// positions by metres, all else exactly.
package func equal(_ left: Value, _ right: Value, within tolerance: Double) -> Bool {
    switch (left, right) {
    case (.number(let left), .number(let right)): abs(left - right) <= tolerance
    case (.text(let left), .text(let right)): left == right
    case (.boolean(let left), .boolean(let right)): left == right
    case (.timestamp(let left), .timestamp(let right)): left == right
    case (.position(let left), .position(let right)):
        left == right || left.squaredDistance(to: right) <= tolerance * tolerance
    case (.integer(let left), .integer(let right)):
        // Large integers lose bits as doubles, so a difference of 0 only counts with a tolerance.
        left == right || tolerance > 0 && abs(Double(left) - Double(right)) <= tolerance
    case (.integer(let left), .number(let right)): abs(Double(left) - right) <= tolerance
    case (.number(let left), .integer(let right)): abs(left - Double(right)) <= tolerance
    default: false
    }
}
