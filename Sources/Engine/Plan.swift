import Commands
import Language
package import Model
import Streams
import Twins

/// A definition that has been checked and compiled: everything an `Engine` needs to start.
package struct Plan: Sendable {
    package let workflow: String
    package let registry: Registry
    package let edgeDistribution: [EdgeDistribution]
    package let scenarios: [ScenarioDefinition]
    let streams: StreamProcessor
    let twins: TwinTable
    let commands: CommandScheduler
    let sequences: SequenceTable
    /// What each pattern does when it matches, by stream and pattern name.
    let actions: [PatternName: [Action]]

    /// The aggregates of each stream and aggregation, in the order of its rows' fields.
    let metrics: [String: [Tally.Metric]]

    /// Streams whose late events are published.
    let publishesLate: Set<String>

    struct PatternName: Hashable, Sendable {
        var stream: String
        var pattern: String
    }

    enum Action: Hashable, Sendable {
        case log(String)
        case updateTwin
        case run(sequence: String)
    }

    /// Compiles a definition. All that is wrong is appended to `diagnostics`; nil if any of it is
    /// an error.
    package init?(compiling definition: Definition, diagnostics: inout [Diagnostic]) {
        let before = diagnostics.count
        var registry = definition.registry
        for pattern in definition.streams.flatMap(\.patterns)
        where pattern.actions.contains(where: { $0.value == "update_twin" }) {
            // `update_twin` writes a property named after the pattern.
            _ = registry.addProperty(pattern.name.value)
        }
        workflow = definition.workflow
        self.registry = registry
        edgeDistribution = definition.edgeDistribution
        scenarios = definition.scenarios
        streams = StreamProcessor(
            streams: definition.streams, aggregations: definition.aggregations,
            tables: definition.tables, registry: registry, diagnostics: &diagnostics)
        twins = TwinTable(
            registry: registry, sync: definition.twinSync, diagnostics: &diagnostics)
        commands = CommandScheduler(
            sequences: definition.sequences, sync: definition.twinSync, registry: registry,
            limits: definition.commandLimits, diagnostics: &diagnostics)
        sequences = SequenceTable(
            sequences: definition.sequences, lines: definition.lines, sync: definition.twinSync,
            registry: registry, diagnostics: &diagnostics)
        actions = Plan.actions(of: definition, diagnostics: &diagnostics)
        metrics = Plan.metrics(of: definition)
        publishesLate = Set(
            definition.streams.filter(\.publishesLate).map(\.name.value)
                + definition.aggregations.filter(\.publishesLate).map(\.name.value))
        Plan.checkNames(of: definition, diagnostics: &diagnostics)
        if diagnostics[before...].contains(where: { $0.severity == .error }) { return nil }
    }

    private static func actions(
        of definition: Definition, diagnostics: inout [Diagnostic]
    ) -> [PatternName: [Action]] {
        let orders = definition.lines.flatMap { line in
            LineCommand.allCases.map { "\(line.name.value).\($0.rawValue)" }
        }
        let sequences = Set(definition.sequences.map(\.name.value) + orders)
        var actions: [PatternName: [Action]] = [:]
        for stream in definition.streams {
            for pattern in stream.patterns {
                let name = PatternName(stream: stream.name.value, pattern: pattern.name.value)
                for action in pattern.actions {
                    if sequences.contains(action.value) {
                        actions[name, default: []].append(.run(sequence: action.value))
                    } else if action.value == "update_twin" {
                        actions[name, default: []].append(.updateTwin)
                    } else if action.value.hasPrefix("log_") {
                        actions[name, default: []].append(.log(String(action.value.dropFirst(4))))
                    } else {
                        let known = sequences.union(["update_twin", "log_event"])
                        let guess = didYouMean(action.value, among: known.sorted())
                        diagnostics.append(
                            Diagnostic(
                                code: "E0401", "no action is called '\(action.value)'",
                                at: action.place, length: action.value.utf8.count,
                                help: guess.map { ["did you mean '\($0)'?"] }
                                    ?? ["an action is update_twin, log_… or a command sequence"]))
                    }
                }
            }
        }
        return actions
    }

    private static func metrics(of definition: Definition) -> [String: [Tally.Metric]] {
        func metrics(_ aggregates: [AggregateDefinition]) -> [Tally.Metric] {
            aggregates.compactMap { aggregate in
                AggregateFunction.named(aggregate.function.value).map {
                    Tally.Metric(
                        name: aggregate.name.value, function: $0.function,
                        quantile: $0.quantile ?? aggregate.quantile)
                }
            }
        }
        var result: [String: [Tally.Metric]] = [:]
        for stream in definition.streams {
            for case .aggregate(_, let functions) in stream.processing {
                result[stream.name.value] = metrics(functions)
            }
        }
        for aggregation in definition.aggregations {
            result[aggregation.name.value] = metrics(aggregation.metrics)
        }
        return result
    }

    private static func checkNames(of definition: Definition, diagnostics: inout [Diagnostic]) {
        let placeable =
            definition.streams.map(\.name.value)
            + definition.sequences.map(\.name.value) + definition.aggregations.map(\.name.value)
        for entry in definition.edgeDistribution where !placeable.contains(entry.name.value) {
            let guess = didYouMean(entry.name.value, among: placeable)
            diagnostics.append(
                Diagnostic(
                    code: "E0402",
                    "edge_distribution names '\(entry.name.value)', which is no stream, "
                        + "aggregation or command sequence",
                    at: entry.name.place, length: entry.name.value.utf8.count,
                    help: guess.map { ["did you mean '\($0)'?"] } ?? []))
        }
    }
}
