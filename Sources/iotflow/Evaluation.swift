import Language
import Model
import Wire

/// An expression at work on the rows of a file: each is the readings of one device at one time.
struct Evaluation: ~Copyable {
    private let expression: RowExpression
    private let isSelection: Bool
    private var source: EventSource
    private var output: EventOutput
    private let format: ResultText.Format
    private var row: [Value?]
    private var readings: [Reading] = []

    /// Rows evaluated, and results written.
    private(set) var events = 0
    private(set) var results = 0

    var rejected: Int { source.table.rejected }
    var complaints: [String] { source.table.complaints }

    init(
        _ expression: RowExpression, isSelection: Bool, _ source: consuming EventSource,
        to output: consuming EventOutput, as format: ResultText.Format
    ) {
        self.expression = expression
        self.isSelection = isSelection
        self.source = source
        self.output = output
        self.format = format
        row = Array(repeating: nil, count: expression.names.columns.count)
    }

    /// Reads to the end of the input. `first` has been read already.
    mutating func run(first: [Reading]) throws(EventError) {
        if format == .csv {
            output.bytes += "time,device,\(isSelection ? "values" : "value")\n".utf8
        }
        readings = first
        try evaluateRows()
        while try source.next(into: &readings) { try evaluateRows() }
        try output.flush()
    }

    private mutating func evaluateRows() throws(EventError) {
        var index = 0
        while index < readings.count {
            let first = readings[index]
            for place in row.indices { row[place] = nil }
            row[0] = .text(source.table.registry.name(of: first.device))
            row[1] = .timestamp(first.time)
            repeat {
                fill(readings[index])
                index += 1
            } while index < readings.count && readings[index].flags.contains(.sameRow)
            events += 1
            if isSelection {
                guard expression.program.holds(row) == true else { continue }
                let fields = zip(expression.names.columns, row).dropFirst(2).map {
                    Field($0.name, $1)
                }
                write(first, fields: fields, nil)
            } else {
                write(first, fields: nil, expression.program.evaluate(row))
            }
            results += 1
            try output.flushIfLarge()
        }
    }

    /// A value of another type than its column's is missing.
    private mutating func fill(_ reading: Reading) {
        guard let place = expression.names.place(of: reading.property) else { return }
        let type = expression.names.columns[place].type
        if let value = reading.value.converted(to: type) { row[place] = value }
    }

    private mutating func write(_ first: Reading, fields: [Field]?, _ value: Value?) {
        let device = source.table.registry.name(of: first.device)
        if format == .ndjson {
            Document.map([
                .init("time", .timestamp(first.time)), .init("device", .text(device)),
                fields.map { .init("values", Document($0)) } ?? .init("value", Document(value)),
            ]).writeJSON(to: &output.bytes)
        } else {
            output.bytes += "\(first.time),".utf8
            ResultText.appendQuoted(device, to: &output.bytes)
            output.bytes.append(UInt8(ascii: ","))
            let text = fields.map {
                $0.map { "\($0.name)=\($0.value?.description ?? "")" }.joined(separator: ";")
            }
            ResultText.appendQuoted(text ?? value?.description ?? "", to: &output.bytes)
        }
        output.bytes.append(UInt8(ascii: "\n"))
    }
}

/// What looks at one row alone.
struct RowExpression: Sendable {
    var program: Program
    var names: EventColumns
}

/// The columns that the beginning of a file has, each of its first value's type unless a model says
/// more. The first two are the device and the time.
struct EventColumns: Sendable {
    private(set) var columns = [
        Schema.Column(name: "device_id", type: .text),
        Schema.Column(name: "time", type: .timestamp),
    ]
    /// By property index: its column.
    private var places: [Int?] = []

    init(of readings: [Reading], in table: EventTable) {
        for reading in readings {
            let index = Int(reading.property.index)
            while places.count <= index { places.append(nil) }
            if places[index] != nil { continue }
            places[index] = columns.count
            let model = table.registry.model(of: reading.property, on: reading.device)
            columns.append(
                Schema.Column(
                    name: table.registry.name(of: reading.property),
                    type: model?.type ?? reading.value.numericOrOwnType,
                    unit: model == nil ? table.units[reading.property] : model?.unit,
                    choices: model?.choices ?? []))
        }
    }

    func place(of property: Property) -> Int? {
        Int(property.index) < places.count ? places[Int(property.index)] : nil
    }
}

extension Value {
    /// Numbers of a file are floats, whole or not.
    fileprivate var numericOrOwnType: ValueType {
        switch self {
        case .number, .integer: .number
        case .boolean: .boolean
        case .text: .text
        case .timestamp: .timestamp
        case .position: .position
        }
    }
}
