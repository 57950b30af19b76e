/// A point on the UTC time line, in milliseconds since 1970-01-01T00:00:00Z.
///
/// Every event time, arrival time and deadline in the gateway is an `Instant`. The core never asks
/// what time it is: it is told.
///
/// Public, like all that is in a `Reading`, because other modules inline nothing else: millions of
/// these are compared each second.
public struct Instant: Hashable, Comparable, Sendable {
    /// Milliseconds since the epoch; negative before 1970.
    public var milliseconds: Int64

    /// So many milliseconds after the epoch.
    @inlinable public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// The earliest instant there is; used as "nothing seen yet".
    @inlinable public static var distantPast: Instant { Instant(milliseconds: .min) }
    /// The latest instant there is; used as "never".
    @inlinable public static var distantFuture: Instant { Instant(milliseconds: .max) }

    /// Earlier.
    @inlinable public static func < (left: Instant, right: Instant) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// The same instant.
    @inlinable public static func == (left: Instant, right: Instant) -> Bool {
        left.milliseconds == right.milliseconds
    }

    /// Another instant.
    @inlinable public static func != (left: Instant, right: Instant) -> Bool {
        left.milliseconds != right.milliseconds
    }

    /// Later.
    @inlinable public static func > (left: Instant, right: Instant) -> Bool { right < left }
    /// Not later.
    @inlinable public static func <= (left: Instant, right: Instant) -> Bool { !(right < left) }
    /// Not earlier.
    @inlinable public static func >= (left: Instant, right: Instant) -> Bool { !(left < right) }

    /// Adds a span; stays at the end of the time line rather than wrapping.
    @inlinable public static func + (left: Instant, right: Milliseconds) -> Instant {
        let (sum, overflow) = left.milliseconds.addingReportingOverflow(right.count)
        if overflow { return right.count > 0 ? .distantFuture : .distantPast }
        return Instant(milliseconds: sum)
    }

    /// Takes a span away; stays at the end of the time line rather than wrapping.
    @inlinable public static func - (left: Instant, right: Milliseconds) -> Instant {
        left + Milliseconds(right.count == .min ? .max : -right.count)
    }

    /// The span from `right` to `left`, saturating.
    @inlinable public static func - (left: Instant, right: Instant) -> Milliseconds {
        let (difference, overflow) = left.milliseconds
            .subtractingReportingOverflow(right.milliseconds)
        if overflow { return Milliseconds(left > right ? .max : .min) }
        return Milliseconds(difference)
    }

    /// The start of the epoch-aligned bucket of `size` that holds this instant.
    public func floored(to size: Milliseconds, offset: Milliseconds = .zero) -> Instant {
        let shifted = milliseconds &- offset.count
        let remainder = shifted % size.count
        let down = remainder < 0 ? remainder + size.count : remainder
        return Instant(milliseconds: milliseconds &- down)
    }
}

extension Instant: CustomStringConvertible {
    /// RFC 3339 in UTC with milliseconds: `2026-07-15T14:00:00.000Z`.
    public var description: String {
        if self == .distantPast { return "-infinity" }
        if self == .distantFuture { return "infinity" }
        let date = CivilDate(
            daysSinceEpoch: floored(to: .day).milliseconds / Milliseconds.day.count)
        let time = milliseconds - floored(to: .day).milliseconds
        func padded(_ value: Int64, _ width: Int) -> String {
            let digits = String(value.magnitude)
            let zeros = String(repeating: "0", count: max(0, width - digits.count))
            return (value < 0 ? "-" : "") + zeros + digits
        }
        return padded(date.year, 4) + "-" + padded(date.month, 2) + "-" + padded(date.day, 2) + "T"
            + padded(time / 3_600_000, 2) + ":" + padded(time / 60_000 % 60, 2) + ":"
            + padded(time / 1000 % 60, 2) + "." + padded(time % 1000, 3) + "Z"
    }

    /// Reads RFC 3339: a date, `T` or a space, a time with optional fraction, and `Z` or an offset.
    /// A date alone is its midnight in UTC. Digits past milliseconds are cut.
    public init?(_ text: String) {
        var rest = Substring(text)
        func number(_ digits: Int) -> Int64? {
            guard rest.count >= digits,
                rest.prefix(digits).allSatisfy({ $0.isASCII && $0.isNumber })
            else { return nil }
            defer { rest = rest.dropFirst(digits) }
            return Int64(rest.prefix(digits))
        }
        func eat(_ characters: String) -> Character? {
            guard let first = rest.first, characters.contains(first) else { return nil }
            rest = rest.dropFirst()
            return first
        }
        guard let year = number(4), eat("-") != nil, let month = number(2), eat("-") != nil,
            let day = number(2), let date = CivilDate(year: year, month: month, day: day)
        else { return nil }
        var total = date.daysSinceEpoch * Milliseconds.day.count
        if rest.isEmpty {
            self.init(milliseconds: total)
            return
        }
        guard eat("Tt ") != nil, let hour = number(2), hour < 24, eat(":") != nil,
            let minute = number(2), minute < 60
        else { return nil }
        total += hour * 3_600_000 + minute * 60_000
        if eat(":") != nil {
            guard let second = number(2), second <= 60 else { return nil }
            total += second * 1000
            if eat(".,") != nil {
                let digits = rest.prefix { $0.isASCII && $0.isNumber }
                guard let fraction = Int64((digits + "000").prefix(3)), !digits.isEmpty else {
                    return nil
                }
                rest = rest.dropFirst(digits.count)
                total += fraction
            }
        }
        if eat("Zz") == nil {
            guard let sign = eat("+-"), let hours = number(2), eat(":") != nil,
                let minutes = number(2), hours < 24, minutes < 60
            else { return nil }
            let offset = (hours * 60 + minutes) * 60_000
            total -= sign == "+" ? offset : -offset
        }
        guard rest.isEmpty else { return nil }
        self.init(milliseconds: total)
    }
}

/// A day of the proleptic Gregorian calendar, converted with era arithmetic (Hinnant,
/// "chrono-compatible low-level date algorithms").
package struct CivilDate: Hashable, Sendable {
    package let year: Int64
    package let month: Int64
    package let day: Int64

    /// Nil where the calendar has no such day.
    package init?(year: Int64, month: Int64, day: Int64) {
        guard (1...12).contains(month), day >= 1 else { return nil }
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths: [Int64] = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard day <= lengths[Int(month - 1)] else { return nil }
        self.year = year
        self.month = month
        self.day = day
    }

    /// Days since 1970-01-01; negative before.
    package init(daysSinceEpoch: Int64) {
        // Years are counted from March, so that the leap day is a year's last.
        let days = daysSinceEpoch + 719_468
        let era = (days >= 0 ? days : days - 146_096) / 146_097
        let dayOfEra = days - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    package var daysSinceEpoch: Int64 {
        let marchYear = month <= 2 ? year - 1 : year
        let era = (marchYear >= 0 ? marchYear : marchYear - 399) / 400
        let yearOfEra = marchYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}
