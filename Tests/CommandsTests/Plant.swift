import Commands
import Model

/// Two stations that do all a model can say, a sensor that sleeps and a device without a model; a
/// scheduler over them, and what it asked for so far.
struct Plant {
    var registry = Plant.registry()
    var scheduler: CommandScheduler
    var limits: CommandLimits
    var effects: [CommandEffect] = []
    var now = Instant(milliseconds: 0)
    var reports = Reports()
    /// The keys submitted, in order, with their ids.
    var ids: [String: CommandID] = [:]

    init(limits: CommandLimits = CommandLimits()) {
        self.limits = limits
        var diagnostics: [Diagnostic] = []
        scheduler = CommandScheduler(
            sequences: [], sync: [], registry: registry, limits: limits, diagnostics: &diagnostics)
    }

    static let station = DeviceModel(
        name: "station",
        properties: [
            PropertyModel(
                name: "speed", range: 0...3000, tolerance: 5, step: 50, settle: .seconds(30)),
            PropertyModel(name: "mode", type: .text, choices: ["off", "run"]),
            PropertyModel(name: "gate", type: .text),
            PropertyModel(name: "temperature", expectedInterval: .seconds(10)),
            PropertyModel(name: "load"),
        ],
        commands: [
            CommandModel(name: "set_speed"), CommandModel(name: "set_gate"),
            CommandModel(name: "set_mode", needsApproval: true),
            CommandModel(
                name: "purge",
                inputs: [PropertyModel(name: "minutes", type: .integer, range: 1...60)],
                isIdempotent: false, executionTimeout: .seconds(100),
                verify: Located("mode == \"off\""), compensation: "resume"),
            CommandModel(name: "resume"),
            CommandModel(
                name: "clamp",
                inputs: [
                    PropertyModel(
                        name: "force", range: 10...100, step: 10, defaultValue: .integer(40)),
                    PropertyModel(name: "side", type: .text, choices: ["left", "right"]),
                ], compensation: "unclamp"),
            CommandModel(
                name: "unclamp",
                inputs: [PropertyModel(name: "side", type: .text, choices: ["left", "right"])],
                executionTimeout: .seconds(50)),
            CommandModel(name: "record", isConcurrent: true),
            CommandModel(
                name: "move", method: .put, path: ["axis", "{axis}"], query: ["to={to}"],
                writes: [("to", "load")]),
            CommandModel(name: "home", path: ["axis", "{axis}"]),
            CommandModel(name: "undo", compensation: "nothing"),
            CommandModel(
                name: "turn", path: ["axis", "{axis}"],
                inputs: [
                    PropertyModel(name: "axis", type: .integer),
                    PropertyModel(name: "angle", step: 0.1),
                ]),
        ])

    static func registry() -> Registry {
        var registry = Registry()
        let station = registry.add(station)
        let sensor = registry.add(
            DeviceModel(
                name: "sensor", properties: [PropertyModel(name: "rate")],
                commands: [CommandModel(name: "set_rate")], awakeWindow: .seconds(30)))
        for (name, model) in [
            ("station-1", station), ("station-2", station), ("sensor-1", sensor), ("free-1", nil),
        ] {
            var entry = Registry.Entry(name: name)
            entry.model = model
            registry.add(entry)
        }
        return registry
    }

    func device(_ name: String) -> Device {
        registry.device(named: name) ?? Device(index: 99)
    }

    func request(
        _ name: String, _ parameters: [Field] = [], key: String, principal: String = "operator",
        on device: String = "station-1", priority: CommandPriority = .normal,
        timeToLive: Milliseconds? = nil
    ) -> CommandRequest {
        CommandRequest(
            principal: principal, key: key, device: self.device(device), name: name,
            parameters: parameters, priority: priority, timeToLive: timeToLive)
    }

    @discardableResult
    mutating func submit(_ request: CommandRequest, _ terms: CommandTerms = CommandTerms())
        -> CommandAnswer
    {
        ids[request.key] = request.id
        return scheduler.submit(
            request, terms: terms, registry: registry, twins: reports, at: now, into: &effects)
    }

    mutating func answer(_ outcome: CommandResponse.Outcome, to transmission: Transmission? = nil) {
        guard let to = transmission ?? sent.last(where: { $0.purpose != .release }) else { return }
        scheduler.receive(
            CommandResponse(
                command: to.command, attempt: to.attempt, purpose: to.purpose, outcome: outcome),
            registry: registry, twins: reports, at: now, into: &effects)
    }

    /// What a device tells by itself.
    mutating func told(_ outcome: CommandResponse.Outcome, of key: String) {
        guard let id = ids[key] else { return }
        scheduler.receive(
            CommandResponse(command: id, attempt: 1, outcome: outcome), registry: registry,
            twins: reports, at: now, into: &effects)
    }

    mutating func report(_ name: String, _ value: Value, by device: String = "station-1") {
        guard let property = registry.property(named: name) else { return }
        reports.note(self.device(device), property, value, at: now)
        scheduler.reported(
            self.device(device), property, value, registry: registry, twins: reports, at: now,
            into: &effects)
    }

    @discardableResult
    mutating func decide(_ decision: CommandOrder.Decision, _ key: String) -> Bool {
        scheduler.decide(
            CommandOrder(
                principal: "operator", command: ids[key] ?? CommandID(key), decision: decision),
            twins: reports, at: now, into: &effects)
    }

    mutating func awake(_ span: Milliseconds?, _ device: String = "sensor-1") {
        scheduler.setAwake(
            self.device(device), until: span.map { now + $0 }, registry: registry, twins: reports,
            at: now, into: &effects)
    }

    mutating func wait(_ span: Milliseconds) {
        let end = now + span
        while let due = scheduler.nextDeadline, due <= end {
            now = max(now, due)
            scheduler.advance(to: now, registry: registry, twins: reports, into: &effects)
        }
        now = end
        scheduler.advance(to: now, registry: registry, twins: reports, into: &effects)
    }

    /// Kills the gateway and starts it again from its snapshot.
    mutating func restart() throws {
        var writer = ByteWriter()
        scheduler.snapshot(into: &writer)
        let (records, deadline) = (scheduler.records, scheduler.nextDeadline)
        scheduler = Plant(limits: limits).scheduler
        var reader = ByteReader(writer.bytes)
        try scheduler.restore(from: &reader, registry: registry)
        var again = ByteWriter()
        scheduler.snapshot(into: &again)
        guard scheduler.records == records, scheduler.nextDeadline == deadline,
            again.bytes == writer.bytes, reader.isAtEnd
        else { throw RecordError.malformed(at: reader.offset) }
        scheduler.resume(at: now, twins: reports, into: &effects)
    }

    // MARK: What it asked for

    var sent: [Transmission] {
        effects.compactMap { if case .transmit(let sent) = $0 { sent } else { nil } }
    }

    var prepared: [CommandID] {
        effects.compactMap { if case .prepared(let id) = $0 { id } else { nil } }
    }

    /// `name attempt` of each transmission; what is no attempt has its purpose first.
    var log: [String] {
        sent.map {
            ($0.purpose == .execute ? "" : "\($0.purpose) ") + "\($0.name) \($0.attempt)"
        }
    }

    func state(_ key: String) -> CommandState? {
        ids[key].flatMap { scheduler.record($0)?.state }
    }

    func record(_ key: String) -> CommandRecord? { ids[key].flatMap { scheduler.record($0) } }

    /// `from > to` of each audit entry of the command.
    func steps(_ key: String) -> [String] {
        effects.compactMap {
            guard case .audit(let entry) = $0, entry.command == ids[key] else { return nil }
            return "\(entry.from) > \(entry.to)"
        }
    }

    func reasons(_ key: String) -> [String] {
        effects.compactMap {
            guard case .audit(let entry) = $0, entry.command == ids[key] else { return nil }
            return entry.reason
        }
    }
}

extension Plant {
    /// Does one word of a script. The command it is about has the key `a`.
    mutating func play(_ word: String) throws {
        let parts = word.split(separator: ":").map(String.init)
        let argument = parts.count > 1 ? parts[1] : ""
        switch parts[0] {
        case "submit": try submit(preset: argument, key: "a")
        case "other": try submit(preset: argument, key: "b")
        case "urgent": submit(request("resume", key: "c", priority: .critical))
        case "ok": answer(.acknowledged(code: 204))
        case "accepted": answer(.accepted(code: 204))
        case "progress": answer(.progress(percent: Int(argument)))
        case "done": answer(.completed(output: []))
        case "fail": answer(.unsuccessful(isTransient: false, reason: "jammed"))
        case "busy": answer(.unsuccessful(isTransient: true, reason: "busy"))
        case "400", "503": answer(.refused(code: Int(parts[0]) ?? 0, diagnostic: "no"))
        case "silence": answer(.noResponse)
        case "released":
            if let sent = sent.last(where: { $0.purpose == .release }) {
                answer(.acknowledged(code: 204), to: sent)
            }
        case "nowhere": answer(.unreachable)
        case "unknown": answer(.unknown)
        case "cancelled": answer(.cancelled)
        case "wait": wait(Milliseconds(argument) ?? .zero)
        case "cancel", "cancel-b": decide(.cancel, parts[0] == "cancel" ? "a" : "b")
        case "approve": decide(.approve, "a")
        case "awake": awake(.seconds(30))
        case "asleep": awake(nil)
        case "restart": try restart()
        case "cold", "hot": report("temperature", .number(parts[0] == "hot" ? 70 : 50))
        case "off": report("mode", .text("off"))
        case "at": report("speed", .number(Double(argument) ?? 0))
        default: try playSequence(parts[0])
        }
    }

    private mutating func playSequence(_ word: String) throws {
        let id = ids["a"] ?? CommandID("a")
        switch word {
        case "go": scheduler.letGo(id, twins: reports, at: now, into: &effects)
        case "drop":
            scheduler.drop(id, reason: "dropped", twins: reports, at: now, into: &effects)
        case "operate": scheduler.operate(id, twins: reports, at: now, into: &effects)
        case "compensate":
            scheduler.compensate(
                id, reason: "taken back", twins: reports, at: now, into: &effects)
        case "forget": scheduler.forget(id)
        default: throw Misspelt(word: word)
        }
    }

    struct Misspelt: Error { var word: String }

    private mutating func submit(preset: String, key: String) throws {
        var terms = CommandTerms()
        var words = preset.split(separator: "+").map(String.init)
        let name = words.removeFirst()
        var span: Milliseconds?
        for word in words {
            switch word {
            case "once": terms.policy = RetryPolicy(maxAttempts: 1)
            case "kept": terms.isKept = true
            case "held": terms.isHeld = true
            case "prepared": terms.isPrepared = true
            case "skip": terms.onFalse = .skip
            case "fail": terms.onFalse = .fail
            case "cool":
                var diagnostics: [Diagnostic] = []
                terms.condition = CommandCondition(
                    Located("temperature < 60"), model: Plant.station, registry: registry,
                    diagnostics: &diagnostics)
            case "brief": span = .seconds(5)
            default: throw Misspelt(word: word)
            }
        }
        let parameters: [String: [Field]] = [
            "set_speed": [Field("speed", .number(1200))], "set_gate": [Field("gate", .text("up"))],
            "set_mode": [Field("mode", .text("run"))], "purge": [Field("minutes", .integer(5))],
            "clamp": [Field("side", .text("left"))], "set_rate": [Field("rate", .number(2))],
        ]
        submit(
            request(
                name, parameters[name] ?? [], key: key,
                on: name == "set_rate" ? "sensor-1" : "station-1", timeToLive: span), terms)
    }
}
