import Model
import Streams

extension Shape {
    static let test = Shape(
        "a test", "What the workflow expects of itself; `iotflow test` runs it.",
        [
            Key("start", .instant, default: "2026-01-01T00:00:00Z", "When the test begins."),
            Key(
                "duration", .span,
                "How long it lasts; without it five minutes past the last time it names."),
            Key("events", .list(.shape(.testEvent)), "What devices send."),
            Key("expect", .shape(.expectation), required: true, "What must come of it."),
        ])

    static let testEvent = Shape(
        "an event of a test", "One message of a device.",
        [
            Key("at", .spanOrZero, required: true, "When, since the test's beginning."),
            Key("device", .text, required: true, "The device that sends it."),
            Key(
                "values", .table(.scalar), required: true,
                "The properties it measured, as their model has them or with a unit that can be "
                    + "converted: `{temperature: 21.5}`, `{temperature: 70 degF}`."),
        ])

    static let expectation = Shape(
        "`expect`", "What must come of a test's events.",
        [
            Key(
                "matches", .list(.shape(.expectedMatch)),
                "Every match there may be: one that is not listed is a failure."),
            Key("only", .texts, "The patterns whose matches count; without it all."),
            Key("rows", .list(.shape(.expectedRow)), "Rows that must be among those found."),
            Key(
                "commands", .list(.shape(.expectedCommand)),
                "Commands that must be among those sent; an empty list: none may be sent."),
        ])

    static let expectedMatch = Shape(
        "an expected match", "A match that must be found; what is not named may be anything.",
        [
            Key("pattern", .text, required: true, "The pattern that matches."),
            Key("device", .text, "The device it is about."),
            Key("at", .spanOrZero, "The match's time, since the test's beginning."),
        ])

    static let expectedRow = Shape(
        "an expected row", "A row that must be found; what is not named may be anything.",
        [
            Key("stream", .text, required: true, "The stream or aggregation it comes from."),
            Key("window", .text, "The window's name, where windows have one."),
            Key("at", .spanOrZero, "The row's end, since the test's beginning."),
            Key("key", .table(.scalar), "What it is about: `{device_id: room-1}`."),
            Key(
                "values", .table(.scalar),
                "Its fields; numbers agree to nine digits: `{avg_temp: 30.5}`."),
        ])

    static let expectedCommand = Shape(
        "an expected command", "A command that must be sent.",
        [
            Key("device", .text, required: true, "The device that gets it."),
            Key("command", .text, required: true, "The command's name."),
        ])
}

extension TestDefinition {
    init?(named name: Located<String>, _ node: Node, _ report: Report) {
        guard let fields = Fields(node, .test, report) else { return nil }
        self.init(
            name: name.value, start: fields.instant("start"),
            duration: fields.duration("duration"))
        for node in fields.list("events") {
            guard let event = Fields(node, .testEvent, report) else { continue }
            let (at, device) = (event.duration("at"), event.text("device"))
            let values = event.table("values").compactMap { entry in
                Scalars.value(entry.value, report).map {
                    Located(Field(entry.key.value, $0.value), at: $0.place)
                }
            }
            guard let at, let device else { continue }
            events.append(Event(at: at, device: device, values: values))
        }
        guard let node = fields.node("expect"), let expect = Fields(node, .expectation, report)
        else { return }
        for node in expect.list("matches") {
            guard let match = Fields(node, .expectedMatch, report) else { continue }
            let (device, at) = (match.text("device"), match.duration("at"))
            guard let pattern = match.text("pattern") else { continue }
            matches.append(ExpectedMatch(pattern: pattern, device: device, at: at))
        }
        let patterns = expect.texts("only")
        if expect.has("only") { only = patterns }
        for node in expect.list("rows") {
            guard let row = Fields(node, .expectedRow, report) else { continue }
            let (window, at) = (row.text("window"), row.duration("at"))
            let (key, values) = (row.values("key"), row.values("values"))
            guard let stream = row.text("stream") else { continue }
            rows.append(
                ExpectedRow(
                    stream: stream, window: window?.value, at: at, key: key, values: values))
        }
        let sent = expect.list("commands").compactMap { ExpectedCommand($0, report) }
        if expect.has("commands") { commands = sent }
    }
}

extension TestDefinition.ExpectedCommand {
    fileprivate init?(_ node: Node, _ report: Report) {
        guard let fields = Fields(node, .expectedCommand, report) else { return nil }
        let (device, command) = (fields.text("device"), fields.text("command"))
        guard let device, let command else { return nil }
        self.init(device: device, command: command.value)
    }
}

extension Fields {
    /// Names of one's own, each with a single value.
    fileprivate func values(_ name: String) -> [Field] {
        table(name).compactMap { entry in
            Scalars.value(entry.value, report).map { Field(entry.key.value, $0.value) }
        }
    }
}
