import CoAP
import Config
import Engine
import Model
import Wire

/// Turns a telemetry datagram into readings: all of them, or none and a refusal.
struct Telemetry {
    let eventTime: EventTime
    let acceptsUnknownDevices: Bool
    private let recordsMax: Int
    private var pack = TelemetryPack()

    init(_ settings: GatewaySettings) {
        eventTime = EventTime(
            policy: settings.eventTime,
            skewMax: Milliseconds(Int64(settings.maxClockSkewMilliseconds)))
        acceptsUnknownDevices = settings.acceptsUnknownDevices
        recordsMax = settings.limits.recordsPerPack
    }

    /// The format that a payload is read as: a patch says what to change in the form in which
    /// telemetry says what is (RFC 7396, RFC 8790).
    static func packFormat(_ format: CoAP.ContentFormat?) -> Wire.ContentFormat {
        switch format {
        case .mergePatch?: .json
        case .senMLEtchJSON?: .senmlJSON
        case .senMLEtchCBOR?: .senmlCBOR
        case let other: Wire.ContentFormat(rawValue: other?.rawValue ?? 0)
        }
    }

    /// Decodes `request` for `/telemetry/{device}` or `/telemetry/{device}/{property}` and appends
    /// its readings to `turn`.
    mutating func receive(
        _ request: Request, engine: inout Engine, turn: inout Turn,
        counters: inout GatewayCounters
    ) throws(Refusal) {
        let format = Telemetry.packFormat(request.contentFormat)
        do throws(WireError) {
            try pack.decode(request.payload.span, format: format)
        } catch {
            if case .unsupportedFormat = error {
                throw Refusal(
                    .unsupportedContentFormat,
                    "content format \(format.rawValue) carries no telemetry; "
                        + "send 0, 50, 60, 110 or 112",
                    .unsupportedFormat)
            }
            throw Refusal(.badRequest, error.description, .malformedPayload)
        }
        guard pack.records.count <= recordsMax else {
            throw Refusal(
                .requestEntityTooLarge, "more than \(recordsMax) records", .malformedPayload)
        }
        counters.nonFiniteValues += UInt64(pack.nonFiniteCount)
        let device = try device(of: request, engine: &engine, turn: &turn)
        let firstNew = turn.inputs.count
        turn.inputs.append(.exchange(request.exchangeKey.rawValue))
        do throws(Refusal) {
            if request.path.count > 2 {
                let path = request.path.bytes.span.extracting(request.path.range(2))
                try append(
                    property: path, device: device, engine: &engine, turn: &turn,
                    counters: &counters)
            } else {
                try appendNamed(
                    device: device, engine: &engine, turn: &turn, counters: &counters)
            }
            guard turn.inputs.count > firstNew + 1 else {
                throw Refusal(.badRequest, "the payload holds no value", .noValue)
            }
        } catch {
            turn.inputs.removeSubrange(firstNew...)
            throw error
        }
        counters.messages += 1
        counters.readings += UInt64(turn.inputs.count - firstNew - 1)
    }

    private func device(
        of request: Request, engine: inout Engine, turn: inout Turn
    ) throws(Refusal) -> Device {
        let name = request.path.bytes.span.extracting(request.path.range(1))
        if let device = engine.registry.device(named: name) { return device }
        let text = request.path.string(1)
        guard acceptsUnknownDevices else {
            throw Refusal(.notFound, "no device is called '\(text)'", .unknownDevice)
        }
        return try turn.accept(deviceNamed: text, engine: &engine)
    }

    /// All records are of the property that the path names.
    private func append(
        property name: Span<UInt8>, device: Device, engine: inout Engine, turn: inout Turn,
        counters: inout GatewayCounters
    ) throws(Refusal) {
        let property = try property(name, device: device, engine: &engine, turn: &turn)
        let model = engine.registry.model(of: property, on: device)
        let first = pack.records.first?.name ?? 0..<0
        var place = PositionRecords()
        for record in pack.records {
            guard same(record.name, first) || model?.type == .position else {
                throw Refusal(
                    .badRequest,
                    "several names for one property; send them to /telemetry/{device}",
                    .malformedPayload)
            }
            try append(
                record, property: property, model: model, device: device, turn: &turn,
                counters: &counters, &place)
        }
        try close(&place, device: device, turn: &turn, counters: &counters)
    }

    /// Each record names its property: the part of its name after the last `/` or `:`.
    private func appendNamed(
        device: Device, engine: inout Engine, turn: inout Turn, counters: inout GatewayCounters
    ) throws(Refusal) {
        var known: (name: Range<Int>, property: Property, model: PropertyModel?)?
        var place = PositionRecords()
        let whole = engine.registry.entry(device)?.model
        for record in pack.records {
            if let known, same(known.name, record.name) {
                try append(
                    record, property: known.property, model: known.model, device: device,
                    turn: &turn, counters: &counters, &place)
                continue
            }
            let name = pack.lastPart(of: record.name)
            guard !name.isEmpty else {
                throw Refusal(
                    .badRequest,
                    "a value without a name; send it to /telemetry/{device}/{property}",
                    .malformedPayload)
            }
            let bound = whole.flatMap {
                pack.property(boundTo: record.name, engine.registry.models[$0])
            }
            let property: Property
            if let found = bound.flatMap({ engine.registry.property(named: $0) }) {
                property = found
            } else {
                property = try self.property(
                    pack.names.bytes.span.extracting(name), device: device, engine: &engine,
                    turn: &turn)
            }
            let model = engine.registry.model(of: property, on: device)
            known = (record.name, property, model)
            try append(
                record, property: property, model: model, device: device, turn: &turn,
                counters: &counters, &place)
        }
        try close(&place, device: device, turn: &turn, counters: &counters)
    }

    /// Appends a record, or notes it where it is a part of a position, which is appended once it is
    /// whole.
    private func append(
        _ record: TelemetryPack.Record, property: Property, model: PropertyModel?,
        device: Device, turn: inout Turn, counters: inout GatewayCounters,
        _ place: inout PositionRecords
    ) throws(Refusal) {
        if !place.continues(property, at: record.time) {
            try close(&place, device: device, turn: &turn, counters: &counters)
        }
        if let model, model.type == .position {
            let name = String(
                decoding: pack.names.bytes[pack.lastPart(of: record.name)], as: UTF8.self)
            let unit = pack.unit(of: record)
            if place.note(record, property, model, unit: unit, name: name) { return }
            // It has this part: another position begins.
            try close(&place, device: device, turn: &turn, counters: &counters)
            if place.note(record, property, model, unit: unit, name: name) { return }
        }
        try append(
            record, property: property, model: model, device: device, turn: &turn,
            counters: &counters)
    }

    private func close(
        _ place: inout PositionRecords, device: Device, turn: inout Turn,
        counters: inout GatewayCounters
    ) throws(Refusal) {
        guard let (record, property, model) = try place.take() else { return }
        try append(
            record, property: property, model: model, device: device, turn: &turn,
            counters: &counters)
    }

    private func append(
        _ record: TelemetryPack.Record, property: Property, model: PropertyModel?,
        device: Device, turn: inout Turn, counters: inout GatewayCounters
    ) throws(Refusal) {
        guard var value = record.value else { return }
        if let model {
            value = try model.accept(value, unit: record.unit, spelling: pack.unknownUnit)
        }
        let (time, isSuspect) = eventTime.resolve(record.time, arrival: turn.now)
        var flags: Reading.Flags = []
        if isSuspect {
            flags.insert(.clockSuspect)
            counters.suspectClocks += 1
        }
        if case .reading(let last)? = turn.inputs.last, last.device == device,
            last.time == time, last.property != property
        {
            flags.insert(.sameRow)
        }
        turn.inputs.append(
            .reading(
                Reading(
                    device: device, property: property, time: time, value: value, flags: flags)))
    }

    private func property(
        _ name: Span<UInt8>, device: Device, engine: inout Engine, turn: inout Turn
    ) throws(Refusal) -> Property {
        let found = engine.registry.property(named: name)
        guard let model = engine.registry.entry(device)?.model else {
            if let found { return found }
            return try turn.accept(propertyNamed: text(name), engine: &engine)
        }
        if let found, engine.registry.model(of: found, on: device) != nil { return found }
        let known = engine.registry.models[model].properties.map(\.name)
        let guess = didYouMean(text(name), among: known).map { "; did you mean \($0)?" } ?? ""
        throw Refusal(
            .notFound,
            "\(engine.registry.models[model].name) has no property '\(text(name))'\(guess)",
            .unknownProperty)
    }

    private func text(_ name: Span<UInt8>) -> String {
        String(decoding: name.indices.map { name[$0] }, as: UTF8.self)
    }

    private func same(_ left: Range<Int>, _ right: Range<Int>) -> Bool {
        guard left != right else { return true }
        guard left.count == right.count else { return false }
        let bytes = pack.names.bytes.span
        for offset in 0..<left.count
        where bytes[left.lowerBound + offset] != bytes[right.lowerBound + offset] {
            return false
        }
        return true
    }
}
