import Config
import Gateway
import Model
import Simulation
import Wire

/// In what a journal's runs under two configurations differ.
struct DifferenceReport {
    private(set) var difference = Difference()
    private(set) var notes: [String]

    init(
        _ journal: StoredJournal, _ survey: JournalSurvey, before: Setup, after: Setup,
        _ range: ClosedRange<Instant>
    ) throws(ReplayError) {
        notes = survey.notes(journal)
        var runs = [before, after].map {
            Rerun(
                $0.plan, acceptsUnknownDevices: $0.settings.acceptsUnknownDevices,
                recorded: survey.answers)
        }
        var difference = difference
        try reading { () throws(StoredJournalError) in
            try journal.read { now, inputs in
                for (place, side) in [Difference.Side.before, .after].enumerated() {
                    runs[place].take(inputs, at: now)
                    for decision in runs[place].decisions where range.contains(decision.time) {
                        difference.add(decision, side)
                    }
                    runs[place].decisions.removeAll(keepingCapacity: true)
                }
                return true
            }
        }
        self.difference = difference
        notes += runs[0].notes("the configuration in force")
        notes += runs[1].notes("the new configuration")
    }

    /// Lines that begin with `-` or `+`, and a summary.
    var text: String {
        let lines = difference.changes.map { side, decision in
            (side == .before ? "- " : "+ ") + decision.line + "\n"
        }
        return notes.map { "note: \($0)\n" }.joined() + lines.joined() + summary + "\n"
    }

    /// The same as NDJSON.
    var json: String {
        var documents = notes.map {
            Document.map([.init("kind", .text("note")), .init("text", .text($0))])
        }
        documents += difference.changes.map { side, decision in
            decision.document(change: side == .before ? "-" : "+")
        }
        let counts = Decision.Kind.allCases.map { kind in
            let count = difference.count(kind)
            return Document.Entry(
                kind.rawValue,
                .map([
                    .init("more", .integer(Int64(count.more))),
                    .init("less", .integer(Int64(count.less))),
                ]))
        }
        documents.append(
            .map(
                [
                    .init("kind", .text("summary")),
                    .init("uncompared", .integer(Int64(clamping: difference.uncompared))),
                ] + counts))
        return documents.map { String(decoding: $0.json, as: UTF8.self) + "\n" }.joined()
    }

    private var summary: String {
        if difference.isEmpty { return "no difference" }
        var parts: [String] = []
        for kind in [Decision.Kind.match, .command, .row, .timeout, .late] {
            let count = difference.count(kind)
            for (number, word) in [(count.more, "more"), (count.less, "less")] where number > 0 {
                let noun = number == 1 ? kind.noun : kind.plural
                parts.append("\(number) \(noun) \(word)")
            }
        }
        if difference.uncompared > 0 {
            parts.append("\(difference.uncompared) more could not be compared")
        }
        return parts.joined(separator: ", ")
    }
}

extension Decision.Kind {
    fileprivate var noun: String {
        switch self {
        case .late: "late event"
        case .row, .match, .timeout, .command: rawValue
        }
    }

    fileprivate var plural: String { self == .match ? "matches" : noun + "s" }
}
