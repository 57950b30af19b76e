import Arguments
import Config
import Engine
import Gateway
import Model
import Simulation
import Wire

let replayVerb = Verb(
    name: "replay", summary: "run a gateway's journal again under another configuration",
    usage: Usage(
        "iotflow replay --config PATH [--data DIR] [--diff [--against PATH]] [--json]",
        "Runs what the gateway's journal still has through the gateway's own engine under the\n"
            + "configuration PATH, and prints the rows, matches and commands as NDJSON; or, with\n"
            + "--diff, what would differ from the configuration in force. Nothing is sent or\n"
            + "written, and the gateway may be running.",
        options: [
            .data,
            Option("config", "c", argument: "PATH", "the configuration to try; may be repeated"),
            Option("diff", "D", "print what would differ: - now, + with the one to try"),
            Option(
                "against", "a", argument: "PATH",
                "differ from this configuration instead; may be repeated"),
            Option("since", "S", argument: "TIME", "only what is of this time or later"),
            Option("until", "U", argument: "TIME", "only what is of this time or before"),
            .json, .help,
        ],
        notes: "A TIME is RFC 3339, HH:MM:SS of the journal's last day, or -5m, so long before\n"
            + "its end.\n\n"
            + "Exit status: 0 done, or no difference; 1 there are differences; 2 the journal or a\n"
            + "configuration cannot be read."),
    run: replay)

@Sendable private func replay(_ arguments: Arguments) throws(UsageError) -> Int32 {
    let paths = arguments.all("config") + arguments.operands
    guard !paths.isEmpty else { throw UsageError("which --config?") }
    if arguments.has("against"), !arguments.has("diff") {
        throw UsageError("--against goes with --diff")
    }
    do throws(ReplayError) {
        let journal = try openJournal(arguments)
        let survey = try JournalSurvey(journal)
        var range = Instant.distantPast...Instant.distantFuture
        if let since = try moment("since", arguments, survey) { range = since...range.upperBound }
        if let until = try moment("until", arguments, survey) {
            guard until >= range.lowerBound else { throw ReplayError("--until is before --since") }
            range = range.lowerBound...until
        }
        let setup = try configuration(Setup.check(paths, known: journal.known))
        guard arguments.has("diff") else {
            try printDecisions(journal, survey, setup, range)
            return 0
        }
        let against: Setup
        if arguments.has("against") {
            against = try configuration(
                Setup.check(arguments.all("against"), known: journal.known))
        } else {
            guard let sources = journal.sources else {
                throw ReplayError(
                    "the store does not have the configuration in force; name it with --against")
            }
            against = try configuration(Setup.check(sources, known: journal.known))
        }
        let report = try DifferenceReport(journal, survey, before: against, after: setup, range)
        printText(arguments.has("json") ? report.json : report.text)
        return report.difference.isEmpty ? 0 : 1
    } catch {
        printError("iotflow replay: \(error)")
        return 2
    }
}

/// Why something recorded cannot be run again.
struct ReplayError: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

func openJournal(_ arguments: Arguments) throws(ReplayError) -> StoredJournal {
    let data = arguments["data"] ?? "/var/lib/iotflow"
    let journal: StoredJournal
    do throws(StoredJournalError) {
        journal = try StoredJournal(at: data)
    } catch {
        throw ReplayError(error.description)
    }
    if journal.isEmpty { throw ReplayError("the journal in \(data) has nothing in it") }
    return journal
}

/// The configuration, if it has no errors; what is wrong with it goes to standard error.
func configuration(_ checked: (Setup?, [Diagnostic])) throws(ReplayError) -> Setup {
    for diagnostic in checked.1 where checked.0 == nil || diagnostic.severity == .error {
        printError(Setup.render(diagnostic))
    }
    guard let setup = checked.0 else { throw ReplayError("the configuration has errors") }
    return setup
}

private func moment(
    _ option: String, _ arguments: Arguments, _ survey: JournalSurvey
) throws(ReplayError) -> Instant? {
    guard let text = arguments[option] else { return nil }
    guard let instant = MomentText.read(text, end: survey.end) else {
        throw ReplayError("--\(option): '\(text)' is no time")
    }
    return instant
}

private func printDecisions(
    _ journal: StoredJournal, _ survey: JournalSurvey, _ setup: Setup,
    _ range: ClosedRange<Instant>
) throws(ReplayError) {
    var run = Rerun(
        setup.plan, acceptsUnknownDevices: setup.settings.acceptsUnknownDevices,
        recorded: survey.answers)
    for note in survey.notes(journal) { printText(noteLine(note)) }
    try reading { () throws(StoredJournalError) in
        try journal.read { now, inputs in
            run.take(inputs, at: now)
            var lines: [UInt8] = []
            for decision in run.decisions where range.contains(decision.time) {
                decision.document().writeJSON(to: &lines)
                lines.append(UInt8(ascii: "\n"))
            }
            run.decisions.removeAll(keepingCapacity: true)
            if !lines.isEmpty { printText(String(decoding: lines, as: UTF8.self)) }
            return true
        }
    }
    for note in run.notes("the configuration") { printText(noteLine(note)) }
}

private func noteLine(_ note: String) -> String {
    let document = Document.map([.init("kind", .text("note")), .init("text", .text(note))])
    return String(decoding: document.json, as: UTF8.self) + "\n"
}

/// Reads a journal; what it throws becomes ours.
func reading(_ body: () throws(StoredJournalError) -> Void) throws(ReplayError) {
    do throws(StoredJournalError) {
        try body()
    } catch {
        throw ReplayError(error.description)
    }
}

extension Rerun {
    /// What a reader of its decisions should know.
    func notes(_ name: String) -> [String] {
        guard strangeReadings > 0 else { return [] }
        let count = "\(strangeReadings) reading\(strangeReadings == 1 ? "" : "s")"
        return ["\(count) left out: of devices that \(name) neither names nor accepts"]
    }
}

extension Decision {
    /// As `iotflow run-stream` writes results.
    func document(change: String? = nil) -> Document {
        var entries: [Document.Entry] = []
        if let change { entries.append(.init("change", .text(change))) }
        entries += [
            .init("time", .timestamp(time)), .init("kind", .text(kind.rawValue)),
            .init("name", .text(name)),
        ]
        if let since { entries.append(.init("since", .timestamp(since))) }
        entries += [.init("key", Document(key)), .init("values", Document(values))]
        return .map(entries)
    }

    /// On one line, for people.
    var line: String {
        func list(_ fields: [Field]) -> String {
            fields.map { " \($0.name)=\($0.value?.description ?? "missing")" }.joined()
        }
        return "\(time) \(kind.rawValue) \(name)\(list(key))" + (values.isEmpty ? "" : ":")
            + list(values)
    }
}
