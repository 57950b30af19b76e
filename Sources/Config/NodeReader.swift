import Model

/// Reads a YAML text into a `Node`, or says what is wrong with it.
package struct NodeReader: ~Copyable {
    private var source: SourceText
    private let limits: Limits
    private let report: Report
    private var events: YAMLEvents
    private var anchors: [String: (node: Node, weight: Int)] = [:]
    /// Nodes so far, counting what an alias stands for each time it is used.
    private var weight = 0

    /// How much a file may hold before it is refused.
    package struct Limits: Sendable {
        package var bytes = 4 << 20
        package var depth = 32
        /// Nodes after aliases are expanded, so that a few lines cannot become billions.
        package var nodes = 400_000

        package init() {}
    }

    /// Ends the reading; the diagnostic has been reported.
    private struct Refused: Error {}

    /// The text's one document; nil where it is empty or where a mistake was reported.
    package static func read(
        _ bytes: [UInt8], file: String, limits: Limits = Limits(), _ report: Report
    ) -> Node? {
        guard bytes.count <= limits.bytes else {
            report.add(
                .tooLarge, "the file has \(bytes.count) bytes; at most \(limits.bytes) are read",
                at: Place(file: file, line: 1, column: 1))
            return nil
        }
        let hasByteOrderMark = bytes.starts(with: [0xEF, 0xBB, 0xBF])
        var reader = NodeReader(
            hasByteOrderMark ? Array(bytes.dropFirst(3)) : bytes, file: file, limits, report)
        return try? reader.document()
    }

    private init(_ bytes: [UInt8], file: String, _ limits: Limits, _ report: Report) {
        source = SourceText(bytes, file: file)
        events = YAMLEvents(bytes)
        self.limits = limits
        self.report = report
    }

    private mutating func document() throws(Refused) -> Node? {
        var result: Node?
        while true {
            let event = try next()
            switch event.kind {
            case .streamEnd: return result
            case .documentStart where result != nil:
                throw refuse(
                    .syntax, "a second document starts here", at: event.start,
                    help: ["put it in a file of its own"])
            case .documentStart, .documentEnd, .other: break
            default: result = try node(event, depth: 0)
            }
        }
    }

    private mutating func node(_ event: YAMLEvents.Event, depth: Int) throws(Refused) -> Node {
        let before = weight
        let node: Node
        let properties: YAMLEvents.Properties
        switch event.kind {
        case .alias(let name): return try expand(name, at: event.start)
        case .scalar(let text, let style, let found):
            node = scalar(text, style, isText: found.tag != nil, event)
            properties = found
        case .sequenceStart(let found):
            node = try sequence(event, depth: depth)
            properties = found
        case .mappingStart(let found):
            node = try mapping(event, depth: depth)
            properties = found
        default: throw refuse(.syntax, "nothing can be read here", at: event.start)
        }
        try count(1, at: event.start)
        if let tag = properties.tag, tag != "!", tag != "tag:yaml.org,2002:str" {
            throw refuse(.syntax, "tags such as `\(tag)` are not used here", at: event.start)
        }
        if let anchor = properties.anchor { anchors[anchor] = (node, weight - before) }
        return node
    }

    private mutating func expand(
        _ name: String, at mark: YAMLEvents.Mark
    ) throws(Refused) -> Node {
        guard let anchor = anchors[name] else {
            throw refuse(
                .syntax, "`*\(name)` refers to no complete `&\(name)` before it", at: mark,
                help: report.suggestion(name, among: anchors.keys.sorted()))
        }
        try count(anchor.weight, at: mark)
        return anchor.node
    }

    private mutating func scalar(
        _ text: String, _ style: Node.Style, isText: Bool, _ event: YAMLEvents.Event
    ) -> Node {
        // Anchors and tags precede the text inside the event's span.
        var start = source.offset(event.start)
        let end = source.offset(event.end)
        while start < end, source.bytes[start] == 0x26 || source.bytes[start] == 0x21 {
            while start < end, source.bytes[start] > 0x20 { start += 1 }
            while start < end, source.bytes[start] <= 0x20 { start += 1 }
        }
        let (place, length) = source.span(of: text, style, from: start, to: end)
        return Node(.scalar(text, isText ? .doubleQuoted : style), at: place, length: length)
    }

    private mutating func sequence(
        _ start: YAMLEvents.Event, depth: Int
    ) throws(Refused) -> Node {
        try descend(to: depth, at: start.start)
        var elements: [Node] = []
        while true {
            let event = try next()
            if case .sequenceEnd = event.kind { break }
            elements.append(try node(event, depth: depth + 1))
        }
        return Node(.sequence(elements), at: source.place(start.start))
    }

    private mutating func mapping(
        _ start: YAMLEvents.Event, depth: Int
    ) throws(Refused) -> Node {
        try descend(to: depth, at: start.start)
        var entries: [Node.Entry] = []
        var seen: [String: Place] = [:]
        while true {
            let event = try next()
            if case .mappingEnd = event.kind { break }
            let keyNode = try node(event, depth: depth + 1)
            guard case .scalar(let key, _) = keyNode.content else {
                throw refuse(.syntax, "a key must be a word", at: event.start)
            }
            let value = try node(try next(), depth: depth + 1)
            if let first = seen[key] {
                report.add(
                    .duplicateKey, "`\(Node.shortened(key))` stands here a second time",
                    at: keyNode, help: ["it is first set at \(first.words)"])
                continue
            }
            seen[key] = keyNode.place
            entries.append(Node.Entry(key: Located(key, at: keyNode.place), value: value))
        }
        return Node(.mapping(entries), at: source.place(start.start))
    }

    // MARK: Limits and failures

    private mutating func descend(to depth: Int, at mark: YAMLEvents.Mark) throws(Refused) {
        guard depth >= limits.depth else { return }
        throw refuse(.tooLarge, "more than \(limits.depth) levels deep", at: mark)
    }

    private mutating func count(_ nodes: Int, at mark: YAMLEvents.Mark) throws(Refused) {
        weight += nodes
        guard weight > limits.nodes else { return }
        throw refuse(
            .tooLarge, "with its aliases expanded the file has more than \(limits.nodes) values",
            at: mark)
    }

    private mutating func refuse(
        _ code: Code, _ message: String, at mark: YAMLEvents.Mark, help: [String] = []
    ) -> Refused {
        report.add(code, message, at: source.place(mark), help: help)
        return Refused()
    }

    private mutating func next() throws(Refused) -> YAMLEvents.Event {
        do {
            return try events.next()
        } catch {
            let words = SyntaxWords(error, in: &source)
            report.add(
                .syntax, words.message, at: source.place(offset: words.offset), help: words.help)
            throw Refused()
        }
    }
}
