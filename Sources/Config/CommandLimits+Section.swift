import Commands
import Model

extension Shape {
    static let commandLimits = Shape(
        "`commands` of the gateway", "How commands wait, how long, and how many.",
        [
            Key(
                "ttl", .duration(.second...(Milliseconds.day * 30)), default: "1h",
                "Not begun by then, a command that somebody asked for expires, where the request "
                    + "does not say itself."),
            Key(
                "keys", .integer(64...1_000_000), default: "65536",
                "Idempotency keys remembered; then the oldest makes room."),
            Key(
                "keys_kept", .duration(.day...(Milliseconds.day * 30)), default: "24h",
                "How long the same key is the same command."),
            Key(
                "ageing", .spanOrZero, default: "60s",
                "For each such span that it has waited a command counts as one class more urgent, "
                    + "up to high; 0s for never."),
            Key(
                "max_age", .span, default: "5m",
                "Older values decide no condition, where the model does not tell how often they "
                    + "come."),
            Key(
                "settle", .span, default: "30s",
                "How long a device may take to show what a command's verify asks for."),
            Key(
                "execution_timeout", .span, default: "5m",
                "How long a device may work on what it has accepted, where the model does not "
                    + "say."),
            Key(
                "reconcile", .span, default: "2m",
                "How long a device is asked what became of a command that it did not answer."),
            Key(
                "lease", .span, default: "60s",
                "How long a device stays ready for a command that it is prepared for."),
            Key(
                "live", .integer(1...1_000_000), default: "10000",
                "Commands that have not ended; more are refused."),
            Key(
                "per_device", .integer(1...10_000), default: "32",
                "Commands that one device may have waiting; more are refused."),
        ])
}

extension CommandLimits {
    init(_ node: Node, _ report: Report) {
        self.init()
        guard let fields = Fields(node, .commandLimits, report) else { return }
        timeToLive = fields.duration("ttl") ?? timeToLive
        keys = fields.integer("keys") ?? keys
        keyLifetime = fields.duration("keys_kept") ?? keyLifetime
        ageing = fields.duration("ageing") ?? ageing
        maxAge = fields.duration("max_age") ?? maxAge
        settle = fields.duration("settle") ?? settle
        executionTimeout = fields.duration("execution_timeout") ?? executionTimeout
        reconcileTimeout = fields.duration("reconcile") ?? reconcileTimeout
        cancelTimeout = reconcileTimeout
        lease = fields.duration("lease") ?? lease
        liveCommands = fields.integer("live") ?? liveCommands
        commandsPerDevice = fields.integer("per_device") ?? commandsPerDevice
    }
}
