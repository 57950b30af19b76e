import Language
import Model
import Streams
import Wire

/// Why a pattern fired for a device, or did not.
struct Answer {
    let device: String
    let explanation: Explanation
    let matches: Inquiry.Matches
    let heard: Heard
    var notes: [String] = []

    init(
        _ name: String, _ inquiry: Inquiry, _ registry: Registry, _ heard: Heard, end: Instant?
    ) throws(ReplayError) {
        var inquiry = inquiry
        inquiry.finish(registry: registry)
        let isKnown = registry.entries { $0 == name }
        guard isKnown, let device = registry.device(named: name),
            let explanation = inquiry.explanation(device, registry: registry)
        else {
            throw ReplayError(
                "no device '\(name)'" + advice(name, registry.devices.map { registry.name(of: $0) })
            )
        }
        self.device = name
        self.explanation = explanation
        self.heard = heard
        matches = inquiry.matches(of: device, explanation)
        if let end, end > heard.newest {
            notes.append("the record ends at \(heard.newest); nothing has come since")
        }
    }

    // MARK: For people

    var text: String {
        let head =
            "\(explanation.pattern) of \(words(explanation.key)), as of \(explanation.time)\n"
        return head + notes.map { "note: \($0)\n" }.joined() + verdict + "\n" + steps + state
            + condition + fields
    }

    private var verdict: String {
        var lines: [String] = []
        if let match = matches.latest {
            let times = matches.count == 1 ? "once" : "\(matches.count) times"
            lines.append(
                "fired \(times), last at \(clock(match.time))"
                    + (match.since == match.time ? "" : ", since \(clock(match.since))")
                    + ": " + words(match.values))
        } else {
            lines.append("did not fire")
        }
        if let match = matches.latestTimeout, let step = match.timedOutStep {
            let times = matches.timedOut == 1 ? "once" : "\(matches.timedOut) times"
            lines.append(
                "ran out of time \(times), last at \(clock(match.time)) in step \(step + 1)")
        }
        return lines.map { $0 + "\n" }.joined()
    }

    private var steps: String {
        explanation.steps.enumerated().map { index, step in
            let mark = index == explanation.current && explanation.row != nil ? ">" : " "
            let label = step.label.map { "\($0): " } ?? ""
            let link = step.isStrict ? "immediately " : ""
            return "\(mark) \(index + 1). \(link)\(label)\(step.text)\n"
        }.joined()
    }

    private var state: String {
        guard explanation.row != nil else { return silence }
        if explanation.isOutside { return "the pattern is about a group that it is not in\n" }
        var lines: [String] = []
        if let progress = explanation.progress { lines.append(words(progress)) }
        if explanation.partialCount == 0, explanation.members.isEmpty {
            lines.append(
                explanation.hasFired ? "reported, and not over yet" : "nothing has begun")
        }
        let count = explanation.partialCount
        if count > 0 { lines.append("\(count) partial match\(count == 1 ? "" : "es"):") }
        for partial in explanation.partials {
            var line = "  began \(clock(partial.began)), at step \(partial.step + 1): "
            line += words(partial.progress)
            if !partial.captured.isEmpty { line += "; \(words(partial.captured))" }
            if let expires = partial.expires { line += "; ends \(clock(expires))" }
            lines.append(line)
        }
        if count > explanation.partials.count {
            lines.append("  and \(count - explanation.partials.count) more")
        }
        for member in explanation.members {
            lines.append(
                "  \(member.name): "
                    + (member.isTrue ? "true since \(clock(member.since))" : "false"))
        }
        if let until = explanation.quietUntil {
            lines.append(
                "cooldown: quiet until \(clock(until)), \(until - explanation.time) from then on")
        }
        return lines.map { $0 + "\n" }.joined()
    }

    /// Where no row of the device has reached the pattern.
    private var silence: String {
        let counters = explanation.counters
        let came =
            heard.readings == 0
            ? "nothing has come from \(device)"
            : "\(heard.readings) readings have come from \(device), the last at "
                + "\(clock(heard.latest)), and none has reached the pattern"
        return "\(came)\nthe stream has taken \(counters.accepted) events, left out "
            + "\(counters.filtered) by filters, and \(counters.late) were late\n"
    }

    private var condition: String {
        guard let row = explanation.row, !explanation.isOutside else { return "" }
        let what =
            row.start == row.end
            ? "event, of \(clock(row.end))" : "window, \(clock(row.start)) to \(clock(row.end))"
        var text = ""
        for (name, trace) in [
            ("step \(explanation.current + 1)", explanation.condition),
            ("without", explanation.abort), ("until", explanation.until),
        ] {
            guard let trace else { continue }
            text += "\n\(name) on the latest \(what):\n" + tree(trace, row, indent: 2)
        }
        return text
    }

    private func tree(_ trace: Trace, _ row: Explanation.Row, indent: Int) -> String {
        let missing = trace.isCondition ? "unknown" : "missing"
        var line = String(repeating: " ", count: indent)
        line += "\(trace.text) = \(trace.value?.description ?? missing)"
        if trace.column != nil { line += lastSeen(trace, row) }
        return line + "\n"
            + trace.parts.map { tree($0, row, indent: indent + 2) }.joined()
    }

    private func lastSeen(_ trace: Trace, _ row: Explanation.Row) -> String {
        guard let entry = row.fields.first(where: { $0.field.name == trace.text }) else {
            return ""
        }
        if trace.value != nil { return "   (at \(clock(row.end)))" }
        guard let last = entry.last, let time = entry.lastTime else { return "   (never seen)" }
        return "   (last \(last) at \(clock(time)))"
    }

    private var fields: String {
        guard let row = explanation.row else { return "" }
        let entries = row.fields.map { entry in
            let value = entry.field.value?.description
            if let value { return [entry.field.name, value, clock(row.end)] }
            guard let last = entry.last, let time = entry.lastTime else {
                return [entry.field.name, "missing", "never seen"]
            }
            return [entry.field.name, "missing", "last \(last) at \(clock(time))"]
        }
        return "\nfields of the latest of \(explanation.rows):\n"
            + table(entries).split(separator: "\n").map { "  \($0)\n" }.joined()
    }

    private func words(_ progress: Explanation.Progress) -> String {
        switch progress {
        case .event: "waits for an event"
        case .count(let count, let of, let among):
            "\(count) of \(of)" + (among.map { $0 == of ? " in a row" : " among \($0)" } ?? "")
        case .holds(let since, let due): "true since \(clock(since)), fires \(clock(due))"
        case .silence(let since, let due): "silent since \(clock(since)), fires \(clock(due))"
        case .devices(let count, let of, let needs):
            "true for \(count) of \(of) devices, needs \(needs)"
        }
    }

    private func words(_ fields: [Field]) -> String {
        fields.map { "\($0.name)=\($0.value?.description ?? "missing")" }.joined(separator: " ")
    }

    private func clock(_ instant: Instant) -> String {
        MomentText.text(instant, on: explanation.time)
    }
}

extension Registry {
    /// Whether a device that exists has a name that `isWanted`.
    fileprivate func entries(_ isWanted: (String) -> Bool) -> Bool {
        devices.contains { isWanted(name(of: $0)) }
    }
}
