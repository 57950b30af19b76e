import Model

/// From what somebody asks for to what a device is sent.
extension CommandForm {
    /// The command for a device of `model`; a device without one takes any command.
    static func make(
        _ name: String, _ parameters: [Field], as given: CommandModel? = nil,
        model: DeviceModel?, registry: Registry
    ) throws(CommandRefusal) -> CommandForm {
        var command = given ?? CommandModel(name: name)
        if let model, given == nil {
            guard let known = model.commands.first(where: { $0.name == name }) else {
                let near = didYouMean(name, among: model.commands.map(\.name))
                throw .unknownCommand(
                    "a \(model.name) has no command '\(name)'"
                        + (near.map { "; did you mean '\($0)'?" } ?? ""))
            }
            command = known
        }
        let given = try command.accept(parameters, properties: model?.properties ?? [])
        let values = given.compactMap { field in
            field.value.map { (name: field.name, value: $0) }
        }
        func fill(_ template: String) -> String {
            values.reduce(template) { $0.replacing("{\($1.name)}", with: $1.value.description) }
        }
        var form = CommandForm(
            name: name, method: command.method, path: command.path.map(fill),
            query: command.query.map(fill), parameters: given, writes: [])
        for (parameter, target) in model?.writes(of: command, parameters: values.map(\.name)) ?? []
        {
            if let value = values.first(where: { $0.name == parameter })?.value,
                let property = model?.properties.first(where: { $0.name == target }),
                let number = registry.property(named: target)
            {
                form.writes.append(
                    PropertyWrite(
                        property: number, value: try property.take(value, as: parameter),
                        tolerance: property.tolerance))
            }
        }
        form.adopt(command, of: model, registry: registry)
        return form
    }
}

extension CommandModel {
    /// The parameters as the command takes them: each of its inputs' type and within its limits,
    /// with the defaults of those not given.
    fileprivate func accept(
        _ parameters: [Field], properties: [PropertyModel]
    ) throws(CommandRefusal) -> [Field] {
        let names = parameters.map(\.name)
        for (place, field) in parameters.enumerated() {
            if field.value == nil { throw .invalid("parameter '\(field.name)' has no value") }
            if names[..<place].contains(field.name) {
                throw .invalid("parameter '\(field.name)' is given twice")
            }
        }
        let placeholders = (path + query).flatMap { $0.placeholders }
        for name in placeholders
        where !names.contains(name) && !inputs.contains(where: { $0.name == name }) {
            throw .invalid("command '\(self.name)' needs parameter '\(name)'")
        }
        if inputs.isEmpty {
            if writes.isEmpty { return parameters }
            let known =
                writes.map(\.parameter) + placeholders + properties.map(\.name)
            for name in names where !known.contains(name) { throw unknown(name, known) }
            return parameters
        }
        do throws(PropertyModel.Misfit) { return try accept(parameters: parameters) } catch {
            throw .invalid("\(error)")
        }
    }

    private func unknown(_ parameter: String, _ known: [String]) -> CommandRefusal {
        let near = didYouMean(parameter, among: known)
        return .invalid(
            "command '\(name)' has no parameter '\(parameter)'"
                + (near.map { "; did you mean '\($0)'?" } ?? ""))
    }
}

extension PropertyModel {
    /// The value of a parameter that sets the property.
    fileprivate func take(
        _ value: Value, as parameter: String
    ) throws(CommandRefusal) -> Value {
        do throws(Misfit) { return try accept(desired: value) } catch {
            throw .invalid("parameter '\(parameter)': \(error)")
        }
    }
}

extension String {
    /// The names between braces: `id` in `zone/{id}`.
    fileprivate var placeholders: [String] {
        split(separator: "{", omittingEmptySubsequences: false).dropFirst().compactMap { part in
            part.firstIndex(of: "}").map { String(part[..<$0]) }
        }
    }
}
