package import Model

/// A cursor over one mapping: each key is asked for by name and comes back checked, or nil with the
/// mistake reported. Unknown keys are reported at the start, missing ones when they are asked for.
///
/// Whatever is nil after a mistake may be filled with anything: the configuration is refused
/// anyway.
package struct Fields {
    package let node: Node
    let shape: Shape
    let report: Report
    private let entries: [Node.Entry]

    /// Nil, with the mistake reported, where `node` is no mapping. Nothing counts as an empty
    /// mapping.
    package init?(_ node: Node, _ shape: Shape, _ report: Report) {
        self.node = node
        self.shape = shape
        self.report = report
        switch node.content {
        case .mapping(let entries): self.entries = entries
        case .scalar where node.isNull: entries = []
        default:
            report.add(
                .wrongKind, "\(shape.title) must be a mapping, not \(node.words)", at: node,
                help: shape.keys.first.map { ["write its keys: `\($0.name): ...`"] } ?? [])
            return nil
        }
        let known = shape.keys.map(\.name)
        for entry in entries where !known.contains(entry.key.value) {
            let key = entry.key.value
            let near = report.suggestion(key, among: known)
            let all = "\(shape.title) takes \(known.joined(separator: ", "))"
            report.add(
                .unknownKey, "\(shape.title) has no key `\(Node.shortened(key))`",
                at: entry.key.place, length: key.utf8.count, help: near.isEmpty ? [all] : near)
        }
    }

    /// The value of a key as it is written; nil where it is absent, empty, or missing though
    /// required.
    package func node(_ name: String) -> Node? {
        let key = shape.key(name)
        report.keysRead.insert("\(shape.title).\(name)")
        let entry = entries.first { $0.key.value == name }
        if let entry, !entry.value.isNull { return entry.value }
        if key.isRequired {
            report.add(
                .missingKey, "\(shape.title) needs `\(name)`", at: entry?.key.place ?? node.place,
                length: entry == nil ? 1 : name.utf8.count, help: ["`\(name)`: \(key.summary)"])
        }
        return nil
    }

    /// The place of a key, for messages about it.
    func place(_ name: String) -> Place {
        entries.first { $0.key.value == name }?.key.place ?? node.place
    }

    func has(_ name: String) -> Bool {
        entries.contains { $0.key.value == name && !$0.value.isNull }
    }

    // MARK: Checked values

    package func text(_ name: String) -> Located<String>? {
        read(name) { Scalars.text($0, report) }
    }

    /// A text that may be a segment of a path.
    package func name(_ name: String) -> Located<String>? {
        text(name).flatMap { Scalars.isName($0, report) ? $0 : nil }
    }

    package func texts(_ name: String) -> [Located<String>] {
        list(name).compactMap { Scalars.text($0, report) }
    }

    package func scalar(_ name: String) -> Value? {
        read(name) { Scalars.value($0, report)?.value }
    }

    package func boolean(_ name: String) -> Bool? {
        read(name) { Scalars.boolean($0, report) }
    }

    package func integer(_ name: String) -> Int? {
        guard case .integer(let range) = shape.key(name).kind else { return wrong(name) }
        return read(name) { Scalars.integer($0, in: range, report) }
    }

    package func number(_ name: String) -> Double? {
        guard case .number(let range) = shape.key(name).kind else { return wrong(name) }
        return read(name) { Scalars.number($0, in: range, report) }
    }

    package func duration(_ name: String) -> Milliseconds? {
        guard case .duration(let range) = shape.key(name).kind else { return wrong(name) }
        return read(name) { Scalars.duration($0, in: range, report) }
    }

    package func size(_ name: String) -> Int? {
        guard case .size(let range) = shape.key(name).kind else { return wrong(name) }
        return read(name) { Scalars.size($0, in: range, report) }
    }

    /// Bytes a day.
    package func rate(_ name: String) -> Int? { read(name) { Scalars.rate($0, report) } }

    package func instant(_ name: String) -> Instant? {
        read(name) { Scalars.instant($0, report) }
    }

    package func unit(_ name: String) -> Unit? { read(name) { Scalars.unit($0, report) } }

    package func endpoint(_ name: String) -> Endpoint? {
        guard case .endpoint(let schemes) = shape.key(name).kind else { return wrong(name) }
        return read(name) { Scalars.endpoint($0, schemes: schemes, report) }
    }

    /// A place as two or three numbers, in metres.
    package func position(_ name: String) -> Registry.Position? {
        let numbers = list(name).compactMap { Scalars.number($0, in: -1e300...1e300, report) }
        guard (2...3).contains(numbers.count) else { return nil }
        return Registry.Position(
            x: numbers[0], y: numbers[1], z: numbers.count == 3 ? numbers[2] : 0)
    }

    /// One of the words that the table lists.
    package func choice(_ name: String) -> Located<String>? {
        guard case .choice(let words) = shape.key(name).kind else { return wrong(name) }
        return read(name) { Scalars.choice($0, among: words, report) }
    }

    package func choice<Choice: RawRepresentable<String>>(
        _ name: String, as _: Choice.Type
    ) -> Choice? {
        choice(name).flatMap { Choice(rawValue: $0.value) }
    }

    /// The elements of a list; empty where it is absent or wrong.
    package func list(_ name: String) -> [Node] {
        guard case .list(_, let counts) = shape.key(name).kind else { return wrong(name) ?? [] }
        guard let node = node(name) else { return [] }
        guard case .sequence(let elements) = node.content else {
            report.add(
                .wrongKind, "`\(name)` must be a list, not \(node.words)", at: node,
                help: ["write `\(name): [...]`"])
            return []
        }
        guard counts.contains(elements.count) else {
            report.add(
                .outOfRange,
                "`\(name)` has \(elements.count) elements; it takes \(counts.words)", at: node)
            return []
        }
        return elements
    }

    /// The entries of a mapping with names of one's own; empty where it is absent or wrong.
    package func table(_ name: String) -> [Node.Entry] {
        guard let node = node(name) else { return [] }
        return Scalars.table(node, name, report)
    }

    private func read<Result>(_ name: String, _ parse: (Node) -> Result?) -> Result? {
        if let node = node(name) { return parse(node) }
        return shape.key(name).fallback.flatMap { parse(Node(.scalar($0, .plain))) }
    }

    private func wrong<Result>(_ name: String) -> Result? {
        preconditionFailure("\(shape.title): \(name) is of another kind in its table")
    }
}

extension Shape {
    /// The shape that a mapping's `type` says it has.
    static func type(of node: Node, among shapes: [Shape], _ report: Report) -> Shape? {
        let words = shapes.flatMap { shape in
            if case .choice(let words) = shape.key("type").kind { words } else { [String]() }
        }
        let chooser = Shape(
            shapes.map(\.title).joined(separator: " or "), "",
            [Key("type", .choice(words), required: true, words.joined(separator: " or "))])
        guard case .mapping(let entries) = node.content else {
            _ = Fields(node, chooser, report)
            return nil
        }
        let type = Node(
            .mapping(entries.filter { $0.key.value == "type" }), at: node.place)
        let word = Fields(type, chooser, report)?.choice("type")?.value
        return zip(words, shapes).first { $0.0 == word }?.1
    }
}
