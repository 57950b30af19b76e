import Model
import Streams

extension Shape {
    static let aggregation = Shape(
        "an aggregation", "Metrics over a group's devices, by dimension, in several windows.",
        [
            Key("sources", .some(.shape(.source)), required: true, "Where readings come from."),
            Key(
                "dimensions", .texts,
                "One result for each value of these tags; device_id is one too."),
            Key("metrics", .some(.shape(.function)), required: true, "What is computed."),
            Key(
                "windows", .some(.shape(.namedWindow)), required: true,
                "The periods it is computed for."),
            Key(
                "kpis", .list(.shape(.indicator), 0...1000),
                "Expressions over metrics, dimensions and the KPIs above."),
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
        self.init(
            name: name,
            sources: fields.list("sources").compactMap { SourceDefinition($0, report) },
            dimensions: fields.texts("dimensions"),
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
    }
}
