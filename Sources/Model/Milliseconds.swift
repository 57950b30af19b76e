/// A length of time in whole milliseconds; negative lengths are allowed.
package struct Milliseconds: Hashable, Comparable, Sendable {
    package var count: Int64

    @inlinable package init(_ count: Int64) { self.count = count }

    package static let zero = Milliseconds(0)
    package static let second = Milliseconds(1000)
    package static let minute = Milliseconds(60_000)
    package static let hour = Milliseconds(3_600_000)
    package static let day = Milliseconds(86_400_000)

    package static func seconds(_ count: Int64) -> Milliseconds { Milliseconds(count * 1000) }

    @inlinable package static func < (left: Milliseconds, right: Milliseconds) -> Bool {
        left.count < right.count
    }

    // Written out so that other modules can inline them.
    @inlinable package static func == (left: Milliseconds, right: Milliseconds) -> Bool {
        left.count == right.count
    }

    @inlinable package static func >= (left: Milliseconds, right: Milliseconds) -> Bool {
        !(left < right)
    }

    @inlinable package static func > (left: Milliseconds, right: Milliseconds) -> Bool {
        right < left
    }

    package static func * (left: Milliseconds, right: Int64) -> Milliseconds {
        let (product, overflow) = left.count.multipliedReportingOverflow(by: right)
        if overflow { return Milliseconds((left.count < 0) == (right < 0) ? .max : .min) }
        return Milliseconds(product)
    }
}

extension Milliseconds: CustomStringConvertible {
    /// The units a duration may be written in, largest first. No month or year: their lengths vary.
    package static let units: [(name: String, length: Int64)] = [
        ("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000),
        ("ms", 1),
    ]

    /// The shortest spelling that `init(_:)` reads back: `5m`, `1h30m`, `250ms`.
    package var description: String {
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
    package init?(_ text: String) {
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
