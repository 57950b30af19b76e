extension CommandModel {
    /// The parameters as the command takes them: in the order of its inputs, each as its type holds
    /// it, and with the defaults of those that are not given. This is the one rule, whoever asks.
    ///
    /// A command whose model names no inputs takes any.
    package func accept(parameters: [Field]) throws(PropertyModel.Misfit) -> [Field] {
        for (place, field) in parameters.enumerated()
        where parameters[..<place].contains(where: { $0.name == field.name }) {
            throw .unknownChoice("parameter '\(field.name)' is given twice")
        }
        if inputs.isEmpty { return parameters }
        let known = inputs.map(\.name)
        for field in parameters where !known.contains(field.name) {
            let near = didYouMean(field.name, among: known).map { "; did you mean '\($0)'?" }
            throw .unknownChoice(
                "command '\(name)' has no parameter '\(field.name)'\(near ?? "")")
        }
        var accepted: [Field] = []
        for input in inputs {
            let given = parameters.first { $0.name == input.name }?.value
            guard let value = given ?? input.defaultValue else {
                throw .wrongType("command '\(name)' needs parameter '\(input.name)'")
            }
            accepted.append(Field(input.name, try input.accept(desired: value)))
        }
        return accepted
    }
}
