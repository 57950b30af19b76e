import Model

extension TelemetryPack {
    /// SenML in JSON (RFC 8428 section 5): an array of objects.
    mutating func decodeSenMLJSON(_ payload: Span<UInt8>) throws(WireError) {
        base.reset()
        var scanner = JSONScanner()
        try scanner.expect(UInt8(ascii: "["), payload)
        if try scanner.isEmpty(UInt8(ascii: "]"), payload) { throw .missingValue(at: 0) }
        repeat {
            try decodeRecord(&scanner, payload)
        } while try scanner.another(before: UInt8(ascii: "]"), payload)
        try scanner.end(payload)
    }

    /// One object of the array; the base fields in force stay in force.
    mutating func decodeRecord(
        _ scanner: inout JSONScanner, _ payload: Span<UInt8>
    ) throws(WireError) {
        try scanner.expect(UInt8(ascii: "{"), payload)
        var record = SenMLRecord(start: scanner.offset - 1)
        scratch.removeAll(keepingCapacity: true)
        if try !scanner.isEmpty(UInt8(ascii: "}"), payload) {
            repeat {
                let label = try scanner.text(payload)
                let field = try field(label, payload)
                try record.see(field, at: label.range.lowerBound)
                try scanner.expect(UInt8(ascii: ":"), payload)
                try read(field, into: &record, &scanner, payload)
            } while try scanner.another(before: UInt8(ascii: "}"), payload)
        }
        try resolve(record, payload)
    }

    private func field(
        _ label: JSONScanner.Text, _ payload: Span<UInt8>
    ) throws(WireError) -> SenMLField {
        guard label.hasEscapes else {
            return try SenMLField(
                label: payload.extracting(label.range), at: label.range.lowerBound)
        }
        var decoded: [UInt8] = []
        try JSONScanner.append(label, of: payload, to: &decoded)
        return try SenMLField(label: decoded.span, at: label.range.lowerBound)
    }

    private mutating func read(
        _ field: SenMLField, into record: inout SenMLRecord, _ scanner: inout JSONScanner,
        _ payload: Span<UInt8>
    ) throws(WireError) {
        let first = try scanner.peek(payload)
        let start = scanner.offset
        switch field {
        case .unknown: try scanner.skip(payload)
        case .booleanValue:
            if first == UInt8(ascii: "t") {
                try scanner.literal("true", payload)
                record.value = .boolean(true)
            } else {
                guard first == UInt8(ascii: "f") else { throw .wrongType(at: start) }
                try scanner.literal("false", payload)
                record.value = .boolean(false)
            }
        case .baseName, .baseUnit, .name, .unit, .stringValue, .dataValue:
            guard first == UInt8(ascii: "\"") else { throw .wrongType(at: start) }
            try read(text: try scanner.text(payload), of: field, into: &record, payload)
        case .baseVersion, .baseTime, .baseValue, .baseSum, .value, .sum, .time, .updateTime:
            guard first == UInt8(ascii: "-") || (first >= 0x30 && first < 0x3a) else {
                throw .wrongType(at: start)
            }
            try read(number: try scanner.number(payload), of: field, into: &record, at: start)
        }
    }

    private mutating func read(
        text: JSONScanner.Text, of field: SenMLField, into record: inout SenMLRecord,
        _ payload: Span<UInt8>
    ) throws(WireError) {
        switch field {
        case .baseName:
            base.name.removeAll(keepingCapacity: true)
            try JSONScanner.append(text, of: payload, to: &base.name)
        case .name:
            record.name = text.range
            if text.hasEscapes {
                try JSONScanner.append(text, of: payload, to: &scratch)
                record.name = scratch.indices
                record.nameIsInScratch = true
            }
        case .baseUnit, .unit:
            let unit: UnitReference
            if text.hasEscapes {
                var decoded: [UInt8] = []
                try JSONScanner.append(text, of: payload, to: &decoded)
                unit = unitReference(decoded.span)
            } else {
                unit = unitReference(payload.extracting(text.range))
            }
            if field == .unit { record.unit = unit } else { base.unit = unit }
        default:
            guard text.range.count <= TelemetryPack.textLengthMax else {
                throw .tooLong(at: text.range.lowerBound)
            }
            record.value = .text(try JSONScanner.string(text, of: payload))
        }
    }

    /// Files a number under its field; JSON and CBOR share it.
    mutating func read(
        number: Number, of field: SenMLField, into record: inout SenMLRecord, at offset: Int
    ) throws(WireError) {
        switch field {
        case .baseVersion: try setVersion(number, at: offset)
        case .baseTime: base.time = number.double
        case .baseValue: base.value = number
        case .baseSum: base.sum = number.double
        case .value: record.number = number
        case .sum: record.sum = number.double
        case .time: record.time = number.double
        case .updateTime: record.updateTime = number.double
        default: throw .wrongType(at: offset)
        }
    }
}
