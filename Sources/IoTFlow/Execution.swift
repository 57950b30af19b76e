import Config
import Engine
import Model
import Simulation

/// A workflow that was deployed, or could not be.
public final class Execution {
    /// The workflow's name.
    public let workflow: String
    /// What is wrong, in the order in which it was found. A scenario that cannot run is told here
    /// too.
    public private(set) var diagnostics: [Diagnostic]
    private var run: SimulationRun?
    private let sections: [(key: String, value: Settings)]

    init(
        workflow: String, plan: Plan?, sections: [(key: String, value: Settings)],
        diagnostics: [Model.Diagnostic]
    ) {
        self.workflow = workflow
        self.sections = sections
        self.diagnostics = diagnostics.map { Diagnostic($0) }
        run = plan.map { SimulationRun(plan: $0) }
    }

    /// `deployed`, or `failed` where the workflow has mistakes.
    public var status: String { isDeployed ? "deployed" : "failed" }

    var isDeployed: Bool { run != nil }

    /// What the workflow has processed, found and commanded so far; zeros where it is not deployed.
    public func getMetrics() -> Metrics { Metrics(run) }

    /// The newest lines that the workflow's `log_` actions wrote, oldest first; at most 1000.
    public var log: [String] { run?.log ?? [] }

    /// Runs emulated devices against the workflow, after everything that ran before.
    func play(
        _ scenario: Scenario, duration: String, seed: UInt64, pace: (Milliseconds) -> Void
    ) -> [Diagnostic] {
        let scenarios: Settings = .mapping([
            (key: scenario.name, value: scenario.settings(duration: duration))
        ])
        let (configuration, mistakes) = Configuration.load(
            .mapping(sections + [(key: "scenarios", value: scenarios)]))
        let found = mistakes.map { Diagnostic($0) }
        diagnostics += found
        guard let definition = configuration?.definition.scenarios.first else { return found }
        run?.begin(definition, seed: seed)
        run?.run(pace: pace)
        return found
    }
}

extension Execution {
    /// One thing that is wrong, or doubtful, with a workflow or a scenario.
    public struct Diagnostic: Hashable, Sendable, CustomStringConvertible {
        /// False for a warning.
        public let isError: Bool
        /// Stable, such as `E0104`; the same as for the YAML files.
        public let code: String
        /// What is wrong.
        public let message: String
        /// What to do instead; may be empty.
        public let help: [String]

        init(_ diagnostic: Model.Diagnostic) {
            isError = diagnostic.severity == .error
            code = diagnostic.code
            message = diagnostic.message
            help = diagnostic.help
        }

        /// One line, with the help in brackets.
        public var description: String {
            let help = help.isEmpty ? "" : " (\(help.joined(separator: "; ")))"
            return "\(isError ? "error" : "warning"): \(message) [\(code)]\(help)"
        }
    }
}
