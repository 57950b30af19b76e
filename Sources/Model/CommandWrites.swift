extension DeviceModel {
    /// Which properties a command with these parameters sets. This is the one rule, whoever asks.
    ///
    /// For each parameter, the first that applies:
    /// 1. what the command's `writes` says of it;
    /// 2. the property of the same name: `set_mode {mode}` sets `mode`;
    /// 3. where it is the only parameter of a command `set_<property>`, that property:
    ///    `set_fan_speed {speed}` sets `fan_speed`.
    /// A parameter that none applies to sets nothing.
    package func writes(
        of command: CommandModel, parameters: [String]
    ) -> [(parameter: String, property: String)] {
        parameters.compactMap { parameter in
            if let explicit = command.writes.first(where: { $0.parameter == parameter }) {
                return explicit
            }
            if has(property: parameter) { return (parameter, parameter) }
            guard parameters.count == 1, let property = propertySet(byName: command.name) else {
                return nil
            }
            return (parameter, property)
        }
    }

    /// Whether some command sets the property, as far as the model alone tells; a sequence's
    /// parameters may tell more.
    package func isWrittenByCommand(_ property: String) -> Bool {
        commands.contains { command in
            command.writes.contains { $0.property == property }
                || propertySet(byName: command.name) == property
        }
    }

    private func propertySet(byName command: String) -> String? {
        guard command.hasPrefix("set_") else { return nil }
        let property = String(command.dropFirst(4))
        return has(property: property) ? property : nil
    }

    private func has(property name: String) -> Bool {
        properties.contains { $0.name == name }
    }
}
