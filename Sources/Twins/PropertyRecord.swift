package import Model

/// One property of one twin: the reported half that its device writes, and the desired half that
/// others write. Neither half ever overwrites the other.
struct PropertyRecord: Sendable {
    var reported: Value?
    var desired: Value?
    var reportedTime = Instant.distantPast
    var arrival = Instant.distantPast
    var desiredTime = Instant.distantPast
    /// Numbers no further apart than this count as equal.
    var tolerance: Double
    var reportedVersion: UInt32 = 0
    var desiredVersion: UInt32 = 0
    var reportedSource = TwinSource.device
    var desiredSource = TwinSource.command
    var isClockSuspect = false
    /// Kept up to date by the two mutations: a wish exists and is fulfilled.
    private(set) var meetsDesired = false

    init(tolerance: Double) { self.tolerance = tolerance }

    var isEmpty: Bool { reported == nil && desiredVersion == 0 }

    /// Rules CR1 to CR5: ordered by event time, then by arrival.
    mutating func report(_ reading: Reading, source: TwinSource, at now: Instant)
        -> ReportOutcome.Effect
    {
        guard let known = reported else {
            take(reading, source: source, at: now)
            return .first
        }
        if reading.time < reportedTime { return .late }
        if reading.time == reportedTime, equal(known, reading.value, within: 0) {
            return .duplicate
        }
        if equal(known, reading.value, within: tolerance) {
            // The old value stays: its version names it, and a slow drift of many steps that are
            // each within tolerance must still become a change.
            reportedTime = reading.time
            arrival = max(arrival, now)
            isClockSuspect = reading.flags.contains(.clockSuspect)
            return .unchanged
        }
        take(reading, source: source, at: now)
        return .changed
    }

    /// Sets or takes back the wish; answers whether anything changed. A local write is always newer
    /// than what is stored, whatever a stepped clock says (CR7), and an equal one changes nothing.
    mutating func desire(_ value: Value?, source: TwinSource, at now: Instant) -> Bool {
        if desired == value, value == nil || source == desiredSource { return false }
        desired = value
        desiredTime = max(desiredTime, now)
        desiredSource = source
        desiredVersion &+= 1
        updateSync()
        return true
    }

    mutating func updateSync() {
        if let desired, let reported {
            meetsDesired = equal(desired, reported, within: tolerance)
        } else {
            meetsDesired = false
        }
    }

    private mutating func take(_ reading: Reading, source: TwinSource, at now: Instant) {
        reported = reading.value
        reportedTime = reading.time
        arrival = max(arrival, now)
        reportedSource = source
        isClockSuspect = reading.flags.contains(.clockSuspect)
        reportedVersion &+= 1
        if desired != nil { updateSync() }
    }
}

/// Whether two values are the same for a twin: numbers and booleans by distance, all else exactly.
package func equal(_ left: Value, _ right: Value, within tolerance: Double) -> Bool {
    switch (left, right) {
    case (.number(let left), .number(let right)): abs(left - right) <= tolerance
    case (.text(let left), .text(let right)): left == right
    case (.boolean(let left), .boolean(let right)): left == right
    case (.timestamp(let left), .timestamp(let right)): left == right
    case (.integer(let left), .integer(let right)):
        // Large integers lose bits as doubles, so a difference of 0 only counts with a tolerance.
        left == right || tolerance > 0 && abs(Double(left) - Double(right)) <= tolerance
    case (.integer(let left), .number(let right)): abs(Double(left) - right) <= tolerance
    case (.number(let left), .integer(let right)): abs(left - Double(right)) <= tolerance
    default: false
    }
}
