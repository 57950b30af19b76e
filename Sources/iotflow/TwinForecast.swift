import Arguments
import Forecast
import Gateway
import Loop
import Model
import Twins
import Wire

let twinForecastVerb = Verb(
    name: "forecast", summary: "tell what a property's history leads to",
    usage: Usage(
        "iotflow twin forecast DEVICE PROPERTY [--data DIR] [--horizon SPAN] [OPTION]…",
        "Tells what the property's history leads to, with the error that each method would have\n"
            + "made lately.",
        options: ForecastQuestion.options + [.data, .socket] + EventTable.Names.options
            + [.json, .help],
        notes: "Exit status: 0 told, 1 no history, 2 no method has any skill."),
    run: forecastTwin)

/// What `iotflow twin forecast` was asked.
struct ForecastQuestion {
    var device: String
    var property: String
    var horizon: Milliseconds
    var step: Milliseconds?
    var season: Milliseconds?
    var threshold: (text: String, limit: Double, isRising: Bool)?
    /// Of what the gateway has kept.
    var range: Range<Instant>

    static let options = [
        Option("input", "i", argument: "FILE", "of CSV, NDJSON or SenML, not the store"),
        Option("horizon", "H", argument: "SPAN", "how far ahead [1h]"),
        Option("threshold", "T", argument: "LIMIT", "when it is reached: '> 80', '< 5'"),
        Option("season", argument: "SPAN", "what repeats, such as 24h"),
        Option("step", argument: "SPAN", "the mean of this much is one value [median spacing]"),
        Option("from", argument: "TIME", "history from this time on [some horizons before --to]"),
        Option("to", argument: "TIME", "history before this time [now]"),
    ]

    init(_ arguments: Arguments) throws(UsageError) {
        guard arguments.operands.count == 2 else {
            throw UsageError("twin forecast takes a device and one of its properties")
        }
        device = arguments.operands[0]
        property = arguments.operands[1]
        horizon = try arguments.span("horizon") ?? .hour
        step = try arguments.span("step")
        season = try arguments.span("season")
        // Enough for a few seasons, and to try the horizon from many places.
        let length = max(.day, max(horizon * 16, (season ?? .zero) * 8))
        range = try arguments.range(length: length)
        guard let text = arguments["threshold"] else { return }
        let isRising = text.hasPrefix(">")
        var number = text.drop { "<>= ".contains($0) }
        while number.last == " " { number.removeLast() }
        guard isRising || text.hasPrefix("<"), let limit = Double(number), limit.isFinite else {
            throw UsageError("--threshold: '\(text)' is not a limit such as '> 80'")
        }
        threshold = (text, limit, isRising)
    }
}

extension Arguments {
    /// From `--from` to `--to`, or of this length to now.
    fileprivate func range(length: Milliseconds) throws(UsageError) -> Range<Instant> {
        let now = Instant(milliseconds: Clock.now)
        func moment(_ name: String) throws(UsageError) -> Instant? {
            guard let text = self[name] else { return nil }
            guard let moment = MomentText.read(text, end: now) else {
                throw UsageError("--\(name): '\(text)' is not a time")
            }
            return moment
        }
        let end = try moment("to") ?? now
        let start = try moment("from") ?? end - length
        guard start < end else { throw UsageError("--from is not before --to") }
        return start..<end
    }

    /// An option's argument as a span of more than nothing; nil where it was not given.
    fileprivate func span(_ name: String) throws(UsageError) -> Milliseconds? {
        guard let text = self[name] else { return nil }
        guard let span = Milliseconds(text), span > .zero else {
            throw UsageError("--\(name): '\(text)' is not a span such as 1h")
        }
        return span
    }
}

/// Shows what a property's past leads to: 0 where something can be said of it, 1 where there is no
/// history, 2 where no method has any skill.
@Sendable private func forecastTwin(_ arguments: Arguments) throws(UsageError) -> Int32 {
    let question = try ForecastQuestion(arguments)
    var names = try EventTable.Names(arguments)
    // Where a file has no column of devices, it is about the one asked for.
    if names.only == nil { names.only = question.device }
    do throws(EventError) {
        let samples =
            if let path = arguments["input"] {
                try samples(of: question, names, in: path)
            } else {
                try keptSamples(of: question, arguments)
            }
        let report = try ForecastReport(
            question, samples, isOfChanges: !arguments.has("input"))
        if arguments.has("json") {
            printText(String(decoding: report.document.json, as: UTF8.self) + "\n")
        } else {
            printText(report.text)
        }
        return report.trial.selection.hasSkill ? 0 : 2
    } catch {
        printError("iotflow twin forecast: \(error)")
        return 1
    }
}

/// The numbers that the gateway has kept of the property.
private func keptSamples(
    of question: ForecastQuestion, _ arguments: Arguments
) throws(EventError) -> [(time: Instant, value: Double)] {
    let kinds: [HistoryTable.Kind] = [.samples, .late]
    let words = kinds.map { "\($0.rawValue)" }.joined(separator: ",")
    // Asked first: what is sealed after the answer is in the store when that is read.
    let answer = askGateway(
        ["history", question.device, question.property, words], arguments, tells: false)
    let history: StoredHistory
    do throws(StoredHistory.Failure) {
        history = try StoredHistory(
            at: arguments["data"] ?? "/var/lib/iotflow", device: question.device,
            property: question.property, kinds: kinds, range: question.range, answer: answer)
    } catch {
        throw EventError("\(error)")
    }
    do throws(RecordError) {
        return try HistoryQuery(range: question.range).samples(history.blocks)
            .compactMap { sample in sample.value.double.map { (sample.time, $0) } }
    } catch {
        throw EventError("a block of its history is damaged: \(error)")
    }
}

/// The numbers that a file has of the property.
private func samples(
    of question: ForecastQuestion, _ names: EventTable.Names, in path: String
) throws(EventError) -> [(time: Instant, value: Double)] {
    var source = try EventSource(path, names, Registry())
    var readings: [Reading] = []
    var samples: [(time: Instant, value: Double)] = []
    while try source.next(into: &readings) {
        let registry = source.table.registry
        let device = registry.device(named: question.device)
        let property = registry.property(named: question.property)
        for reading in readings where reading.device == device && reading.property == property {
            guard let value = reading.value.double, value.magnitude <= 1e100 else { continue }
            samples.append((reading.time, value))
        }
    }
    return samples
}
