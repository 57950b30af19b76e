import Language
import Model
import Wire

/// An expression at work on the rows of a file: each is the readings of one device at one time.
struct Evaluation: ~Copyable {
    private let text: Located<String>
    private let isSelection: Bool
    private var table: EventTable
    private var output: EventOutput
    private let format: ResultText.Format
    private var program: Program?
    private var columns: [Schema.Column] = []
    /// By property index: its column.
    private var places: [Int?] = []
    private var row: [Value?] = []
    private var readings: [Reading] = []

    /// Rows evaluated, and results written.
    private(set) var events = 0
    private(set) var results = 0
    /// What is wrong with the expression.
    private(set) var diagnostics: [Diagnostic] = []

    var rejected: Int { table.rejected }
    var complaints: [String] { table.complaints }

    /// Columns that every row has.
    private static let own = [
        Schema.Column(name: "device_id", type: .text),
        Schema.Column(name: "time", type: .timestamp),
    ]

    init(
        _ text: Located<String>, isSelection: Bool, _ table: EventTable,
        to output: consuming EventOutput, as format: ResultText.Format
    ) {
        self.text = text
        self.isSelection = isSelection
        self.table = table
        self.output = output
        self.format = format
    }

    /// Reads to the end of the input; stops at once where the expression is wrong.
    mutating func run(
        _ input: consuming EventInput, _ format: ResultText.Format?
    ) throws(EventError) {
        try input.advance(by: 0)
        let isCSV = input.isCSV(format)
        while true {
            let isLast = input.isAtEnd
            let used = try table.read(input, isCSV: isCSV, into: &readings)
            if program == nil, !readings.isEmpty || isLast {
                compile()
                if program == nil { return }
            }
            try evaluateRows()
            if isLast { break }
            try input.advance(by: used)
        }
        try output.flush()
    }

    /// Columns are what the first block holds, each of its first value's type.
    private mutating func compile() {
        columns = Evaluation.own
        for reading in readings {
            let index = Int(reading.property.index)
            while places.count <= index { places.append(nil) }
            if places[index] != nil { continue }
            places[index] = columns.count
            let model = table.registry.model(of: reading.property, on: reading.device)
            columns.append(
                Schema.Column(
                    name: table.registry.name(of: reading.property),
                    type: model?.type ?? reading.value.numericOrOwnType, unit: model?.unit,
                    choices: model?.choices ?? []))
        }
        row = Array(repeating: nil, count: columns.count)
        program = Program.compile(
            text, schema: Schema(columns: columns), expecting: isSelection ? .boolean : nil,
            diagnostics: &diagnostics)
        guard program != nil else { return }
        if format == .csv {
            output.bytes += "time,device,\(isSelection ? "values" : "value")\n".utf8
        }
    }

    private mutating func evaluateRows() throws(EventError) {
        guard let program else { return }
        var index = 0
        while index < readings.count {
            let first = readings[index]
            for place in row.indices { row[place] = nil }
            row[0] = .text(table.registry.name(of: first.device))
            row[1] = .timestamp(first.time)
            repeat {
                fill(readings[index])
                index += 1
            } while index < readings.count && readings[index].flags.contains(.sameRow)
            events += 1
            if isSelection {
                guard program.holds(row) == true else { continue }
                let fields = zip(columns, row).dropFirst(2).map { Field($0.name, $1) }
                write(first, fields: fields, nil)
            } else {
                write(first, fields: nil, program.evaluate(row))
            }
            results += 1
            try output.flushIfLarge()
        }
        readings.removeAll(keepingCapacity: true)
    }

    /// A value of another type than its column's is missing.
    private mutating func fill(_ reading: Reading) {
        let index = Int(reading.property.index)
        guard index < places.count, let place = places[index] else { return }
        if let value = reading.value.converted(to: columns[place].type) { row[place] = value }
    }

    private mutating func write(_ first: Reading, fields: [Field]?, _ value: Value?) {
        let device = table.registry.name(of: first.device)
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

extension Value {
    /// Numbers of a file are floats, whole or not.
    fileprivate var numericOrOwnType: ValueType {
        switch self {
        case .number, .integer: .number
        case .boolean: .boolean
        case .text: .text
        case .timestamp: .timestamp
        }
    }
}
