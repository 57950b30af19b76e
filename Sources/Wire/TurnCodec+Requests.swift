import Model

/// The journal's form of what people and programs ask for.
extension TurnCodec {
    static func append(_ write: DesiredWrite, to writer: inout ByteWriter) {
        writer.unsigned(UInt64(write.device.index))
        writer.unsigned(UInt64(write.property.index))
        writer.value(write.value)
        writer.byte(write.source.rawValue)
        writer.byte(write.slot.number)
        writer.bool(write.expires != nil)
        if let expires = write.expires { writer.instant(expires) }
        writer.bool(write.stamp != nil)
        if let stamp = write.stamp {
            writer.fixed(stamp.clock)
            writer.unsigned(UInt64(stamp.origin))
        }
    }

    static func desiredWrite(
        _ reader: inout ByteReader
    ) throws(RecordError) -> DesiredWrite {
        let device = try device(&reader)
        let property = try property(&reader)
        let value = try reader.value()
        guard let source = TwinSource(rawValue: try reader.byte()),
            let slot = DesiredWrite.Slot(Int(try reader.byte()))
        else { throw .malformed(at: reader.offset) }
        var write = DesiredWrite(device, property, value, source: source, slot: slot)
        if try reader.bool() { write.expires = try reader.instant() }
        if try reader.bool() {
            let clock: UInt64 = try reader.fixed()
            guard let origin = UInt32(exactly: try reader.unsigned()) else {
                throw .malformed(at: reader.offset)
            }
            write.stamp = Stamp(clock: clock, origin: origin)
        }
        return write
    }

    static func append(_ order: TwinOrder, to writer: inout ByteWriter) {
        writer.string(order.principal)
        writer.unsigned(UInt64(order.device.index))
        writer.bool(order.property != nil)
        if let property = order.property { writer.unsigned(UInt64(property.index)) }
        writer.byte(order.decision.rawValue)
    }

    static func twinOrder(_ reader: inout ByteReader) throws(RecordError) -> TwinOrder {
        let principal = try reader.string()
        let device = try device(&reader)
        let property = try reader.bool() ? try property(&reader) : nil
        guard let decision = TwinOrder.Decision(rawValue: try reader.byte()) else {
            throw .malformed(at: reader.offset)
        }
        return TwinOrder(
            principal: principal, device: device, property: property, decision: decision)
    }

    static func append(_ request: CommandRequest, to writer: inout ByteWriter) {
        writer.string(request.principal)
        writer.string(request.key)
        writer.unsigned(UInt64(request.device.index))
        writer.string(request.name)
        append(request.parameters, to: &writer)
        writer.byte(request.priority.rawValue)
        writer.bool(request.timeToLive != nil)
        if let timeToLive = request.timeToLive { writer.signed(timeToLive.count) }
    }

    static func commandRequest(
        _ reader: inout ByteReader
    ) throws(RecordError) -> CommandRequest {
        let principal = try reader.string()
        let key = try reader.string()
        var request = CommandRequest(
            principal: principal, key: key, device: try device(&reader),
            name: try reader.string())
        request.parameters = try fields(&reader)
        guard let priority = CommandPriority(rawValue: try reader.byte()) else {
            throw .malformed(at: reader.offset)
        }
        request.priority = priority
        if try reader.bool() { request.timeToLive = Milliseconds(try reader.signed()) }
        return request
    }

    static func append(_ request: SequenceRequest, to writer: inout ByteWriter) {
        writer.string(request.principal)
        writer.string(request.key)
        writer.string(request.name)
        writer.bool(request.context != nil)
        if let context = request.context { writer.unsigned(UInt64(context.index)) }
    }

    static func sequenceRequest(
        _ reader: inout ByteReader
    ) throws(RecordError) -> SequenceRequest {
        let principal = try reader.string()
        let key = try reader.string()
        let name = try reader.string()
        let context = try reader.bool() ? try device(&reader) : nil
        return SequenceRequest(principal: principal, key: key, name: name, context: context)
    }

    static func append(_ order: CommandOrder, to writer: inout ByteWriter) {
        writer.string(order.principal)
        writer.fixed(order.command.value)
        writer.byte(order.decision.rawValue)
    }

    static func commandOrder(_ reader: inout ByteReader) throws(RecordError) -> CommandOrder {
        let principal = try reader.string()
        let command = CommandID(value: try reader.fixed128())
        guard let decision = CommandOrder.Decision(rawValue: try reader.byte()) else {
            throw .malformed(at: reader.offset)
        }
        return CommandOrder(principal: principal, command: command, decision: decision)
    }

    static func append(_ response: CommandResponse, to writer: inout ByteWriter) {
        writer.fixed(response.command.value)
        writer.signed(Int64(response.attempt))
        writer.byte(response.purpose.rawValue)
        switch response.outcome {
        case .acknowledged(let code):
            writer.byte(0)
            writer.signed(Int64(code))
        case .refused(let code, let diagnostic):
            writer.byte(1)
            writer.signed(Int64(code))
            writer.string(diagnostic)
        case .noResponse: writer.byte(2)
        case .unreachable: writer.byte(3)
        case .accepted(let code):
            writer.byte(4)
            writer.signed(Int64(code))
        case .progress(let percent):
            writer.byte(5)
            writer.bool(percent != nil)
            if let percent { writer.signed(Int64(percent)) }
        case .completed(let output):
            writer.byte(6)
            append(output, to: &writer)
        case .unsuccessful(let isTransient, let reason):
            writer.byte(7)
            writer.bool(isTransient)
            writer.string(reason)
        case .cancelled: writer.byte(8)
        case .unknown: writer.byte(9)
        }
    }

    static func response(_ reader: inout ByteReader) throws(RecordError) -> CommandResponse {
        let command = CommandID(value: try reader.fixed128())
        let attempt = Int(try reader.signed())
        guard let purpose = Transmission.Purpose(rawValue: try reader.byte()) else {
            throw .malformed(at: reader.offset)
        }
        return CommandResponse(
            command: command, attempt: attempt, purpose: purpose, outcome: try outcome(&reader))
    }

    private static func outcome(
        _ reader: inout ByteReader
    ) throws(RecordError) -> CommandResponse.Outcome {
        switch try reader.byte() {
        case 0: return .acknowledged(code: Int(try reader.signed()))
        case 1:
            let code = Int(try reader.signed())
            return .refused(code: code, diagnostic: try reader.string())
        case 2: return .noResponse
        case 3: return .unreachable
        case 4: return .accepted(code: Int(try reader.signed()))
        case 5: return .progress(percent: try reader.bool() ? Int(try reader.signed()) : nil)
        case 6: return .completed(output: try fields(&reader))
        case 7:
            let isTransient = try reader.bool()
            return .unsuccessful(isTransient: isTransient, reason: try reader.string())
        case 8: return .cancelled
        case 9: return .unknown
        default: throw .malformed(at: reader.offset)
        }
    }

    private static func append(_ fields: [Field], to writer: inout ByteWriter) {
        writer.list(fields) { writer, field in
            writer.string(field.name)
            writer.value(field.value)
        }
    }

    private static func fields(_ reader: inout ByteReader) throws(RecordError) -> [Field] {
        try reader.list { reader throws(RecordError) in
            let name = try reader.string()
            return Field(name, try reader.value())
        }
    }

    static func property(_ reader: inout ByteReader) throws(RecordError) -> Property {
        guard let index = UInt16(exactly: try reader.unsigned()) else {
            throw .malformed(at: reader.offset)
        }
        return Property(index: index)
    }
}
