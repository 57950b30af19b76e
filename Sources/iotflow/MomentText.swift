import Model

/// A time as people write it on a command line.
enum MomentText {
    /// RFC 3339, its zone optional (UTC); `HH:MM` or `HH:MM:SS` of the day of `end`; or `-5m`, so
    /// long before `end`. Nil where it is none of these.
    static func read(_ text: String, end: Instant) -> Instant? {
        if text.hasPrefix("-"), let span = Milliseconds(String(text.dropFirst())) {
            return end - span
        }
        if let instant = Instant(text) ?? Instant(text + "Z") { return instant }
        let day = end.floored(to: .day).description.prefix { $0 != "T" }
        return Instant("\(day)T\(text)Z")
    }

    /// The time alone where the day is that of `reference`: `12:00:03`, `12:00:03.250`.
    static func text(_ instant: Instant, on reference: Instant) -> String {
        let text = instant.description
        guard instant > .distantPast, instant < .distantFuture,
            reference > .distantPast, reference < .distantFuture,
            instant.floored(to: .day) == reference.floored(to: .day)
        else { return text }
        let time = text.drop { $0 != "T" }.dropFirst().dropLast()
        return String(time.hasSuffix(".000") ? time.dropLast(4) : time)
    }
}
