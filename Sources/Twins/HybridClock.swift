package import Model

/// A hybrid logical clock: close to the time the core is told, never behind a stamp it has given or
/// seen, so that what is written after something was seen is newer than it.
package struct HybridClock: Hashable, Sendable {
    /// How far ahead of our time another's stamp may be.
    package static let skewLimit = Milliseconds.seconds(60)

    /// The newest stamp's clock: 48 bits of milliseconds, 16 of counter.
    package internal(set) var latest: UInt64

    package init(latest: UInt64 = 0) { self.latest = latest }

    /// When the newest stamp was given.
    package var time: Instant { Stamp(clock: latest).time }

    /// The stamp of something that happens here and now.
    package mutating func tick(at now: Instant) -> Stamp {
        latest = max(latest &+ 1, HybridClock.reading(of: now))
        return Stamp(clock: latest)
    }

    /// Takes another's stamp into account; false, and nothing changed, if it is too far ahead.
    package mutating func witness(_ stamp: Stamp, at now: Instant) -> Bool {
        guard HybridClock.isCredible(stamp, at: now) else { return false }
        latest = max(latest, stamp.clock)
        return true
    }

    /// Not further ahead than clocks may differ.
    package static func isCredible(_ stamp: Stamp, at now: Instant) -> Bool {
        stamp.time <= now + skewLimit
    }

    private static func reading(of now: Instant) -> UInt64 {
        UInt64(min(max(now.milliseconds, 0), 1 << 48 - 1)) << 16
    }
}

extension Stamp {
    /// When it was given, by the clock of who gave it.
    package var time: Instant { Instant(milliseconds: Int64(clock >> 16)) }
}
