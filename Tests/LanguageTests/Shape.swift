import Language
import Model

/// A rule in one line, so that tables of rules can be read: what each step is and how it is linked.
func shape(_ rule: Rule) -> String {
    var parts: [String] = []
    for (index, step) in rule.steps.enumerated() {
        if index > 0 { parts.append(shape(rule.links[index - 1])) }
        parts.append(shape(step))
    }
    if let within = rule.within { parts.append("within \(within.count)") }
    if let cooldown = rule.cooldown { parts.append("cooldown \(cooldown.count)") }
    if rule.isOverlapping { parts.append("overlapping") }
    if !rule.per.isEmpty { parts.append("per \(rule.per)") }
    if rule.until != nil { parts.append("until") }
    return parts.joined(separator: " ")
}

private func shape(_ link: Rule.Link) -> String {
    switch link {
    case .relaxed: "->"
    case .strict: "=>"
    case .without: "-/>"
    }
}

private func shape(_ step: Rule.Step) -> String {
    let what =
        switch step.what {
        case .condition: "C"
        case .noData(let span): "no data \(span.count)"
        case .absence(_, let span): "no C \(span.count)"
        case .group(let quantifier, let group, _): "\(quantifier) of \(group ?? "key") C"
        }
    let sustained =
        switch step.sustained {
        case .once: ""
        case .duration(let span): " for \(span.count)"
        case .consecutiveWindows(let count): " \(count) windows"
        case .consecutiveEvents(let count): " \(count) events"
        case .someWindows(let count, let all): " \(count)/\(all) windows"
        case .someEvents(let count, let all): " \(count)/\(all) events"
        case .atLeastTimes(let count): " >=\(count)x"
        case .exactlyTimes(let count): " \(count)x"
        }
    return (step.label.map { "\($0)=" } ?? "") + what + sustained
}
