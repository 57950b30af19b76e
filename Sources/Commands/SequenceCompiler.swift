import Model

/// Turns written sequences into plans and tells, with a place each, everything that cannot be.
struct SequenceCompiler {
    static let attemptsAllowed = 1...1000

    let registry: Registry
    var diagnostics: [Diagnostic] = []

    init(registry: Registry) { self.registry = registry }

    /// The plan of a sequence; nil where anything in it is wrong.
    mutating func compile(
        _ definition: SequenceDefinition, acknowledgment: SequencePlan.Acknowledgment?
    ) -> SequencePlan? {
        let errorsBefore = diagnostics.count { $0.severity == .error }
        checkNumbers(of: definition)
        guard let (candidates, models) = candidates(of: definition.target) else { return nil }
        let variants = models.map { model in
            definition.steps.compactMap { form(of: $0, model: model) }
        }
        guard diagnostics.count(where: { $0.severity == .error }) == errorsBefore else {
            return nil
        }
        return SequencePlan(
            name: definition.name.value, isCritical: definition.isCritical,
            selection: definition.target.selection,
            candidates: candidates, variants: variants,
            policy: RetryPolicy(definition.errorHandling, acknowledgment))
    }

    /// A target's devices by name, and the models that their variants stand for; nil where there is
    /// no such group.
    mutating func candidates(
        of target: TargetDefinition
    ) -> ([SequencePlan.Candidate], models: [DeviceModel?])? {
        checkSelection(of: target)
        guard let group = registry.group(named: target.group.value) else {
            unknown("group", target.group, "E0311", among: registry.groups.map(\.name))
            return nil
        }
        if group.members.isEmpty {
            report(
                .warning, "E0312", "group '\(group.name)' has no devices to command", target.group)
        }
        var models: [Int?] = []
        let byName = group.members.map { (registry.name(of: $0), $0) }.sorted { $0.0 < $1.0 }
        let candidates = byName.map { name, device in
            let model = registry.entry(device)?.model
            let variant = models.firstIndex(of: model) ?? models.count
            if variant == models.count { models.append(model) }
            return SequencePlan.Candidate(device: device, name: name, variant: variant)
        }
        return (candidates, models.map { $0.map { registry.models[$0] } })
    }

    /// A second sequence of the same name.
    mutating func repeated(_ name: Located<String>) {
        report(.error, "E0310", "there is another command sequence '\(name.value)'", name)
    }

    // MARK: Checks

    mutating func checkNumbers(of definition: SequenceDefinition) {
        let handling = definition.errorHandling
        if definition.steps.isEmpty {
            report(
                .error, "E0317", "sequence '\(definition.name.value)' has no steps",
                definition.name)
        }
        if !SequenceCompiler.attemptsAllowed.contains(handling.maxAttempts) {
            report(
                .error, "E0318", "max_attempts must be between 1 and 1000", definition.name)
        }
        if handling.initialDelay < .zero || handling.maxDelay < .zero {
            report(.error, "E0318", "a delay cannot be negative", definition.name)
        }
    }

    mutating func checkSelection(of target: TargetDefinition) {
        switch (target.selection, target.toDevice) {
        case (.nearest, nil):
            report(
                .error, "E0316", "nearest to what? `to_device` is missing", target.group,
                help: ["add `parameters: {to_device: context.device_id}`"])
        case (.nearest, let path?) where path.value != "context.device_id":
            report(
                .error, "E0316", "'\(path.value)' names no device", path,
                help: ["`context.device_id` is the device that set the sequence off"])
        case (.nearest, _), (_, nil): break
        case (_, let path?):
            report(
                .warning, "E0316",
                "`to_device` has no meaning with `\(target.selection.rawValue)`", path)
        }
    }

    /// A step for devices of `model`; nil (for a device without a model) takes any command.
    mutating func form(of step: StepDefinition, model: DeviceModel?) -> CommandForm? {
        var command = CommandModel(name: step.command.value)
        if let model {
            guard let known = model.commands.first(where: { $0.name == step.command.value }) else {
                unknown(
                    "command of model '\(model.name)' named", step.command, "E0313",
                    among: model.commands.map(\.name))
                return nil
            }
            command = known
        }
        checkParameters(of: step, against: command, model)
        var writes: [PropertyWrite] = []
        let known = model?.writes(of: command, parameters: step.parameters.map(\.name)) ?? []
        for (name, target) in known {
            guard let parameter = step.parameters.first(where: { $0.name == name }) else {
                continue
            }
            guard let property = model?.properties.first(where: { $0.name == target }),
                let number = registry.property(named: target)
            else {
                report(
                    .error, "E0314",
                    "command '\(command.name)' writes property '\(target)', which "
                        + "model '\(model?.name ?? "")' does not have",
                    step.command,
                    help: suggestion(target, model?.properties.map(\.name) ?? []))
                continue
            }
            switch property.accept(parameter.value.value) {
            case .success(let value):
                writes.append(
                    PropertyWrite(property: number, value: value, tolerance: property.tolerance))
            case .failure(let refusal):
                report(
                    .error, "E0315", "parameter '\(name)' \(refusal.reason)", parameter.value.place,
                    length: parameter.value.value.description.utf8.count, help: refusal.help)
            }
        }
        var form = CommandForm(
            name: command.name, method: command.method,
            path: command.path.map { fill($0, step) }, query: command.query.map { fill($0, step) },
            parameters: step.parameters.map { Field($0.name, $0.value.value) }, writes: writes)
        form.adopt(command, of: model, registry: registry)
        return form
    }

    /// A model that says what a command writes thereby says which parameters it has.
    private mutating func checkParameters(
        of step: StepDefinition, against command: CommandModel, _ model: DeviceModel?
    ) {
        let placeholders = (command.path + command.query).flatMap { $0.placeholders }
        let given = step.parameters.map(\.name)
        for name in placeholders where !given.contains(name) {
            report(
                .error, "E0314", "command '\(command.name)' needs parameter '\(name)'",
                step.command)
        }
        guard !command.writes.isEmpty else { return }
        let known =
            command.writes.map(\.parameter) + placeholders
            + (model?.properties.map(\.name) ?? [])
        for (name, value) in step.parameters where !known.contains(name) {
            report(
                .error, "E0314", "command '\(command.name)' has no parameter '\(name)'",
                value.place, help: suggestion(name, known))
        }
    }

    private func fill(_ template: String, _ step: StepDefinition) -> String {
        var text = template
        for (name, value) in step.parameters {
            text = text.replacing("{\(name)}", with: value.value.description)
        }
        return text
    }

    // MARK: Telling

    mutating func unknown(
        _ what: String, _ name: Located<String>, _ code: String, among candidates: [String]
    ) {
        report(
            .error, code, "there is no \(what) '\(name.value)'", name,
            help: suggestion(name.value, candidates))
    }

    func suggestion(_ word: String, _ candidates: [String]) -> [String] {
        didYouMean(word, among: candidates).map { ["did you mean '\($0)'?"] } ?? []
    }

    mutating func report(
        _ severity: Diagnostic.Severity, _ code: String, _ message: String,
        _ at: Located<String>, help: [String] = []
    ) {
        report(
            severity, code, message, at.place, length: max(1, at.value.utf8.count), help: help)
    }

    /// Told once, even if several models of a group have the same trouble at the same place.
    mutating func report(
        _ severity: Diagnostic.Severity, _ code: String, _ message: String, _ place: Place,
        length: Int = 1, help: [String] = []
    ) {
        let diagnostic = Diagnostic(
            severity, code: code, message, at: place, length: max(1, length), help: help)
        if !diagnostics.contains(diagnostic) { diagnostics.append(diagnostic) }
    }
}

extension SequencePlan {
    /// What the target group's twins ask of a command before it counts as done.
    struct Acknowledgment: Sendable {
        var needsReport: Bool
        var timeout: Milliseconds
    }
}

extension RetryPolicy {
    init(_ handling: ErrorHandling, _ acknowledgment: SequencePlan.Acknowledgment?) {
        maxAttempts = handling.maxAttempts
        isExponential = handling.backoff == .exponential
        initialDelay = handling.initialDelay
        maxDelay = handling.maxDelay
        skipsFailures = handling.strategy == .skip
        verifyTimeout = acknowledgment.flatMap { $0.needsReport ? $0.timeout : nil }
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
