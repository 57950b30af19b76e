import Commands
import Model

/// Three controllers and two sensors on a site, a scheduler over them, and what it asked for so
/// far.
struct Site {
    var registry = Registry()
    var sync: [TwinSyncDefinition]
    var scheduler: CommandScheduler
    var diagnostics: [Diagnostic] = []
    var effects: [CommandEffect] = []
    var now = Instant(milliseconds: 0)
    var reports = Reports()

    init(
        _ sequences: [SequenceDefinition] = [Site.cooling()], verify: Milliseconds? = nil,
        limits: CommandLimits = CommandLimits()
    ) {
        registry = Site.registry()
        sync = verify.map { Site.sync(verify: $0) } ?? []
        scheduler = CommandScheduler(
            sequences: sequences, sync: sync, registry: registry, limits: limits,
            diagnostics: &diagnostics)
    }

    static func sync(verify timeout: Milliseconds) -> [TwinSyncDefinition] {
        [
            TwinSyncDefinition(
                group: Located("units"),
                acknowledgment: TwinSyncDefinition.Acknowledgment(
                    method: .reportedProperties, timeout: timeout))
        ]
    }

    static func registry() -> Registry {
        var registry = Registry()
        let model = registry.add(
            DeviceModel(
                name: "controller",
                properties: [
                    PropertyModel(name: "mode", type: .text, choices: ["off", "cool", "heat"]),
                    PropertyModel(name: "setpoint", range: 5...35, tolerance: 0.25),
                    PropertyModel(name: "fan_speed", type: .text, choices: ["low", "auto"]),
                    PropertyModel(name: "armed", type: .boolean),
                    PropertyModel(name: "since", type: .timestamp),
                    PropertyModel(name: "level", type: .integer),
                ],
                commands: [
                    CommandModel(name: "set_mode"), CommandModel(name: "set_setpoint"),
                    CommandModel(name: "set_fan_speed"), CommandModel(name: "purge"),
                    CommandModel(name: "configure"),
                    CommandModel(
                        name: "open", method: .put, path: ["zone", "{zone}"], query: ["to={to}"],
                        writes: [("to", "level")]),
                    CommandModel(name: "broken", writes: [("x", "levle")]),
                ]))
        registry.addGroup("units")
        registry.addGroup("sensors")
        for (name, group, x, floor) in [
            ("unit-3", 0, 30.0, "3"), ("unit-1", 0, 10.0, "1"), ("unit-2", 0, 20.0, "2"),
            ("sensor-1", 1, 11.0, "1"), ("sensor-2", 1, 21.0, "2"),
        ] {
            var entry = Registry.Entry(name: name)
            entry.model = group == 0 ? model : nil
            entry.groups = [group]
            entry.tags = ["floor": floor]
            entry.position = Registry.Position(x: x, y: 0)
            registry.add(entry)
        }
        return registry
    }

    /// Mode, then set point, then fan, on the nearest unit, in three attempts a second apart.
    static func cooling(
        _ name: String = "cooling", strategy: ErrorHandling.Strategy = .retry, attempts: Int = 3,
        selection: TargetDefinition.Selection = .nearest, mode: String = "cool",
        isCritical: Bool = false
    ) -> SequenceDefinition {
        SequenceDefinition(
            name: Located(name),
            target: TargetDefinition(
                group: Located("units"), selection: selection,
                toDevice: selection == .nearest ? Located("context.device_id") : nil),
            steps: [
                step("set_mode", [("mode", .text(mode))]),
                step("set_setpoint", [("setpoint", .number(23.5))]),
                step("set_fan_speed", [("speed", .text("auto"))]),
            ],
            errorHandling: ErrorHandling(
                strategy: strategy, maxAttempts: attempts, backoff: .exponential,
                initialDelay: .second, maxDelay: .minute),
            isCritical: isCritical)
    }

    /// One step on the nearest unit.
    static func single(
        _ name: String, _ command: String, _ parameters: [(String, Value)] = [],
        isCritical: Bool = false
    ) -> SequenceDefinition {
        SequenceDefinition(
            name: Located(name),
            target: TargetDefinition(
                group: Located("units"), selection: .nearest,
                toDevice: Located("context.device_id")),
            steps: [step(command, parameters)], isCritical: isCritical)
    }

    static func step(_ command: String, _ parameters: [(String, Value)]) -> StepDefinition {
        StepDefinition(
            command: Located(command),
            parameters: parameters.map { (name: $0.0, value: Located($0.1)) })
    }

    // MARK: What happens

    mutating func start(
        _ sequence: String = "cooling", _ trigger: String = "t1",
        near context: String? = "sensor-1",
        isCritical: Bool = false
    ) {
        scheduler.start(
            sequence, trigger: trigger, context: context.flatMap { registry.device(named: $0) },
            isCritical: isCritical, registry: registry, twins: reports, at: now, into: &effects)
    }

    /// Answers the last transmission.
    mutating func answer(_ outcome: CommandResponse.Outcome) {
        guard let last = sent.last else { return }
        answer(last, outcome)
    }

    mutating func answer(_ transmission: Transmission, _ outcome: CommandResponse.Outcome) {
        scheduler.receive(
            CommandResponse(
                command: transmission.command, attempt: transmission.attempt,
                purpose: transmission.purpose, outcome: outcome),
            registry: registry, twins: reports, at: now, into: &effects)
    }

    mutating func report(_ property: String, _ value: Value, by device: String = "unit-1") {
        guard let device = registry.device(named: device),
            let property = registry.property(named: property)
        else { return }
        reports.note(device, property, value, at: now)
        scheduler.reported(
            device, property, value, registry: registry, twins: reports, at: now, into: &effects)
    }

    /// Lets this much time pass.
    mutating func wait(_ span: Milliseconds) {
        now = now + span
        scheduler.advance(to: now, registry: registry, twins: reports, into: &effects)
    }

    /// Kills the gateway and starts it again from its snapshot, under `sequences`.
    mutating func restart(with sequences: [SequenceDefinition] = [Site.cooling()]) throws {
        var writer = ByteWriter()
        scheduler.snapshot(into: &writer)
        let records = scheduler.records
        let deadline = scheduler.nextDeadline
        scheduler = CommandScheduler(
            sequences: sequences, sync: sync, registry: registry, diagnostics: &diagnostics)
        var reader = ByteReader(writer.bytes)
        try scheduler.restore(from: &reader, registry: registry)
        guard scheduler.records == records, scheduler.nextDeadline == deadline, reader.isAtEnd
        else { throw RecordError.malformed(at: reader.offset) }
        scheduler.resume(at: now, twins: reports, into: &effects)
    }

    // MARK: What it asked for

    var sent: [Transmission] {
        effects.compactMap { if case .transmit(let sent) = $0 { sent } else { nil } }
    }

    var finished: [CommandRecord] {
        effects.compactMap { if case .finished(let record) = $0 { record } else { nil } }
    }

    /// `name attempt` of each transmission: `set_mode 1`; what is no attempt has its purpose first.
    var log: [String] {
        sent.map {
            ($0.purpose == .execute ? "" : "\($0.purpose) ") + "\($0.name) \($0.attempt)"
        }
    }

    /// `name state` of each command that ended: `set_mode succeeded`.
    var ends: [String] { finished.map { "\($0.name) \($0.state)" } }

    /// The states a command went through, the first included.
    func life(of id: CommandID?) -> [String] {
        var states: [String] = []
        for case .audit(let entry) in effects where entry.command == id {
            if states.isEmpty { states.append(entry.from) }
            states.append(entry.to)
        }
        return states
    }
}

/// What the devices have reported so far.
struct Reports: TwinReader {
    private var last: [String: TwinReport] = [:]

    mutating func note(_ device: Device, _ property: Property, _ value: Value, at now: Instant) {
        last["\(device.index) \(property.index)"] = TwinReport(value, arrived: now)
    }

    func reported(_ property: Property, of device: Device) -> TwinReport? {
        last["\(device.index) \(property.index)"]
    }
}
