package import Model

/// What one telemetry payload says, in a buffer that is filled again and again.
///
/// Decoding allocates nothing once the buffers have grown, but for texts of more than 15 bytes.
/// Names are ranges into `names`: look one up with `pack.names.bytes.span.extracting(record.name)`.
package struct TelemetryPack: Sendable {
    /// More records in one payload are refused.
    package static let recordsMax = 256
    /// A longer name, in bytes, is refused.
    package static let nameLengthMax = 255
    /// A longer text value, in bytes, is refused.
    package static let textLengthMax = 4096

    /// One value, or one value that is missing.
    package struct Record: Sendable {
        /// Where in `names` its name stands; empty where the payload names nothing.
        package var name: Range<Int>
        /// Nil for null, for a number that is not finite, and for a SenML record with a sum alone.
        /// Data (SenML `vd`, CBOR bytes) is base64url text.
        package var value: Value?
        package var unit: UnitReference = .none
        package var time: Time = .none
        /// SenML's integrated sum, in the unit times seconds.
        package var sum: Double?
        /// SenML's update time: when the next value comes at the latest.
        package var updateWithin: Milliseconds?
    }

    /// A unit without its text.
    package enum UnitReference: Hashable, Sendable {
        case none
        /// The index of the unit in `TelemetryPack.units`.
        case known(UInt8)
        /// A spelling no `Unit` has; the pack's `unknownUnit` holds the first of them.
        case unknown
    }

    /// When a value was measured.
    package enum Time: Hashable, Sendable {
        /// The payload does not say.
        case none
        case absolute(Instant)
        /// Later than now, or earlier where negative (RFC 8428 section 4.5.3).
        case relative(Milliseconds)
    }

    /// Bytes that only grow while a payload is decoded.
    package struct Names: Sendable {
        /// Longer than what is in use.
        package private(set) var bytes: [UInt8] = Array(repeating: 0, count: 1024)
        fileprivate(set) var used = 0

        mutating func append(_ name: [UInt8]) { append(name.span) }

        mutating func append(_ name: Span<UInt8>) {
            let start = used
            let end = start + name.count
            if end > bytes.count {
                bytes += Array(repeating: 0, count: max(bytes.count, end - bytes.count))
            }
            var target = bytes.mutableSpan
            for index in name.indices { target[start + index] = name[index] }
            used = end
        }
    }

    package internal(set) var records: [Record] = []
    /// The names of the records, one after another.
    package internal(set) var names = Names()
    /// How many numbers were NaN or infinite and became missing values.
    package internal(set) var nonFiniteCount = 0
    /// The first unit that nobody knows.
    package internal(set) var unknownUnit: String?

    var base = SenMLBase()
    /// Text with its escapes resolved or its chunks joined.
    var scratch: [UInt8] = []
    private let unitNames: SymbolTable

    package init() {
        var table = SymbolTable(limit: TelemetryPack.unitSpellings.count)
        for name in TelemetryPack.unitSpellings { _ = table.intern(name) }
        unitNames = table
        records.reserveCapacity(32)
    }

    private static let unitSpellings = Unit.names
    /// What `UnitReference.known` counts: every spelling's unit.
    package static let units: [Unit] = unitSpellings.compactMap { Unit($0) }

    /// The record's unit; nil where it has none or an unknown one.
    package func unit(of record: Record) -> Unit? {
        guard case .known(let index) = record.unit else { return nil }
        return TelemetryPack.units[Int(index)]
    }

    /// The record's name as a string, for messages and tests.
    package func name(of record: Record) -> String {
        String(decoding: names.bytes[record.name], as: UTF8.self)
    }

    /// Replaces the content with what `payload` says; on an error the pack is empty.
    package mutating func decode(
        _ payload: Span<UInt8>, format: ContentFormat
    ) throws(WireError) {
        clear()
        do throws(WireError) {
            switch format {
            case .text: try decodeText(payload)
            case .json: try decodeJSON(payload)
            case .cbor: try decodeCBOR(payload)
            case .senmlJSON: try decodeSenMLJSON(payload)
            case .senmlCBOR: try decodeSenMLCBOR(payload)
            default: throw .unsupportedFormat(format)
            }
        } catch {
            clear()
            throw error
        }
    }

    mutating func clear() {
        records.removeAll(keepingCapacity: true)
        nonFiniteCount = 0
        names.used = 0
        if unknownUnit != nil { unknownUnit = nil }
    }

    mutating func append(_ record: Record, at offset: Int) throws(WireError) {
        guard records.count < TelemetryPack.recordsMax else { throw .tooLong(at: offset) }
        records.append(record)
    }

    /// A value for a number; NaN and infinity are counted and missing.
    mutating func value(_ number: Number) -> Value? {
        switch number {
        case .integer(let integer): return .integer(integer)
        case .number(let double):
            if double.isFinite { return .number(double) }
            nonFiniteCount += 1
            return nil
        }
    }

    mutating func unitReference(_ spelling: Span<UInt8>) -> UnitReference {
        if let index = unitNames.find(spelling) { return .known(UInt8(truncatingIfNeeded: index)) }
        if unknownUnit == nil, spelling.count <= TelemetryPack.nameLengthMax {
            unknownUnit = try? checkedString(spelling, at: 0)
        }
        return .unknown
    }
}
