import Gateway
import Model

/// What a first look at a journal tells.
struct JournalSurvey {
    /// Of the first turn and the last.
    private(set) var start = Instant.distantFuture
    private(set) var end = Instant.distantPast
    /// How many answers to each command there are.
    private(set) var answers: [CommandID: Int] = [:]
    private(set) var readings = 0

    init(_ journal: StoredJournal) throws(ReplayError) {
        var (start, end, readings) = (self.start, self.end, 0)
        var answers: [CommandID: Int] = [:]
        try reading { () throws(StoredJournalError) in
            try journal.read { now, inputs in
                (start, end) = (min(start, now), max(end, now))
                for input in inputs {
                    switch input {
                    case .response(let response): answers[response.command, default: 0] += 1
                    case .reading: readings += 1
                    default: break
                    }
                }
                return true
            }
        }
        (self.start, self.end, self.answers, self.readings) = (start, end, answers, readings)
    }

    /// What a reader of a run over the journal should know.
    func notes(_ journal: StoredJournal) -> [String] {
        journal.isWhole
            ? [] : ["starts with empty windows at \(start), where the journal begins"]
    }
}
