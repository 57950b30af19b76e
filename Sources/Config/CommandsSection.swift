import Commands
import Model

extension Shape {
    static let sequence = Shape(
        "a command sequence", "Commands that run one after the other.",
        [
            Key("target", .shape(.target), required: true, "Which devices it runs on."),
            Key("steps", .some(.shape(.step)), required: true, "Its commands, in order."),
            Key(
                "error_handling", .shape(.errorHandling),
                "What to do when a step is refused or goes unanswered; without it: stop."),
            Key(
                "priority", .choice(Priority.self), default: "normal",
                "critical: sent before what justifies it is on the disk."),
        ])

    static let target = Shape(
        "a target", "Which of a group's devices a sequence runs on.",
        [
            Key("group", .text, required: true, "The group the devices are chosen from."),
            Key(
                "selection", .choice(TargetDefinition.Selection.self), default: "all",
                "nearest: the closest one by position, else by shared tags."),
            Key("parameters", .shape(.targetParameters), "What the selection needs to know."),
        ])

    static let targetParameters = Shape(
        "the parameters of a target", "What the selection needs to know.",
        [
            Key(
                "to_device", .text,
                "For nearest: the device to be near to, as in context.device_id.")
        ])

    static let step = Shape(
        "a step", "One command of a sequence.",
        [
            Key("command", .text, required: true, "A command of the devices' model."),
            Key("parameters", .table(.scalar), "Its parameters, by name."),
        ])

    static let errorHandling = Shape(
        "`error_handling`", "What to do when a step is refused or goes unanswered.",
        [
            Key(
                "strategy", .choice(ErrorHandling.Strategy.self), default: "stop",
                "retry the step, stop the sequence, or skip the step."),
            Key(
                "max_attempts", .integer(1...100),
                "Attempts in all, the first included; without it 3 for retry, else 1."),
            Key(
                "backoff", .choice(ErrorHandling.Backoff.self), default: "exponential",
                "exponential: each wait is twice the one before."),
            Key("initial_delay", .span, default: "1s", "The wait before the second attempt."),
            Key("max_delay", .span, default: "1m", "No wait is longer."),
        ])
}

extension SequenceDefinition {
    init?(named name: Located<String>, _ node: Node, _ report: Report) {
        guard let fields = Fields(node, .sequence, report) else { return nil }
        let target = fields.node("target").flatMap { TargetDefinition($0, report) }
        let steps = fields.list("steps").compactMap { StepDefinition($0, report) }
        let handling = fields.node("error_handling").map { ErrorHandling($0, report) }
        let priority = fields.choice("priority", as: Shape.Priority.self)
        guard let target else { return nil }
        self.init(
            name: name, target: target, steps: steps, errorHandling: handling ?? ErrorHandling(),
            isCritical: priority == .critical)
    }
}

extension TargetDefinition {
    init?(_ node: Node, _ report: Report) {
        guard let fields = Fields(node, .target, report) else { return nil }
        let group = fields.text("group")
        let selection = fields.choice("selection", as: Selection.self) ?? .all
        var toDevice: Located<String>?
        if let parameters = fields.node("parameters"),
            let inner = Fields(parameters, .targetParameters, report)
        {
            toDevice = inner.text("to_device")
        }
        if selection == .nearest, toDevice == nil {
            report.add(
                .missingKey, "`nearest` needs to know what to be near to",
                at: fields.place("selection"), length: 9,
                help: ["write `parameters: {to_device: context.device_id}`"])
        }
        guard let group else { return nil }
        self.init(group: group, selection: selection, toDevice: toDevice)
    }
}

extension StepDefinition {
    init?(_ node: Node, _ report: Report) {
        guard let fields = Fields(node, .step, report) else { return nil }
        let command = fields.text("command")
        let parameters = fields.table("parameters").compactMap { entry in
            Scalars.value(entry.value, report).map { (name: entry.key.value, value: $0) }
        }
        guard let command else { return nil }
        self.init(command: command, parameters: parameters)
    }
}

extension ErrorHandling {
    init(_ node: Node, _ report: Report) {
        self.init()
        guard let fields = Fields(node, .errorHandling, report) else { return }
        strategy = fields.choice("strategy", as: Strategy.self) ?? .stop
        maxAttempts = fields.integer("max_attempts") ?? (strategy == .retry ? 3 : 1)
        backoff = fields.choice("backoff", as: Backoff.self) ?? .exponential
        initialDelay = fields.duration("initial_delay") ?? .second
        maxDelay = fields.duration("max_delay") ?? .minute
        if maxDelay < initialDelay {
            report.add(
                .conflict, "`max_delay` is shorter than `initial_delay`",
                at: fields.place("max_delay"), length: 9)
        }
    }
}
