import Model

/// Checked values from single nodes. Each reports its mistake and answers nil.
enum Scalars {
    static func text(_ node: Node, _ report: Report) -> Located<String>? {
        guard case .scalar(let text, _) = node.content, !node.isNull else {
            report.add(.wrongKind, "a text is wanted here, not \(node.words)", at: node)
            return nil
        }
        guard node.boolean == nil, node.number == nil else {
            report.add(
                .wrongKind, "a text is wanted here, not \(node.words)", at: node,
                help: ["put it in quotes: \"\(text)\""])
            return nil
        }
        return Located(text, at: node.place)
    }

    /// Any scalar by its text.
    static func label(_ node: Node, _ report: Report) -> String? {
        guard case .scalar(let text, _) = node.content, !node.isNull else {
            report.add(.wrongKind, "a single value is wanted here, not \(node.words)", at: node)
            return nil
        }
        return text
    }

    static func value(_ node: Node, _ report: Report) -> Located<Value>? {
        guard let value = node.value else {
            report.add(.wrongKind, "a single value is wanted here, not \(node.words)", at: node)
            return nil
        }
        return Located(value, at: node.place)
    }

    static func boolean(_ node: Node, _ report: Report) -> Bool? {
        if let boolean = node.boolean { return boolean }
        let meant: [String: String] = [
            "yes": "true", "on": "true", "1": "true", "no": "false", "off": "false", "0": "false",
        ]
        var help: [String] = []
        if case .scalar(let text, _) = node.content, let word = meant[text.lowercased()] {
            help = ["write \(word)"]
        }
        report.add(.notABoolean, "true or false is wanted, not \(node.words)", at: node, help: help)
        return nil
    }

    static func integer(_ node: Node, in range: ClosedRange<Int>, _ report: Report) -> Int? {
        guard let integer = node.integer else {
            report.add(
                .notANumber, "a whole number is wanted, not \(node.words)", at: node,
                help: unquoted(node))
            return nil
        }
        return within(range, Int(integer), "\(integer)", node, report)
    }

    static func number(_ node: Node, in range: ClosedRange<Double>, _ report: Report) -> Double? {
        guard let number = node.number else {
            report.add(
                .notANumber, "a number is wanted, not \(node.words)", at: node,
                help: unquoted(node))
            return nil
        }
        return within(range, number, "\(number)", node, report)
    }

    static func duration(
        _ node: Node, in range: ClosedRange<Milliseconds>, _ report: Report
    ) -> Milliseconds? {
        guard case .scalar(let text, _) = node.content, let duration = Milliseconds(text) else {
            var help = ["write a number with ms, s, m, h, d or w: 250ms, 5m, 1h30m"]
            if let number = node.integer {
                help = ["write \(number)s for seconds, \(number)m for minutes"]
            }
            report.add(
                .notADuration, "a length of time is wanted, not \(node.words)", at: node,
                help: help)
            return nil
        }
        return within(range, duration, "\(duration)", node, report)
    }

    static func size(_ node: Node, in range: ClosedRange<Int>, _ report: Report) -> Int? {
        guard case .scalar(let text, _) = node.content, let size = ByteSize.parse(text) else {
            var help = ["write a number with B, KiB, MiB, GiB, kB, MB or GB: 64MiB"]
            if let number = node.integer { help = ["write \(number)B for \(number) bytes"] }
            report.add(
                .notASize, "a number of bytes is wanted, not \(node.words)", at: node, help: help)
            return nil
        }
        return within(range, size, text, node, report)
    }

    static func rate(_ node: Node, _ report: Report) -> Int? {
        if case .scalar(let text, _) = node.content, let rate = ByteSize.parsePerDay(text) {
            return rate
        }
        report.add(
            .notASize, "bytes in a time are wanted, not \(node.words)", at: node,
            help: ["write a size with /day or /hour: 5GB/day"])
        return nil
    }

    static func instant(_ node: Node, _ report: Report) -> Instant? {
        if case .scalar(let text, _) = node.content, let instant = Instant(text) { return instant }
        report.add(
            .notAnInstant, "a point in time is wanted, not \(node.words)", at: node,
            help: ["write it as in RFC 3339: 2026-07-15T14:00:00Z"])
        return nil
    }

    static func unit(_ node: Node, _ report: Report) -> Unit? {
        guard let text = label(node, report) else { return nil }
        if let unit = Unit(text) { return unit }
        report.add(
            .unknownUnit, "no unit is spelt `\(Node.shortened(text))`", at: node,
            help: report.suggestion(text, among: Unit.names))
        return nil
    }

    static func endpoint(_ node: Node, schemes: [String], _ report: Report) -> Endpoint? {
        if case .scalar(let text, _) = node.content,
            let endpoint = Endpoint(text, schemes: schemes)
        {
            return endpoint
        }
        let pattern = schemes.isEmpty ? "127.0.0.1:9464" : "\(schemes[0])://192.0.2.7:5683"
        report.add(
            .badAddress, "an address is wanted, not \(node.words)", at: node,
            help: ["write it like \(pattern); IPv6 addresses stand in brackets"])
        return nil
    }

    static func choice(
        _ node: Node, among words: [String], _ report: Report
    ) -> Located<String>? {
        guard let text = label(node, report) else { return nil }
        if words.contains(text) { return Located(text, at: node.place) }
        let known = words.joined(separator: ", ")
        let near = report.suggestion(text, among: words)
        let isShort = words.count <= 8
        report.add(
            .unknownChoice,
            "`\(Node.shortened(text))` is " + (isShort ? "none of \(known)" : "not a choice here"),
            at: node, help: isShort ? near : near + ["it may be: \(known)"])
        return nil
    }

    /// The entries of a mapping, those with an impossible name left out.
    static func table(_ node: Node, _ name: String, _ report: Report) -> [Node.Entry] {
        guard case .mapping(let entries) = node.content else {
            report.add(
                .wrongKind, "`\(name)` must be a mapping of names, not \(node.words)", at: node)
            return []
        }
        return entries.filter { Scalars.isName($0.key, report) }
    }

    /// Names become path segments and topics, so `/`, `+`, `#` and control characters are out.
    static func isName(_ name: Located<String>, _ report: Report) -> Bool {
        let forbidden = name.value.unicodeScalars.first {
            $0.value < 0x20 || $0.value == 0x7F || "/+#".unicodeScalars.contains($0)
        }
        guard name.value.isEmpty || forbidden != nil || name.value.utf8.count > 128 else {
            return true
        }
        report.add(
            .badName, "`\(Node.shortened(name.value))` cannot be a name", at: name.place,
            length: name.value.utf8.count,
            help: ["names have 1 to 128 bytes and none of / + # or control characters"])
        return false
    }

    private static func within<Number: Comparable>(
        _ range: ClosedRange<Number>, _ value: Number, _ text: String, _ node: Node,
        _ report: Report
    ) -> Number? {
        if range.contains(value) { return value }
        let limit =
            value < range.lowerBound
            ? "at least \(range.lowerBound)"
            : "at most \(range.upperBound)"
        report.add(.outOfRange, "\(text) is out of range: \(limit) is allowed", at: node)
        return nil
    }

    private static func unquoted(_ node: Node) -> [String] {
        guard case .scalar(let text, let style) = node.content, style != .plain,
            Node(.scalar(text, .plain)).number != nil
        else { return [] }
        return ["leave the quotes out: \(text)"]
    }
}

extension ClosedRange<Int> {
    /// `2 to 3`, `at least 1`.
    var words: String {
        if lowerBound == upperBound { return "exactly \(lowerBound)" }
        return upperBound >= 10_000 && lowerBound > 0
            ? "at least \(lowerBound)"
            : "\(lowerBound) to \(upperBound)"
    }
}
