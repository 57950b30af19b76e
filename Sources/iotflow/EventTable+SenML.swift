import Model
import Wire

/// SenML: a record's name is that of the device, `/` or `:`, and that of the property.
extension EventTable {
    /// Appends the readings of the whole records in `bytes` and returns how many bytes they took.
    /// What may still grow, the last time of a device, waits for the next call.
    mutating func readSenML(
        _ bytes: Span<UInt8>, isLast: Bool, into readings: inout [Reading]
    ) -> Int {
        var offset = 0
        while true {
            do throws(WireError) {
                guard try senML.next(bytes, at: &offset, isLast: isLast) else { break }
                do throws(EventError) {
                    try take(into: &readings)
                } catch {
                    reject(error.description)
                }
            } catch {
                reject("\(error)")
                isBroken = senML.isBroken
                if isBroken { break }
            }
            line += 1
        }
        if isLast || isBroken { finishRow(into: &readings) }
        return isBroken ? bytes.count : offset
    }

    private mutating func finishRow(into readings: inout [Reading]) {
        readings += row
        row.removeAll(keepingCapacity: true)
    }

    private mutating func take(into readings: inout [Reading]) throws(EventError) {
        guard let record = senML.pack.records.first, let given = record.value else { return }
        let time = try moment(record.time)
        let (device, property) = try names(of: record)
        guard let property else { return }
        let model = registry.model(of: property, on: device)
        var value = try convert(given, of: record, property, to: model)
        if let model { value = EventTable.convert(value, to: model.type) }
        var flags: Reading.Flags = []
        if let last = row.last, last.device == device, last.time == time,
            !row.contains(where: { $0.property == property })
        {
            flags = .sameRow
        } else {
            finishRow(into: &readings)
        }
        row.append(
            Reading(device: device, property: property, time: time, value: value, flags: flags))
    }

    private func moment(_ time: TelemetryPack.Time) throws(EventError) -> Instant {
        let offset: Milliseconds
        switch time {
        case .absolute(let instant): return instant
        case .relative(let span): offset = span
        case .none: offset = .zero
        }
        guard let sent = names.sent else {
            throw EventError("its time counts from when it was sent; --sent tells when that was")
        }
        return sent + offset
    }

    /// The device, and the property unless the command line leaves it out.
    private mutating func names(
        of record: TelemetryPack.Record
    ) throws(EventError) -> (Device, Property?) {
        // Held apart from the table, which may take in a new name meanwhile; nothing is copied.
        let all = senML.pack.names.bytes
        let bytes = all.span.extracting(record.name)
        var start = bytes.count
        while start > 0, bytes[start - 1] != UInt8(ascii: "/"),
            bytes[start - 1] != UInt8(ascii: ":")
        {
            start -= 1
        }
        let last = bytes.extracting(start..<bytes.count)
        guard last.count > 0 else { throw EventError("it names no property") }
        let device = only ?? (start > 1 ? self.device(bytes.extracting(0..<start - 1)) : nil)
        guard let device else {
            throw EventError(
                start > 1
                    ? "too many devices"
                    : "its name '\(FieldText.text(bytes))' names no device before the property")
        }
        if names.properties.isEmpty {
            guard let property = registry.property(named: last) ?? newProperty(last) else {
                throw EventError("too many properties")
            }
            return (device, property)
        }
        let name = FieldText.text(last)
        guard let wanted = names.properties.first(where: { $0.column == name }) else {
            return (device, nil)
        }
        return (device, registry.addProperty(wanted.property))
    }

    /// In the unit of the property's model, or else of its first value.
    private mutating func convert(
        _ value: Value, of record: TelemetryPack.Record, _ property: Property,
        to model: PropertyModel?
    ) throws(EventError) -> Value {
        if record.unit == .none { return value }
        let unit = model == nil ? units[property] : model?.unit
        guard let given = senML.pack.unit(of: record) else {
            guard unit == nil else {
                throw EventError("unknown unit '\(senML.pack.unknownUnit ?? "?")'")
            }
            return value
        }
        guard let unit else {
            if model == nil { units[property] = given }
            return value
        }
        guard given != unit, case .some(let number) = value.double else { return value }
        guard let converted = given.convert(number, to: unit), converted.isFinite else {
            throw EventError(
                "\(registry.name(of: property)) is in \(unit.symbol), which \(given.symbol) is no "
                    + "measure of")
        }
        return .number(converted)
    }
}
