/// A length of time in whole milliseconds; negative lengths are allowed.
public struct Milliseconds: Hashable, Comparable, Sendable {
    /// How many.
    public var count: Int64

    /// So many milliseconds.
    @inlinable public init(_ count: Int64) { self.count = count }

    /// No time at all.
    public static let zero = Milliseconds(0)
    /// 1000 ms.
    public static let second = Milliseconds(1000)
    /// 60 s.
    public static let minute = Milliseconds(60_000)
    /// 60 min.
    public static let hour = Milliseconds(3_600_000)
    /// 24 h: there are no leap seconds here.
    public static let day = Milliseconds(86_400_000)

    /// So many seconds.
    public static func seconds(_ count: Int64) -> Milliseconds { Milliseconds(count * 1000) }

    /// Shorter.
    @inlinable public static func < (left: Milliseconds, right: Milliseconds) -> Bool {
        left.count < right.count
    }

    /// As long.
    @inlinable public static func == (left: Milliseconds, right: Milliseconds) -> Bool {
        left.count == right.count
    }

    /// Not shorter.
    @inlinable public static func >= (left: Milliseconds, right: Milliseconds) -> Bool {
        !(left < right)
    }

    /// Longer.
    @inlinable public static func > (left: Milliseconds, right: Milliseconds) -> Bool {
        right < left
    }

    /// So many times as long; stays at the longest span there is rather than wrapping.
    public static func * (left: Milliseconds, right: Int64) -> Milliseconds {
        let (product, overflow) = left.count.multipliedReportingOverflow(by: right)
        if overflow { return Milliseconds((left.count < 0) == (right < 0) ? .max : .min) }
        return Milliseconds(product)
    }
}

extension Milliseconds: CustomStringConvertible {
    /// The units a duration may be written in, largest first. No month or year: their lengths vary.
    public static let units: [(name: String, length: Int64)] = [
        ("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000),
        ("ms", 1),
    ]

    /// The shortest spelling that `init(_:)` reads back: `5m`, `1h30m`, `250ms`.
    public var description: String {
        if count == 0 { return "0s" }
        var rest = count.magnitude
        var text = count < 0 ? "-" : ""
        for unit in Milliseconds.units where unit.name != "w" {
            let units = rest / UInt64(unit.length)
            if units > 0 { text += "\(units)\(unit.name)" }
            rest %= UInt64(unit.length)
        }
        return text
    }

    /// Reads `5m`, `1h30m`, `250ms`, `1.5s`: numbers with units, each unit smaller than the last.
    /// Nil where the text is anything else, or finer than a millisecond.
    public init?(_ text: String) {
        var rest = Substring(text)
        var total: Int64 = 0
        var lastLength = Int64.max
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest.dropFirst(number.count)
            let name = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest.dropFirst(name.count)
            guard let unit = Milliseconds.units.first(where: { $0.name == name }),
                unit.length < lastLength, let value = Double(number),
                let part = Int64(exactly: (value * Double(unit.length)).rounded()),
                abs(value * Double(unit.length) - Double(part)) < 1e-6
            else { return nil }
            let (sum, overflow) = total.addingReportingOverflow(part)
            guard !overflow else { return nil }
            total = sum
            lastLength = unit.length
        }
        self.init(total)
    }
}
