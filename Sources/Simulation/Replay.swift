package import Model
import Wire

/// What one device measured at one time; it travels as one datagram.
package struct ReadingRow: Hashable, Sendable {
    package var device: Device
    package var time: Instant
    package var measurements: [Measurement]

    /// One value as the device sends it.
    package struct Measurement: Hashable, Sendable {
        package var property: Property
        /// As SenML spells it; empty for none.
        package var unit: String
        package var value: Value

        package init(property: Property, unit: String = "", value: Value) {
            self.property = property
            self.unit = unit
            self.value = value
        }
    }

    package init(device: Device, time: Instant, measurements: [Measurement]) {
        self.device = device
        self.time = time
        self.measurements = measurements
    }
}

/// Which column of a table is which property of which device, and in what unit.
package struct ReplayColumn: Hashable, Sendable {
    package var column: String
    package var device: String
    package var property: String
    package var unit: String

    /// Reads `V1=room-1/temperature:Cel`; the unit may be left out.
    package init?(_ text: String) {
        guard let equals = text.lastIndex(of: "=") else { return nil }
        column = String(text[..<equals])
        let target = text[text.index(after: equals)...]
        guard let slash = target.firstIndex(of: "/") else { return nil }
        device = String(target[..<slash])
        let rest = target[target.index(after: slash)...]
            .split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        property = rest.first.map(String.init) ?? ""
        unit = rest.count > 1 ? String(rest[1]) : ""
        if column.isEmpty || device.isEmpty || property.isEmpty { return nil }
    }
}

/// How a table writes its times.
package enum ReplayTimeFormat: String, Sendable, CaseIterable {
    /// A number is seconds since the epoch, anything else a date.
    case auto
    /// RFC 3339, the zone optional (UTC), the date with `-` or `/`.
    case iso
    /// Seconds since the epoch.
    case epoch

    /// The instant that the text names; nil where it names none.
    package func read(_ text: String) -> Instant? {
        switch self {
        case .auto: ReplayTimeFormat.epoch.read(text) ?? ReplayTimeFormat.iso.read(text)
        case .epoch:
            Double(text).flatMap { Int64(exactly: ($0 * 1000).rounded()) }
                .map { Instant(milliseconds: $0) }
        case .iso: ReplayTimeFormat.date(text)
        }
    }

    private static func date(_ text: String) -> Instant? {
        let dashed = String(text.map { $0 == "/" ? "-" : $0 })
        return Instant(dashed) ?? Instant(dashed + "Z")
    }
}

/// Readings that were made once, to be sent again: the rows of a table, its columns dealt to
/// devices.
package struct Replay: Sendable {
    /// In the order of the file; the measurements of one device at one time are one row.
    package private(set) var rows: [ReadingRow] = []
    /// The devices in the order in which the columns name them.
    package private(set) var members: [Device] = []
    private var position = 0
    /// A row is due no earlier than those before it, whatever its own time is.
    private var due = Instant.distantPast

    /// Devices and properties that `registry` lacks are added to it.
    package init(
        _ table: CSVTable, columns: [ReplayColumn], timeColumn: String,
        timeFormat: ReplayTimeFormat = .auto, registry: inout Registry
    ) throws(ReplayError) {
        let time = try table.column(timeColumn)
        var sources: [(column: Int, device: Device, property: Property, unit: String)] = []
        for column in columns {
            guard
                let device = registry.device(named: column.device)
                    ?? registry.add(Registry.Entry(name: column.device)),
                let property = registry.property(named: column.property)
                    ?? registry.addProperty(column.property)
            else { throw ReplayError("too many devices or properties") }
            sources.append((try table.column(column.column), device, property, column.unit))
            if !members.contains(device) { members.append(device) }
        }
        for row in table.rows {
            guard let instant = timeFormat.read(row.fields[time]) else {
                throw ReplayError("line \(row.line): no time: '\(row.fields[time])'")
            }
            for device in members {
                let measurements = sources.filter { $0.device == device }.compactMap { source in
                    FieldText.value(Array(row.fields[source.column].utf8).span).map {
                        ReadingRow.Measurement(
                            property: source.property, unit: source.unit, value: $0)
                    }
                }
                guard !measurements.isEmpty else { continue }
                rows.append(
                    ReadingRow(device: device, time: instant, measurements: measurements))
            }
        }
    }

    /// The earliest and the latest event time; nil without rows.
    package var span: (start: Instant, end: Instant)? {
        guard let start = rows.map(\.time).min(), let end = rows.map(\.time).max() else {
            return nil
        }
        return (start, end)
    }

    /// When the next row is due; nil when all were taken.
    package var nextTime: Instant? {
        position < rows.count ? max(due, rows[position].time) : nil
    }

    /// Takes the next row, if it is due at `time` or before.
    package mutating func next(through time: Instant) -> ReadingRow? {
        guard let next = nextTime, next <= time else { return nil }
        due = next
        position += 1
        return rows[position - 1]
    }
}
