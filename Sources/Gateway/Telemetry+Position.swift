import CoAP
import Model
import Wire

/// A position whose parts come as records of their own: in SenML's units `lat`, `lon` and `m`,
/// under keys of these names, or as the resources of LwM2M's object 6.
struct PositionRecords {
    private var parts = PositionParts()
    private var whole: (record: TelemetryPack.Record, property: Property, model: PropertyModel)?

    /// Whether nothing has been noted, or a record of this property and time would go on with it.
    func continues(_ property: Property, at time: TelemetryPack.Time) -> Bool {
        guard let whole else { return true }
        return whole.property == property && whole.record.time == time
    }

    /// Notes what one record says of the position; false where that is no part of one, or a part it
    /// has.
    mutating func note(
        _ record: TelemetryPack.Record, _ property: Property, _ model: PropertyModel,
        unit: Unit?, name: String
    ) -> Bool {
        guard model.type == .position, let number = record.value?.double,
            let part = PositionParts.Part(unit: unit) ?? PositionParts.Part(name: name),
            parts.note(number, as: part)
        else { return false }
        if whole == nil { whole = (record, property, model) }
        return true
    }

    /// The record with the whole position, if one was begun; then the next may begin.
    mutating func take() throws(Refusal) -> (TelemetryPack.Record, Property, PropertyModel)? {
        guard let (first, property, model) = whole else { return nil }
        guard let position = parts.position else {
            throw Refusal(
                .unprocessableEntity,
                "\(model.name) needs a latitude within 90 degrees and a longitude within 180",
                .outOfRange)
        }
        self = PositionRecords()
        var record = first
        record.value = .position(position)
        record.unit = .none
        return (record, property, model)
    }
}

extension TelemetryPack {
    /// What a record's name ends with: the part after the last `/` or `:`.
    func lastPart(of name: Range<Int>) -> Range<Int> {
        let bytes = names.bytes.span
        var start = name.upperBound
        while start > name.lowerBound, bytes[start - 1] != 0x2f, bytes[start - 1] != 0x3a {
            start -= 1
        }
        return start..<name.upperBound
    }

    /// The property of the model whose LwM2M path the record's name ends with: `3303/0/5700`. The
    /// parts of a position bound to an object's instance have one segment more.
    func property(boundTo name: Range<Int>, _ model: DeviceModel) -> String? {
        let last = lastPart(of: name)
        let bytes = names.bytes.span
        guard !last.isEmpty, bytes[last.lowerBound] &- UInt8(ascii: "0") < 10 else { return nil }
        let text = "/" + String(decoding: names.bytes[name], as: UTF8.self)
        let instance = text.dropLast(last.count + 1)
        return model.properties.first { property in
            guard let path = property.lwm2m else { return false }
            return text.hasSuffix(path) || property.type == .position && instance.hasSuffix(path)
        }?.name
    }
}
