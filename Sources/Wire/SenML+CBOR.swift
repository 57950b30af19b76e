import Model

extension TelemetryPack {
    /// SenML in CBOR (RFC 8428 section 6): an array of maps with small integers for labels.
    mutating func decodeSenMLCBOR(_ payload: Span<UInt8>) throws(WireError) {
        base.reset()
        var scanner = CBORScanner()
        let array = try scanner.untagged(payload)
        guard array.major == .array else { throw .wrongType(at: 0) }
        let count = try scanner.count(array, bytesPerItem: 1, payload)
        var read = 0
        while try scanner.another(after: read, of: count, payload) {
            try decodeRecord(&scanner, payload)
            read += 1
        }
        guard read > 0 else { throw .missingValue(at: 0) }
        guard scanner.offset == payload.count else { throw .trailing(at: scanner.offset) }
    }

    /// One map of the array; the base fields in force stay in force.
    mutating func decodeRecord(
        _ scanner: inout CBORScanner, _ payload: Span<UInt8>
    ) throws(WireError) {
        var record = SenMLRecord(start: scanner.offset)
        scratch.removeAll(keepingCapacity: true)
        let map = try scanner.untagged(payload)
        guard map.major == .map else { throw .wrongType(at: record.start) }
        let count = try scanner.count(map, bytesPerItem: 2, payload)
        var read = 0
        while try scanner.another(after: read, of: count, payload) {
            let start = scanner.offset
            let field = try field(&scanner, payload)
            try record.see(field, at: start)
            try self.read(field, into: &record, &scanner, payload)
            read += 1
        }
        try resolve(record, payload)
    }

    private func field(
        _ scanner: inout CBORScanner, _ payload: Span<UInt8>
    ) throws(WireError) -> SenMLField {
        let start = scanner.offset
        let head = try scanner.head(payload)
        switch head.major {
        case .unsigned, .negative:
            guard case .integer(let label)? = scanner.number(head) else { return .unknown }
            return SenMLField(label: label)
        case .text:
            if head.isIndefinite {
                var label: [UInt8] = []
                try scanner.append(head, payload, to: &label)
                return try SenMLField(label: label.span, at: start)
            }
            let range = try scanner.content(head, payload)
            return try SenMLField(label: payload.extracting(range), at: start)
        default: throw .wrongType(at: start)
        }
    }

    private mutating func read(
        _ field: SenMLField, into record: inout SenMLRecord, _ scanner: inout CBORScanner,
        _ payload: Span<UInt8>
    ) throws(WireError) {
        let start = scanner.offset
        if field == .unknown {
            try scanner.skip(try scanner.head(payload), payload)
            return
        }
        let head = try scanner.untagged(payload)
        switch field {
        case .booleanValue:
            guard head.major == .simple, head.information == 20 || head.information == 21 else {
                throw .wrongType(at: start)
            }
            record.value = .boolean(head.information == 21)
        case .dataValue:
            guard head.major == .bytes else { throw .wrongType(at: start) }
            record.value = .text(try data(head, &scanner, payload))
        case .baseName, .baseUnit, .name, .unit, .stringValue:
            guard head.major == .text else { throw .wrongType(at: start) }
            try read(text: head, of: field, into: &record, &scanner, payload)
        default:
            let number: Number
            if head.major == .tag, head.argument == 4 {
                number = .number(try scanner.decimal(payload))
            } else if let plain = scanner.number(head) {
                number = plain
            } else {
                throw .wrongType(at: start)
            }
            try read(number: number, of: field, into: &record, at: start)
        }
    }

    private mutating func read(
        text head: CBORScanner.Head, of field: SenMLField, into record: inout SenMLRecord,
        _ scanner: inout CBORScanner, _ payload: Span<UInt8>
    ) throws(WireError) {
        let start = scanner.offset
        switch field {
        case .baseName:
            base.name.removeAll(keepingCapacity: true)
            try scanner.append(head, payload, to: &base.name)
        case .name:
            if head.isIndefinite {
                try scanner.append(head, payload, to: &scratch)
                record.name = scratch.indices
                record.nameIsInScratch = true
            } else {
                record.name = try scanner.content(head, payload)
            }
        case .baseUnit, .unit:
            let unit: UnitReference
            if head.isIndefinite {
                var spelling: [UInt8] = []
                try scanner.append(head, payload, to: &spelling)
                unit = unitReference(spelling.span)
            } else {
                unit = unitReference(payload.extracting(try scanner.content(head, payload)))
            }
            if field == .unit { record.unit = unit } else { base.unit = unit }
        default:
            let text = try scanner.string(head, payload)
            guard text.utf8.count <= TelemetryPack.textLengthMax else { throw .tooLong(at: start) }
            record.value = .text(text)
        }
    }

    private func data(
        _ head: CBORScanner.Head, _ scanner: inout CBORScanner, _ payload: Span<UInt8>
    ) throws(WireError) -> String {
        let start = scanner.offset
        var data: [UInt8] = []
        try scanner.append(head, payload, to: &data)
        guard data.count <= TelemetryPack.textLengthMax else { throw .tooLong(at: start) }
        var digits: [UInt8] = []
        appendBase64URL(data.span, to: &digits)
        return try checkedString(digits.span, at: start)
    }
}
