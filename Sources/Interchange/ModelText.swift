package import Model
import Wire

/// Models as the section `models` of a configuration, to be read and edited by hand: a line for
/// each property, keys always in the same order.
package enum ModelText {
    /// `heading` and what was lost stand above as comments.
    package static func yaml(
        _ models: [DeviceModel], heading: String? = nil, losses: [Loss] = []
    ) -> String {
        var lines: [String] = []
        if let heading { lines.append("# " + line(heading)) }
        if !losses.isEmpty {
            lines.append("# Not carried over:")
            lines += losses.map { "#   " + line($0.description) }
        }
        lines.append(models.isEmpty ? "models: {}" : "models:")
        for model in models { append(model, to: &lines) }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func append(_ model: DeviceModel, to lines: inout [String]) {
        lines.append("  \(scalar(model.name)):")
        lines.append("    version: \(scalar(model.version))")
        if let window = model.awakeWindow { lines.append("    awake: \(window)") }
        if !model.properties.isEmpty { lines.append("    properties:") }
        for property in model.properties {
            let isSet = model.isWrittenByCommand(property.name)
            let terms = terms(of: property, isSet: isSet)
            lines.append("      \(scalar(property.name)): {\(terms.joined(separator: ", "))}")
        }
        if !model.commands.isEmpty { lines.append("    commands:") }
        for command in model.commands {
            let terms = terms(of: command).joined(separator: ", ")
            lines.append("      \(scalar(command.name)): {\(terms)}")
        }
    }

    private static func terms(of property: PropertyModel, isSet: Bool) -> [String] {
        var terms: [String] = []
        if property.isTelemetry { terms.append("kind: telemetry") }
        terms += valueTerms(of: property)
        if property.tolerance != 0 { terms.append("tolerance: \(number(property.tolerance))") }
        if property.isWritable { terms.append("writable: true") }
        if !property.isWritable, isSet { terms.append("writable: false") }
        if let policy = property.policy { terms.append("policy: \(policy.rawValue)") }
        if let settle = property.settle { terms.append("settle: \(settle)") }
        if let expected = property.expectedInterval { terms.append("expected: \(expected)") }
        if let value = property.defaultValue { terms.append("default: \(scalar(value))") }
        if let path = property.lwm2m { terms.append("lwm2m: \(scalar(path))") }
        if let behaviour = property.behaviour {
            terms.append(
                "behaviour: {time_constant: \(behaviour.timeConstant), "
                    + "towards: \(scalar(behaviour.towards)), gain: \(number(behaviour.gain)), "
                    + "rest: \(number(behaviour.rest))}")
        }
        return terms
    }

    /// What a property and a parameter have in common.
    private static func valueTerms(of property: PropertyModel) -> [String] {
        var terms: [String] = []
        if property.choices.isEmpty {
            terms.append("type: \(property.type.rawValue)")
        } else if property.choiceNumbers.isEmpty {
            terms.append("type: enum")
            terms.append("values: [\(property.choices.map(scalar).joined(separator: ", "))]")
        } else {
            terms.append("type: enum")
            let pairs = zip(property.choices, property.choiceNumbers)
            let words = pairs.map { "\(scalar($0)): \($1)" }
            terms.append("values: {\(words.joined(separator: ", "))}")
        }
        if let unit = property.unit { terms.append("unit: \(scalar(unit.symbol))") }
        if let range = property.range {
            terms.append("range: [\(number(range.lowerBound)), \(number(range.upperBound))]")
        }
        if let step = property.step { terms.append("step: \(number(step))") }
        return terms
    }

    private static func terms(of command: CommandModel) -> [String] {
        var terms: [String] = []
        if command.method != .post { terms.append("method: \(command.method.rawValue)") }
        if command.path != ["command", command.name] {
            terms.append("path: \(scalar(command.path.joined(separator: "/")))")
        }
        if !command.query.isEmpty {
            terms.append("query: [\(command.query.map(scalar).joined(separator: ", "))]")
        }
        if !command.writes.isEmpty {
            let pairs = command.writes.map { "\(scalar($0.parameter)): \(scalar($0.property))" }
            terms.append("writes: {\(pairs.joined(separator: ", "))}")
        }
        for (key, parameters) in [("input", command.inputs), ("output", command.outputs)]
        where !parameters.isEmpty {
            let words = parameters.map { parameter in
                var terms = valueTerms(of: parameter)
                if let value = parameter.defaultValue { terms.append("default: \(scalar(value))") }
                return "\(scalar(parameter.name)): {\(terms.joined(separator: ", "))}"
            }
            terms.append("\(key): {\(words.joined(separator: ", "))}")
        }
        if !command.isIdempotent { terms.append("idempotent: false") }
        if let timeout = command.executionTimeout { terms.append("timeout: \(timeout)") }
        if let verify = command.verify { terms.append("verify: \(quoted(verify.value))") }
        if let other = command.compensation { terms.append("compensate: \(scalar(other))") }
        if command.isConcurrent { terms.append("concurrent: true") }
        if command.needsApproval { terms.append("approval: required") }
        return terms
    }

    // MARK: Scalars

    static func number(_ number: Double) -> String {
        String(decoding: Document(plain: number).json, as: UTF8.self)
    }

    private static func scalar(_ value: Value) -> String {
        switch value {
        case .boolean(let boolean): "\(boolean)"
        case .integer(let integer): "\(integer)"
        case .number(let double): number(double)
        case .text(let text): scalar(text)
        case .timestamp, .position: quoted(value.description)
        }
    }

    /// Plain where YAML cannot take it for anything but text, else in quotes.
    private static func scalar(_ text: String) -> String {
        let first = text.utf8.first ?? 0
        let isPlain = text.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || byte == UInt8(ascii: "_")
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || byte == UInt8(ascii: "/")
                || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
        }
        let isNumber = Double(text) != nil
        let startsAsWord =
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first | 0x20)
            || first == UInt8(ascii: "/") || first == UInt8(ascii: "_")
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first)
        let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
        guard isPlain, startsAsWord, !isNumber, !words.contains(text.lowercased()) else {
            return quoted(text)
        }
        return text
    }

    /// JSON's quotes are YAML's too.
    private static func quoted(_ text: String) -> String {
        String(decoding: Document.text(text).json, as: UTF8.self)
    }

    /// On one line, however long, for comments.
    private static func line(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map {
                    $0.value < 0x20 || $0.value == 0x7f || $0.properties.generalCategory == .control
                        || $0.value == 0x2028 || $0.value == 0x2029 || $0.value == 0xfeff ? " " : $0
                }))
    }
}
