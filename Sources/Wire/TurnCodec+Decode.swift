package import Model

extension TurnCodec {
    /// Calls `each` with every turn of a block, in order. A turn whose checksum is wrong, or that
    /// is cut short, throws before any of it is handed out; the error's offset is the turn's or
    /// inside it.
    package static func decode(
        _ bytes: [UInt8], each: (Instant, [Input]) throws(WireError) -> Void
    ) throws(WireError) {
        var start = 0
        var inputs: [Input] = []
        while start < bytes.count {
            guard bytes.count - start >= headerLength else { throw .truncated(at: bytes.count) }
            var header: UInt64 = 0
            for place in 0..<headerLength {
                header |= UInt64(bytes[start + place]) << UInt64(place * 8)
            }
            let body = start + headerLength
            let length = Int(header & 0xffff_ffff)
            guard length <= bytes.count - body else { throw .truncated(at: bytes.count) }
            let content = bytes.span.extracting(body..<body + length)
            guard Checksum.crc32c(content) == UInt32(header >> 32) else {
                throw .damaged(at: start)
            }
            var reader = ByteReader(bytes, at: body)
            inputs.removeAll(keepingCapacity: true)
            let now: Instant
            do throws(RecordError) {
                now = try turn(&reader, into: &inputs)
            } catch {
                switch error {
                case .truncated(let offset): throw .truncated(at: offset)
                case .malformed(let offset): throw .damaged(at: offset)
                case .otherVersion: throw .damaged(at: start)
                }
            }
            guard reader.offset == body + length else { throw .damaged(at: start) }
            try each(now, inputs)
            start = body + length
        }
    }

    private static func turn(
        _ reader: inout ByteReader, into inputs: inout [Input]
    ) throws(RecordError) -> Instant {
        let now = try reader.instant()
        var previous = Previous(time: now)
        for _ in 0..<(try reader.count()) {
            let first = try reader.byte()
            if first & 0x80 != 0 {
                inputs.append(.reading(try reading(first, &reader, after: &previous)))
            } else {
                inputs.append(try other(first, &reader))
            }
        }
        return now
    }

    private static func reading(
        _ first: UInt8, _ reader: inout ByteReader, after previous: inout Previous
    ) throws(RecordError) -> Reading {
        if first & 0x40 == 0 {
            previous.device = try moved(previous.device, by: try reader.signed(), reader)
        }
        if first & 0x20 == 0 {
            previous.property = try moved(previous.property, by: try reader.signed(), reader)
        }
        if first & 0x10 == 0 {
            let time = previous.time.milliseconds &+ (try reader.signed())
            previous.time = Instant(milliseconds: time)
        }
        let flags = first & 8 == 0 ? 0 : try reader.byte()
        // The three low bits always name a form.
        switch Form(rawValue: first & 7) ?? .same {
        case .no: previous.value = .boolean(false)
        case .yes: previous.value = .boolean(true)
        case .integer: previous.value = .integer(try reader.signed())
        case .double: previous.value = .number(try reader.double())
        case .text: previous.value = .text(try reader.string())
        case .timestamp: previous.value = .timestamp(try reader.instant())
        case .same: break
        case .hundredths: previous.value = .number(Double(try reader.signed()) / 100)
        }
        return Reading(
            device: Device(index: previous.device), property: Property(index: previous.property),
            time: previous.time, value: previous.value, flags: Reading.Flags(rawValue: flags))
    }

    private static func moved<Index: FixedWidthInteger>(
        _ index: Index, by difference: Int64, _ reader: ByteReader
    ) throws(RecordError) -> Index {
        let (sum, overflow) = Int64(index).addingReportingOverflow(difference)
        guard !overflow, let moved = Index(exactly: sum) else {
            throw .malformed(at: reader.offset)
        }
        return moved
    }

    private static func other(
        _ tag: UInt8, _ reader: inout ByteReader
    ) throws(RecordError) -> Input {
        switch Tag(rawValue: tag) {
        case .exchange: return .exchange(try reader.fixed())
        case .deviceAccepted: return .deviceAccepted(try device(&reader))
        case .registered:
            let device = try device(&reader)
            let address = try reader.string()
            let lifetime = try reader.bool() ? Milliseconds(try reader.signed()) : nil
            return .registered(device, address: address, lifetime: lifetime)
        case .response: return .response(try response(&reader))
        case .desired: return .desired(try desiredWrite(&reader))
        case .twin: return .twin(try twinOrder(&reader))
        case .command: return .command(try commandRequest(&reader))
        case .sequence: return .sequence(try sequenceRequest(&reader))
        case .order: return .order(try commandOrder(&reader))
        case .longReading: return .reading(try longReading(&reader))
        case nil: throw .malformed(at: reader.offset)
        }
    }

    private static func longReading(
        _ reader: inout ByteReader
    ) throws(RecordError) -> Reading {
        let device = try device(&reader)
        let property = try TurnCodec.property(&reader)
        let flags = Reading.Flags(rawValue: try reader.byte())
        let time = try reader.instant()
        guard let value = try reader.value() else { throw .malformed(at: reader.offset) }
        return Reading(
            device: device, property: property, time: time, value: value, flags: flags)
    }

    static func device(_ reader: inout ByteReader) throws(RecordError) -> Device {
        guard let index = UInt32(exactly: try reader.unsigned()) else {
            throw .malformed(at: reader.offset)
        }
        return Device(index: index)
    }
}
