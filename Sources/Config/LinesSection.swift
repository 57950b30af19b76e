import Commands
import Model

extension Shape {
    static let packLine = Shape(
        "a line", "Devices that are run as one machine, with the states of PackML.",
        [
            Key("group", .text, required: true, "Its devices."),
            Key("start", .text, "The sequence that starts it; as the others: without one at once."),
            Key("hold", .text, "The sequence that holds it, for a reason of its own."),
            Key("unhold", .text, "The sequence that lets it go on."),
            Key("suspend", .text, "The sequence that suspends it, for a reason from outside."),
            Key("unsuspend", .text, "The sequence that ends that."),
            Key("complete", .text, "The sequence that ends its work in good order."),
            Key("stop", .text, "The sequence that stops it."),
            Key("abort", .text, "The sequence that stops it at once, also when another failed."),
            Key("clear", .text, "The sequence that clears it after that."),
            Key("reset", .text, "The sequence that makes it ready to start."),
        ])

    static let zones = Shape(
        "`zones`", "Which parts of the site lie next to each other, for `nearest`.",
        [
            Key("tag", .text, default: "zone", "The tag that holds a device's zone."),
            Key(
                "adjacent", .table(.texts), required: true,
                "The neighbours of each zone; one way is enough."),
        ])
}

extension LineDefinition {
    init?(named name: Located<String>, _ node: Node, _ report: Report) {
        guard let fields = Fields(node, .packLine, report) else { return nil }
        let group = fields.text("group")
        let sequences = LineCommand.allCases.compactMap { command in
            fields.text(command.rawValue).map { (command: command, sequence: $0) }
        }
        guard let group else { return nil }
        self.init(name: name, group: group, sequences: sequences)
    }
}

extension ZoneGraph {
    init?(_ node: Node, _ report: Report) {
        guard let fields = Fields(node, .zones, report) else { return nil }
        let adjacency = fields.table("adjacent").map { entry in
            (
                zone: entry.key.value,
                neighbours: Scalars.texts(entry.value, entry.key.value, report)
            )
        }
        self.init(tag: fields.text("tag")?.value ?? "zone", adjacency: adjacency)
    }
}

extension Scalars {
    /// A list of texts.
    fileprivate static func texts(_ node: Node, _ name: String, _ report: Report) -> [String] {
        guard case .sequence(let elements) = node.content else {
            report.add(
                .wrongKind, "`\(name)` must be a list, not \(node.words)", at: node,
                help: ["write `\(name): [...]`"])
            return []
        }
        return elements.compactMap { Scalars.text($0, report)?.value }
    }
}
