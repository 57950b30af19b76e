package import Model

/// The gateway's one time line: it runs at the monotonic clock's pace and leans towards the wall
/// clock, so that stepping the wall clock never fires a timer early or starves one.
package struct Timeline: Sendable {
    private var offset: Int64
    private var lastMonotonic: Int64
    private var latest: Instant

    /// - Parameters:
    ///   - wall: milliseconds since the epoch.
    ///   - monotonic: milliseconds since any fixed moment.
    ///   - floor: never answer earlier than this; the time of the newest turn in the journal.
    package init(wall: Int64, monotonic: Int64, notBefore floor: Instant = .distantPast) {
        latest = max(Instant(milliseconds: wall), floor)
        offset = latest.milliseconds - monotonic
        lastMonotonic = monotonic
    }

    /// How far the wall clock is from this line; positive where the wall clock is ahead.
    package private(set) var lag = Milliseconds.zero

    /// The time now. A difference from the wall clock shrinks by a tenth of the time that passes.
    package mutating func now(wall: Int64, monotonic: Int64) -> Instant {
        let elapsed = max(0, monotonic - lastMonotonic)
        // Whole slices only, so that calling often does not round the correction away.
        let slew = elapsed / 10
        lag = Milliseconds(wall - (monotonic + offset))
        if slew > 0 {
            offset += min(max(lag.count, -slew), slew)
            lastMonotonic += slew * 10
        }
        latest = max(latest, Instant(milliseconds: monotonic + offset))
        return latest
    }
}
