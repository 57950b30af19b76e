import Model

/// The fields of a SenML record (RFC 8428 section 4), by the bit each has in a set of fields.
enum SenMLField: UInt16 {
    case baseVersion, baseName, baseTime, baseUnit, baseValue, baseSum
    case name, unit, value, stringValue, booleanValue, dataValue, sum, time, updateTime
    case unknown

    var bit: UInt16 { 1 << rawValue }

    /// `bn bt bu bv bs bver`
    static let baseBits: UInt16 = 0x003f
    /// `v vs vb vd`
    static let valueBits: UInt16 = 0x0f00

    /// The field of a text label, which JSON always has and CBOR has for extensions. A label that
    /// ends in `_` and is not ours must be understood and is not.
    init(label: Span<UInt8>, at offset: Int) throws(WireError) {
        self = SenMLField.known(label)
        if self == .unknown, !label.isEmpty, label[label.count - 1] == UInt8(ascii: "_") {
            throw .mustUnderstand(at: offset)
        }
    }

    private static func known(_ label: Span<UInt8>) -> SenMLField {
        switch label.count {
        case 1:
            switch label[0] {
            case UInt8(ascii: "n"): return .name
            case UInt8(ascii: "u"): return .unit
            case UInt8(ascii: "v"): return .value
            case UInt8(ascii: "s"): return .sum
            case UInt8(ascii: "t"): return .time
            default: return .unknown
            }
        case 2:
            switch (label[0], label[1]) {
            case (UInt8(ascii: "b"), UInt8(ascii: "n")): return .baseName
            case (UInt8(ascii: "b"), UInt8(ascii: "t")): return .baseTime
            case (UInt8(ascii: "b"), UInt8(ascii: "u")): return .baseUnit
            case (UInt8(ascii: "b"), UInt8(ascii: "v")): return .baseValue
            case (UInt8(ascii: "b"), UInt8(ascii: "s")): return .baseSum
            case (UInt8(ascii: "v"), UInt8(ascii: "s")): return .stringValue
            case (UInt8(ascii: "v"), UInt8(ascii: "b")): return .booleanValue
            case (UInt8(ascii: "v"), UInt8(ascii: "d")): return .dataValue
            case (UInt8(ascii: "u"), UInt8(ascii: "t")): return .updateTime
            default: return .unknown
            }
        case 4:
            let isVersion =
                label[0] == UInt8(ascii: "b") && label[1] == UInt8(ascii: "v")
                && label[2] == UInt8(ascii: "e") && label[3] == UInt8(ascii: "r")
            return isVersion ? .baseVersion : .unknown
        default: return .unknown
        }
    }

    /// The field of an integer label (RFC 8428 section 6, table 4).
    init(label: Int64) {
        switch label {
        case -1: self = .baseVersion
        case -2: self = .baseName
        case -3: self = .baseTime
        case -4: self = .baseUnit
        case -5: self = .baseValue
        case -6: self = .baseSum
        case 0: self = .name
        case 1: self = .unit
        case 2: self = .value
        case 3: self = .stringValue
        case 4: self = .booleanValue
        case 5: self = .sum
        case 6: self = .time
        case 7: self = .updateTime
        case 8: self = .dataValue
        default: self = .unknown
        }
    }
}

/// The base fields in force: each holds until a later record changes it.
struct SenMLBase: Sendable {
    /// Set by the first record, to 10 where it says nothing.
    var version: Int64?
    var name: [UInt8] = []
    var time: Double?
    var unit: TelemetryPack.UnitReference = .none
    var value: Number?
    var sum: Double?

    mutating func reset() {
        version = nil
        name.removeAll(keepingCapacity: true)
        time = nil
        unit = .none
        value = nil
        sum = nil
    }
}

/// One record as it was read, before the base fields are applied.
struct SenMLRecord {
    var start: Int
    var seen: UInt16 = 0
    /// The name's place in the payload, or in `scratch` where it had to be decoded.
    var name = 0..<0
    var nameIsInScratch = false
    var unit: TelemetryPack.UnitReference = .none
    var number: Number = .integer(0)
    var value: Value?
    var sum = 0.0
    var time = 0.0
    var updateTime = 0.0

    /// Notes that the record has `field`, once.
    mutating func see(_ field: SenMLField, at offset: Int) throws(WireError) {
        guard field != .unknown else { return }
        guard seen & field.bit == 0 else { throw .duplicateKey(at: offset) }
        seen |= field.bit
    }

    func has(_ field: SenMLField) -> Bool { seen & field.bit != 0 }
}

// MARK: Resolution (RFC 8428 section 4.6)

extension TelemetryPack {
    /// The version must be 1 to 10, for later ones change what fields mean, and the same in all
    /// records (RFC 8428 section 4.4).
    mutating func setVersion(_ version: Number, at offset: Int) throws(WireError) {
        guard case .integer(let version) = version, (1...10).contains(version),
            base.version == nil || base.version == version
        else { throw .unsupportedVersion(at: offset) }
        base.version = version
    }

    /// Applies the base fields to a record that has been read and appends the result. A record of
    /// base fields alone appends nothing.
    mutating func resolve(
        _ record: SenMLRecord, _ payload: Span<UInt8>
    ) throws(WireError) {
        if record.has(.baseName), !isName(base.name.span) {
            throw .invalidName(at: record.start)
        }
        if base.version == nil { base.version = 10 }
        let values = record.seen & SenMLField.valueBits
        if values == 0, !record.has(.sum) {
            guard record.seen != 0, record.seen & ~SenMLField.baseBits == 0 else {
                throw .missingValue(at: record.start)
            }
            return
        }
        guard values & (values &- 1) == 0 else { throw .unexpected(at: record.start) }
        var resolved = Record(name: try resolveName(record, payload), value: record.value)
        if record.has(.value) { resolved.value = value(add(record.number, base.value)) }
        // Either may be missing and counts as zero (section 4.5.4).
        if record.has(.sum) || base.sum != nil {
            let sum = record.sum + (base.sum ?? 0)
            if sum.isFinite { resolved.sum = sum } else { nonFiniteCount += 1 }
        }
        resolved.unit = record.has(.unit) ? record.unit : base.unit
        if base.time != nil || record.has(.time) {
            resolved.time = try resolveTime(
                (base.time ?? 0) + record.time, at: record.start)
        }
        if record.has(.updateTime) {
            guard let within = Instant(secondsSinceEpoch: record.updateTime) else {
                throw .timeOutOfRange(at: record.start)
            }
            resolved.updateWithin = Milliseconds(within.milliseconds)
        }
        try append(resolved, at: record.start)
    }

    private func add(_ number: Number, _ base: Number?) -> Number {
        guard let base else { return number }
        if case .integer(let left) = number, case .integer(let right) = base {
            let (sum, overflow) = left.addingReportingOverflow(right)
            if !overflow { return .integer(sum) }
        }
        return .number(number.double + base.double)
    }

    /// Below 2^28 a time is relative to now, else seconds since the epoch (section 4.5.3).
    private func resolveTime(_ seconds: Double, at offset: Int) throws(WireError) -> Time {
        guard let instant = Instant(secondsSinceEpoch: seconds) else {
            throw .timeOutOfRange(at: offset)
        }
        if seconds < 0x1p28 { return .relative(Milliseconds(instant.milliseconds)) }
        return .absolute(instant)
    }

    /// Base name and name in one, checked (section 4.5.1). Neither may be there: then the topic
    /// names the value.
    private mutating func resolveName(
        _ record: SenMLRecord, _ payload: Span<UInt8>
    ) throws(WireError) -> Range<Int> {
        let start = names.used
        let count = base.name.count + record.name.count
        guard count > 0 else { return start..<start }
        guard count <= TelemetryPack.nameLengthMax else { throw .tooLong(at: record.start) }
        names.append(base.name)
        if record.nameIsInScratch {
            names.append(scratch)
            guard isName(scratch.span) else { throw .invalidName(at: record.start) }
        } else {
            let name = payload.extracting(record.name)
            names.append(name)
            guard isName(name) else { throw .invalidName(at: record.start) }
        }
        // The base name was checked when it was set.
        let first = names.bytes[start]
        guard isNameCharacter(first), first > UInt8(ascii: "/"), first != UInt8(ascii: ":"),
            first != UInt8(ascii: "_")
        else { throw .invalidName(at: record.start) }
        return start..<names.used
    }
}

/// Whether a name consists of what RFC 8428 section 4.5.1 allows.
private func isName(_ name: Span<UInt8>) -> Bool {
    for index in name.indices where !isNameCharacter(name[index]) { return false }
    return true
}

/// Letters, digits and `-:./_`: `-` to `:` stand together, and a mask tells of the bytes from 64
/// on.
private func isNameCharacter(_ byte: UInt8) -> Bool {
    if byte &- 45 < 14 { return true }
    return byte & 0xc0 == 0x40 && 0x07ff_fffe_87ff_fffe >> UInt64(byte & 63) & 1 == 1
}
