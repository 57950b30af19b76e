import Model
import Streams

extension Shape {
    /// Every kind of processing step.
    static let steps: [Shape] = [
        filter, aggregate, derive, enrich, deduplicate, deadband, debounce, sample, rate, join,
    ]

    static let derive = Shape(
        "a derivation", "Adds a field to each event, or replaces one.",
        [
            Key("type", .choice(["derive"]), required: true, "derive"),
            Key("name", .text, required: true, "The field."),
            Key("expression", .text, required: true, "temperature * 1.8 + 32"),
        ])

    static let enrich = Shape(
        "an enrichment", "Adds what is known of the device to each event.",
        [
            Key("type", .choice(["enrich"]), required: true, "enrich"),
            Key("tags", .list(.text, 1...100), required: true, "Tags that become fields."),
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
        "a join", "Gives each event the latest values of fields that it lacks.",
        [
            Key("type", .choice(["join"]), required: true, "join"),
            Key("fields", .list(.text, 1...100), required: true, "Fields of other sources."),
            Key("by", .texts, "Only of events alike in these; by default, of the same device."),
            Key("within", .span, required: true, "Only values less old than this."),
        ])

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
    init?(_ node: Node, _ report: Report) {
        guard let type = Shape.type(of: node, among: Shape.steps, report),
            let fields = Fields(node, type, report)
        else { return nil }
        let word = fields.choice("type")?.value
        switch word {
        case "filter":
            guard let expression = fields.text("expression") else { return nil }
            self = .filter(expression: expression)
        case "aggregate":
            self = .aggregate(
                by: fields.texts("by"),
                functions: fields.list("functions").compactMap { AggregateDefinition($0, report) })
        case "derive":
            let name = fields.name("name")
            let expression = fields.text("expression")
            guard let name, let expression else { return nil }
            self = .derive(name: name, expression: expression)
        case "enrich": self = .enrich(tags: fields.texts("tags"))
        case "deduplicate":
            self = .deduplicate(
                by: fields.texts("by"), within: fields.duration("within"), at: node.place)
        case "join":
            let (names, on) = (fields.texts("fields"), fields.texts("by"))
            guard let span = fields.duration("within") else { return nil }
            self = .join(fields: names, on: on, within: span, at: node.place)
        case "sample":
            let kept = fields.choice("keep", as: ProcessingDefinition.Kept.self)
            guard let period = fields.duration("every"), let kept else { return nil }
            self = .sample(every: period, keep: kept, at: node.place)
        default: self.init(ofField: fields, report)
        }
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
