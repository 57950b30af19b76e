import Commands
import Model

extension Shape {
    static let sequence = Shape(
        "a command sequence", "Commands that run one after the other, or as a graph.",
        [
            Key("target", .shape(.target), required: true, "Which devices it runs on."),
            Key("steps", .some(.shape(.step)), required: true, "Its commands, in order."),
            Key(
                "error_handling", .shape(.errorHandling),
                "What to do when a step is refused or goes unanswered; without it: stop."),
            Key(
                "priority", .choice(CommandClass.self), default: "normal",
                "critical: sent before what justifies it is on the disk."),
            Key(
                "policy", .choice(GroupPolicyWord.self),
                "What one device's failure means for the others; without it: nothing."),
            Key(
                "quorum", .integer(1...100_000),
                "For policy quorum: how many devices must not fail."),
            Key("barrier", .shape(.barrier), "All devices get ready before any begins."),
            Key("ttl", .span, "A step that its device has not begun by then expires."),
            Key(
                "parameters", .table(.scalar),
                "Values by name; `{name}` in a step's parameters stands for one."),
        ])

    /// The classes commands wait in.
    enum CommandClass: String, CaseIterable {
        case critical, high, normal, low

        var priority: CommandPriority {
            switch self {
            case .critical: .critical
            case .high: .high
            case .normal: .normal
            case .low: .low
            }
        }
    }

    enum GroupPolicyWord: String, CaseIterable {
        case allOrCompensate = "all_or_compensate"
        case quorum
        case bestEffort = "best_effort"
        case stopOnFirst = "stop_on_first"
    }

    enum Rebind: String, CaseIterable {
        case never
        case onRetry = "on_retry"
    }

    static let barrier = Shape(
        "a barrier", "All devices get ready before any of them begins.",
        [
            Key(
                "prepare_timeout", .span, default: "10s",
                "How long devices may take to get ready."),
            Key(
                "within", .span, default: "1s",
                "So long after the last is ready all first steps must be sent."),
            Key("quorum", .integer(1...100_000), "How many must be ready; without it all."),
        ])

    static let compensation = Shape(
        "`compensate`", "The command that takes a step back.",
        [
            Key("command", .text, required: true, "A command of the devices' model."),
            Key("parameters", .table(.scalar), "Its parameters, by name."),
            Key("timeout", .span, default: "1m", "After this it is not tried again."),
        ])

    static let target = Shape(
        "a target", "Which of a group's devices a sequence runs on.",
        [
            Key("group", .text, required: true, "The group the devices are chosen from."),
            Key(
                "selection", .choice(TargetDefinition.Selection.self), default: "all",
                "nearest: the closest by zone, position, else shared tags; least_loaded: the "
                    + "fewest commands waiting; freshest: reported last; any: whichever."),
            Key(
                "count", .integer(1...100_000),
                "How many; without it one, or with `all` every one."),
            Key(
                "rebind", .choice(Rebind.self), default: "never",
                "on_retry: a retry goes to the next device while nothing was done on the first."),
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
            Key("id", .text, "What other steps call it; without it its command."),
            Key(
                "depends_on", .texts,
                "The steps that must be done before; without it in any step the one above."),
            Key(
                "when", .text,
                "A condition on what the device reports; where it is not true the step is skipped."
            ),
            Key("wait_for", .text, "As `speed > 1000 within 30s`: the step is done only then."),
            Key("timeout", .span, "A step that takes longer has failed."),
            Key("compensate", .shape(.compensation), "The command that takes it back."),
            Key("target", .shape(.target), "Other devices than the sequence's."),
            Key("on_error", .shape(.errorHandling), "As `error_handling`, for this step."),
        ])

    static let errorHandling = Shape(
        "`error_handling`", "What to do when a step is refused or goes unanswered.",
        [
            Key(
                "strategy", .choice(ErrorHandling.Strategy.self), default: "stop",
                "retry the step, stop the sequence, skip the step, or compensate what was done."),
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
        let priority = fields.choice("priority", as: Shape.CommandClass.self)
        let policy = GroupPolicy(fields, report)
        let barrier = fields.node("barrier").flatMap { BarrierDefinition($0, report) }
        let timeToLive = fields.duration("ttl")
        let parameters = fields.parameters("parameters")
        guard let target else { return nil }
        self.init(
            name: name, target: target, steps: steps, errorHandling: handling ?? ErrorHandling())
        self.priority = priority?.priority ?? .normal
        self.policy = policy
        self.barrier = barrier
        self.timeToLive = timeToLive
        self.parameters = parameters
    }
}

extension GroupPolicy {
    fileprivate init?(_ fields: Fields, _ report: Report) {
        let word = fields.choice("policy", as: Shape.GroupPolicyWord.self)
        let quorum = fields.integer("quorum")
        if word == .quorum, quorum == nil {
            report.add(
                .missingKey, "a quorum of how many? `quorum` is missing",
                at: fields.place("policy"), length: 6, help: ["add `quorum: 2`"])
        }
        if word != .quorum, quorum != nil {
            report.add(
                .conflict, "`quorum` has no meaning without `policy: quorum`",
                at: fields.place("quorum"), length: 6)
        }
        switch word {
        case nil: return nil
        case .allOrCompensate?: self = .allOrCompensate
        case .quorum?: self = .quorum(quorum ?? 1)
        case .bestEffort?: self = .bestEffort
        case .stopOnFirst?: self = .stopOnFirst
        }
    }
}

extension BarrierDefinition {
    fileprivate init?(_ node: Node, _ report: Report) {
        guard let fields = Fields(node, .barrier, report) else { return nil }
        self.init(
            prepareTimeout: fields.duration("prepare_timeout") ?? .second,
            within: fields.duration("within") ?? .second, quorum: fields.integer("quorum"))
    }
}

extension Fields {
    fileprivate func parameters(_ name: String) -> [(name: String, value: Located<Value>)] {
        table(name).compactMap { entry in
            Scalars.value(entry.value, report).map { (name: entry.key.value, value: $0) }
        }
    }
}

extension CompensationDefinition {
    fileprivate init?(_ node: Node, _ report: Report) {
        guard let fields = Fields(node, .compensation, report) else { return nil }
        let parameters = fields.parameters("parameters")
        guard let command = fields.text("command") else { return nil }
        self.init(
            command: command, parameters: parameters,
            timeout: fields.duration("timeout") ?? .minute)
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
        let count = fields.integer("count")
        let rebind = fields.choice("rebind", as: Shape.Rebind.self)
        guard let group else { return nil }
        self.init(group: group, selection: selection, toDevice: toDevice)
        self.count = count
        rebindsOnRetry = rebind == .onRetry
    }
}

extension StepDefinition {
    init?(_ node: Node, _ report: Report) {
        guard let fields = Fields(node, .step, report) else { return nil }
        let command = fields.text("command")
        let parameters = fields.parameters("parameters")
        let id = fields.name("id")
        let dependsOn = fields.has("depends_on") ? fields.texts("depends_on") : nil
        let (when, waitFor) = (fields.text("when"), fields.text("wait_for"))
        let timeout = fields.duration("timeout")
        let undo = fields.node("compensate").flatMap { CompensationDefinition($0, report) }
        let target = fields.node("target").flatMap { TargetDefinition($0, report) }
        let handling = fields.node("on_error").map { ErrorHandling($0, report) }
        guard let command else { return nil }
        self.init(command: command, parameters: parameters)
        self.id = id
        self.dependsOn = dependsOn
        self.when = when
        self.waitFor = waitFor
        self.timeout = timeout
        compensation = undo
        self.target = target
        errorHandling = handling
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
