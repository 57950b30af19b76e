import Glibc
import Model
import Wire

/// A twin as people read it: each value with its unit and its age.
func twinText(_ twin: Document) -> String {
    let now = Instant(milliseconds: Int64(time(nil)) * 1000)
    var rows = [["device", twin["device"]?.plain ?? ""]]
    if let model = twin["model"] { rows.append(["model", model.plain]) }
    if let seen = twin["last_seen"] {
        rows.append(["last seen", seen == .null ? "never" : age(seen, now)])
    }
    var text = table(rows)
    for half in ["reported", "desired"] {
        guard case .map(let entries)? = twin[half], !entries.isEmpty else { continue }
        text += "\(half)\n"
        let lines = entries.map { entry in
            ["  " + entry.key.plain, value(entry.value, now)]
        }
        text += table(lines)
    }
    return text
}

/// `21.5 Cel, 3 s ago, stale`, and for a wish what has become of it.
private func value(_ half: Document, _ now: Instant) -> String {
    var parts = [half["value"]?.plain ?? "-"]
    if case .text(let unit)? = half["unit"] { parts[0] += " \(unit)" }
    parts.append(age(half["time"] ?? .null, now))
    if case .integer(let after)? = half["stale_after_ms"],
        case .timestamp(let arrival)? = half["arrival"].flatMap(moment),
        now - arrival > Milliseconds(after)
    {
        parts.append("stale")
    }
    if half["clock_suspect"] == .boolean(true) { parts.append("clock suspect") }
    if case .text(let state)? = half["state"] { parts.append(state) }
    parts.append("version \(half["version"]?.plain ?? "-")")
    parts.append("from \(half["source"]?.plain ?? "-")")
    return parts.joined(separator: ", ")
}

/// `3 s ago`; the time itself where it is none.
private func age(_ time: Document, _ now: Instant) -> String {
    guard case .timestamp(let instant)? = moment(time) else { return time.plain }
    let seconds = (now - instant).count / 1000
    switch seconds {
    case ..<0: return "\(instant)"
    case ..<120: return "\(seconds) s ago"
    case ..<7_200: return "\(seconds / 60) min ago"
    case ..<172_800: return "\(seconds / 3_600) h ago"
    default: return "\(seconds / 86_400) d ago"
    }
}

/// JSON has times as text.
private func moment(_ document: Document) -> Document? {
    switch document {
    case .timestamp: document
    case .text(let text): Instant(text).map { .timestamp($0) }
    default: nil
    }
}
