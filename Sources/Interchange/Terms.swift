import Model
import Wire

/// Our own terms, which no other vocabulary has: written as `iotflow:settle` beside its words.
enum Terms {
    static let namespace = "urn:iotflow:model#"

    static func key(_ name: String) -> String { DataSchema.Dialect.prefix + name }

    /// What decides between device and wish, or tells how exactly and how often a device reports.
    static func policyEntries(of property: PropertyModel) -> [Document.Entry] {
        var entries: [Document.Entry] = []
        if property.tolerance != 0 {
            entries.append(.init(key("tolerance"), Document(plain: property.tolerance)))
        }
        if let policy = property.policy {
            entries.append(.init(key("policy"), .text(policy.rawValue)))
        }
        if let settle = property.settle {
            entries.append(.init(key("settle"), .text(settle.description)))
        }
        if let expected = property.expectedInterval {
            entries.append(.init(key("expected"), .text(expected.description)))
        }
        return entries
    }

    static func entries(of property: PropertyModel) -> [Document.Entry] {
        var entries: [Document.Entry] = []
        if property.isTelemetry { entries.append(.init(key("kind"), .text("telemetry"))) }
        if let path = property.lwm2m { entries.append(.init(key("lwm2m"), .text(path))) }
        if let behaviour = property.behaviour {
            entries.append(
                .init(
                    key("behaviour"),
                    .map([
                        .init("time_constant", .text(behaviour.timeConstant.description)),
                        .init("towards", .text(behaviour.towards)),
                        .init("gain", Document(plain: behaviour.gain)),
                        .init("rest", Document(plain: behaviour.rest)),
                    ])))
        }
        return entries
    }

    static func read(_ property: inout PropertyModel, _ keys: inout Keys) {
        if let tolerance = keys.number(key("tolerance")), tolerance >= 0, property.isTolerant {
            property.tolerance = tolerance
        }
        property.policy = keys.text(key("policy")).flatMap {
            TwinSyncDefinition.ConflictResolution(rawValue: $0)
        }
        property.settle = keys.span(key("settle"))
        property.expectedInterval = keys.span(key("expected"))
        property.isTelemetry = keys.text(key("kind")) == "telemetry"
        property.lwm2m = keys.text(key("lwm2m"))
        guard var inner = Keys(keys.take(key("behaviour"))), property.isNumeric,
            let constant = inner.span("time_constant"), let towards = inner.text("towards")
        else { return }
        property.behaviour = BehaviourModel(
            timeConstant: constant, towards: towards, gain: inner.number("gain") ?? 1,
            rest: inner.number("rest") ?? 0)
    }

    static func entries(of command: CommandModel) -> [Document.Entry] {
        var entries: [Document.Entry] = []
        if command.method != .post {
            entries.append(.init(key("method"), .text(command.method.rawValue)))
        }
        if command.path != ["command", command.name] {
            entries.append(.init(key("path"), .text(command.path.joined(separator: "/"))))
        }
        if !command.query.isEmpty {
            entries.append(.init(key("query"), .array(command.query.map { .text($0) })))
        }
        if !command.writes.isEmpty {
            entries.append(
                .init(
                    key("writes"),
                    .map(command.writes.map { .init($0.parameter, .text($0.property)) })))
        }
        if let timeout = command.executionTimeout {
            entries.append(.init(key("timeout"), .text(timeout.description)))
        }
        if let verify = command.verify {
            entries.append(.init(key("verify"), .text(verify.value)))
        }
        if let other = command.compensation {
            entries.append(.init(key("compensate"), .text(other)))
        }
        if command.isConcurrent { entries.append(.init(key("concurrent"), .boolean(true))) }
        if command.needsApproval { entries.append(.init(key("approval"), .boolean(true))) }
        return entries
    }

    static func read(_ command: inout CommandModel, _ keys: inout Keys) {
        let method = keys.text(key("method")).flatMap { CommandModel.Method(rawValue: $0) }
        command.method = method ?? .post
        if let path = keys.text(key("path")) {
            command.path = path.split(separator: "/").map(String.init)
        }
        if case .array(let query)? = keys.take(key("query")) {
            command.query = query.prefix(64).compactMap {
                if case .text(let text) = $0 { text } else { nil }
            }
        }
        command.writes = keys.table(key("writes")).compactMap { name, value in
            if case .text(let property) = value { (name, property) } else { nil }
        }
        command.executionTimeout = keys.span(key("timeout"))
        command.verify = keys.text(key("verify")).map { Located($0) }
        command.compensation = keys.text(key("compensate"))
        command.isConcurrent = keys.boolean(key("concurrent")) ?? false
        command.needsApproval = keys.boolean(key("approval")) ?? false
    }

    // MARK: Parameters

    /// What a command takes or puts out, as one object.
    static func object(of parameters: [PropertyModel], _ dialect: DataSchema.Dialect) -> Document {
        let needed = parameters.filter { $0.defaultValue == nil }
        return .map([
            .init("type", .text("object")),
            .init(
                "properties",
                .map(
                    parameters.map {
                        .init($0.name, .map(DataSchema.entries(of: $0, dialect)))
                    })),
            .init("required", .array(needed.map { .text($0.name) })),
        ])
    }

    static func parameters(
        _ document: Document?, at path: String, _ losses: inout [Loss]
    ) -> [PropertyModel] {
        guard let document else { return [] }
        guard var keys = Keys(document), keys.text("type") == "object" else {
            losses.append(Loss(path, "parameters have names here"))
            return []
        }
        var names = NameList()
        var parameters: [PropertyModel] = []
        for (name, value) in keys.table("properties") {
            let place = "\(path).\(name)"
            guard var inner = Keys(value) else {
                losses.append(Loss(place, "it is no schema"))
                continue
            }
            let named = names.name(name, at: place, &losses)
            if let one = DataSchema.property(named: named, &inner, at: place, &losses) {
                parameters.append(one)
            }
            inner.tellRest(at: place, &losses)
        }
        _ = keys.take("required")
        keys.tellRest(at: path, &losses)
        return parameters
    }
}

extension PropertyModel {
    fileprivate var isTolerant: Bool { isNumeric || type == .position }
}

extension DeviceModel {
    /// Leaves out, and tells, what refers to nothing in the model.
    mutating func dropDangling(_ losses: inout [Loss]) {
        let (properties, commands) = (self.properties.map(\.name), self.commands.map(\.name))
        for index in self.properties.indices {
            let property = self.properties[index]
            if let towards = property.behaviour?.towards, !properties.contains(towards) {
                self.properties[index].behaviour = nil
                losses.append(
                    Loss("properties.\(property.name).behaviour", "there is no \(towards)"))
            }
        }
        for index in self.commands.indices {
            let command = self.commands[index]
            if let other = command.compensation, !commands.contains(other) || other == command.name
            {
                self.commands[index].compensation = nil
                losses.append(Loss("commands.\(command.name).compensate", "there is no \(other)"))
            }
            self.commands[index].writes = command.writes.filter { properties.contains($0.property) }
        }
    }
}
