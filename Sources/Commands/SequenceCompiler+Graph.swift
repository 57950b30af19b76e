import Language
import Model

/// Sequences as graphs: ids, dependencies, conditions, what takes a step back.
extension SequenceCompiler {
    /// The plan of a sequence that is run as a graph; nil where anything in it is wrong.
    mutating func compileGraph(
        _ definition: SequenceDefinition, sync: [TwinSyncDefinition]
    ) -> GraphPlan? {
        let errorsBefore = diagnostics.count { $0.severity == .error }
        checkNumbers(of: definition)
        checkPolicy(of: definition)
        let ids = stepIds(of: definition)
        let parents = parents(of: definition, ids)
        let ancestors = ancestors(definition, ids, parents)
        let main = selection(of: definition.target)
        var steps: [GraphStep] = []
        for (place, step) in definition.steps.enumerated() {
            let own = step.target.map { selection(of: $0) }
            guard let (_, models) = own ?? main else { continue }
            let group = (step.target ?? definition.target).group.value
            let handling = step.errorHandling ?? definition.errorHandling
            let replaced = substitute(step, definition.parameters)
            let variants = models.compactMap { variant(of: replaced, model: $0) }
            steps.append(
                GraphStep(
                    id: ids[place], parents: parents[place], ancestors: ancestors[place],
                    selection: own??.selection, variants: variants, handling: handling,
                    policy: RetryPolicy(handling, .init(of: group, sync)), timeout: step.timeout))
        }
        guard diagnostics.count(where: { $0.severity == .error }) == errorsBefore,
            let selection = main?.selection
        else { return nil }
        var plan = GraphPlan(
            name: definition.name.value, fingerprint: 0, priority: definition.priority,
            timeToLive: definition.timeToLive, policy: definition.policy ?? .bestEffort,
            barrier: definition.barrier, selection: selection, steps: steps)
        plan.fingerprint = GraphPlan.fingerprint(of: definition, plan)
        return plan
    }

    private mutating func selection(
        of target: TargetDefinition
    ) -> (selection: Selection, models: [DeviceModel?])? {
        guard let (candidates, models) = candidates(of: target) else { return nil }
        if let count = target.count, count < 1 {
            report(.error, "E0501", "`count` must be at least 1", target.group)
        }
        if target.selection == .any, target.count == nil {
            report(
                .error, "E0501", "any of how many? `count` is missing", target.group,
                help: ["add `count: 1`"])
        }
        let count = target.count ?? (target.selection == .all ? nil : 1)
        return (
            Selection(
                kind: target.selection, count: count, rebindsOnRetry: target.rebindsOnRetry,
                zones: target.zones, candidates: candidates), models
        )
    }

    private mutating func checkPolicy(of definition: SequenceDefinition) {
        let quorums = [
            definition.barrier?.quorum,
            definition.policy.flatMap { if case .quorum(let count) = $0 { count } else { nil } },
        ]
        let size = registry.group(named: definition.target.group.value)?.members.count ?? .max
        for case let quorum? in quorums where quorum < 1 || quorum > size {
            report(
                .error, "E0502",
                "a quorum of \(quorum) cannot be: group '\(definition.target.group.value)' has "
                    + "\(size) devices", definition.name)
        }
        if definition.steps.count > GraphPlan.stepsMax {
            report(
                .error, "E0502",
                "sequence '\(definition.name.value)' has \(definition.steps.count) steps; a graph "
                    + "has at most \(GraphPlan.stepsMax)", definition.name)
        }
    }

    // MARK: Dependencies

    /// Those without an id go by their command, numbered where that is not enough.
    private mutating func stepIds(of definition: SequenceDefinition) -> [String] {
        var seen: Set<String> = []
        for case let id? in definition.steps.map(\.id) where !seen.insert(id.value).inserted {
            report(.error, "E0503", "there is another step '\(id.value)'", id)
        }
        return definition.steps.enumerated().map { place, step in
            if let id = step.id { return id.value }
            let name = step.command.value
            return seen.insert(name).inserted ? name : "\(name)-\(place + 1)"
        }
    }

    /// Where no step says what it depends on, they run one after the other.
    private mutating func parents(
        of definition: SequenceDefinition, _ ids: [String]
    ) -> [[Int]] {
        if definition.steps.allSatisfy({ $0.dependsOn == nil }) {
            return ids.indices.map { $0 == 0 ? [] : [$0 - 1] }
        }
        return definition.steps.map { step in
            var parents: Set<Int> = []
            for name in step.dependsOn ?? [] {
                if let place = ids.firstIndex(of: name.value) {
                    parents.insert(place)
                } else {
                    unknown("step", name, "E0504", among: ids)
                }
            }
            return parents.sorted()
        }
    }

    /// What comes before each step. A step that comes before itself is told, with the way round.
    private mutating func ancestors(
        _ definition: SequenceDefinition, _ ids: [String], _ parents: [[Int]]
    ) -> [UInt64] {
        var ancestors = [UInt64](repeating: 0, count: ids.count)
        guard ids.count <= GraphPlan.stepsMax else { return ancestors }
        for _ in ids {
            for step in ids.indices {
                for parent in parents[step] {
                    ancestors[step] |= 1 << UInt64(parent) | ancestors[parent]
                }
            }
        }
        let circular = ids.indices.filter { ancestors[$0] >> UInt64($0) & 1 == 1 }
        var told: UInt64 = 0
        for step in circular where told >> UInt64(step) & 1 == 0 {
            told |= ancestors[step]
            let way = wayRound(from: step, parents, ancestors)
            let names = definition.steps[step].dependsOn ?? []
            report(
                .error, "E0505",
                "steps wait for each other: " + way.map { ids[$0] }.joined(separator: " -> "),
                names.first { ids.firstIndex(of: $0.value) == way[1] } ?? definition.name,
                help: ["each step may only depend on steps that do not depend on it"])
        }
        return ancestors
    }

    /// From a step that depends on itself, the shortest way back to it.
    private func wayRound(
        from start: Int, _ parents: [[Int]], _ ancestors: [UInt64]
    ) -> [Int] {
        var ways = [[start]]
        var seen: Set<Int> = []
        while true {
            var longer: [[Int]] = []
            for way in ways {
                for parent in parents[way[way.count - 1]] {
                    if parent == start { return way + [start] }
                    if seen.insert(parent).inserted { longer.append(way + [parent]) }
                }
            }
            ways = longer
        }
    }

    // MARK: Forms

    private mutating func variant(
        of step: StepDefinition, model: DeviceModel?
    ) -> GraphStep.Variant? {
        guard let form = form(of: step, model: model) else { return nil }
        var undo = step.compensation
        if undo == nil, let known = model?.commands.first(where: { $0.name == form.name }),
            let name = known.compensation
        {
            undo = CompensationDefinition(command: Located(name, at: step.command.place))
        }
        let compensation = undo.flatMap {
            self.form(
                of: StepDefinition(command: $0.command, parameters: $0.parameters), model: model)
        }
        let when = step.when.flatMap { condition($0, model) }
        let (text, span) = split(step.waitFor)
        return GraphStep.Variant(
            form: form,
            compensation: compensation.map {
                CommandTerms.Compensation(
                    name: $0.name, parameters: $0.parameters,
                    timeToLive: step.compensation?.timeout)
            }, when: when,
            awaited: text.flatMap { condition($0, model) }, span: span)
    }

    private mutating func condition(
        _ text: Located<String>, _ model: DeviceModel?
    ) -> CommandCondition {
        CommandCondition(text, model: model, registry: registry, diagnostics: &diagnostics)
    }

    /// `speed > 1000 within 30s` as its condition and its span.
    private mutating func split(
        _ text: Located<String>?
    ) -> (Located<String>?, Milliseconds) {
        guard let text else { return (nil, .zero) }
        let words = text.value.split(separator: " ")
        guard words.count > 2, words[words.count - 2] == "within",
            let span = Milliseconds(String(words[words.count - 1])), span > .zero
        else {
            report(
                .error, "E0506", "`wait_for` does not say how long", text,
                help: ["add the time: \(text.value) within 30s"])
            return (nil, .zero)
        }
        return (Located(words.dropLast(2).joined(separator: " "), at: text.place), span)
    }

    /// The step with the sequence's parameters in the place of `{name}`.
    private mutating func substitute(
        _ step: StepDefinition, _ parameters: [(name: String, value: Located<Value>)]
    ) -> StepDefinition {
        var step = step
        step.parameters = substitute(step.parameters, parameters)
        if let undo = step.compensation {
            step.compensation?.parameters = substitute(undo.parameters, parameters)
        }
        return step
    }

    private mutating func substitute(
        _ given: [(name: String, value: Located<Value>)],
        _ parameters: [(name: String, value: Located<Value>)]
    ) -> [(name: String, value: Located<Value>)] {
        given.map { name, value in
            guard case .text(let text) = value.value, text.hasPrefix("{"), text.hasSuffix("}")
            else {
                return (name, value)
            }
            let wanted = String(text.dropFirst().dropLast())
            guard let found = parameters.first(where: { $0.name == wanted }) else {
                unknown(
                    "parameter of the sequence", Located(wanted, at: value.place), "E0507",
                    among: parameters.map(\.name))
                return (name, value)
            }
            return (name, Located(found.value.value, at: value.place))
        }
    }
}

extension SequencePlan.Acknowledgment {
    /// What the twins of a group ask; nil where they ask nothing.
    init?(of group: String, _ sync: [TwinSyncDefinition]) {
        let asked = sync.first { $0.group.value == group && $0.acknowledgment != nil }
        guard let asked = asked?.acknowledgment else { return nil }
        self.init(needsReport: asked.method == .reportedProperties, timeout: asked.timeout)
    }
}

extension GraphPlan {
    /// From what was written and what it was compiled to, devices apart: these are frozen in runs.
    static func fingerprint(of definition: SequenceDefinition, _ plan: GraphPlan) -> UInt128 {
        var words = [plan.name, "\(plan.policy)", "\(plan.priority)"]
        if let barrier = plan.barrier {
            words += ["\(barrier.prepareTimeout) \(barrier.span) \(barrier.quorum ?? 0)"]
        }
        for (written, step) in zip(definition.steps, plan.steps) {
            words += [
                step.id, "\(step.parents)", "\(step.handling)", "\(step.policy)",
                written.when?.value ?? "", written.waitFor?.value ?? "",
                step.timeout?.description ?? "", step.selection == nil ? "" : "own",
            ]
            for variant in step.variants {
                words += ["\(variant.form)", variant.compensation.map { "\($0)" } ?? ""]
            }
        }
        return CommandID(words.joined(separator: "\u{1f}")).value
    }
}
