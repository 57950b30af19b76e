import Language
import Model
import Streams

extension Shape {
    static let source = Shape(
        "a source", "Where events come from, and how their time is judged.",
        [
            Key("group", .text, "Only devices of this group count."),
            Key(
                "topic", .text, required: true,
                "The path below the gateway, or the MQTT topic: + is one segment, a final # any "
                    + "number."),
            Key(
                "mapping", .table(.text), required: true,
                "What fills each field: topic[1], payload.value, payload.temperature."),
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
                "processing", .list(.either([.shape(.filter), .shape(.aggregate)]), 0...100),
                "The steps that each event goes through, in order."),
            Key("patterns", .list(.shape(.pattern), 0...1000), "What to watch for."),
        ])

    static let window = Shape(
        "a window", "Cuts time into intervals [start, end) aligned to the epoch.",
        [
            Key("type", .choice(["tumbling"]), default: "tumbling", "How windows follow."),
            Key("size", .span, required: true, "The length of a window."),
            Key("offset", .spanOrZero, default: "0s", "Moves all window bounds by this much."),
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
            Key("by", .texts, "One result for each value of these fields."),
            Key(
                "functions", .some(.shape(.function)), required: true,
                "The columns of the result."),
        ])

    static let function = Shape(
        "a function", "One aggregated column.",
        [
            Key("name", .text, required: true, "The name of the column."),
            Key(
                "function", .choice(AggregateFunction.self), required: true,
                "What is computed."),
            Key("field", .text, "The field it is computed of; count may go without."),
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
        ])

    enum Priority: String, CaseIterable { case normal, critical }
}

extension SourceDefinition {
    init?(_ node: Node, _ report: Report) {
        guard let fields = Fields(node, .source, report) else { return nil }
        let group = fields.text("group")
        let topic = fields.text("topic")
        let mapping = fields.table("mapping").compactMap { entry in
            Scalars.text(entry.value, report).map { (field: entry.key, path: $0) }
        }
        let lateness = fields.duration("lateness") ?? .zero
        let idleTimeout = fields.duration("idle_timeout") ?? .zero
        guard let topic else { return nil }
        self.init(
            group: group, topic: topic, mapping: mapping, lateness: lateness,
            idleTimeout: idleTimeout)
    }
}

extension StreamDefinition {
    init?(named name: Located<String>, _ node: Node, _ report: Report) {
        guard let fields = Fields(node, .stream, report) else { return nil }
        self.init(
            name: name,
            sources: fields.list("sources").compactMap { SourceDefinition($0, report) },
            window: fields.node("window").flatMap { WindowDefinition($0, report) },
            processing: fields.list("processing").compactMap {
                ProcessingDefinition($0, report)
            },
            patterns: fields.list("patterns").compactMap { PatternDefinition($0, report) })
    }
}

extension WindowDefinition {
    init?(_ node: Node, _ report: Report) {
        guard let fields = Fields(node, .window, report) else { return nil }
        _ = fields.choice("type")
        let offset = fields.duration("offset") ?? .zero
        guard let size = fields.duration("size") else { return nil }
        self.init(size: size, offset: offset, at: node.place)
    }
}

extension ProcessingDefinition {
    init?(_ node: Node, _ report: Report) {
        guard let type = Shape.type(of: node, among: [.filter, .aggregate], report) else {
            return nil
        }
        guard let fields = Fields(node, type, report) else { return nil }
        _ = fields.choice("type")
        if type.title == Shape.filter.title {
            guard let expression = fields.text("expression") else { return nil }
            self = .filter(expression: expression)
        } else {
            self = .aggregate(
                by: fields.texts("by"),
                functions: fields.list("functions").compactMap { AggregateDefinition($0, report) })
        }
    }
}

extension AggregateDefinition {
    init?(_ node: Node, _ report: Report) {
        guard let fields = Fields(node, .function, report) else { return nil }
        let name = fields.name("name")
        let function = fields.choice("function")
        let field = fields.text("field")
        guard let name, let function else { return nil }
        if field == nil, !fields.has("field"), function.value != AggregateFunction.count.rawValue {
            report.add(
                .missingKey, "`\(function.value)` needs a `field`", at: function.place,
                length: function.value.utf8.count)
        }
        self.init(name: name, function: function, field: field)
    }
}

extension PatternDefinition {
    init?(_ node: Node, _ report: Report) {
        guard let fields = Fields(node, .pattern, report) else { return nil }
        let name = fields.name("name")
        let condition = fields.text("condition")
        let actions = fields.texts("actions")
        let priority = fields.choice("priority", as: Shape.Priority.self)
        guard let name, let condition else { return nil }
        self.init(
            name: name, condition: condition, actions: actions, isCritical: priority == .critical)
    }
}
