import Arguments
import Config
import Engine
import Gateway
import Model
import Streams

let whyVerb = Verb(
    name: "why", summary: "tell why a pattern fired for a device, or did not",
    usage: Usage(
        "iotflow why PATTERN --device NAME [--at TIME] [--data DIR | --input FILE] [--config PATH]",
        "Runs what the gateway's journal still has, or a file of events, through the streams up\n"
            + "to TIME, and tells when the pattern fired last, how far it has got, and which part\n"
            + "of the condition it waits for is not true. PATTERN may be STREAM/PATTERN.",
        options: [
            Option("device", "D", argument: "NAME", "the device to look at"),
            Option("at", "t", argument: "TIME", "as of this event time [the end]"), .data,
            Option("input", "i", argument: "FILE", "CSV or NDJSON; - is standard input"),
            Option(
                "config", "c", argument: "PATH",
                "the configuration [the one in force]; may be repeated"),
        ] + EventTable.Names.options.filter { $0.name != "device" } + [.json, .help],
        notes: "A TIME is RFC 3339, HH:MM:SS of the last day there is, or -5m, so long before the\n"
            + "end.\n\n"
            + "Exit status: 0 it fired, 1 it did not, 2 there is no such pattern or device, or no\n"
            + "events."),
    run: why)

@Sendable private func why(_ arguments: Arguments) throws(UsageError) -> Int32 {
    guard arguments.operands.count == 1 else { throw UsageError("which pattern?") }
    guard let device = arguments["device"] else { throw UsageError("which --device?") }
    if arguments.has("input"), !arguments.has("config") {
        throw UsageError("which --config? A file of events has none")
    }
    do throws(ReplayError) {
        let answer =
            try arguments.has("input")
            ? answerFromFile(arguments, device) : answerFromJournal(arguments, device)
        printText(arguments.has("json") ? answer.json : answer.text)
        return answer.matches.count > 0 ? 0 : 1
    } catch {
        printError("iotflow why: \(error)")
        return 2
    }
}

private func answerFromJournal(
    _ arguments: Arguments, _ name: String
) throws(ReplayError) -> Answer {
    let journal = try openJournal(arguments)
    let setup: Setup
    if arguments.has("config") {
        setup = try configuration(Setup.check(arguments.all("config"), known: journal.known))
    } else {
        guard let sources = journal.sources else {
            throw ReplayError(
                "the store does not have the configuration in force; name one with --config")
        }
        setup = try configuration(Setup.check(sources, known: journal.known))
    }
    let pattern = try Asked(arguments.operands[0], setup)
    let survey = try JournalSurvey(journal)
    let end = try moment(arguments, end: survey.end)
    var registry = setup.plan.registry
    var inquiry = try pattern.inquiry(setup, registry, end: end)
    var heard = Heard(newest: survey.end)
    try reading { () throws(StoredJournalError) in
        try journal.read { now, inputs in
            for input in inputs {
                guard case .reading(let reading) = input else { continue }
                if registry.entry(reading.device) == nil {
                    guard setup.settings.acceptsUnknownDevices else { continue }
                    registry.add(Registry.Entry(name: registry.name(of: reading.device)))
                }
                heard.note(reading, named: name, in: registry, end: end)
                inquiry.accept(reading, registry: registry, at: now)
            }
            inquiry.advance(to: now, registry: registry)
            return !inquiry.isOver
        }
    }
    var answer = try Answer(name, inquiry, registry, heard, end: end)
    answer.notes += survey.notes(journal)
    return answer
}

private func answerFromFile(
    _ arguments: Arguments, _ name: String
) throws(ReplayError) -> Answer {
    let setup = try configuration(Setup.check(arguments.all("config")))
    let pattern = try Asked(arguments.operands[0], setup)
    let events: RecordedEvents
    do throws(UsageError) {
        events = try RecordedEvents(arguments, device: name, registry: setup.plan.registry)
    } catch {
        throw ReplayError(error.description)
    }
    var end: Instant?
    if let text = arguments["at"] {
        end = Instant(text) ?? Instant(text + "Z")
        if end == nil { end = try moment(arguments, end: events.newest()) }
    }
    var inquiry = try pattern.inquiry(setup, setup.plan.registry, end: end)
    var heard = Heard()
    let registry = try events.read { reading, isLast, now, registry in
        heard.newest = max(heard.newest, reading.time)
        heard.note(reading, named: name, in: registry, end: end)
        inquiry.accept(reading, registry: registry, at: now)
        if isLast { inquiry.advance(to: now, registry: registry) }
        return !inquiry.isOver
    }
    if heard.newest == .distantPast { throw ReplayError("\(events.path) has no events") }
    return try Answer(name, inquiry, registry, heard, end: end)
}

private func moment(_ arguments: Arguments, end: Instant) throws(ReplayError) -> Instant? {
    guard let text = arguments["at"] else { return nil }
    guard let instant = MomentText.read(text, end: end) else {
        throw ReplayError("--at: '\(text)' is no time")
    }
    return instant
}

/// What was heard of the device, wherever it led.
struct Heard {
    /// Of all devices.
    var newest = Instant.distantPast
    private(set) var readings = 0
    private(set) var latest = Instant.distantPast

    init(newest: Instant = .distantPast) { self.newest = newest }

    mutating func note(
        _ reading: Reading, named name: String, in registry: Registry, end: Instant?
    ) {
        guard reading.time <= end ?? .distantFuture, registry.name(of: reading.device) == name
        else { return }
        readings += 1
        latest = max(latest, reading.time)
    }
}

/// The pattern that is asked about.
private struct Asked {
    let stream: String
    let pattern: PatternDefinition

    init(_ text: String, _ setup: Setup) throws(ReplayError) {
        let all = setup.definition.streams.flatMap { stream in
            stream.patterns.map { (stream: stream.name.value, pattern: $0) }
        }
        let found = all.filter { one in
            one.pattern.name.value == text || "\(one.stream)/\(one.pattern.name.value)" == text
        }
        guard let first = found.first else {
            let names = all.map(\.pattern.name.value)
            throw ReplayError("no pattern '\(text)'" + advice(text, names))
        }
        guard found.count == 1 else {
            let names = found.map { "\($0.stream)/\($0.pattern.name.value)" }
            throw ReplayError(
                "more than one pattern is called '\(text)': \(names.joined(separator: ", "))")
        }
        (stream, pattern) = first
    }

    func inquiry(
        _ setup: Setup, _ registry: Registry, end: Instant?
    ) throws(ReplayError) -> Inquiry {
        guard
            let inquiry = Inquiry(
                pattern, of: stream, among: setup.definition.streams,
                tables: setup.definition.tables, registry: registry, end: end)
        else { throw ReplayError("the configuration has errors") }
        return inquiry
    }
}

/// What may have been meant: the nearest name, else the first few.
func advice(_ word: String, _ names: [String]) -> String {
    if let near = didYouMean(word, among: names) { return "; did you mean \(near)?" }
    guard !names.isEmpty else { return "; there is none" }
    let shown = names.prefix(8).joined(separator: ", ")
    return "; there is: \(shown)" + (names.count > 8 ? ", and \(names.count - 8) more" : "")
}
