package import Engine
package import Model

/// Runs an engine against an emulated fleet under a virtual clock: an hour in moments, and the same
/// result for the same seed, byte for byte.
package struct SimulationRun: Sendable {
    package private(set) var engine: Engine
    package private(set) var fleet: Fleet
    /// Lines the workflow logged, the newest last; bounded.
    package private(set) var log: [String] = []
    /// Commands that devices executed.
    package private(set) var commandsExecuted = 0
    private var now: Instant
    private var end: Instant
    private var inFlight: [(due: Instant, message: Message)] = []

    /// One-way time between gateway and device.
    private static let latency = Milliseconds(20)
    /// How long after the scenario's end timers may still run, so that its last windows close.
    private static let grace = Milliseconds.minute * 5
    private static let logLimit = 1000

    /// The start of a simulated scenario that names none.
    package static let defaultStart = Instant(milliseconds: 1_767_225_600_000)

    private enum Message: Sendable {
        case command(Transmission)
        case input(Input)
    }

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
        engine = Engine(plan)
        fleet = Fleet(
            scenario: ScenarioDefinition(name: "", duration: .zero), registry: plan.registry,
            seed: 0, start: SimulationRun.defaultStart)
        now = .distantPast
        end = .distantPast
    }

    /// Begins a scenario with devices fresh from the factory: at its start or, where time is past
    /// that already, now.
    package mutating func begin(_ scenario: ScenarioDefinition, seed: UInt64) {
        let start = max(now, scenario.start ?? SimulationRun.defaultStart)
        // Devices without a model measure what no model has named yet.
        for pattern in scenario.telemetry { _ = engine.intern(propertyNamed: pattern.property) }
        fleet = Fleet(scenario: scenario, registry: engine.registry, seed: seed, start: start)
        now = start
        end = start + scenario.duration
    }

    /// Runs to the scenario's end and until the windows it filled have closed. `pace` is called
    /// before each step with the time since the scenario's start, at most its duration.
    package mutating func run(pace: (Milliseconds) -> Void = { _ in }) {
        var effects: [Effect] = []
        var inputs = initialReports()
        while let next = nextTime, next <= end + SimulationRun.grace {
            now = max(now, next)
            pace(min(now, end) - fleet.start)
            collect(into: &inputs)
            engine.step(inputs, at: now, into: &effects)
            inputs.removeAll(keepingCapacity: true)
            for effect in effects { perform(effect) }
            effects.removeAll(keepingCapacity: true)
        }
    }

    private func initialReports() -> [Input] {
        fleet.registry.devices.flatMap { device in
            fleet.initialState(of: device).map { property, value in
                Input.reading(
                    Reading(device: device, property: property, time: now, value: value))
            }
        }
    }

    private var nextTime: Instant? {
        var next = fleet.nextTime
        for other in [engine.nextDeadline, inFlight.first?.due] {
            guard let other else { continue }
            next = min(next ?? other, other)
        }
        return next
    }

    private mutating func collect(into inputs: inout [Input]) {
        while let emission = fleet.next(through: now) {
            inputs.append(
                .reading(
                    Reading(
                        device: emission.device, property: emission.property,
                        time: emission.time, value: emission.value)))
        }
        while let first = inFlight.first, first.due <= now {
            inFlight.removeFirst()
            switch first.message {
            case .input(let input): inputs.append(input)
            case .command(let transmission): execute(transmission)
            }
        }
    }

    private mutating func execute(_ transmission: Transmission) {
        let answer = fleet.execute(
            transmission.name, id: transmission.command, parameters: transmission.parameters,
            on: transmission.device)
        if answer.code == 204 { commandsExecuted += 1 }
        let outcome: CommandResponse.Outcome =
            answer.code < 400
            ? .acknowledged(code: answer.code) : .refused(code: answer.code, diagnostic: "")
        let due = now + SimulationRun.latency
        send(
            .input(
                .response(
                    CommandResponse(
                        command: transmission.command, attempt: transmission.attempt,
                        outcome: outcome))), due: due)
        for report in answer.reports {
            send(
                .input(
                    .reading(
                        Reading(
                            device: transmission.device, property: report.property, time: now,
                            value: report.value))), due: due)
        }
    }

    private mutating func perform(_ effect: Effect) {
        switch effect {
        case .transmit(let transmission):
            send(.command(transmission), due: now + SimulationRun.latency)
        case .log(let line):
            if log.count < SimulationRun.logLimit { log.append(line) }
        case .publish, .audit: break
        }
    }

    /// All messages take the same time, so the queue stays in order.
    private mutating func send(_ message: Message, due: Instant) {
        inFlight.append((due, message))
    }
}
