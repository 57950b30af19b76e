import Model

extension Shape {
    static let devices = Shape(
        "`devices`", "The devices that are known before any of them speaks.",
        [
            Key("groups", .table(.shape(.group)), "Named sets of devices."),
            Key("list", .table(.shape(.device)), "Devices one by one; what it says wins."),
        ])

    static let group = Shape(
        "a group", "A named, ordered set of devices.",
        [
            Key("range", .text, "Names that differ in a number: temp-sensor-{001..100}."),
            Key("members", .list(.text), "Names, one by one."),
            Key(
                "model", .text,
                "What its devices are. Without it: the model named like the group, in the "
                    + "singular or as it is, if there is one."),
            Key("tags", .table(.label), "Tags that all of its devices have."),
            Key(
                "spread", .table(.either([.text, .some(.label)])),
                "Tags dealt out evenly over its devices in order, in contiguous runs: a range "
                    + "of names or a list of values."),
            Key(
                "positions", .shape(.line),
                "Its devices stand on a line, at equal distances, in order."),
        ])

    static let line = Shape(
        "`positions`", "A straight line.",
        [
            Key("from", .position, required: true, "Where the first device stands, in metres."),
            Key("to", .position, required: true, "Where the last device stands, in metres."),
        ])

    static let device = Shape(
        "a device", "One device.",
        [
            Key("model", .text, "What it is."),
            Key("group", .text, "The group it belongs to."),
            Key("groups", .texts, "The groups it belongs to."),
            Key("tags", .table(.label), "Its tags."),
            Key("position", .position, "Where it stands, in metres."),
            Key(
                "address", .endpoint(["coap"]),
                "Where its own CoAP server listens, until it registers another address."),
        ])
}

/// What a group says of its devices.
struct GroupDraft {
    var name: Located<String>
    var members: [Located<String>] = []
    var model: Located<String>?
    var tags: [(name: String, value: String)] = []
    var spread: [(name: String, values: [String])] = []
    var line: (from: Registry.Position, to: Registry.Position)?

    /// `limit` bounds the names that the group may expand to, its spread values included.
    init(named name: Located<String>, _ node: Node, limit: Int, _ report: Report) {
        self.name = name
        guard let fields = Fields(node, .group, report) else { return }
        addMembers(fields, limit: limit, report)
        model = fields.text("model")
        for entry in fields.table("tags") {
            guard let value = Scalars.label(entry.value, report) else { continue }
            tags.append((entry.key.value, value))
        }
        for entry in fields.table("spread") { addSpread(entry, limit: limit - size, report) }
        if let node = fields.node("positions"), let ends = Fields(node, .line, report) {
            let (from, to) = (ends.position("from"), ends.position("to"))
            if let from, let to { line = (from, to) }
        }
    }

    /// Names and values held.
    var size: Int { spread.reduce(members.count) { $0 + $1.values.count } }

    private mutating func addMembers(_ fields: Fields, limit: Int, _ report: Report) {
        if let range = fields.node("range"),
            let names = GroupDraft.expand(range, limit: limit, report), let first = names.first,
            Scalars.isName(Located(first, at: range.place), report)
        {
            members = names.map { Located($0, at: range.place) }
        }
        members += fields.texts("members").filter { Scalars.isName($0, report) }
        if fields.has("range"), fields.has("members") {
            report.add(
                .conflict, "a group has a `range` or `members`, not both",
                at: fields.place("members"), length: 7, help: ["put the rest in another group"])
        }
    }

    private mutating func addSpread(_ entry: Node.Entry, limit: Int, _ report: Report) {
        let name = entry.key.value
        if tags.contains(where: { $0.name == name }) {
            report.add(
                .conflict, "`\(name)` is under `tags` too", at: entry.key.place,
                length: name.utf8.count)
            return
        }
        if case .sequence(let elements) = entry.value.content {
            let values = elements.compactMap { Scalars.label($0, report) }
            guard !values.isEmpty else {
                if elements.isEmpty {
                    report.add(.badPlacement, "there is nothing to spread", at: entry.value)
                }
                return
            }
            spread.append((name, values))
        } else if let values = GroupDraft.expand(entry.value, limit: limit, report) {
            spread.append((name, values))
        }
    }

    private static func expand(_ node: Node, limit: Int, _ report: Report) -> [String]? {
        guard let text = Scalars.text(node, report) else { return nil }
        do {
            return try NameRange(text.value, limit: limit).names
        } catch {
            report.add(.badRange, error.words, at: node)
            return nil
        }
    }

    /// Where device `index` stands on the group's line.
    func position(_ index: Int) -> Registry.Position? {
        guard let line else { return nil }
        let part = members.count > 1 ? Double(index) / Double(members.count - 1) : 0
        func between(_ from: Double, _ to: Double) -> Double { from + (to - from) * part }
        return Registry.Position(
            x: between(line.from.x, line.to.x), y: between(line.from.y, line.to.y),
            z: between(line.from.z, line.to.z))
    }
}

/// What `devices.list` says of one device.
struct DeviceDraft {
    var name: Located<String>
    var model: Located<String>?
    var groups: [Located<String>] = []
    var tags: [(name: String, value: String)] = []
    var position: Registry.Position?
    var address: String?

    init(named name: Located<String>, _ node: Node, _ report: Report) {
        self.name = name
        guard let fields = Fields(node, .device, report) else { return }
        model = fields.text("model")
        groups = [fields.text("group")].compactMap { $0 } + fields.texts("groups")
        for entry in fields.table("tags") {
            guard let value = Scalars.label(entry.value, report) else { continue }
            tags.append((entry.key.value, value))
        }
        position = fields.position("position")
        address = fields.endpoint("address")?.description
    }
}
