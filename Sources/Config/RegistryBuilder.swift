import Model

/// Puts groups, single devices and models together into a `Registry`.
struct RegistryBuilder {
    var models: [ModelDraft] = []
    var groups: [GroupDraft] = []
    var devices: [DeviceDraft] = []

    /// The names that the store remembers come first, so that numbers on disk keep their meaning.
    func build(
        limits: GatewaySettings.Limits, known: KnownNames, _ report: Report
    ) -> Registry {
        var registry = Registry(deviceLimit: limits.devices, propertyLimit: limits.properties)
        registry.restoreNames(devices: known.devices, properties: known.properties)
        for draft in models where registry.add(draft.model) == nil {
            report.add(
                .tooMany, "more than \(limits.properties) property names", at: draft.name.place,
                length: draft.name.value.utf8.count, help: ["raise gateway.limits.properties"])
            break
        }
        for group in groups { registry.addGroup(group.name.value) }
        for entry in entries(report) where registry.add(entry.value) == nil {
            report.add(
                .tooMany, "more than \(limits.devices) devices, counting names used before",
                at: entry.place, help: ["raise gateway.limits.devices"])
            break
        }
        return registry
    }

    /// Which model a group's devices have: the one it names, else the one that is named like it.
    func model(of group: GroupDraft) -> Int? {
        if let name = group.model?.value { return model(named: name) }
        let name = group.name.value
        return model(named: name)
            ?? (name.hasSuffix("s") ? model(named: String(name.dropLast())) : nil)
    }

    private func model(named name: String) -> Int? {
        models.firstIndex { $0.model.name == name }
    }

    private func entries(_ report: Report) -> [Located<Registry.Entry>] {
        var entries: [Located<Registry.Entry>] = []
        var places: [String: Int] = [:]
        for (number, group) in groups.enumerated() {
            check(group.model, report)
            let model = model(of: group)
            var hasConflict = false
            for (index, member) in group.members.enumerated() {
                let at = places[member.value] ?? entries.count
                if at == entries.count {
                    entries.append(Located(Registry.Entry(name: member.value), at: member.place))
                    places[member.value] = at
                }
                if entries[at].value.groups.last == number {
                    report.add(
                        .duplicateName, "`\(member.value)` is listed twice", at: member.place,
                        length: member.value.utf8.count)
                    continue
                }
                entries[at].value.groups.append(number)
                if !apply(group, index, model, to: &entries[at].value), !hasConflict {
                    hasConflict = true
                    report.add(
                        .conflict,
                        "the group `\(group.name.value)` and an earlier one do not "
                            + "agree on the model or the tags of `\(member.value)`",
                        at: group.name.place, length: group.name.value.utf8.count)
                }
            }
        }
        for device in devices {
            let at = places[device.name.value] ?? entries.count
            if at == entries.count {
                entries.append(
                    Located(Registry.Entry(name: device.name.value), at: device.name.place))
                places[device.name.value] = at
            }
            apply(device, to: &entries[at].value, report)
        }
        return entries
    }

    /// False where another group said something else.
    private func apply(
        _ group: GroupDraft, _ index: Int, _ model: Int?, to entry: inout Registry.Entry
    ) -> Bool {
        var agrees = entry.model == nil || model == nil || entry.model == model
        entry.model = entry.model ?? model
        var tags = group.tags
        for (name, values) in group.spread {
            tags.append((name, values.dealt(index, of: group.members.count)))
        }
        for (name, value) in tags {
            agrees = agrees && entry.tags[name, default: value] == value
            entry.tags[name] = value
        }
        entry.position = group.position(index) ?? entry.position
        return agrees
    }

    private func apply(_ device: DeviceDraft, to entry: inout Registry.Entry, _ report: Report) {
        check(device.model, report)
        entry.model = device.model.flatMap { model(named: $0.value) } ?? entry.model
        for name in device.groups {
            guard let group = groups.firstIndex(where: { $0.name.value == name.value }) else {
                let names = groups.map(\.name.value)
                report.add(
                    .unknownReference, "there is no group `\(name.value)`", at: name.place,
                    length: name.value.utf8.count,
                    help: report.suggestion(name.value, among: names))
                continue
            }
            if !entry.groups.contains(group) { entry.groups.append(group) }
            if device.model == nil, entry.model == nil { entry.model = model(of: groups[group]) }
        }
        entry.groups.sort()
        for (name, value) in device.tags { entry.tags[name] = value }
        entry.position = device.position ?? entry.position
        entry.address = device.address ?? entry.address
    }

    private func check(_ model: Located<String>?, _ report: Report) {
        guard let model, self.model(named: model.value) == nil else { return }
        report.add(
            .unknownReference, "there is no model `\(model.value)`", at: model.place,
            length: model.value.utf8.count,
            help: report.suggestion(model.value, among: models.map(\.model.name)))
    }
}

/// The device and property names that the store has numbered, in the order of their numbers.
package struct KnownNames: Sendable {
    package var devices: [String]
    package var properties: [String]

    package init(devices: [String] = [], properties: [String] = []) {
        self.devices = devices
        self.properties = properties
    }
}
