import CoAP
import Model
import Simulation
import Wire

/// How a device writes its readings.
enum PayloadFormat: String, Sendable {
    case senmlCBOR = "senml-cbor"
    case senmlJSON = "senml-json"
    case cbor
    case json
    case text

    var contentFormat: CoAP.ContentFormat {
        switch self {
        case .senmlCBOR: .senMLCBOR
        case .senmlJSON: .senMLJSON
        case .cbor: .cbor
        case .json: .json
        case .text: .text
        }
    }

    /// Only SenML has a time for each value, so only there several rows fit one datagram.
    var carriesRows: Bool { self == .senmlCBOR || self == .senmlJSON }
}

/// One datagram of telemetry, and the rows it holds.
struct Payload {
    var path: [String]
    var bytes: [UInt8]
    var rows: ArraySlice<ReadingRow>

    /// Below what any CoAP server takes (RFC 7252 section 4.6).
    private static let sizeMax = 1000

    /// Writes as many of the first rows as fit and `pack` allows, at least one. Text holds one
    /// value only: there a row with several must have been split before.
    init(
        _ waiting: ArraySlice<ReadingRow>, device: String, format: PayloadFormat, pack: Int,
        registry: Registry
    ) {
        let first = waiting.first?.measurements.first?.property
        let rows = waiting.prefix(format.carriesRows ? pack : 1)
        var records: [[UInt8]] = []
        var size = 4
        var taken = 0
        for row in rows {
            var added: [[UInt8]] = []
            for measurement in row.measurements {
                let base = records.isEmpty && added.isEmpty ? device : nil
                added.append(
                    Payload.record(
                        measurement, at: row.time, base: base, format: format, registry: registry))
            }
            let more = added.reduce(0) { $0 + $1.count + 1 }
            if taken > 0, size + more > Payload.sizeMax { break }
            records += added
            size += more
            taken += 1
        }
        self.rows = rows.prefix(taken)
        let isOneProperty = self.rows.allSatisfy { row in
            row.measurements.allSatisfy { $0.property == first }
        }
        path = ["telemetry", device]
        if isOneProperty, let first { path.append(registry.name(of: first)) }
        switch format {
        case .senmlCBOR: bytes = Payload.cborArray(count: records.count) + records.joined()
        case .senmlJSON:
            bytes = Array("[".utf8) + Array(records.joined(separator: ",".utf8)) + "]".utf8
        case .cbor, .json, .text:
            bytes = Payload.plain(
                self.rows.first, isOneProperty: isOneProperty, format: format, registry: registry)
        }
    }

    /// A SenML record (RFC 8428); the first of a pack carries the device as the base of all names.
    private static func record(
        _ measurement: ReadingRow.Measurement, at time: Instant, base: String?,
        format: PayloadFormat, registry: Registry
    ) -> [UInt8] {
        guard format.carriesRows else { return [] }
        let isCBOR = format == .senmlCBOR
        func key(_ label: Int64, _ name: String) -> Document {
            isCBOR ? .integer(label) : .text(name)
        }
        var entries: [Document.Entry] = []
        if let base { entries.append(.init(key(-2, "bn"), .text(base + "/"))) }
        entries.append(.init(key(0, "n"), .text(registry.name(of: measurement.property))))
        if !measurement.unit.isEmpty {
            entries.append(.init(key(1, "u"), .text(measurement.unit)))
        }
        let seconds = Double(time.milliseconds) / 1000
        entries.append(
            .init(
                key(6, "t"),
                Int64(exactly: seconds).map { .integer($0) } ?? .number(seconds)))
        switch measurement.value {
        case .boolean(let value): entries.append(.init(key(4, "vb"), .boolean(value)))
        case .text(let text): entries.append(.init(key(3, "vs"), .text(text)))
        case .timestamp(let instant):
            entries.append(.init(key(3, "vs"), .text(instant.description)))
        case .position(let position):
            entries.append(.init(key(3, "vs"), .text(position.description)))
        case .integer, .number:
            entries.append(.init(key(2, "v"), Document(measurement.value)))
        }
        return isCBOR ? Document.map(entries).cbor : Document.map(entries).json
    }

    /// The head of an array of `count` items (RFC 8949 section 3).
    private static func cborArray(count: Int) -> [UInt8] {
        switch count {
        case ..<24: [0x80 | UInt8(count)]
        case ..<256: [0x98, UInt8(count)]
        default: [0x99, UInt8(truncatingIfNeeded: count >> 8), UInt8(truncatingIfNeeded: count)]
        }
    }

    /// An object of names and values with their time, or the value alone.
    private static func plain(
        _ row: ReadingRow?, isOneProperty: Bool, format: PayloadFormat, registry: Registry
    ) -> [UInt8] {
        guard let row, let first = row.measurements.first else { return [] }
        if format == .text {
            if case .text(let text) = first.value { return Array(text.utf8) }
            return Document(first.value).json
        }
        var entries: [Document.Entry] = [.init("time", .integer(row.time.milliseconds))]
        if isOneProperty {
            entries.append(.init("value", Document(first.value)))
            if !first.unit.isEmpty { entries.append(.init("unit", .text(first.unit))) }
        } else {
            entries += row.measurements.map {
                .init(registry.name(of: $0.property), Document($0.value))
            }
        }
        return format == .cbor ? Document.map(entries).cbor : Document.map(entries).json
    }
}
