package import Model
package import Wire

/// DTDL version 4, one way: it holds types and units, and nothing of ranges, steps and policies.
package struct DigitalTwinDefinition {
    private var losses: [Loss] = []

    /// The interface, and every term that it leaves out.
    package static func document(of model: DeviceModel) -> (Document, [Loss]) {
        var writer = DigitalTwinDefinition()
        let document = writer.interface(model)
        return (document, writer.losses)
    }

    private mutating func interface(_ model: DeviceModel) -> Document {
        if model.awakeWindow != nil { lose("awake") }
        let identifier = identifier(model)
        let contents =
            model.properties.map { document(of: $0) } + model.commands.map { document(of: $0) }
        return .map([
            .init(
                "@context",
                .array([
                    .text("dtmi:dtdl:context;4"),
                    .text("dtmi:dtdl:extension:quantitativeTypes;2"),
                ])),
            .init("@id", .text(identifier)), .init("@type", .text("Interface")),
            .init("displayName", .text(String(model.name.prefix(64)))),
            .init("contents", .array(contents)),
        ])
    }

    /// The minor number may not be 0, and there is no third.
    private mutating func identifier(_ model: DeviceModel) -> String {
        let numbers = model.version.split(separator: ".").compactMap { Int($0) }
        let (major, minor) = (numbers.first ?? 1, numbers.count > 1 ? numbers[1] : 0)
        if numbers.count > 2, numbers[2] != 0 { lose("version", "DTDL has no patch number") }
        if major == 0 { lose("version", "DTDL begins with version 1") }
        let version = "\(max(1, major))" + (minor > 0 ? ".\(minor)" : "")
        return "dtmi:iotflow:\(name(model.name, at: "model"));\(version)"
    }

    private mutating func document(of property: PropertyModel) -> Document {
        let path = "properties.\(property.name)"
        var types: [Document] = [.text(property.isTelemetry ? "Telemetry" : "Property")]
        var entries: [Document.Entry] = []
        if let unit = property.unit {
            if let words = Crosswalk(unit) {
                types.append(.text(words.quantity))
                entries.append(.init("unit", .text(words.unit)))
            } else {
                lose(path + ".unit", "DTDL has no unit like \(unit.symbol)")
            }
        }
        entries.append(.init("schema", schema(of: property)))
        if !property.isTelemetry {
            entries.append(.init("writable", .boolean(property.isWritable)))
        }
        dropTerms(of: property, at: path)
        if let range = property.range {
            entries.append(
                .init(
                    "comment",
                    .text("from \(range.lowerBound) to \(range.upperBound)")))
        }
        return .map(
            [
                .init("@type", types.count == 1 ? types[0] : .array(types)),
                .init("name", .text(name(property.name, at: path))),
            ] + entries)
    }

    private mutating func dropTerms(of property: PropertyModel, at path: String) {
        if property.range != nil { lose(path + ".range") }
        if property.step != nil { lose(path + ".step") }
        if property.defaultValue != nil { lose(path + ".default") }
        for entry in Terms.policyEntries(of: property) + Terms.entries(of: property) {
            guard case .text(let key) = entry.key, key != Terms.key("kind") else { continue }
            lose("\(path).\(key.dropFirst(DataSchema.Dialect.prefix.count))")
        }
    }

    private func schema(of property: PropertyModel) -> Document {
        switch property.type {
        case .number: return .text("double")
        case .integer: return .text("long")
        case .boolean: return .text("boolean")
        case .timestamp: return .text("dateTime")
        case .position: return .text("point")
        case .text where property.choices.isEmpty: return .text("string")
        case .text:
            let isNumbered = !property.choiceNumbers.isEmpty
            let values = property.choices.enumerated().map { index, choice in
                Document.map([
                    .init("name", .text(DigitalTwinDefinition.fit(choice))),
                    .init(
                        "enumValue",
                        isNumbered ? .integer(property.choiceNumbers[index]) : .text(choice)),
                ])
            }
            return .map([
                .init("@type", .text("Enum")),
                .init("valueSchema", .text(isNumbered ? "integer" : "string")),
                .init("enumValues", .array(values)),
            ])
        }
    }

    private mutating func document(of command: CommandModel) -> Document {
        let path = "commands.\(command.name)"
        var entries: [Document.Entry] = [
            .init("@type", .text("Command")), .init("name", .text(name(command.name, at: path))),
        ]
        if !command.inputs.isEmpty {
            entries.append(.init("request", payload(command.inputs, at: path + ".input")))
        }
        if !command.outputs.isEmpty {
            entries.append(.init("response", payload(command.outputs, at: path + ".output")))
        }
        if !command.isIdempotent { lose(path + ".idempotent") }
        for entry in Terms.entries(of: command) {
            guard case .text(let key) = entry.key else { continue }
            lose("\(path).\(key.dropFirst(DataSchema.Dialect.prefix.count))")
        }
        return .map(entries)
    }

    private mutating func payload(_ parameters: [PropertyModel], at path: String) -> Document {
        var fields: [Document] = []
        for parameter in parameters {
            let place = "\(path).\(parameter.name)"
            fields.append(
                .map([
                    .init("name", .text(name(parameter.name, at: place))),
                    .init("schema", schema(of: parameter)),
                ]))
            if parameter.unit != nil { lose(place + ".unit") }
            dropTerms(of: parameter, at: place)
        }
        return .map([
            .init("name", .text("parameters")),
            .init(
                "schema",
                .map([.init("@type", .text("Object")), .init("fields", .array(fields))])),
        ])
    }

    private mutating func lose(_ path: String, _ reason: String = "DTDL has no word for it") {
        losses.append(Loss(path, reason))
    }

    private mutating func name(_ name: String, at path: String) -> String {
        let fit = DigitalTwinDefinition.fit(name)
        if fit != name { lose(path, "renamed to \(fit)") }
        return fit
    }

    /// Letters, digits and underscores, a letter in front and no underscore behind.
    private static func fit(_ name: String) -> String {
        var fit = String(
            name.map { $0.isASCII && ($0.isLetter || $0.isNumber) || $0 == "_" ? $0 : "_" })
        while fit.hasSuffix("_") { fit.removeLast() }
        if fit.first?.isLetter != true { fit = "n" + fit }
        return String(fit.prefix(128))
    }
}
