/// A number of bytes, written with its unit: `64MiB`, `5GB`, `512B`.
package enum ByteSize {
    static let units: [(name: String, bytes: Int)] = [
        ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40), ("kB", 1000),
        ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000), ("B", 1),
    ]

    /// Nil where the text is not a whole number of bytes that fits.
    package static func parse(_ text: String) -> Int? {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let name = text.dropFirst(number.count)
        guard let unit = units.first(where: { $0.name == name }), let value = Double(number),
            let bytes = Int(exactly: (value * Double(unit.bytes)).rounded())
        else { return nil }
        return bytes
    }

    /// Reads `5GB/day`, `200MB/h` into bytes a day.
    package static func parsePerDay(_ text: String) -> Int? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let bytes = parse(String(parts[0])) else { return nil }
        let perDay: Int
        switch parts[1] {
        case "day", "d": perDay = 1
        case "hour", "h": perDay = 24
        default: return nil
        }
        let (product, overflow) = bytes.multipliedReportingOverflow(by: perDay)
        return overflow ? nil : product
    }
}
