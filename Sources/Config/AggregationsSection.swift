import Model
import Streams

extension Shape {
    static let aggregation = Shape(
        "an aggregation", "Metrics over a group's devices, by dimension, in several windows.",
        [
            Key("sources", .some(.shape(.source)), required: true, "Where readings come from."),
            Key(
                "dimensions", .groupings,
                "One result for each value of these: tags of the device, device_id, group, fields "
                    + "that are words, or expressions with a name."),
            Key("metrics", .some(.shape(.function)), required: true, "What is computed."),
            Key(
                "windows", .some(.shape(.namedWindow)), required: true,
                "The periods it is computed for."),
            Key(
                "kpis", .list(.shape(.indicator), 0...1000),
                "Expressions over metrics, dimensions and the KPIs above."),
        ] + lateness(of: "aggregation", rows: "results"))

    static let grouping = Shape(
        "a grouping", "An expression whose values events are grouped by.",
        [
            Key("name", .text, required: true, "Its name in the result."),
            Key(
                "expression", .text, required: true,
                "hour(), temperature > 30, round(temperature / 5)"),
        ])

    static let indicator = Shape(
        "a KPI", "A named expression over the metrics of a window.",
        [
            Key("name", .text, required: true, "Its name in the result."),
            Key("expression", .text, required: true, "energy / area"),
        ])

    static let namedWindow = Shape(
        "an aggregation's window", "One period that metrics are computed for.",
        [
            Key("name", .text, required: true, "The name of its results."),
            Key("duration", .span, required: true, "Its length, aligned to the epoch."),
            Key("offset", .spanOrZero, default: "0s", "Moves all its bounds by this much."),
        ])
}

extension AggregationDefinition {
    init?(named name: Located<String>, _ node: Node, _ report: Report) {
        guard let fields = Fields(node, .aggregation, report) else { return nil }
        let groupings = Groupings(fields, "dimensions", report)
        self.init(
            name: name,
            sources: fields.list("sources").compactMap { SourceDefinition($0, report) },
            dimensions: groupings.names,
            metrics: fields.list("metrics").compactMap { AggregateDefinition($0, report) },
            windows: fields.list("windows").compactMap { node in
                guard let window = Fields(node, .namedWindow, report) else { return nil }
                let name = window.name("name")
                let size = window.duration("duration")
                let offset = window.duration("offset") ?? .zero
                guard let name, let size else { return nil }
                return (name, WindowDefinition(size: size, offset: offset, at: node.place))
            },
            indicators: fields.list("kpis").compactMap { node in
                guard let indicator = Fields(node, .indicator, report) else { return nil }
                let name = indicator.name("name")
                guard let expression = indicator.text("expression"), let name else { return nil }
                return (name, expression)
            })
        self.groupings = groupings.expressions
        retention = fields.revision()
        publishesLate = fields.choice("late", as: Shape.Late.self) == .publish
    }
}

/// What a key of a mapping says that events are grouped by.
struct Groupings {
    var names: [Located<String>] = []
    /// Those of the names that are expressions.
    var expressions: [(name: Located<String>, expression: Located<String>)] = []

    init(_ fields: Fields, _ key: String, _ report: Report) {
        for node in fields.list(key) {
            guard case .mapping = node.content else {
                if let name = Scalars.text(node, report) { names.append(name) }
                continue
            }
            guard let grouping = Fields(node, .grouping, report) else { continue }
            let name = grouping.name("name")
            guard let expression = grouping.text("expression"), let name else { continue }
            names.append(name)
            expressions.append((name, expression))
        }
    }
}

extension Fields {
    /// How long closed windows can be revised, by the keys `revise` and `retention`.
    func revision() -> Located<Milliseconds>? {
        let retention = duration("retention")
        guard boolean("revise") == true, let retention else { return nil }
        return Located(retention, at: place(has("retention") ? "retention" : "revise"))
    }
}

extension Shape.Kind {
    /// Names, and expressions with a name.
    static let groupings = Shape.Kind.list(.either([.text, .shape(.grouping)]), 0...10_000)
}
