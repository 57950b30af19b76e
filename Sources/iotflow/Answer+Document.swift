import Language
import Model
import Streams
import Wire

extension Answer {
    var json: String { String(decoding: document.json, as: UTF8.self) + "\n" }

    private var document: Document {
        var entries: [Document.Entry] = [
            .init("pattern", .text(explanation.pattern)),
            .init("stream", .text(explanation.stream)),
            .init("device", .text(device)), .init("key", Document(explanation.key)),
            .init("time", .timestamp(explanation.time)),
            .init("fired", .boolean(matches.count > 0)),
            .init("matches", .integer(Int64(matches.count))),
            .init("last_match", Answer.optional(matches.latest, Answer.match)),
            .init("timed_out", .integer(Int64(matches.timedOut))),
            .init("last_timeout", Answer.optional(matches.latestTimeout, Answer.match)),
        ]
        entries += stateEntries
        let notes: [Document] = notes.map { .text($0) }
        entries += [
            .init("rows", .integer(Int64(explanation.rows))),
            .init("row", Answer.optional(explanation.row, Answer.row)),
            .init("readings", .integer(Int64(heard.readings))), .init("notes", .array(notes)),
        ]
        return .map(entries)
    }

    private var stateEntries: [Document.Entry] {
        let quietUntil = Answer.optional(explanation.quietUntil) { .timestamp($0) }
        return [
            .init("steps", .array(explanation.steps.map(Answer.step))),
            .init("step", .integer(Int64(explanation.current + 1))),
            .init("progress", Answer.optional(explanation.progress, Answer.progress)),
            .init("partial_matches", .integer(Int64(explanation.partialCount))),
            .init("partials", .array(explanation.partials.map(Answer.partial))),
            .init("condition", Answer.optional(explanation.condition, Answer.trace)),
            .init("without", Answer.optional(explanation.abort, Answer.trace)),
            .init("until", Answer.optional(explanation.until, Answer.trace)),
            .init("members", .array(explanation.members.map(Answer.member))),
            .init("is_in_group", .boolean(!explanation.isOutside)),
            .init("is_reported", .boolean(explanation.hasFired)),
            .init("quiet_until", quietUntil),
        ]
    }

    private static func optional<Part>(
        _ part: Part?, _ document: (Part) -> Document
    ) -> Document {
        part.map(document) ?? .null
    }

    private static func match(_ match: Match) -> Document {
        .map([
            .init("time", .timestamp(match.time)), .init("since", .timestamp(match.since)),
            .init("step", match.timedOutStep.map { .integer(Int64($0 + 1)) } ?? .null),
            .init("values", Document(match.values)),
        ])
    }

    private static func step(_ step: Explanation.Step) -> Document {
        .map([
            .init("label", step.label.map { .text($0) } ?? .null), .init("text", .text(step.text)),
            .init("strict", .boolean(step.isStrict)),
        ])
    }

    private static func partial(_ partial: Explanation.Partial) -> Document {
        .map([
            .init("began", .timestamp(partial.began)),
            .init("step", .integer(Int64(partial.step + 1))),
            .init("progress", progress(partial.progress)),
            .init("captured", Document(partial.captured)),
            .init("ends", partial.expires.map { .timestamp($0) } ?? .null),
        ])
    }

    private static func progress(_ progress: Explanation.Progress) -> Document {
        switch progress {
        case .event: .map([.init("kind", .text("event"))])
        case .count(let count, let of, let among):
            .map([
                .init("kind", .text("count")), .init("count", .integer(Int64(count))),
                .init("of", .integer(Int64(of))),
                .init("among", among.map { .integer(Int64($0)) } ?? .null),
            ])
        case .holds(let since, let due):
            .map([
                .init("kind", .text("holds")), .init("since", .timestamp(since)),
                .init("due", .timestamp(due)),
            ])
        case .silence(let since, let due):
            .map([
                .init("kind", .text("silence")), .init("since", .timestamp(since)),
                .init("due", .timestamp(due)),
            ])
        case .devices(let count, let of, let needs):
            .map([
                .init("kind", .text("devices")), .init("count", .integer(Int64(count))),
                .init("of", .integer(Int64(of))), .init("needs", .integer(Int64(needs))),
            ])
        }
    }

    private static func trace(_ trace: Trace) -> Document {
        .map([
            .init("text", .text(trace.text)), .init("value", Document(trace.value)),
            .init("parts", .array(trace.parts.map { Answer.trace($0) })),
        ])
    }

    private static func member(_ member: Explanation.Member) -> Document {
        .map([
            .init("device", .text(member.name)), .init("true", .boolean(member.isTrue)),
            .init("since", member.isTrue ? .timestamp(member.since) : .null),
        ])
    }

    private static func row(_ row: Explanation.Row) -> Document {
        let fields = row.fields.map { entry in
            Document.map([
                .init("name", .text(entry.field.name)),
                .init("value", Document(entry.field.value)),
                .init("last", Document(entry.last)),
                .init("last_time", optional(entry.lastTime) { .timestamp($0) }),
            ])
        }
        return .map([
            .init("start", .timestamp(row.start)), .init("end", .timestamp(row.end)),
            .init("fields", .array(fields)),
        ])
    }
}
