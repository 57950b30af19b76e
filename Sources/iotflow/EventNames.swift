import Arguments
import Model
import Wire

extension EventTable.Names {
    /// What a command line may say of a file's columns.
    static let options = [
        Option("device", "D", argument: "NAME", "the device of all rows"),
        Option("device-column", argument: "NAME", "[device, device_id]"),
        Option("time-column", argument: "NAME", "[time, timestamp, ts, event_time]"),
        Option(
            "column", "c", argument: "COLUMN=PROPERTY",
            "take this column as that property, and no other; may be repeated"),
        Option("time-unit", argument: "UNIT", "of times that are numbers: s, ms [auto]"),
        Option(
            "input-format", argument: "FORMAT",
            "csv, ndjson, senml, senml-cbor [by name or first byte]"),
        Option(
            "sent", argument: "TIME", "when SenML was sent whose times count from that moment"),
    ]

    init(_ arguments: Arguments) throws(UsageError) {
        self.init()
        if let name = arguments["device-column"] { device = [name] }
        if let name = arguments["time-column"] { time = [name] }
        only = arguments["device"]
        timeUnit = try arguments.choice("time-unit", as: FieldText.TimeUnit.self) ?? .auto
        format = try arguments.choice("input-format", as: EventFormat.self)
        if let text = arguments["sent"] {
            guard let sent = Instant(text) else {
                throw UsageError("--sent: '\(text)' is not a time such as 2026-07-15T14:00:00Z")
            }
            self.sent = sent
        }
        if only != nil, arguments["device-column"] == nil { device = [] }
        for text in arguments.all("column") {
            guard let equals = text.lastIndex(of: "="), equals != text.startIndex,
                equals != text.index(before: text.endIndex)
            else { throw UsageError("--column: '\(text)' is not COLUMN=PROPERTY") }
            properties.append(
                (String(text[..<equals]), String(text[text.index(after: equals)...])))
        }
    }
}

extension ResultText.Format {
    /// As `--format` says, or else as the names of the files do.
    init(_ arguments: Arguments, output: String, input: String) throws(UsageError) {
        let asked = try arguments.choice("format", as: ResultText.Format.self)
        self =
            asked ?? ResultText.Format(path: output) ?? ResultText.Format(path: input) ?? .ndjson
    }
}

extension Arguments {
    /// An option's argument as one of a few words; nil where it was not given.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String, as type: Choice.Type
    ) throws(UsageError) -> Choice? {
        guard let text = self[name] else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        throw UsageError("--\(name): '\(text)' is none of \(known)")
    }
}
