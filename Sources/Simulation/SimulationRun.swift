package import Engine
package import Model

/// Runs an engine against an emulated fleet under a virtual clock: an hour in moments, and the same
/// result for the same seed, byte for byte.
package struct SimulationRun: Sendable {
    /// Lines the workflow logged, the newest last; bounded.
    package private(set) var log: [String] = []
    private var plant: Plant
    private var now: Instant
    private var end: Instant

    /// How long after the scenario's end timers may still run, so that its last windows close.
    private static let grace = Milliseconds.minute * 5
    private static let logLimit = 1000

    /// The start of a simulated scenario that names none.
    package static let defaultStart = Instant(milliseconds: 1_767_225_600_000)

    package var engine: Engine { plant.engine }
    package var fleet: Fleet { plant.fleet }
    /// Commands that devices executed.
    package var commandsExecuted: Int { plant.commandsExecuted }

    /// `duration` stands in for the scenario's own.
    package init(
        plan: Plan, scenario: ScenarioDefinition, duration: Milliseconds? = nil, seed: UInt64
    ) {
        var scenario = scenario
        scenario.duration = duration ?? scenario.duration
        self.init(plan: plan)
        begin(scenario, seed: seed)
    }

    /// An engine that no device speaks to until a scenario begins.
    package init(plan: Plan) {
        plant = Plant(
            engine: Engine(plan),
            fleet: Fleet(
                scenario: ScenarioDefinition(name: "", duration: .zero), registry: plan.registry,
                seed: 0, start: SimulationRun.defaultStart))
        now = .distantPast
        end = .distantPast
    }

    /// Begins a scenario with devices fresh from the factory: at its start or, where time is past
    /// that already, now.
    package mutating func begin(_ scenario: ScenarioDefinition, seed: UInt64) {
        let start = max(now, scenario.start ?? SimulationRun.defaultStart)
        // Devices without a model measure what no model has named yet.
        for pattern in scenario.telemetry {
            _ = plant.engine.intern(propertyNamed: pattern.property)
        }
        plant.fleet = Fleet(
            scenario: scenario, registry: plant.engine.registry, seed: seed, start: start)
        now = start
        end = start + scenario.duration
    }

    /// Runs to the scenario's end and until the windows it filled have closed. `pace` is called
    /// before each step with the time since the scenario's start, at most its duration.
    package mutating func run(pace: (Milliseconds) -> Void = { _ in }) {
        var effects: [Effect] = []
        var transmissions: [Transmission] = []
        var inputs = plant.initialReports(at: now)
        while let next = plant.nextTime, next <= end + SimulationRun.grace {
            now = max(now, next)
            pace(min(now, end) - plant.fleet.start)
            plant.step(inputs, at: now, into: &effects, transmissions: &transmissions)
            inputs.removeAll(keepingCapacity: true)
            for case .log(let line) in effects where log.count < SimulationRun.logLimit {
                log.append(line)
            }
            effects.removeAll(keepingCapacity: true)
            transmissions.removeAll(keepingCapacity: true)
        }
    }
}
