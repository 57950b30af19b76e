package import Language
package import Model

/// How far one key is from a match of one pattern, and why no further.
package struct Explanation: Sendable {
    package var stream: String
    package var pattern: String
    /// What it is about, as a match of it would say.
    package var key: [Field]
    /// The time as of which it is.
    package var time: Instant
    /// The latest row that the pattern was shown of the device; nil where there was none.
    package var row: Row?
    /// How many there were.
    package var rows = 0
    /// Whether the pattern is about a group that the device is not in.
    package var isOutside = false
    package var steps: [Step] = []
    /// What has begun: those that got furthest, the earliest of them first, up to `partialsMax`.
    package var partials: [Partial] = []
    package var partialCount = 0
    /// The step that is waited for.
    package var current = 0
    /// How far that has got, where something has begun or a group is counted.
    package var progress: Progress?
    /// The step's condition on the latest row, given what earlier steps have captured.
    package var condition: Trace?
    /// What may not come before the step, and what makes all forgotten.
    package var abort: Trace?
    package var until: Trace?
    /// Of a group step: the devices that were heard of.
    package var members: [Member] = []
    /// When the last match was, and until when the key then stays quiet.
    package var lastMatch: Instant?
    package var quietUntil: Instant?
    /// A run, or a silence, has been reported and is not over.
    package var hasFired = false
    /// Of the whole stream.
    package var counters: StreamCounters.Stream

    package static let partialsMax = 8

    /// What a pattern was shown.
    package struct Row: Sendable {
        /// Of an event, its time twice.
        package var start: Instant
        package var end: Instant
        package var fields: [Entry]

        /// A field, and the latest value that it had in any row.
        package struct Entry: Sendable {
            package var field: Field
            package var last: Value?
            package var lastTime: Instant?
        }
    }

    /// A step of the rule.
    package struct Step: Hashable, Sendable {
        package var label: String?
        package var text: String
        /// How it follows the step before.
        package var isStrict = false
    }

    /// A match that has begun.
    package struct Partial: Sendable {
        package var began: Instant
        /// The step that it waits for.
        package var step: Int
        package var progress: Progress
        /// What it remembers of the events of earlier steps.
        package var captured: [Field]
        /// When `within` is over.
        package var expires: Instant?
    }

    /// What a step has, and what it still needs.
    package enum Progress: Hashable, Sendable {
        /// One event.
        case event
        /// Events or windows: so many of so many, of any so many that follow each other.
        case count(Int, of: Int, among: Int?)
        /// True since then; complete when it is due.
        case holds(since: Instant, due: Instant)
        /// Nothing since then; complete when it is due.
        case silence(since: Instant, due: Instant)
        /// So many devices of all, and how many it takes.
        case devices(Int, of: Int, needs: Int)
    }

    /// A device of a group.
    package struct Member: Hashable, Sendable {
        package var name: String
        package var isTrue: Bool
        /// When it became true, or was last.
        package var since: Instant
    }
}
