import Arguments
import Gateway
import Loop
import Model
import Twins
import Wire

let twinHistoryVerb = Verb(
    name: "history", summary: "show what a property was",
    usage: Usage(
        "iotflow twin history DEVICE PROPERTY [--from TIME] [--to TIME] [--step SPAN] [OPTION]…",
        "Shows the values a property had, as the store keeps them and the gateway that runs.",
        options: [
            Option("from", argument: "TIME", "from this time on [a day before --to]"),
            Option("to", argument: "TIME", "what is before this time [now]"),
            Option("step", argument: "SPAN", "a value for each step, such as 5m"),
            Option(
                "function", argument: "NAME", "avg, mean, min, max, last or count of a step [avg]"),
            Option("csv", nil, "print comma-separated values"),
            .data, .socket, .json, .help,
        ],
        notes: "Exit status: 0 answered, 1 no such device or property, 69 no store."),
    run: twinHistory)

/// `iotflow twin history DEVICE PROPERTY`.
@Sendable private func twinHistory(_ arguments: Arguments) throws(UsageError) -> Int32 {
    guard arguments.operands.count == 2 else {
        throw UsageError("twin history takes a device and a property")
    }
    let (device, property) = (arguments.operands[0], arguments.operands[1])
    let request = try HistoryRequest(arguments)
    // Asked first: what is sealed after the answer is in the store when that is read.
    let kinds = request.kinds.map { "\($0.rawValue)" }.joined(separator: ",")
    let answer = askGateway(["history", device, property, kinds], arguments, tells: false)
    let history: StoredHistory
    do throws(StoredHistory.Failure) {
        history = try StoredHistory(
            at: arguments["data"] ?? "/var/lib/iotflow", device: device, property: property,
            kinds: request.kinds, range: request.range, answer: answer)
    } catch {
        printError("iotflow twin history: \(error)")
        if case .unknown = error { return 1 }
        return 69
    }
    do throws(RecordError) {
        try request.answer(history.blocks, device: device, property: property)
        return 0
    } catch {
        printError("iotflow twin history: a block of it is damaged: \(error)")
        return 1
    }
}

/// What is asked of a history, and how it is printed.
private struct HistoryRequest {
    let range: Range<Instant>
    private let step: Milliseconds?
    private let function: HistoryFunction
    private let isJSON: Bool
    private let isCSV: Bool

    init(_ arguments: Arguments) throws(UsageError) {
        let now = Instant(milliseconds: Clock.now)
        let end = try HistoryRequest.moment("to", arguments, end: now) ?? now
        let start = try HistoryRequest.moment("from", arguments, end: now) ?? end - .day
        guard start < end else { throw UsageError("--from is not before --to") }
        range = start..<end
        if let text = arguments["step"] {
            guard let span = Milliseconds(text), span > .zero else {
                throw UsageError("--step: '\(text)' is not a span of time such as 5m")
            }
            step = span
        } else {
            step = nil
        }
        let name = arguments["function"] ?? "avg"
        guard let function = HistoryFunction(rawValue: name) else {
            throw UsageError("--function: '\(name)' is not avg, mean, min, max, last or count")
        }
        if arguments.has("function"), step == nil {
            throw UsageError("--function needs a --step")
        }
        self.function = function
        isJSON = arguments.has("json")
        isCSV = arguments.has("csv")
    }

    /// What answers it with the least reading.
    var kinds: [HistoryTable.Kind] {
        guard let step else { return [.samples, .late] }
        if step.count % Milliseconds.hour.count == 0 { return [.hours] }
        return step.count % Milliseconds.minute.count == 0 ? [.minutes] : [.samples, .late]
    }

    private static func moment(
        _ option: String, _ arguments: Arguments, end: Instant
    ) throws(UsageError) -> Instant? {
        guard let text = arguments[option] else { return nil }
        guard let moment = MomentText.read(text, end: end) else {
            throw UsageError("--\(option): '\(text)' is not a time")
        }
        return moment
    }

    func answer(_ blocks: [[UInt8]], device: String, property: String) throws(RecordError) {
        let query = HistoryQuery(range: range)
        var rows: [(time: Instant, value: Value?)] = []
        if let step {
            let buckets =
                kinds.contains(.samples)
                ? try query.buckets(blocks, step: step)
                : try query.buckets(rolled: blocks, step: step)
            rows = buckets.map { ($0.start, $0.value(function)) }
        } else {
            rows = try query.samples(blocks).map { ($0.time, $0.value) }
        }
        if isJSON {
            let values = rows.map { row in
                Document.map([
                    .init("time", .timestamp(row.time)), .init("value", Document(row.value)),
                ])
            }
            let document = Document.map([
                .init("device", .text(device)), .init("property", .text(property)),
                .init("from", .timestamp(range.lowerBound)),
                .init("to", .timestamp(range.upperBound)),
                .init("step", step.map { .text($0.description) } ?? .null),
                .init("function", step == nil ? .null : .text(function.rawValue)),
                .init("values", .array(values)),
            ])
            printText(String(decoding: document.json, as: UTF8.self) + "\n")
        } else if isCSV {
            var text = "time,value\n"
            for row in rows { text += "\(row.time),\(HistoryRequest.cell(row.value))\n" }
            printText(text)
        } else {
            printText(
                table(rows.map { ["\($0.time)", $0.value?.description ?? "missing"] }))
        }
    }

    /// A field of comma-separated values (RFC 4180).
    private static func cell(_ value: Value?) -> String {
        let text = value?.description ?? ""
        guard text.contains(where: { ",\"\n\r".contains($0) }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}
