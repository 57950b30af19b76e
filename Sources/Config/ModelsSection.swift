import Model

extension Shape {
    static let model = Shape(
        "a model", "What a kind of device has and does.",
        [
            Key(
                "properties", .table(.shape(.property)),
                "The typed properties that a device's twin holds, by name."),
            Key(
                "telemetry", .texts,
                "The properties that devices send; one not under `properties` is a float."),
            Key(
                "commands", .either([.texts, .table(.shape(.command))]),
                "The commands that devices take: a list of names, or how each one is sent."),
        ])

    static let property = Shape(
        "a property", "One typed property of a model.",
        [
            Key("type", .choice(PropertyType.self), default: "float", "The type of its values."),
            Key("values", .some(.label), "For an enum: the words it takes."),
            Key(
                "unit", .unit, "The unit stored values are in; readings are converted to it."),
            Key(
                "range", .list(.anyNumber, 2...2),
                "The lowest and the highest value; others are refused."),
            Key(
                "tolerance", .notNegative, default: "0",
                "Two numbers no further apart than this count as equal."),
            Key(
                "writable", .boolean,
                "Whether it may be commanded; without it: whether some command sets it."),
        ])

    static let command = Shape(
        "a command", "How a command is sent to a device.",
        [
            Key("method", .choice(CommandModel.Method.self), default: "post", "The CoAP method."),
            Key(
                "path", .text,
                "The path on the device; `{name}` is replaced by that parameter. "
                    + "Without it: command/ and the command's name."),
            Key("query", .texts, "Query options, `name=value`, with the same replacement."),
            Key(
                "writes", .table(.text),
                "Which property each parameter sets. Without it a parameter sets the property of "
                    + "its name, and set_<property> with one parameter that property."),
        ])

    /// The words for types; `number` is `float`, and `enum` is text out of a few words.
    enum PropertyType: String, CaseIterable {
        case float, number, integer, boolean, string, timestamp
        case choice = "enum"

        var valueType: ValueType {
            switch self {
            case .float, .number: .number
            case .integer: .integer
            case .boolean: .boolean
            case .string, .choice: .text
            case .timestamp: .timestamp
            }
        }
    }
}

/// A model as written, before it is known which of its properties the sequences set.
struct ModelDraft {
    var name: Located<String>
    var model: DeviceModel
    /// `writable` where somebody wrote it.
    private var writable: [String: Bool] = [:]
    static let propertyLimit = 1024

    init(named name: Located<String>, _ node: Node, _ report: Report) {
        self.name = name
        model = DeviceModel(name: name.value)
        guard let fields = Fields(node, .model, report) else { return }
        for entry in fields.table("properties") { addProperty(entry, report) }
        for telemetry in fields.texts("telemetry") where Scalars.isName(telemetry, report) {
            if !model.properties.contains(where: { $0.name == telemetry.value }) {
                model.properties.append(PropertyModel(name: telemetry.value))
            }
        }
        addCommands(fields, report)
        if model.properties.count > ModelDraft.propertyLimit {
            report.add(
                .tooMany,
                "the model has \(model.properties.count) properties; at most "
                    + "\(ModelDraft.propertyLimit) are allowed", at: name.place,
                length: name.value.utf8.count)
            model.properties.removeLast(model.properties.count - ModelDraft.propertyLimit)
        }
        for index in model.properties.indices {
            let name = model.properties[index].name
            model.properties[index].isWritable = writable[name] ?? model.isWrittenByCommand(name)
        }
    }

    /// A sequence sets the property, so it is writable unless the model says otherwise.
    mutating func markWritten(_ property: String) {
        guard writable[property] == nil else { return }
        for index in model.properties.indices where model.properties[index].name == property {
            model.properties[index].isWritable = true
        }
    }

    private mutating func addProperty(_ entry: Node.Entry, _ report: Report) {
        let name = entry.key.value
        guard let fields = Fields(entry.value, .property, report) else { return }
        let type = fields.choice("type", as: Shape.PropertyType.self) ?? .float
        var property = PropertyModel(name: name, type: type.valueType)
        property.choices = fields.list("values").compactMap { Scalars.label($0, report) }
        property.unit = fields.unit("unit")
        property.range = range(fields, report)
        property.tolerance = fields.number("tolerance") ?? 0
        writable[name] = fields.boolean("writable")
        if type == .choice, !fields.has("values") {
            report.add(
                .missingKey, "the enum `\(name)` needs `values`", at: entry.key.place,
                length: name.utf8.count, help: ["write `values: [low, high]`"])
        }
        if type != .choice, fields.has("values") {
            report.add(
                .conflict, "`values` belongs to the type enum, not \(type.rawValue)",
                at: fields.place("values"), length: 6, help: ["write `type: enum`"])
        }
        let isNumeric = property.type == .number || property.type == .integer
        for key in ["unit", "range", "tolerance"] where !isNumeric && fields.has(key) {
            report.add(
                .conflict,
                "`\(key)` belongs to a number, and `\(name)` is of type "
                    + type.rawValue, at: fields.place(key), length: key.utf8.count)
        }
        model.properties.append(property)
    }

    private func range(_ fields: Fields, _ report: Report) -> ClosedRange<Double>? {
        let bounds = fields.list("range")
        let numbers = bounds.compactMap { Scalars.number($0, in: -1e300...1e300, report) }
        guard numbers.count == 2 else { return nil }
        guard numbers[0] <= numbers[1] else {
            report.add(
                .outOfRange, "the range runs backwards, from \(numbers[0]) to \(numbers[1])",
                at: bounds[0], help: ["write the lower bound first"])
            return nil
        }
        return numbers[0]...numbers[1]
    }

    private mutating func addCommands(_ fields: Fields, _ report: Report) {
        guard let node = fields.node("commands") else { return }
        guard case .sequence(let names) = node.content else {
            for entry in Scalars.table(node, "commands", report) { addCommand(entry, report) }
            return
        }
        for name in names.compactMap({ Scalars.text($0, report) })
        where Scalars.isName(name, report) {
            if model.commands.contains(where: { $0.name == name.value }) {
                report.add(
                    .duplicateName, "the command `\(name.value)` is listed twice", at: name.place,
                    length: name.value.utf8.count)
            } else {
                model.commands.append(CommandModel(name: name.value))
            }
        }
    }

    private mutating func addCommand(_ entry: Node.Entry, _ report: Report) {
        var command = CommandModel(name: entry.key.value)
        guard let fields = Fields(entry.value, .command, report) else { return }
        command.method = fields.choice("method", as: CommandModel.Method.self) ?? .post
        if let path = fields.text("path") {
            command.path = path.value.split(separator: "/").map(String.init)
        }
        command.query = fields.texts("query").map(\.value)
        for write in fields.table("writes") {
            guard let property = Scalars.text(write.value, report) else { continue }
            let names = model.properties.map(\.name)
            if !names.contains(property.value) {
                report.add(
                    .unknownReference, "the model has no property `\(property.value)`",
                    at: write.value, help: report.suggestion(property.value, among: names))
            }
            command.writes.append((write.key.value, property.value))
        }
        model.commands.append(command)
    }
}
