import Commands
import Engine
import Model
import Streams
import Twins

extension Draft {
    /// Reports names that refer to nothing: groups, sequences, commands, streams, properties.
    /// What expressions and mappings refer to is found out when the plan is compiled.
    func checkReferences(_ report: Report) {
        let groups = builder.groups.map(\.name.value)
        for source in streams.flatMap(\.sources) + aggregations.flatMap(\.sources) {
            if let group = source.group { check(group, "group", groups, report) }
        }
        for sync in twinSync { check(sync.group, "group", groups, report) }
        let sequenceNames = sequences.map(\.name.value)
        let orders = lines.flatMap { line in
            LineCommand.allCases.map { "\(line.name.value).\($0.rawValue)" }
        }
        let actions = sequenceNames + orders + ["update_twin"]
        for pattern in streams.flatMap(\.patterns) {
            for action in pattern.actions where !Draft.isBuiltIn(action.value) {
                check(action, "action", actions, report)
            }
        }
        for sequence in sequences {
            if Draft.isBuiltIn(sequence.name.value) {
                report.add(
                    .conflict, "`\(sequence.name.value)` is the name of a built-in action",
                    at: sequence.name.place, length: sequence.name.value.utf8.count,
                    help: ["call the sequence something else"])
            }
            check(sequence.target.group, "group", groups, report)
            for step in sequence.steps {
                if let own = step.target?.group { check(own, "group", groups, report) }
                checkStep(step, of: sequence, report)
                guard let undo = step.compensation else { continue }
                var back = StepDefinition(command: undo.command, parameters: undo.parameters)
                back.target = step.target
                checkStep(back, of: sequence, report)
            }
        }
        for line in lines {
            check(line.group, "group", groups, report)
            for (_, sequence) in line.sequences {
                check(sequence, "command sequence", sequenceNames, report)
            }
        }
        let parts = streams.map(\.name.value) + sequenceNames + aggregations.map(\.name.value)
        for edge in edgeDistribution {
            check(edge.name, "stream, sequence or aggregation", parts, report)
        }
        for (group, property) in scenarios.flatMap(\.uses)
        where check(group, "group", groups, report) {
            let properties = models(of: group.value).flatMap { builder.models[$0].model.properties }
            guard !properties.isEmpty else { continue }
            check(property, "property", properties.map(\.name), report)
        }
        checkFaults(report)
    }

    static func isBuiltIn(_ action: String) -> Bool {
        action == "update_twin" || action.hasPrefix("log_")
    }

    /// Every model of the group must have the command; groups without a model take any.
    private func checkStep(
        _ step: StepDefinition, of sequence: SequenceDefinition, _ report: Report
    ) {
        for index in models(of: (step.target ?? sequence.target).group.value) {
            let model = builder.models[index].model
            let known = check(
                step.command, "command of \(model.name)", model.commands.map(\.name), report)
            if known { checkParameters(of: step, model, report) }
        }
    }

    /// A parameter that sets an enum property must be one of its words.
    private func checkParameters(
        of step: StepDefinition, _ model: DeviceModel, _ report: Report
    ) {
        guard let command = model.commands.first(where: { $0.name == step.command.value }) else {
            return
        }
        let writes = model.writes(of: command, parameters: step.parameters.map(\.name))
        for (parameter, name) in writes {
            guard let property = model.properties.first(where: { $0.name == name }),
                let value = step.parameters.first(where: { $0.name == parameter })?.value
            else { continue }
            let text = value.value.description
            // Looked up when the sequence is compiled.
            if text.hasPrefix("{") { continue }
            if !property.choices.isEmpty, !property.choices.contains(text) {
                report.add(
                    .unknownChoice,
                    "`\(text)` is none of "
                        + property.choices.joined(separator: ", "), at: value.place,
                    length: text.utf8.count,
                    help: report.suggestion(text, among: property.choices))
            }
            if let range = property.range, let number = value.value.double,
                !range.contains(number)
            {
                report.add(
                    .outOfRange,
                    "\(text) is outside the range of `\(name)`, "
                        + "\(range.lowerBound) to \(range.upperBound)", at: value.place,
                    length: text.utf8.count)
            }
        }
    }

    @discardableResult
    func check(
        _ name: Located<String>, _ what: String, _ known: [String], _ report: Report
    ) -> Bool {
        if known.contains(name.value) { return true }
        report.add(
            .unknownReference, "there is no \(what) `\(name.value)`", at: name.place,
            length: name.value.utf8.count, help: report.suggestion(name.value, among: known))
        return false
    }
}
