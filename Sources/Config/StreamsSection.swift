import Language
import Model
import Streams

extension Shape {
    static let source = Shape(
        "a source", "Where events come from, and how their time is judged.",
        [
            Key("group", .text, "Only devices of this group count."),
            Key(
                "topic", .text,
                "The path below the gateway, or the MQTT topic: + is one segment, a final # any "
                    + "number."),
            Key(
                "mapping", .table(.text),
                "What fills each field: topic[1], payload.value, payload.temperature; of another "
                    + "stream its fields, by default all."),
            Key(
                "sequence", .text,
                "payload.seq: the number that each device gives its events, which lets events that "
                    + "come twice count once, and orders those of one time."),
            Key(
                "units", .table(.unit),
                "Fields that are converted to a unit, from that of each device's model."),
            Key("stream", .text, "The windows of another stream, instead of a topic."),
            Key("pattern", .text, "The matches of a pattern, instead of a topic."),
            Key(
                "lateness", .spanOrZero, default: "5s",
                "How far behind the newest event another may be and still count."),
            Key(
                "idle_timeout", .span, default: "30s",
                "After this long without events the source no longer holds others back."),
        ])

    static let stream = Shape(
        "a stream", "Events from sources, processed in order and watched for patterns.",
        [
            Key("sources", .some(.shape(.source)), required: true, "Where events come from."),
            Key("window", .shape(.window), "Cuts time into windows that aggregates cover."),
            Key(
                "processing", .list(.either(Shape.steps.map { .shape($0) }), 0...100),
                "The steps that each event goes through, in order."),
            Key("patterns", .list(.shape(.pattern), 0...1000), "What to watch for."),
        ] + lateness(of: "stream", rows: "rows"))

    enum Late: String, CaseIterable { case count, publish }

    /// What becomes of late events.
    static func lateness(of kind: String, rows: String) -> [Key] {
        [
            Key(
                "revise", .boolean, default: "false",
                "Whether late events revise windows that have closed; their \(rows) come again."),
            Key(
                "retention", .span, default: "1h",
                "How long after its end a window can be revised."),
            Key(
                "late", .choice(Late.self), default: "count",
                "count: late events are only counted; publish: they also go upstream, as "
                    + "{\(kind)}/late."),
        ]
    }

    static let window = Shape(
        "a window", "Gathers the events that an aggregate covers.",
        [
            Key(
                "type", .choice(["tumbling", "hopping", "session", "count", "sliding"]),
                default: "tumbling",
                "tumbling: [start, end), one behind the other; hopping: they overlap; session: "
                    + "events with no gap between them; count: a number of events; sliding: the "
                    + "time before each event."),
            Key("size", .span, "The length of a tumbling, hopping or sliding window."),
            Key("every", .span, "From the start of a hopping window to that of the next."),
            Key("gap", .span, "A session ends when no event comes for this long."),
            Key("max", .span, "The greatest length of a session."),
            Key("events", .integer(1...1_000_000), "The events of each key that a count takes."),
            Key(
                "offset", .spanOrZero, default: "0s",
                "Moves the bounds of tumbling and hopping windows by this much."),
        ])

    static let filter = Shape(
        "a filter", "Lets an event pass where the expression is true.",
        [
            Key("type", .choice(["filter"]), required: true, "filter"),
            Key("expression", .text, required: true, "temperature > 0 and temperature < 50"),
        ])

    static let aggregate = Shape(
        "an aggregate", "Summarises the events of a window.",
        [
            Key("type", .choice(["aggregate"]), required: true, "aggregate"),
            Key(
                "by", .groupings,
                "One result for each value of these: fields that are words, tags of the device, "
                    + "device_id, group, or expressions with a name."),
            Key(
                "functions", .some(.shape(.function)), required: true,
                "The columns of the result."),
        ])

    static let function = Shape(
        "a function", "One aggregated column.",
        [
            Key("name", .text, required: true, "The name of the column."),
            Key(
                "function",
                .choice(
                    AggregateFunction.allCases.map(\.rawValue)
                        + ["p50", "p75", "p90", "p95", "p99"]), required: true,
                "What is computed; p95 is percentile with quantile 0.95."),
            Key("field", .text, "The field it is computed of; count may go without."),
            Key(
                "expression", .text,
                "In place of a field: abs(delta(temperature)); count counts where it is true."),
            Key("by", .text, "The second field, for correlation."),
            Key("quantile", .number(0...1), "Which percentile: 0.95."),
        ])

    static let pattern = Shape(
        "a pattern", "A condition to watch for, and what to do when it is met.",
        [
            Key("name", .text, required: true, "The name of its matches."),
            Key(
                "condition", .text, required: true,
                "avg_temp > 30 for 3 consecutive windows"),
            Key(
                "actions", .texts,
                "What to do: a command sequence's name, update_twin, or any name that starts "
                    + "with log_."),
            Key(
                "priority", .choice(Priority.self), default: "normal",
                "critical: decided and acted upon in the turn the event arrives."),
            Key(
                "timeouts", .boolean, default: "false",
                "Whether what began to match and ran out of its `within` goes upstream too, as "
                    + "{name}/timeout, with the number of steps_taken."),
        ])

    enum Priority: String, CaseIterable { case normal, critical }
}

extension SourceDefinition {
    init?(_ node: Node, _ report: Report) {
        guard let fields = Fields(node, .source, report) else { return nil }
        let isFollower = fields.has("stream") || fields.has("pattern")
        for name in ["topic", "mapping"] where !isFollower && !fields.has(name) {
            report.add(
                .missingKey, "a source needs `\(name)`", at: fields.node,
                help: ["`\(name)`: \(Shape.source.key(name).summary)"])
        }
        let group = fields.text("group")
        let topic = fields.text("topic")
        let mapping = fields.table("mapping").compactMap { entry in
            Scalars.text(entry.value, report).map { (field: entry.key, path: $0) }
        }
        let lateness = fields.duration("lateness") ?? .zero
        let idleTimeout = fields.duration("idle_timeout") ?? .zero
        let sequence = fields.text("sequence")
        let units = fields.table("units").compactMap { entry in
            Scalars.unit(entry.value, report).map { (field: entry.key, unit: $0) }
        }
        let stream = fields.text("stream")
        let pattern = fields.text("pattern")
        if let upstream = stream.map({ .stream($0) }) ?? pattern.map({ Upstream.pattern($0) }) {
            for name in ["topic", "group", "lateness", "idle_timeout", "sequence", "units"]
            where fields.has(name) {
                report.add(
                    .conflict, "a source that follows a stream has no `\(name)`",
                    at: fields.place(name), length: name.utf8.count)
            }
            if stream != nil, pattern != nil {
                report.add(
                    .conflict, "a source follows either a stream or a pattern",
                    at: fields.place("pattern"), length: "pattern".utf8.count)
            }
            self.init(upstream, mapping: mapping)
            return
        }
        guard let topic else { return nil }
        self.init(
            group: group, topic: topic, mapping: mapping, lateness: lateness,
            idleTimeout: idleTimeout)
        self.sequence = sequence
        self.units = units
    }
}

extension StreamDefinition {
    init?(named name: Located<String>, _ node: Node, _ report: Report) {
        guard let fields = Fields(node, .stream, report) else { return nil }
        self.init(
            name: name,
            sources: fields.list("sources").compactMap { SourceDefinition($0, report) },
            window: fields.node("window").flatMap { WindowDefinition($0, report) },
            processing: fields.list("processing").flatMap {
                ProcessingDefinition.steps($0, report)
            },
            patterns: fields.list("patterns").compactMap { PatternDefinition($0, report) })
        hasBrokenWindow = fields.has("window") && window == nil
        retention = fields.revision()
        publishesLate = fields.choice("late", as: Shape.Late.self) == .publish
    }
}

extension WindowDefinition {
    init?(_ node: Node, _ report: Report) {
        guard let fields = Fields(node, .window, report) else { return nil }
        let type = fields.choice("type")?.value ?? "tumbling"
        let offset = fields.duration("offset") ?? .zero
        let size = fields.duration("size")
        let every = fields.duration("every")
        let gap = fields.duration("gap")
        let longest = fields.duration("max")
        let events = fields.integer("events")
        let needed: [String]
        var allowed = ["type"]
        switch type {
        case "hopping": (needed, allowed) = (["size", "every"], ["type", "offset"])
        case "session": (needed, allowed) = (["gap"], ["type", "max"])
        case "count": needed = ["events"]
        case "sliding": needed = ["size"]
        default: (needed, allowed) = (["size"], ["type", "offset"])
        }
        for name in needed where !fields.has(name) {
            report.add(
                .missingKey, "a \(type) window needs `\(name)`", at: node.place,
                help: ["`\(name)`: \(Shape.window.key(name).summary)"])
        }
        allowed += needed
        for key in Shape.window.keys where fields.has(key.name) && !allowed.contains(key.name) {
            report.add(
                .unknownKey, "a \(type) window has no key `\(key.name)`",
                at: fields.place(key.name), length: key.name.utf8.count,
                help: ["it takes \(allowed.joined(separator: ", "))"])
        }
        switch (type, size, every, gap, events) {
        case ("hopping", let size?, let every?, _, _):
            self.init(.hopping(size: size, every: every), offset: offset, at: node.place)
        case ("session", _, _, let gap?, _):
            self.init(.session(gap: gap, longest: longest), at: node.place)
        case ("count", _, _, _, let events?): self.init(.count(events), at: node.place)
        case ("sliding", let size?, _, _, _): self.init(.sliding(size), at: node.place)
        case ("tumbling", let size?, _, _, _): self.init(size: size, offset: offset, at: node.place)
        default: return nil
        }
    }
}

extension AggregateDefinition {
    init?(_ node: Node, _ report: Report) {
        guard let fields = Fields(node, .function, report) else { return nil }
        let name = fields.name("name")
        let function = fields.choice("function")
        let field = fields.text("field")
        let expression = fields.text("expression")
        guard let name else { return nil }
        guard let function else {
            // So that expressions do not complain of a column that is only a consequence.
            self.init(
                name: name, function: Located(AggregateFunction.first.rawValue, at: name.place),
                field: field, expression: expression)
            return
        }
        if fields.has("field"), fields.has("expression") {
            report.add(
                .conflict, "a function is either of a `field` or of an `expression`",
                at: fields.place("expression"), length: "expression".utf8.count)
        }
        if !fields.has("field"), !fields.has("expression"),
            function.value != AggregateFunction.count.rawValue
        {
            report.add(
                .missingKey, "`\(function.value)` needs a `field`", at: function.place,
                length: function.value.utf8.count)
        }
        self.init(
            name: name, function: function, field: field, expression: expression,
            by: fields.text("by"), quantile: fields.number("quantile"))
    }
}

extension PatternDefinition {
    init?(_ node: Node, _ report: Report) {
        guard let fields = Fields(node, .pattern, report) else { return nil }
        let name = fields.name("name")
        let condition = fields.text("condition")
        let actions = fields.texts("actions")
        let priority = fields.choice("priority", as: Shape.Priority.self)
        let reportsTimeouts = fields.boolean("timeouts") ?? false
        guard let name, let condition else { return nil }
        self.init(
            name: name, condition: condition, actions: actions, isCritical: priority == .critical)
        self.reportsTimeouts = reportsTimeouts
    }
}
