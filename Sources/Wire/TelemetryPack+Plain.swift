import Model

// Payloads without SenML: a bare value, or an object.
//
// In an object `time` or `timestamp` (RFC 3339 text, or milliseconds since the epoch) is the time
// of all its values. `value` is the value that the topic names, its record's name is empty, and
// `unit` beside it is its unit. Every other key is a property's name. A value that is an array or
// an object is a position, or wrong.

extension TelemetryPack {
    /// text/plain: a number as JSON writes it, `true`, `false`, or any other text.
    mutating func decodeText(_ payload: Span<UInt8>) throws(WireError) {
        var range = payload.indices
        while let first = range.first, isSpace(payload[first]) { range.removeFirst() }
        while let last = range.last, isSpace(payload[last]) { range.removeLast() }
        guard !range.isEmpty else { throw .missingValue(at: 0) }
        guard range.count <= TelemetryPack.textLengthMax else {
            throw .tooLong(at: range.lowerBound)
        }
        try append(
            Record(name: 0..<0, value: try textValue(payload.extracting(range))), at: 0)
    }

    private func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0d).contains(byte)
    }

    private mutating func textValue(_ text: Span<UInt8>) throws(WireError) -> Value? {
        var scanner = JSONScanner()
        if text[0] == UInt8(ascii: "-") || (text[0] >= 0x30 && text[0] < 0x3a) {
            do throws(WireError) {
                let number = try scanner.number(text)
                if scanner.offset == text.count { return value(number) }
            } catch {
                if case .numberOutOfRange = error { throw error }
            }
        }
        switch try checkedString(text, at: 0) {
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        case let other: return .text(other)
        }
    }

    /// What an object's keys have said so far.
    private struct Object {
        var time: Time = .none
        var value: Int?
        var unit: Int?
    }

    private enum Key { case time, property }

    /// Appends the record of a key but for its value, which the caller fills in; the key stands in
    /// `scratch`.
    private mutating func open(
        key offset: Int, _ object: inout Object
    ) throws(WireError) -> Key {
        guard !scratch.isEmpty, scratch.count <= TelemetryPack.nameLengthMax else {
            throw .invalidName(at: offset)
        }
        if matches(scratch.span, "time") || matches(scratch.span, "timestamp") {
            guard object.time == .none else { throw .duplicateKey(at: offset) }
            return .time
        }
        let start = names.used
        if matches(scratch.span, "value") {
            guard object.value == nil else { throw .duplicateKey(at: offset) }
            object.value = records.count
        } else {
            for record in records where equals(record.name, scratch.span) {
                throw .duplicateKey(at: offset)
            }
            if matches(scratch.span, "unit") { object.unit = records.count }
            names.append(scratch)
        }
        try append(Record(name: start..<names.used, value: nil), at: offset)
        return .property
    }

    /// Gives every record of the object its time, and the value its unit.
    private mutating func close(_ object: Object) throws(WireError) {
        if let value = object.value, let unit = object.unit {
            guard case .text(let spelling)? = records[unit].value else { throw .wrongType(at: 0) }
            records[value].unit = unitReference(Array(spelling.utf8).span)
            records.remove(at: unit)
        }
        guard !records.isEmpty else { throw .missingValue(at: 0) }
        for index in records.indices { records[index].time = object.time }
    }

    private func matches(_ bytes: Span<UInt8>, _ word: StaticString) -> Bool {
        guard bytes.count == word.utf8CodeUnitCount else { return false }
        var index = 0
        for byte in word.description.utf8 {
            if bytes[index] != byte { return false }
            index += 1
        }
        return true
    }

    private func equals(_ name: Range<Int>, _ bytes: Span<UInt8>) -> Bool {
        guard name.count == bytes.count else { return false }
        for index in bytes.indices where names.bytes[name.lowerBound + index] != bytes[index] {
            return false
        }
        return true
    }

    private func time(_ value: Value?, at offset: Int) throws(WireError) -> Time {
        let instant: Instant?
        switch value {
        case .integer(let milliseconds)?: instant = Instant(milliseconds: milliseconds)
        case .number(let milliseconds)?: instant = Instant(secondsSinceEpoch: milliseconds / 1000)
        case .text(let text)?: instant = text.utf8.count <= 40 ? Instant(text) : nil
        case .timestamp(let timestamp)?: instant = timestamp
        case .boolean?, .position?, nil: throw .wrongType(at: offset)
        }
        guard let instant, Instant.writable.contains(instant) else {
            throw .timeOutOfRange(at: offset)
        }
        return .absolute(instant)
    }
}

// MARK: JSON

extension TelemetryPack {
    mutating func decodeJSON(_ payload: Span<UInt8>) throws(WireError) {
        guard !payload.isEmpty else { throw .missingValue(at: 0) }
        var scanner = JSONScanner()
        if try scanner.peek(payload) == UInt8(ascii: "{") {
            scanner.offset += 1
            try decodeObject(&scanner, payload)
        } else {
            try append(Record(name: 0..<0, value: try value(&scanner, payload)), at: 0)
        }
        try scanner.end(payload)
    }

    private mutating func decodeObject(
        _ scanner: inout JSONScanner, _ payload: Span<UInt8>
    ) throws(WireError) {
        var object = Object()
        if try scanner.isEmpty(UInt8(ascii: "}"), payload) { throw .missingValue(at: 0) }
        repeat {
            let text = try scanner.text(payload)
            scratch.removeAll(keepingCapacity: true)
            try JSONScanner.append(text, of: payload, to: &scratch)
            let key = try open(key: text.range.lowerBound, &object)
            try scanner.expect(UInt8(ascii: ":"), payload)
            let start = scanner.offset
            let value = try value(&scanner, payload)
            switch key {
            case .time: object.time = try time(value, at: start)
            case .property: records[records.count - 1].value = value
            }
        } while try scanner.another(before: UInt8(ascii: "}"), payload)
        try close(object)
    }

    /// A single value; arrays and objects that are no position are refused.
    private mutating func value(
        _ scanner: inout JSONScanner, _ payload: Span<UInt8>
    ) throws(WireError) -> Value? {
        switch try scanner.peek(payload) {
        case UInt8(ascii: "\""):
            let text = try scanner.text(payload)
            guard text.range.count <= TelemetryPack.textLengthMax else {
                throw .tooLong(at: text.range.lowerBound)
            }
            return .text(try JSONScanner.string(text, of: payload))
        case UInt8(ascii: "t"):
            try scanner.literal("true", payload)
            return .boolean(true)
        case UInt8(ascii: "f"):
            try scanner.literal("false", payload)
            return .boolean(false)
        case UInt8(ascii: "n"):
            try scanner.literal("null", payload)
            return nil
        case UInt8(ascii: "["), UInt8(ascii: "{"):
            let start = scanner.offset
            return try position(try Document.read(&scanner, payload, depth: 1), at: start)
        default: return value(try scanner.number(payload))
        }
    }
}

// MARK: CBOR

extension TelemetryPack {
    mutating func decodeCBOR(_ payload: Span<UInt8>) throws(WireError) {
        guard !payload.isEmpty else { throw .missingValue(at: 0) }
        var scanner = CBORScanner()
        let head = try scanner.untagged(payload)
        if head.major == .map {
            try decodeMap(head, &scanner, payload)
        } else {
            try append(Record(name: 0..<0, value: try value(head, &scanner, payload)), at: 0)
        }
        guard scanner.offset == payload.count else { throw .trailing(at: scanner.offset) }
    }

    private mutating func decodeMap(
        _ head: CBORScanner.Head, _ scanner: inout CBORScanner, _ payload: Span<UInt8>
    ) throws(WireError) {
        var object = Object()
        let count = try scanner.count(head, bytesPerItem: 2, payload)
        var read = 0
        while try scanner.another(after: read, of: count, payload) {
            let keyStart = scanner.offset
            let keyHead = try scanner.head(payload)
            guard keyHead.major == .text else { throw .wrongType(at: keyStart) }
            scratch.removeAll(keepingCapacity: true)
            try scanner.append(keyHead, payload, to: &scratch)
            let key = try open(key: keyStart, &object)
            let start = scanner.offset
            let head = try scanner.untagged(payload)
            let value = try value(head, &scanner, payload)
            switch key {
            case .time: object.time = try time(value, at: start)
            case .property: records[records.count - 1].value = value
            }
            read += 1
        }
        try close(object)
    }

    /// A single value whose head, past tags that say nothing, has been read.
    private mutating func value(
        _ head: CBORScanner.Head, _ scanner: inout CBORScanner, _ payload: Span<UInt8>
    ) throws(WireError) -> Value? {
        let start = scanner.offset
        switch head.major {
        case .unsigned, .negative, .simple:
            if let number = scanner.number(head) { return value(number) }
            switch head.information {
            case 20: return .boolean(false)
            case 21: return .boolean(true)
            case 22, 23: return nil
            default: throw .unexpected(at: start - 1)
            }
        case .tag:
            if head.argument == 1 { return .timestamp(try scanner.epochTime(payload)) }
            return value(.number(try scanner.decimal(payload)))
        case .text, .bytes: return .text(try text(head, &scanner, payload))
        case .array, .map:
            let document = try Document.read(head, at: start, &scanner, payload, depth: 1)
            return try position(document, at: start)
        }
    }

    private func position(
        _ document: Document, at offset: Int
    ) throws(WireError) -> Value {
        guard let position = GeoPosition(document) else { throw .wrongType(at: offset) }
        return .position(position)
    }

    /// A text string, or the base64url of a byte string.
    mutating func text(
        _ head: CBORScanner.Head, _ scanner: inout CBORScanner, _ payload: Span<UInt8>
    ) throws(WireError) -> String {
        let start = scanner.offset
        scratch.removeAll(keepingCapacity: true)
        try scanner.append(head, payload, to: &scratch)
        guard scratch.count <= TelemetryPack.textLengthMax else { throw .tooLong(at: start) }
        if head.major == .text { return try checkedString(scratch.span, at: start) }
        var digits: [UInt8] = []
        appendBase64URL(scratch.span, to: &digits)
        return try checkedString(digits.span, at: start)
    }
}

extension CBORScanner {
    /// The next head that is no tag, or the tag of a decimal fraction (4) or an epoch time (1).
    mutating func untagged(_ bytes: Span<UInt8>) throws(WireError) -> Head {
        for _ in 0...Document.depthMax {
            let head = try head(bytes)
            if head.major != .tag || head.argument == 4 || head.argument == 1 { return head }
        }
        throw .tooDeep(at: offset)
    }
}
