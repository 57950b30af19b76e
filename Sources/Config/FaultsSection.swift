import Model

extension Shape {
    static let fault = Shape(
        "a fault", "How devices misbehave when they are told something.",
        [
            Key(
                "kind", .choice(FaultDefinition.Kind.self), required: true,
                "What goes wrong: it refuses, acknowledges and does nothing, vanishes, is slow, "
                    + "fails, does it but its answer is lost, or says not now."),
            Key("group", .text, "The devices of this group."),
            Key("devices", .texts, "These devices."),
            Key("commands", .texts, "The commands it is about; without it all."),
            Key(
                "after", .spanOrZero, default: "0s",
                "Nothing happens before, since the scenario's start."),
            Key("delay", .span, default: "5s", "How long a slow command runs."),
            Key(
                "times", .integer(1...1_000_000),
                "How often it happens to a device; without it each time."),
            Key("probability", .number(0...1), default: "1", "By chance: 0 never, 1 each time."),
        ])
}

extension ScenarioDraft {
    mutating func addFault(_ node: Node, _ report: Report) {
        guard let fields = Fields(node, .fault, report) else { return }
        let kind = fields.choice("kind", as: FaultDefinition.Kind.self)
        let group = fields.text("group")
        let devices = fields.texts("devices")
        let commands = fields.texts("commands")
        guard let kind else { return }
        definition.faults.append(
            FaultDefinition(
                kind, group: group?.value, devices: devices.map(\.value),
                commands: commands.map(\.value), after: fields.duration("after") ?? .zero,
                delay: fields.duration("delay") ?? .second, times: fields.integer("times"),
                probability: fields.number("probability") ?? 1))
        if group == nil, devices.isEmpty {
            report.add(
                .missingKey, "a fault needs `group` or `devices`", at: node,
                help: ["name who misbehaves: `devices: [station-3]`"])
        }
        troubled.append(FaultNames(group: group, devices: devices, commands: commands))
    }
}

extension Draft {
    /// Faults name devices, groups and commands that exist.
    func checkFaults(_ report: Report) {
        let troubled = scenarios.flatMap(\.troubled)
        guard !troubled.isEmpty else { return }
        let groups = builder.groups.map(\.name.value)
        let devices =
            builder.devices.map(\.name.value)
            + builder.groups.flatMap { $0.members.map(\.value) }
        let models = builder.models.map(\.model)
        let commands = models.flatMap { $0.commands.map(\.name) + $0.properties.map(\.name) }
        for fault in troubled {
            if let group = fault.group { check(group, "group", groups, report) }
            for device in fault.devices { check(device, "device", devices, report) }
            for command in fault.commands where !commands.isEmpty {
                check(command, "command", commands, report)
            }
        }
    }
}
