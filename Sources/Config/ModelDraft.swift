import Model

/// A model as written, before it is known which of its properties the sequences set.
struct ModelDraft {
    var name: Located<String>
    var model: DeviceModel
    /// `writable` where somebody wrote it.
    private var writable: [String: Bool] = [:]
    /// What `kind: telemetry` is written of; what `telemetry:` alone lists may be set after all.
    private var measured: Set<String> = []
    static let propertyLimit = 1024

    init(named name: Located<String>, _ node: Node, _ report: Report) {
        self.name = name
        model = DeviceModel(name: name.value)
        guard let fields = Fields(node, .model, report) else { return }
        readVersion(fields, report)
        model.awakeWindow = fields.duration("awake")
        let entries = fields.table("properties")
        for entry in entries { addProperty(entry, report) }
        addTelemetry(fields, report)
        addCommands(fields, report)
        if model.properties.count > ModelDraft.propertyLimit {
            report.add(
                .tooMany,
                "the model has \(model.properties.count) properties; at most "
                    + "\(ModelDraft.propertyLimit) are allowed", at: name.place,
                length: name.value.utf8.count)
            model.properties.removeLast(model.properties.count - ModelDraft.propertyLimit)
        }
        checkBehaviours(entries, report)
        for index in model.properties.indices {
            let name = model.properties[index].name
            model.properties[index].isWritable = writable[name] ?? false
            if model.isWrittenByCommand(name) { markWritten(name) }
        }
    }

    /// A command sets the property, so it is writable unless the model says otherwise.
    mutating func markWritten(_ property: String) {
        guard writable[property] == nil, !measured.contains(property) else { return }
        for index in model.properties.indices where model.properties[index].name == property {
            model.properties[index].isWritable = true
            model.properties[index].isTelemetry = false
        }
    }

    private mutating func readVersion(_ fields: Fields, _ report: Report) {
        guard let node = fields.node("version"), let text = Scalars.label(node, report) else {
            return
        }
        guard let version = DeviceModel.version(text) else {
            report.add(
                .wrongKind, "a version is wanted here, not \(node.words)", at: node,
                help: ["write three numbers: 1.2.0"])
            return
        }
        model.version = version
    }

    private mutating func addTelemetry(_ fields: Fields, _ report: Report) {
        for telemetry in fields.texts("telemetry") where Scalars.isName(telemetry, report) {
            if !model.properties.contains(where: { $0.name == telemetry.value }) {
                model.properties.append(PropertyModel(name: telemetry.value, isTelemetry: true))
            }
        }
    }

    private mutating func addProperty(_ entry: Node.Entry, _ report: Report) {
        let name = entry.key.value
        guard let fields = Fields(entry.value, .property, report) else { return }
        var property = PropertyModel(typed: entry.key, fields, report)
        property.tolerance = fields.number("tolerance") ?? 0
        property.isTelemetry =
            fields.choice("kind", as: Shape.PropertyKind.self) == .telemetry
        if property.isTelemetry { measured.insert(name) }
        property.policy = fields.choice("policy", as: Shape.PolicyWord.self)?.resolution
        property.settle = fields.duration("settle")
        property.expectedInterval = fields.duration("expected")
        property.lwm2m = binding(fields, report)
        property.behaviour = BehaviourModel(fields, report)
        writable[name] = fields.boolean("writable")
        let isMeasured = property.type == .number || property.type == .integer
        if fields.has("tolerance"), !isMeasured, property.type != .position {
            property.refuse("tolerance", "a number or a position", fields, report)
        }
        if fields.has("behaviour"), !isMeasured {
            property.refuse("behaviour", "a number", fields, report)
        }
        let isFixed = property.isTelemetry || writable[name] == false
        for key in ["policy", "settle", "default", "step"] where isFixed && fields.has(key) {
            report.add(
                .conflict, "`\(key)` belongs to what can be set, and `\(name)` cannot",
                at: fields.place(key), length: key.utf8.count,
                help: [property.isTelemetry ? "remove `kind: telemetry`" : "write `writable: true`"]
            )
        }
        if property.isTelemetry, writable[name] == true {
            report.add(
                .conflict, "telemetry is measured, so `\(name)` cannot be writable",
                at: fields.place("writable"), length: 8, help: ["remove `kind: telemetry`"])
        }
        model.properties.append(property)
    }

    /// `/object/instance/resource`, each at most 65535; the resource may be missing.
    private func binding(_ fields: Fields, _ report: Report) -> String? {
        guard let path = fields.text("lwm2m") else { return nil }
        let parts = path.value.split(separator: "/", omittingEmptySubsequences: false)
        let isPath =
            path.value.hasPrefix("/") && (3...4).contains(parts.count)
            && parts.dropFirst().allSatisfy { part in
                UInt16(part).map(String.init) == String(part)
            }
        if !isPath {
            report.add(
                .wrongKind, "`\(Node.shortened(path.value))` is no path of LwM2M", at: path.place,
                length: path.value.utf8.count,
                help: ["write /object/instance/resource: /3303/0/5700"])
            return nil
        }
        if let other = model.properties.first(where: { $0.lwm2m == path.value }) {
            report.add(
                .duplicateName, "`\(other.name)` is bound to \(path.value) already",
                at: path.place, length: path.value.utf8.count)
        }
        return path.value
    }

    /// What a property follows must be a number of the same model, and not itself.
    private func checkBehaviours(_ entries: [Node.Entry], _ report: Report) {
        let numbers = model.properties.filter { $0.type == .number || $0.type == .integer }
            .map(\.name)
        for property in model.properties {
            guard let towards = property.behaviour?.towards,
                let node = entries.first(where: { $0.key.value == property.name })?
                    .value["behaviour"]?["towards"]
            else { continue }
            if towards == property.name {
                report.add(.conflict, "`\(towards)` cannot follow itself", at: node)
            } else if !numbers.contains(towards) {
                report.add(
                    .unknownReference, "the model has no number `\(towards)`", at: node,
                    help: report.suggestion(towards, among: numbers))
            }
        }
    }
}

extension BehaviourModel {
    fileprivate init?(_ fields: Fields, _ report: Report) {
        guard let node = fields.node("behaviour"), let inner = Fields(node, .behaviour, report)
        else { return nil }
        let constant = inner.duration("time_constant")
        let towards = inner.text("towards")
        let (gain, rest) = (inner.number("gain") ?? 1, inner.number("rest") ?? 0)
        guard let constant, let towards else { return nil }
        self.init(timeConstant: constant, towards: towards.value, gain: gain, rest: rest)
    }
}

extension Node {
    /// The value of a key, where this is a mapping that has it.
    fileprivate subscript(key: String) -> Node? {
        guard case .mapping(let entries) = content else { return nil }
        return entries.first { $0.key.value == key }?.value
    }
}
