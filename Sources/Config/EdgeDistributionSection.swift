import Engine
import Model

extension Shape {
    static let edgeDistribution = Shape(
        "an edge distribution", "Which parts of a stream or a sequence belong on the edge.",
        [
            Key(
                "components", .texts,
                "The parts: filter, aggregate, patterns, nearest_selection, command_execution."),
            Key("edge_resources", .shape(.edgeResources), "What the edge must have to spare."),
            Key(
                "optimization", .choice(EdgeDistribution.Optimization.self), default: "latency",
                "What to prefer where there is a choice."),
        ])

    static let edgeResources = Shape(
        "`edge_resources`", "What the edge must have to spare.",
        [
            Key("min_memory_mb", .notNegative, "Memory in megabytes."),
            Key("min_cpu_ghz", .notNegative, "Processor speed in gigahertz."),
        ])
}

extension EdgeDistribution {
    init?(of name: Located<String>, _ node: Node, _ report: Report) {
        guard let fields = Fields(node, .edgeDistribution, report) else { return nil }
        self.init(
            name: name, components: fields.texts("components"),
            optimization: fields.choice("optimization", as: Optimization.self) ?? .latency)
        if let node = fields.node("edge_resources"),
            let inner = Fields(node, .edgeResources, report)
        {
            minMemoryMegabytes = inner.number("min_memory_mb")
            minCPUGigahertz = inner.number("min_cpu_ghz")
        }
    }
}
