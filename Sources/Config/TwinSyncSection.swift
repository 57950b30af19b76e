import Model
import Twins

extension Shape {
    static let twinSync = Shape(
        "a twin synchronisation", "How a group's twins follow their devices.",
        [
            Key(
                "telemetry_mapping", .table(.text),
                "What fills each property: payload.temperature."),
            Key(
                "update_frequency", .span,
                "Twins are passed on at most this often; without it at each change."),
            Key(
                "conflict_resolution", .choice(TwinSyncDefinition.ConflictResolution.self),
                default: "latest_timestamp", "Who is right when device and twin disagree."),
            Key(
                "command_acknowledgment", .shape(.acknowledgment),
                "When a command counts as done."),
            Key(
                "state_consistency", .shape(.consistency),
                "Whether what was commanded is compared with what is reported."),
        ])

    static let acknowledgment = Shape(
        "`command_acknowledgment`", "When a command counts as done.",
        [
            Key(
                "method", .choice(TwinSyncDefinition.Acknowledgment.Method.self),
                default: "response",
                "response: the device's answer is enough; reported_properties: the device must "
                    + "also report what the command sets."),
            Key("timeout", .span, default: "30s", "How long to wait for it."),
            Key(
                "retry_strategy", .choice(["exponential_backoff"]), default: "exponential_backoff",
                "How attempts are spaced; how many there are is up to the sequence's "
                    + "error_handling."),
        ])

    static let consistency = Shape(
        "`state_consistency`", "Whether what was commanded is compared with what is reported.",
        [
            Key(
                "validation", .choice(["none", "command_vs_reported"]), default: "none",
                "What is compared."),
            Key(
                "healing", .choice(["none", "auto"]), default: "none",
                "auto: the commanded value is sent again when the device strays from it."),
        ])
}

extension TwinSyncDefinition {
    init?(group: Located<String>, _ node: Node, _ report: Report) {
        guard let fields = Fields(node, .twinSync, report) else { return nil }
        self.init(
            group: group,
            telemetryMapping: fields.table("telemetry_mapping").compactMap { entry in
                Scalars.text(entry.value, report).map { (property: entry.key, path: $0) }
            },
            updateFrequency: fields.duration("update_frequency"),
            conflictResolution: fields.choice(
                "conflict_resolution", as: ConflictResolution.self) ?? .latestTimestamp)
        if let node = fields.node("command_acknowledgment"),
            let inner = Fields(node, .acknowledgment, report)
        {
            _ = inner.choice("retry_strategy")
            acknowledgment = Acknowledgment(
                method: inner.choice("method", as: Acknowledgment.Method.self) ?? .response,
                timeout: inner.duration("timeout") ?? .zero)
        }
        if let node = fields.node("state_consistency"),
            let inner = Fields(node, .consistency, report)
        {
            validatesCommands = inner.choice("validation")?.value == "command_vs_reported"
            healsAutomatically = inner.choice("healing")?.value == "auto"
            if healsAutomatically, !validatesCommands {
                report.add(
                    .conflict, "`healing: auto` needs something to compare",
                    at: inner.place("healing"), length: 7,
                    help: ["write `validation: command_vs_reported`"])
            }
        }
    }
}
