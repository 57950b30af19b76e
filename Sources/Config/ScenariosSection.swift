import Model

extension Shape {
    static let scenario = Shape(
        "a scenario", "What a simulated fleet does.",
        [
            Key("duration", .span, required: true, "How long it lasts."),
            Key(
                "start", .instant,
                "The time of the first reading; without it the hour that began last, or "
                    + "2026-01-01T00:00:00Z in a simulation."),
            Key("telemetry", .list(.shape(.telemetry), 0...1000), "What devices measure."),
            Key(
                "influences", .list(.shape(.influence), 0...1000),
                "Actuators that warm or cool the sensors near them."),
            Key(
                "faults", .list(.shape(.fault), 0...1000),
                "How devices misbehave when they are told something."),
        ])

    static let telemetry = Shape(
        "a telemetry pattern", "How one property of a group's devices moves.",
        [
            Key("group", .text, required: true, "The devices that measure."),
            Key("property", .text, required: true, "What they measure."),
            Key("base_value", .anyNumber, required: true, "The value it moves about."),
            Key(
                "random_variance", .notNegative, default: "0",
                "Half the width of the uniform noise."),
            Key(
                "time_pattern", .choice(TelemetryPattern.TimePattern.self), default: "constant",
                "How it moves in time."),
            Key("period", .span, default: "24h", "The length of one wave."),
            Key("amplitude", .anyNumber, default: "0", "The height of the wave."),
            Key("phase", .spanOrZero, default: "0s", "Where in the period the scenario starts."),
            Key("interval", .span, default: "10s", "The time between two readings of a device."),
            Key("spikes", .shape(.spikes), "Single readings that stand out."),
        ])

    static let spikes = Shape(
        "`spikes`", "Single readings that stand out.",
        [
            Key(
                "devices", .integer(1...100_000), required: true,
                "How many devices have them: the first ones of the group."),
            Key("every", .span, required: true, "The time between two of them."),
            Key("magnitude", .anyNumber, required: true, "What is added to the reading."),
        ])

    static let influence = Shape(
        "an influence", "An actuator that moves what the sensors near it measure.",
        [
            Key("group", .text, required: true, "The actuators."),
            Key("property", .text, required: true, "The property that turns the influence on."),
            Key("value", .scalar, required: true, "Its value while the influence is on."),
            Key("setpoint", .text, required: true, "The actuator's property to approach."),
            Key("affected_group", .text, required: true, "The sensors."),
            Key("affects", .text, required: true, "The sensors' property that moves."),
            Key(
                "time_constant", .span, default: "10m",
                "After this long 63 % of the way is done."),
        ])
}

/// The names that a fault refers to.
struct FaultNames {
    var group: Located<String>?
    var devices: [Located<String>]
    var commands: [Located<String>]
}

/// A scenario with the places of the names in it, which it does not keep itself.
struct ScenarioDraft {
    var name: Located<String>
    var definition: ScenarioDefinition
    /// What its faults name.
    var troubled: [FaultNames] = []
    /// Each property it uses, with its group.
    var uses: [(group: Located<String>, property: Located<String>)] = []

    init?(named name: Located<String>, _ node: Node, _ report: Report) {
        guard let fields = Fields(node, .scenario, report) else { return nil }
        self.name = name
        definition = ScenarioDefinition(
            name: name.value, duration: fields.duration("duration") ?? .zero,
            start: fields.instant("start"))
        for node in fields.list("telemetry") { addTelemetry(node, report) }
        for node in fields.list("influences") { addInfluence(node, report) }
        for node in fields.list("faults") { addFault(node, report) }
    }

    private mutating func addTelemetry(_ node: Node, _ report: Report) {
        guard let fields = Fields(node, .telemetry, report) else { return }
        let group = fields.text("group")
        let property = fields.text("property")
        var pattern = TelemetryPattern(
            group: group?.value ?? "", property: property?.value ?? "",
            baseValue: fields.number("base_value") ?? 0)
        pattern.randomVariance = fields.number("random_variance") ?? 0
        pattern.timePattern =
            fields.choice("time_pattern", as: TelemetryPattern.TimePattern.self) ?? .constant
        pattern.period = fields.duration("period") ?? .day
        pattern.amplitude = fields.number("amplitude") ?? 0
        pattern.phase = fields.duration("phase") ?? .zero
        pattern.interval = fields.duration("interval") ?? .second
        if let node = fields.node("spikes"), let inner = Fields(node, .spikes, report) {
            let (devices, every) = (inner.integer("devices"), inner.duration("every"))
            let magnitude = inner.number("magnitude")
            if let devices, let every, let magnitude {
                pattern.spikes = .init(devices: devices, every: every, magnitude: magnitude)
            }
        }
        definition.telemetry.append(pattern)
        if let group, let property { uses.append((group, property)) }
    }

    private mutating func addInfluence(_ node: Node, _ report: Report) {
        guard let fields = Fields(node, .influence, report) else { return }
        let (group, property) = (fields.text("group"), fields.text("property"))
        let value = fields.scalar("value")
        let setpoint = fields.text("setpoint")
        let (affectedGroup, affects) = (fields.text("affected_group"), fields.text("affects"))
        let timeConstant = fields.duration("time_constant")
        guard let group, let property, let value, let setpoint, let affectedGroup, let affects,
            let timeConstant
        else { return }
        definition.influences.append(
            Influence(
                group: group.value, property: property.value, value: value,
                setpoint: setpoint.value, affectedGroup: affectedGroup.value,
                affects: affects.value, timeConstant: timeConstant))
        uses += [(group, property), (group, setpoint), (affectedGroup, affects)]
    }
}
