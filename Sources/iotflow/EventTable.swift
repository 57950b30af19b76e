import Model
import Wire

/// Turns rows of a file into readings. The columns are found by name: those of device and time,
/// then either `property` and `value`, or one column per property. SenML names its own.
struct EventTable: Sendable {
    /// How the columns are called where that is not known by itself.
    struct Names: Sendable {
        var device: [String] = ["device", "device_id"]
        var time: [String] = ["time", "timestamp", "ts", "event_time"]
        /// The device of all rows, for a file that has no column of it.
        var only: String?
        /// Column to property; where there is any, other columns are left out.
        var properties: [(column: String, property: String)] = []
        /// What SenML's times count from that are relative to the moment they were sent.
        var sent: Instant?
        /// Of times that are numbers.
        var timeUnit = FieldText.TimeUnit.auto
        /// Nil where the file's name or its first byte tells.
        var format: EventFormat?
    }

    var registry: Registry
    /// Rows that were no events, and the first reasons.
    private(set) var rejected = 0
    private(set) var complaints: [String] = []
    /// Nothing behind the last complaint can be read.
    var isBroken = false
    /// Of the input, or the record of SenML.
    var line = 1

    let names: Names
    private var text: FieldText
    private var record = CSVRecord()
    private var isSenML = false
    var senML = SenMLStream(isCBOR: false)
    /// What SenML says of one time of a device, of which more may come.
    var row: [Reading] = []
    /// By property: the unit that its first value had, where no model says.
    var units: [Property: Unit] = [:]
    private(set) var only: Device?
    private var layout: Layout?
    /// Properties whose values need their model's type, by index.
    private var typed: Set<UInt16> = []

    private struct Layout {
        var width: Int
        var device: Int?
        var time: Int
        var pair: (property: Int, value: Int)?
        var columns: [(column: Int, property: Property)] = []
    }

    private static let complaintLimit = 5

    init(_ names: Names, registry: Registry) {
        self.names = names
        self.registry = registry
        text = FieldText(timeUnit: names.timeUnit)
        for property in registry.models.flatMap(\.properties)
        where property.type != .number && property.type != .integer {
            if let index = registry.property(named: property.name) { typed.insert(index.index) }
        }
        only = names.only.flatMap { device(Array($0.utf8).span) }
    }

    /// Appends the readings of the whole rows that the input holds and returns how many bytes they
    /// took.
    mutating func read(
        _ input: borrowing EventInput, as format: EventFormat, into readings: inout [Reading]
    ) throws(EventError) -> Int {
        let bytes = input.bytes.span
        switch format {
        case .csv: return try readCSV(bytes, isLast: input.isAtEnd, into: &readings)
        case .ndjson: return readLines(bytes, isLast: input.isAtEnd, into: &readings)
        case .senml, .senmlCBOR:
            if !isSenML {
                isSenML = true
                senML = SenMLStream(isCBOR: format == .senmlCBOR)
            }
            return readSenML(bytes, isLast: input.isAtEnd, into: &readings)
        }
    }

    /// Gives the devices that have no model this one.
    mutating func adopt(_ model: DeviceModel) {
        guard let index = registry.add(model) else { return }
        for device in registry.devices {
            guard var entry = registry.entry(device), entry.model == nil else { continue }
            entry.model = index
            registry.add(entry)
        }
    }

    // MARK: CSV

    /// Appends the readings of the whole rows in `bytes` and returns how many bytes they took.
    private mutating func readCSV(
        _ bytes: Span<UInt8>, isLast: Bool, into readings: inout [Reading]
    ) throws(EventError) -> Int {
        var offset = layout == nil ? CSVRecord.byteOrderMark(bytes) : 0
        while offset < bytes.count {
            guard let next = record.scan(bytes, from: offset, isLast: isLast) else { break }
            offset = next
            if record.isBlank {
                // Nothing is there.
            } else if let fault = record.fault, layout != nil {
                reject(fault.problem.text)
            } else if let layout {
                readRow(bytes, layout, into: &readings)
            } else {
                layout = try findColumns((0..<record.count).map { record.text($0, in: bytes) })
            }
            line += record.lines
        }
        return offset
    }

    private mutating func findColumns(_ header: [String]) throws(EventError) -> Layout {
        let device = names.device.lazy.compactMap { header.firstIndex(of: $0) }.first
        if device == nil, names.only == nil {
            throw EventError("no column of devices; there is: \(header.joined(separator: ", "))")
        }
        guard let time = names.time.lazy.compactMap({ header.firstIndex(of: $0) }).first else {
            throw EventError("no column of times; there is: \(header.joined(separator: ", "))")
        }
        var layout = Layout(width: header.count, device: device, time: time)
        if names.properties.isEmpty, let property = header.firstIndex(of: "property"),
            let value = header.firstIndex(of: "value")
        {
            layout.pair = (property, value)
            return layout
        }
        for (column, name) in header.enumerated() where column != device && column != time {
            var wanted: String? = name
            if !names.properties.isEmpty {
                wanted = names.properties.first { $0.column == name }?.property
            }
            guard let wanted else { continue }
            guard let property = registry.addProperty(wanted) else {
                throw EventError("too many properties")
            }
            layout.columns.append((column, property))
        }
        if let missing = names.properties.first(where: { !header.contains($0.column) }) {
            throw EventError("no column '\(missing.column)'")
        }
        return layout
    }

    private mutating func readRow(
        _ bytes: Span<UInt8>, _ layout: Layout, into readings: inout [Reading]
    ) {
        guard record.count == layout.width else {
            return reject("\(record.count) fields, the header has \(layout.width)")
        }
        guard let time = text.time(bytes.extracting(place(layout.time))) else {
            return reject("no time: '\(record.text(layout.time, in: bytes))'")
        }
        guard let device = layout.device.map({ device(named: $0, bytes) }) ?? only else {
            return reject("too many devices")
        }
        if let pair = layout.pair {
            let name = bytes.extracting(place(pair.property))
            guard let property = registry.property(named: name) ?? newProperty(name) else {
                return reject("too many properties")
            }
            add(value(bytes, pair.value), property, device, time, flags: [], into: &readings)
            return
        }
        var flags: Reading.Flags = []
        for index in 0..<layout.columns.count {
            let (column, property) = layout.columns[index]
            let before = readings.count
            add(value(bytes, column), property, device, time, flags: flags, into: &readings)
            if readings.count > before { flags = .sameRow }
        }
    }

    private func place(_ index: Int) -> Range<Int> {
        record.fields[index].start..<record.fields[index].end
    }

    private func value(_ bytes: Span<UInt8>, _ index: Int) -> Value? {
        if record.fields[index].isEscaped { return .text(record.text(index, in: bytes)) }
        return FieldText.value(bytes.extracting(place(index)))
    }

    private mutating func device(named index: Int, _ bytes: Span<UInt8>) -> Device? {
        if record.fields[index].isEscaped {
            return device(Array(record.text(index, in: bytes).utf8).span)
        }
        return device(bytes.extracting(place(index)))
    }

    // MARK: NDJSON

    /// Appends the readings of the whole lines in `bytes` and returns how many bytes they took.
    private mutating func readLines(
        _ bytes: Span<UInt8>, isLast: Bool, into readings: inout [Reading]
    ) -> Int {
        var start = 0
        var offset = 0
        while offset < bytes.count {
            if bytes[offset] == UInt8(ascii: "\n") {
                readLine(bytes.extracting(start..<offset), into: &readings)
                line += 1
                start = offset + 1
            }
            offset += 1
        }
        guard isLast else { return start }
        readLine(bytes.extracting(start..<offset), into: &readings)
        return offset
    }

    private mutating func readLine(_ bytes: Span<UInt8>, into readings: inout [Reading]) {
        let isBlank = bytes.indices.allSatisfy { bytes[$0] <= UInt8(ascii: " ") }
        if isBlank { return }
        let document: Document
        do throws(WireError) { document = try Document(json: bytes) } catch {
            return reject("\(error)")
        }
        guard case .map(let entries) = document else { return reject("it is no object") }
        guard let given = names.time.lazy.compactMap({ document[$0] }).first,
            let time = time(given)
        else { return reject("it has no time") }
        var found = only
        let name = names.device.lazy.compactMap { document[$0] }.first
        if let name { found = device(Array(name.plain.utf8).span) }
        guard let device = found else { return reject("it has no device") }
        if names.properties.isEmpty, case .text(let property)? = document["property"],
            let given = document["value"]
        {
            let name = Array(property.utf8)
            guard let property = registry.property(named: name.span) ?? newProperty(name.span)
            else { return reject("too many properties") }
            add(Value(given), property, device, time, flags: [], into: &readings)
            return
        }
        var flags: Reading.Flags = []
        for entry in entries {
            guard case .text(let key) = entry.key, !names.device.contains(key),
                !names.time.contains(key)
            else { continue }
            var wanted: String? = key
            if !names.properties.isEmpty {
                wanted = names.properties.first { $0.column == key }?.property
            }
            guard let wanted, let property = registry.addProperty(wanted) else { continue }
            let before = readings.count
            add(Value(entry.value), property, device, time, flags: flags, into: &readings)
            if readings.count > before { flags = .sameRow }
        }
    }

    private mutating func time(_ document: Document) -> Instant? {
        switch document {
        case .integer(let integer): text.time(Double(integer))
        case .number(let number): text.time(number)
        case .text(let string): text.time(Array(string.utf8).span)
        default: nil
        }
    }

    // MARK: Both

    /// The device of a name. One that no configuration has is accepted, as the gateway would.
    mutating func device(_ name: Span<UInt8>) -> Device? {
        if name.count == 0 { return nil }
        if let known = registry.device(named: name) { return known }
        return registry.add(Registry.Entry(name: FieldText.text(name)))
    }

    mutating func newProperty(_ name: Span<UInt8>) -> Property? {
        name.count == 0 ? nil : registry.addProperty(FieldText.text(name))
    }

    private func add(
        _ value: Value?, _ property: Property, _ device: Device, _ time: Instant,
        flags: Reading.Flags, into readings: inout [Reading]
    ) {
        guard var value else { return }
        if !typed.isEmpty, typed.contains(property.index),
            let model = registry.model(of: property, on: device)
        {
            value = EventTable.convert(value, to: model.type)
        }
        readings.append(
            Reading(device: device, property: property, time: time, value: value, flags: flags))
    }

    /// What a table cannot say of a value but the model can; other values stay as they are.
    static func convert(_ value: Value, to type: ValueType) -> Value {
        switch (type, value) {
        case (.boolean, .number(0)), (.boolean, .integer(0)): .boolean(false)
        case (.boolean, .number(1)), (.boolean, .integer(1)): .boolean(true)
        case (.text, .boolean(let boolean)): .text(boolean ? "true" : "false")
        case (.text, .number(let number)):
            .text(Int64(exactly: number).map(String.init) ?? "\(number)")
        case (.timestamp, .text(let text)): Instant(text).map { .timestamp($0) } ?? value
        case (.timestamp, .number(let number)):
            Instant(secondsSinceEpoch: number).map { .timestamp($0) } ?? value
        case (.position, .text(let text)): GeoPosition(text).map { .position($0) } ?? value
        default: value
        }
    }

    mutating func reject(_ reason: String) {
        rejected += 1
        if complaints.count < EventTable.complaintLimit {
            complaints.append("\(isSenML ? "record" : "line") \(line): \(reason)")
        }
    }
}
