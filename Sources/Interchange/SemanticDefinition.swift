package import Model
package import Wire

/// The Semantic Definition Format of the IETF: the same vocabulary as Thing Models for values, and
/// none for how device and wish are brought together.
package enum SemanticDefinition {
    /// The definition, and what it leaves out.
    package static func document(of model: DeviceModel) -> (Document, [Loss]) {
        var losses: [Loss] = []
        for property in model.properties {
            for entry in Terms.policyEntries(of: property) {
                guard case .text(let key) = entry.key else { continue }
                let term = key.dropFirst(DataSchema.Dialect.prefix.count)
                losses.append(
                    Loss("properties.\(property.name).\(term)", "SDF has no word for it"))
            }
        }
        var object: [Document.Entry] = []
        if let window = model.awakeWindow {
            object.append(.init(Terms.key("awake"), .text(window.description)))
        }
        object.append(
            .init("sdfProperty", .map(model.properties.map { .init($0.name, document(of: $0)) })))
        object.append(
            .init("sdfAction", .map(model.commands.map { .init($0.name, document(of: $0)) })))
        let definition = Document.map([
            .init(
                "info",
                .map([
                    .init("title", .text(model.name)), .init("version", .text(model.version)),
                ])),
            .init("namespace", .map([.init("iotflow", .text(Terms.namespace))])),
            .init("sdfObject", .map([.init(model.name, .map(object))])),
        ])
        return (definition, losses)
    }

    private static func document(of property: PropertyModel) -> Document {
        var entries = DataSchema.entries(of: property, .semanticDefinition)
        entries.append(.init("writable", .boolean(property.isWritable)))
        entries.append(.init("observable", .boolean(true)))
        return .map(entries + Terms.entries(of: property))
    }

    private static func document(of command: CommandModel) -> Document {
        var entries: [Document.Entry] = []
        if !command.inputs.isEmpty {
            entries.append(
                .init("sdfInputData", Terms.object(of: command.inputs, .semanticDefinition)))
        }
        if !command.outputs.isEmpty {
            entries.append(
                .init("sdfOutputData", Terms.object(of: command.outputs, .semanticDefinition)))
        }
        if !command.isIdempotent {
            entries.append(.init(Terms.key("idempotent"), .boolean(false)))
        }
        return .map(entries + Terms.entries(of: command))
    }

    /// Reads the objects of one definition, each a model.
    package static func models(_ document: Document) throws(InterchangeError) -> Imported {
        guard var keys = Keys(document), let objects = keys.take("sdfObject"), Keys(objects) != nil
        else { throw .wrongContent("an SDF definition has an \"sdfObject\" with an object in it") }
        var result = Imported()
        var info = Keys(keys.take("info"))
        let version = info?.take("version")
        _ = info?.take("title")
        info?.tellRest(at: "info", &result.losses)
        _ = keys.take("namespace")
        _ = keys.take("defaultNamespace")
        var names = NameList()
        for (name, value) in keys.table("sdfObject") {
            let path = "sdfObject.\(name)"
            guard let object = Keys(value) else {
                result.losses.append(Loss(path, "it is no object"))
                continue
            }
            let name = names.name(name, at: path, &result.losses)
            var model = model(named: name, object, at: path, &result.losses)
            if let version {
                model.setVersion(version, at: "info.version", &result.losses)
            }
            model.dropDangling(&result.losses)
            result.models.append(model)
        }
        keys.tellRest(at: "file", &result.losses)
        return result
    }

    private static func model(
        named name: String, _ object: Keys, at path: String, _ losses: inout [Loss]
    ) -> DeviceModel {
        var keys = object
        var model = DeviceModel(name: name)
        model.awakeWindow = keys.span(Terms.key("awake"))
        var names = NameList()
        for (name, value) in keys.table("sdfProperty") {
            let place = "\(path).sdfProperty.\(name)"
            let name = names.name(name, at: place, &losses)
            guard var inner = Keys(value),
                var property = DataSchema.property(named: name, &inner, at: place, &losses)
            else { continue }
            // SDF says that what can be written need not say so.
            property.isWritable = inner.boolean("writable") ?? true
            _ = (inner.take("observable"), inner.take("readable"))
            Terms.read(&property, &inner)
            inner.tellRest(at: place, &losses)
            model.properties.append(property)
        }
        names = NameList()
        for (name, value) in keys.table("sdfAction") {
            let place = "\(path).sdfAction.\(name)"
            var command = CommandModel(name: names.name(name, at: place, &losses))
            if var inner = Keys(value) {
                command.inputs = Terms.parameters(
                    inner.take("sdfInputData"), at: place + ".sdfInputData", &losses)
                command.outputs = Terms.parameters(
                    inner.take("sdfOutputData"), at: place + ".sdfOutputData", &losses)
                command.isIdempotent = inner.boolean(Terms.key("idempotent")) ?? true
                Terms.read(&command, &inner)
                inner.tellRest(at: place, &losses)
            }
            model.commands.append(command)
        }
        keys.tellRest(at: path, &losses)
        return model
    }
}
