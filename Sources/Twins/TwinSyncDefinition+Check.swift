import Model

extension TwinSyncDefinition {
    /// Tells what this section names that does not exist.
    func check(against registry: Registry, diagnostics: inout [Diagnostic]) {
        guard let members = registry.group(named: group.value)?.members else {
            diagnostics.append(
                .unknown(
                    "group", group, code: "E0301", among: registry.groups.map(\.name)))
            return
        }
        var models: [Int] = []
        for member in members {
            // A device without a model may report anything.
            guard let model = registry.entry(member)?.model else { return }
            if !models.contains(model) { models.append(model) }
        }
        let known = models.flatMap { registry.models[$0].properties.map(\.name) }
        for mapping in telemetryMapping where !models.isEmpty {
            if !known.contains(mapping.property.value) {
                diagnostics.append(
                    .unknown("property", mapping.property, code: "E0302", among: known))
            }
        }
    }
}

extension Diagnostic {
    /// `there is no group 'x'`, with the nearest name as help.
    fileprivate static func unknown(
        _ what: String, _ name: Located<String>, code: String, among candidates: [String]
    ) -> Diagnostic {
        let near = didYouMean(name.value, among: candidates)
        return Diagnostic(
            code: code, "there is no \(what) '\(name.value)'", at: name.place,
            length: max(1, name.value.utf8.count),
            help: near.map { ["did you mean '\($0)'?"] } ?? [])
    }
}
