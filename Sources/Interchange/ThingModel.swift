package import Model
package import Wire

/// WoT Thing Models (Thing Description 1.1): what they lack stands beside their words as terms of
/// our own, so that nothing is lost on the way there and back.
package enum ThingModel {
    /// The Thing Model, which holds all of the model.
    package static func document(of model: DeviceModel) -> Document {
        var entries: [Document.Entry] = [
            .init(
                "@context",
                .array([
                    .text("https://www.w3.org/2022/wot/td/v1.1"),
                    .map([.init("iotflow", .text(Terms.namespace))]),
                ])),
            .init("@type", .text("tm:ThingModel")), .init("title", .text(model.name)),
            .init("version", .map([.init("model", .text(model.version))])),
        ]
        if let window = model.awakeWindow {
            entries.append(.init(Terms.key("awake"), .text(window.description)))
        }
        entries.append(
            .init("properties", .map(model.properties.map { .init($0.name, document(of: $0)) })))
        entries.append(
            .init("actions", .map(model.commands.map { .init($0.name, document(of: $0)) })))
        return .map(entries)
    }

    private static func document(of property: PropertyModel) -> Document {
        var entries = DataSchema.entries(of: property, .thingModel)
        entries.append(.init("readOnly", .boolean(!property.isWritable)))
        entries.append(.init("observable", .boolean(true)))
        return .map(entries + Terms.entries(of: property) + Terms.policyEntries(of: property))
    }

    private static func document(of command: CommandModel) -> Document {
        var entries: [Document.Entry] = []
        if !command.inputs.isEmpty {
            entries.append(.init("input", Terms.object(of: command.inputs, .thingModel)))
        }
        if !command.outputs.isEmpty {
            entries.append(.init("output", Terms.object(of: command.outputs, .thingModel)))
        }
        entries.append(.init("idempotent", .boolean(command.isIdempotent)))
        entries.append(.init("synchronous", .boolean(false)))
        return .map(entries + Terms.entries(of: command))
    }

    /// Reads one Thing Model.
    package static func models(_ document: Document) throws(InterchangeError) -> Imported {
        guard var keys = Keys(document), isThingModel(keys.take("@type")) else {
            throw .wrongContent("a Thing Model is an object with \"@type\": \"tm:ThingModel\"")
        }
        var losses: [Loss] = []
        var names = NameList()
        _ = keys.take("@context")
        var model = DeviceModel(
            name: names.name(keys.text("title") ?? "thing", at: "title", &losses))
        if let version = keys.take("version")?["model"] {
            model.setVersion(version, at: "version.model", &losses)
        }
        model.awakeWindow = keys.span(Terms.key("awake"))
        names = NameList()
        for (name, value) in keys.table("properties") {
            let path = "properties.\(name)"
            let name = names.name(name, at: path, &losses)
            if let property = property(named: name, value, at: path, &losses) {
                model.properties.append(property)
            }
        }
        names = NameList()
        for (name, value) in keys.table("actions") {
            let path = "actions.\(name)"
            let name = names.name(name, at: path, &losses)
            model.commands.append(command(named: name, value, at: path, &losses))
        }
        keys.tellRest(at: model.name, &losses)
        model.dropDangling(&losses)
        return Imported(models: [model], losses: losses)
    }

    private static func isThingModel(_ type: Document?) -> Bool {
        switch type {
        case .text("tm:ThingModel")?: true
        case .array(let types)?: types.contains(.text("tm:ThingModel"))
        default: false
        }
    }

    private static func property(
        named name: String, _ value: Document, at path: String, _ losses: inout [Loss]
    ) -> PropertyModel? {
        guard var keys = Keys(value),
            var property = DataSchema.property(named: name, &keys, at: path, &losses)
        else { return nil }
        property.isWritable = keys.boolean("readOnly") != true
        _ = keys.take("observable")
        Terms.read(&property, &keys)
        keys.tellRest(at: path, &losses)
        return property
    }

    private static func command(
        named name: String, _ value: Document, at path: String, _ losses: inout [Loss]
    ) -> CommandModel {
        var command = CommandModel(name: name)
        guard var keys = Keys(value) else { return command }
        command.inputs = Terms.parameters(keys.take("input"), at: path + ".input", &losses)
        command.outputs = Terms.parameters(keys.take("output"), at: path + ".output", &losses)
        // Thing Descriptions say that an action is not idempotent unless it says so.
        command.isIdempotent = keys.boolean("idempotent") ?? false
        _ = keys.take("synchronous")
        Terms.read(&command, &keys)
        keys.tellRest(at: path, &losses)
        return command
    }
}

extension DeviceModel {
    mutating func setVersion(_ document: Document, at path: String, _ losses: inout [Loss]) {
        if case .text(let text) = document, let version = DeviceModel.version(text) {
            self.version = version
        } else {
            losses.append(Loss(path, "versions are three numbers here"))
        }
    }
}
