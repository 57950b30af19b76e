package import Model

/// Values and times as tables write them, read from bytes without making strings of them.
package struct FieldText: Sendable {
    /// The date that was read last: rows of one day mostly follow each other.
    private var date: Int64 = -1
    private var midnight: Int64 = 0
    private var timeUnit: TimeUnit

    /// What a plain number is that stands for a time.
    package enum TimeUnit: String, CaseIterable, Sendable {
        /// Milliseconds from 100,000,000,000 on, which is the year 1973; else seconds.
        case auto
        case s
        case ms
    }

    package init(timeUnit: TimeUnit) { self.timeUnit = timeUnit }

    /// Exact powers of ten.
    private static let powers: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
        1e17, 1e18,
    ]

    /// A finite number; nil where the bytes are none.
    package static func number(_ bytes: Span<UInt8>) -> Double? {
        var digits: UInt64 = 0
        var count = 0
        var decimals = 0
        var point = false
        var offset = 0
        let isNegative = bytes.count > 0 && bytes[0] == UInt8(ascii: "-")
        if isNegative { offset = 1 }
        while offset < bytes.count {
            let byte = bytes[offset]
            if byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
                digits = digits &* 10 &+ UInt64(byte &- UInt8(ascii: "0"))
                count += 1
                if point { decimals += 1 }
            } else if byte == UInt8(ascii: "."), !point {
                point = true
            } else {
                return slowNumber(bytes)
            }
            offset += 1
        }
        // Up to 15 digits the quotient of two exact numbers is the nearest double.
        guard count > 0, count <= 15 else { return slowNumber(bytes) }
        let magnitude = Double(digits) / powers[decimals]
        return isNegative ? -magnitude : magnitude
    }

    private static func slowNumber(_ bytes: Span<UInt8>) -> Double? {
        guard let number = anyNumber(bytes), number.isFinite else { return nil }
        return number
    }

    private static func anyNumber(_ bytes: Span<UInt8>) -> Double? {
        bytes.count > 0 && bytes.count < 64 ? Double(text(bytes)) : nil
    }

    /// The bytes as a string.
    package static func text(_ bytes: Span<UInt8>) -> String {
        String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
    }

    /// Nil for a gap: nothing, or what tables write where a value is missing.
    package static func value(_ bytes: Span<UInt8>) -> Value? {
        if bytes.count == 0 { return nil }
        if let number = number(bytes) { return .number(number) }
        // What is a number and not finite, such as `nan` and `-Infinity`, is missing.
        if anyNumber(bytes) != nil { return nil }
        let text = text(bytes)
        switch text {
        case "NA", "N/A", "null", "-": return nil
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        default: return .text(text)
        }
    }

    /// RFC 3339, its zone optional (UTC), or a number since the epoch; nil where it is no time.
    package mutating func time(_ bytes: Span<UInt8>) -> Instant? {
        if let clock = clock(bytes) { return clock }
        if let number = FieldText.number(bytes) { return time(number) }
        let text = String(FieldText.text(bytes).map { $0 == "/" ? "-" : $0 })
        return Instant(text) ?? Instant(text + "Z")
    }

    /// A number since the epoch.
    package func time(_ number: Double) -> Instant? {
        let isMilliseconds = timeUnit == .ms || timeUnit == .auto && abs(number) >= 1e11
        return Int64(exactly: (isMilliseconds ? number : number * 1000).rounded())
            .map { Instant(milliseconds: $0) }
    }

    /// `2026-07-15T14:00:00`, perhaps with `.123` and `Z`: the form that needs no string.
    private mutating func clock(_ bytes: Span<UInt8>) -> Instant? {
        guard bytes.count >= 19, bytes.count <= 24,
            bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            bytes[10] == UInt8(ascii: "T") || bytes[10] == UInt8(ascii: " "),
            bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":")
        else { return nil }
        func digits(_ start: Int, _ count: Int) -> Int64? {
            var number: Int64 = 0
            for offset in start..<start + count {
                let digit = bytes[offset] &- UInt8(ascii: "0")
                if digit > 9 { return nil }
                number = number * 10 + Int64(digit)
            }
            return number
        }
        guard let year = digits(0, 4), let month = digits(5, 2), let day = digits(8, 2),
            let hour = digits(11, 2), let minute = digits(14, 2), let second = digits(17, 2),
            hour < 24, minute < 60, second < 60
        else { return nil }
        var end = bytes.count
        if bytes[end - 1] == UInt8(ascii: "Z") { end -= 1 }
        var fraction: Int64 = 0
        if end == 23, bytes[19] == UInt8(ascii: "."), let digits = digits(20, 3) {
            fraction = digits
        } else if end != 19 {
            return nil
        }
        let number = year * 10_000 + month * 100 + day
        if number != date {
            guard let start = Instant(FieldText.text(bytes.extracting(0..<10))) else { return nil }
            (date, midnight) = (number, start.milliseconds)
        }
        let seconds = (hour * 60 + minute) * 60 + second
        return Instant(milliseconds: midnight + seconds * 1000 + fraction)
    }
}
