package import Model

extension Instant {
    /// The years 0 to 9999, which RFC 3339 can write.
    package static let writable =
        Instant(milliseconds: -62_167_219_200_000)...Instant(milliseconds: 253_402_300_799_999)

    /// Rounds to the nearest millisecond; nil outside the years 0 to 9999, and for NaN.
    package init?(secondsSinceEpoch seconds: Double) {
        guard abs(seconds) < 1e12 else { return nil }
        // Conversion cuts; the half makes it round, without a call into the mathematics library.
        let half = seconds < 0 ? -0.5 : 0.5
        let instant = Instant(milliseconds: Int64(seconds * 1000 + half))
        guard Instant.writable.contains(instant) else { return nil }
        self = instant
    }
}
