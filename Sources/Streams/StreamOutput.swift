package import Model

/// What streams tell the engine, in the order in which it was decided.
package enum StreamOutput: Hashable, Sendable {
    case row(WindowRow)
    case match(Match)
    case late(LateEvent)
}

/// An event that came behind the watermark and counts nowhere.
package struct LateEvent: Hashable, Sendable {
    package var stream: String
    /// Nil where it comes from another stream and is about no device.
    package var device: Device?
    package var time: Instant
    /// The row's fields.
    package var values: [Field]

    package init(stream: String, device: Device?, time: Instant, values: [Field]) {
        self.stream = stream
        self.device = device
        self.time = time
        self.values = values
    }
}

/// The result of one closed window of one key.
///
/// Tumbling and hopping windows and sessions are `[start, end)`. A sliding window is
/// `(start, end]`, `end` being its row's time, and a count's are the times of its first and last
/// row.
package struct WindowRow: Hashable, Sendable {
    /// The stream or the aggregation.
    package var name: String
    /// The window's name; nil for a stream's own window.
    package var window: String?
    package var start: Instant
    /// The time at which the row stands.
    package var end: Instant
    /// What the row is about: `device_id`, or the dimensions' tags; nil where a device has no such
    /// tag.
    package var key: [Field]
    package var fields: [Field]
    /// By field: what merges with other rows of the same field into a longer span or a larger
    /// group.
    package var partials: [AggregatePartial]
    /// By the name of each field that is not exact: how far it may be from what it stands for, in
    /// its own unit; of distinct counts three standard errors.
    package var quality: [Field]
    /// 0 as the window closes; then counts the late events that have revised it.
    package var revision: Int64

    package init(
        name: String, window: String? = nil, start: Instant, end: Instant, key: [Field],
        fields: [Field], partials: [AggregatePartial], quality: [Field] = [], revision: Int64 = 0
    ) {
        self.quality = quality
        self.revision = revision
        self.name = name
        self.window = window
        self.start = start
        self.end = end
        self.key = key
        self.fields = fields
        self.partials = partials
    }
}

/// A pattern's condition was met.
package struct Match: Hashable, Sendable {
    package var stream: String
    package var pattern: String
    /// The device it is about; nil where rows are grouped by something else.
    package var device: Device?
    package var key: [Field]
    /// The last event's time, the last window's end, or the time a timer was due.
    package var time: Instant
    /// When what matched began.
    package var since: Instant
    /// The row that completed the match.
    package var values: [Field]
    package var actions: [String]
    package var isCritical: Bool
    /// Nil for a match. Else it is none: it had begun, and its time ran out at this step, counted
    /// from 0, which its values tell as `steps_taken`; it has no actions.
    package var timedOutStep: Int?

    package init(
        stream: String, pattern: String, device: Device?, key: [Field], time: Instant,
        since: Instant, values: [Field], actions: [String], isCritical: Bool
    ) {
        self.stream = stream
        self.pattern = pattern
        self.device = device
        self.key = key
        self.time = time
        self.since = since
        self.values = values
        self.actions = actions
        self.isCritical = isCritical
    }

    /// Names the match for ever: the same events, replayed after a crash, give the same id.
    /// `stream/pattern/key/milliseconds`, a missing part of the key being `~`.
    package var id: String {
        let parts = key.map { field in
            guard let value = field.value else { return "~" }
            return escaped("\(value)")
        }
        return "\(escaped(stream))/\(escaped(pattern))/\(parts.joined(separator: ","))/"
            + "\(time.milliseconds)" + (timedOutStep.map { "/timed-out/\($0)" } ?? "")
    }

    private func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "%": result += "%25"
            case "/": result += "%2F"
            case ",": result += "%2C"
            case "~": result += "%7E"
            default: result.append(character)
            }
        }
        return result
    }
}
