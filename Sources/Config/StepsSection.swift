import Model
import Streams

extension Shape {
    /// Every kind of processing step.
    static let steps: [Shape] = [
        filter, aggregate, derive, enrichment, deduplicate, deadband, debounce, sample, rate, join,
    ]

    static let derive = Shape(
        "a derivation", "Adds a field to each event, or replaces one.",
        [
            Key("type", .choice(["derive"]), required: true, "derive"),
            Key("name", .text, required: true, "The field."),
            Key("expression", .text, required: true, "temperature * 1.8 + 32"),
        ])

    static let enrichment = Shape(
        "an enrichment", "Adds what is known of the device, or what a table tells, to each event.",
        [
            Key("type", .choice(["enrich"]), required: true, "enrich"),
            Key("tags", .list(.text, 1...100), "Tags of the device that become fields."),
            Key("table", .text, "The table that fields come from, instead of tags."),
            Key(
                "on", .either([.texts, .table(.text)]),
                "The event's field for each column of the table's key: {model: model_tag}; by "
                    + "default those of the same names."),
            Key(
                "fields", .either([.texts, .table(.text)]),
                "The table's columns that become fields, or {field: column}; by default all."),
        ])

    static let deduplicate = Shape(
        "a deduplication", "Drops events that are repeated.",
        [
            Key("type", .choice(["deduplicate"]), required: true, "deduplicate"),
            Key(
                "by", .texts,
                "Events are the same if these fields are; otherwise if device and all fields are."),
            Key(
                "within", .span, default: "1ms",
                "An event is dropped this long after the same has passed; by default, if the "
                    + "time is the same."),
        ])

    static let deadband = Shape(
        "a deadband", "Drops a device's events that bring nothing new.",
        [
            Key("type", .choice(["deadband"]), required: true, "deadband"),
            Key("field", .text, required: true, "The value that matters."),
            Key("change", .notNegative, "It passes if it is further than this from the last."),
            Key("percent", .notNegative, "The same as a part of the last value."),
        ])

    static let debounce = Shape(
        "a debounce", "Waits until a device's new value has lasted.",
        [
            Key("type", .choice(["debounce"]), required: true, "debounce"),
            Key("field", .text, required: true, "The value that matters."),
            Key("for", .span, required: true, "How long it must last; the event comes then."),
        ])

    static let sample = Shape(
        "a sample", "Keeps one event of a device of each period.",
        [
            Key("type", .choice(["sample"]), required: true, "sample"),
            Key("every", .span, required: true, "The period, aligned to the epoch."),
            Key(
                "keep", .choice(ProcessingDefinition.Kept.self), default: "last",
                "first: as it comes; last: at the end of the period, and with that time."),
        ])

    static let join = Shape(
        "a join",
        "Gives each event the latest values of fields that it lacks; or makes one event of two, "
            + "one of them from the source that `with` names.",
        [
            Key("type", .choice(["join"]), required: true, "join"),
            Key("by", .texts, "Only events alike in these; by default, of the same device."),
            Key("fields", .list(.text, 1...100), "Fields of other sources, at their latest."),
            Key("within", .span, "For `fields`: only values less old than this."),
            Key(
                "with", .text,
                "A source by its topic, stream or pattern: its events are the other sources' "
                    + "partners."),
            Key("before", .spanOrZero, default: "0s", "How much earlier a partner may come."),
            Key(
                "after", .spanOrZero, default: "0s",
                "A partner comes less than this later; what is joined has the later time."),
            Key(
                "window", .shape(.window),
                "The partner is in the same tumbling or hopping window, and what is joined has "
                    + "the time of its end."),
            Key(
                "unmatched", .choice(Unmatched.self), default: "drop",
                "keep: an event without a partner comes out too, when none can come any more."),
        ])

    enum Unmatched: String, CaseIterable { case drop, keep }

    static let rate = Shape(
        "a rate", "Adds the change of a field since the device's event before.",
        [
            Key("type", .choice(["rate"]), required: true, "rate"),
            Key("field", .text, required: true, "What changes."),
            Key("name", .text, required: true, "The new field."),
            Key("per", .span, default: "1s", "The change in such a time."),
        ])
}

extension ProcessingDefinition {
    /// A step as it is written; one that aggregates by expressions first makes them fields.
    static func steps(_ node: Node, _ report: Report) -> [ProcessingDefinition] {
        guard let type = Shape.type(of: node, among: Shape.steps, report),
            let fields = Fields(node, type, report)
        else { return [] }
        guard type.title == Shape.aggregate.title else {
            return ProcessingDefinition(fields, report).map { [$0] } ?? []
        }
        _ = fields.choice("type")
        let groupings = Groupings(fields, "by", report)
        let functions = fields.list("functions").compactMap { AggregateDefinition($0, report) }
        return groupings.expressions.map { .group(name: $0.name, expression: $0.expression) }
            + [.aggregate(by: groupings.names, functions: functions)]
    }

    private init?(_ fields: Fields, _ report: Report) {
        let word = fields.choice("type")?.value
        switch word {
        case "filter":
            guard let expression = fields.text("expression") else { return nil }
            self = .filter(expression: expression)
        case "derive":
            let name = fields.name("name")
            let expression = fields.text("expression")
            guard let name, let expression else { return nil }
            self = .derive(name: name, expression: expression)
        case "enrich": self.init(enrichment: fields, report)
        case "deduplicate":
            self = .deduplicate(
                by: fields.texts("by"), within: fields.duration("within"),
                at: fields.node.place)
        case "join": self.init(join: fields, report)
        case "sample":
            let kept = fields.choice("keep", as: ProcessingDefinition.Kept.self)
            guard let period = fields.duration("every"), let kept else { return nil }
            self = .sample(every: period, keep: kept, at: fields.node.place)
        default: self.init(ofField: fields, report)
        }
    }

    private init?(enrichment fields: Fields, _ report: Report) {
        let tags = fields.texts("tags")
        let table = fields.text("table")
        let on = fields.names("on")
        let columns = fields.names("fields")
        guard let table else {
            if !fields.has("tags"), !fields.has("table") {
                report.add(
                    .missingKey, "an enrichment needs `tags` or `table`", at: fields.node,
                    help: ["`table`: \(Shape.enrichment.key("table").summary)"])
            }
            fields.refuse(["on", "fields"], "needs a `table`")
            self = .enrich(tags: tags)
            return
        }
        fields.refuse(["tags"], "cannot stand beside `table`")
        self = .lookup(
            LookupDefinition(
                table: table, on: on.map { (column: $0.0, field: $0.1) },
                fields: columns.map { (field: $0.0, column: $0.1) }))
    }

    private init?(join fields: Fields, _ report: Report) {
        let (names, by) = (fields.texts("fields"), fields.texts("by"))
        let within = fields.duration("within")
        let with = fields.text("with")
        let before = fields.duration("before") ?? .zero
        let after = fields.duration("after") ?? .zero
        let window = fields.node("window").flatMap { WindowDefinition($0, report) }
        let keeps = fields.choice("unmatched", as: Shape.Unmatched.self) == .keep
        guard let with else {
            for name in ["fields", "within"] where !fields.has(name) {
                report.add(
                    .missingKey, "a join without `with` needs `\(name)`", at: fields.node,
                    help: ["`\(name)`: \(Shape.join.key(name).summary)"])
            }
            fields.refuse(["before", "after", "window", "unmatched"], "needs `with`")
            guard let within else { return nil }
            self = .join(fields: names, on: by, within: within, at: fields.node.place)
            return
        }
        fields.refuse(["fields", "within"], "cannot stand beside `with`")
        if fields.has("window") {
            fields.refuse(["before", "after"], "cannot stand beside `window`")
        } else if !fields.has("before"), !fields.has("after") {
            report.add(
                .missingKey, "a join needs `before` and `after`, or `window`", at: fields.node,
                help: ["`after`: \(Shape.join.key("after").summary)"])
            return nil
        }
        if fields.has("window"), window == nil { return nil }
        self = .joinWith(
            JoinDefinition(
                with: with, by: by,
                window.map { .window($0) } ?? .interval(before: before, after: after),
                keepsUnmatched: keeps, at: fields.node.place))
    }

    /// Steps that are about one field.
    private init?(ofField fields: Fields, _ report: Report) {
        let field = fields.text("field")
        switch fields.choice("type")?.value {
        case "deadband":
            let change = fields.number("change")
            let percent = fields.number("percent")
            if (change == nil) == (percent == nil) {
                report.add(
                    .missingKey, "a deadband needs either `change` or `percent`", at: fields.node)
            }
            guard let field else { return nil }
            self = .deadband(
                field: field, percent.map { .percent($0) } ?? .absolute(change ?? 0))
        case "debounce":
            let span = fields.duration("for")
            guard let field, let span else { return nil }
            self = .debounce(field: field, for: span)
        case "rate":
            let name = fields.name("name")
            let unit = fields.duration("per")
            guard let field, let name, let unit else { return nil }
            self = .rate(field: field, name: name, per: unit)
        default: return nil
        }
    }
}

extension Fields {
    /// Names, each with what it stands for: a list of names stands for themselves.
    fileprivate func names(_ name: String) -> [(Located<String>, Located<String>)] {
        guard let node = node(name) else { return [] }
        guard case .sequence(let elements) = node.content else {
            return Scalars.table(node, name, report).compactMap { entry in
                Scalars.text(entry.value, report).map { (entry.key, $0) }
            }
        }
        return elements.compactMap { Scalars.text($0, report) }.map { ($0, $0) }
    }

    /// Reports keys that are out of place.
    fileprivate func refuse(_ names: [String], _ why: String) {
        for name in names where has(name) {
            report.add(
                .conflict, "`\(name)` \(why)", at: place(name), length: name.utf8.count)
        }
    }
}
