import Commands
import Model

/// Stations on a line with their twins, a scheduler and a table of sequences over them, and devices
/// that do what the test says.
struct Works {
    var registry: Registry
    var scheduler: CommandScheduler
    var table: SequenceTable
    var diagnostics: [Diagnostic] = []
    var effects: [CommandEffect] = []
    var now = Instant(milliseconds: 0)
    var twins = Twins()
    let sequences: [SequenceDefinition]
    let lines: [LineDefinition]

    /// What becomes of a transmission, by `command device`, else `command`, else `device`.
    var fates: [String: Fate] = [:]
    /// `command device`, in the order the devices ran them; each id once.
    var ran: [String] = []
    private var ranIDs: Set<CommandID> = []
    private var seen = 0
    private var coming: [(time: Instant, number: Int, event: CommandResponse)] = []
    private var number = 0

    /// Lost: nothing arrives at all; unheard: the answer is lost; mute: done, and never heard of.
    enum Fate: String, CaseIterable { case done, refused, lost, unheard, mute, slow }

    /// What the twins know.
    struct Twins: TwinSurvey {
        var reports: [Property: [Device: TwinReport]] = [:]
        var seen: [Device: Instant] = [:]
        var wishes: [Property: Value] = [:]

        func reported(_ property: Property, of device: Device) -> TwinReport? {
            reports[property]?[device]
        }
        func lastSeen(_ device: Device) -> Instant? { seen[device] }
        func desired(_ property: Property, of device: Device) -> Value? { wishes[property] }
    }

    init(
        _ sequences: [SequenceDefinition], lines: [LineDefinition] = [], stations: Int = 3,
        order: [Int]? = nil, limits: SequenceLimits = SequenceLimits(),
        commands: CommandLimits = CommandLimits(), fates: [String: Fate] = [:]
    ) {
        registry = Works.registry(stations, order: order)
        self.sequences = sequences
        self.lines = lines
        self.fates = fates
        scheduler = CommandScheduler(
            sequences: sequences, sync: [], registry: registry, limits: commands,
            diagnostics: &diagnostics)
        table = SequenceTable(
            sequences: sequences, lines: lines, sync: [], registry: registry, limits: limits,
            diagnostics: &diagnostics)
    }

    static func registry(_ stations: Int, order: [Int]?) -> Registry {
        var registry = Registry()
        let model = registry.add(
            DeviceModel(
                name: "station",
                properties: [
                    PropertyModel(name: "speed", range: 0...3000, isWritable: true),
                    PropertyModel(name: "temperature"), PropertyModel(name: "mode", type: .text),
                ],
                commands: [
                    CommandModel(name: "clamp", compensation: "unclamp"),
                    CommandModel(name: "unclamp"), CommandModel(name: "spin"),
                    CommandModel(name: "stop"), CommandModel(name: "light"),
                    CommandModel(name: "set_speed"),
                ]))
        registry.addGroup("stations")
        registry.addGroup("feeders")
        for number in order ?? Array(1..<stations + 1) {
            var entry = Registry.Entry(name: "s\(number)")
            entry.model = model
            entry.groups = [0]
            entry.position = Registry.Position(x: Double(number), y: 0)
            entry.tags = ["zone": number % 2 == 0 ? "east" : "west"]
            registry.add(entry)
        }
        for name in ["f1", "f2"] {
            var entry = Registry.Entry(name: name)
            entry.model = model
            entry.groups = [1]
            registry.add(entry)
        }
        return registry
    }

    // MARK: What is written

    static func step(
        _ id: String, _ command: String? = nil, after: [String]? = nil,
        _ change: (inout StepDefinition) -> Void = { _ in }
    ) -> StepDefinition {
        var step = StepDefinition(command: Located(command ?? id))
        step.id = Located(id)
        step.dependsOn = after.map { $0.map { Located($0) } }
        change(&step)
        return step
    }

    static func sequence(
        _ steps: [StepDefinition], name: String = "run", policy: GroupPolicy? = nil,
        selection: TargetDefinition.Selection = .all, count: Int? = nil,
        _ change: (inout SequenceDefinition) -> Void = { _ in }
    ) -> SequenceDefinition {
        var sequence = SequenceDefinition(
            name: Located(name), target: target(selection, count), steps: steps)
        sequence.policy = policy
        change(&sequence)
        return sequence
    }

    static func target(
        _ selection: TargetDefinition.Selection = .all, _ count: Int? = nil,
        group: String = "stations"
    ) -> TargetDefinition {
        var target = TargetDefinition(
            group: Located(group), selection: selection,
            toDevice: selection == .nearest ? Located("context.device_id") : nil)
        target.count = count
        return target
    }

    /// Clamp, then spin, each of which can be taken back.
    static let clampAndSpin = [
        step("clamp"),
        step("spin") { $0.compensation = CompensationDefinition(command: Located("stop")) },
    ]

    // MARK: What happens

    mutating func start(
        _ name: String = "run", _ trigger: String = "t", near context: String? = nil,
        isCritical: Bool = false
    ) {
        table.start(
            name, trigger: trigger, context: context.flatMap { registry.device(named: $0) },
            isCritical: isCritical, commands: &scheduler, twins: twins, registry: registry,
            at: now, into: &effects)
        follow()
    }

    mutating func report(_ property: String, _ value: Value, by name: String) {
        guard let device = registry.device(named: name),
            let property = registry.property(named: property)
        else { return }
        twins.reports[property, default: [:]][device] = TwinReport(value, arrived: now)
        guard table.isConcerned(device) else { return }
        table.reported(
            device, commands: &scheduler, twins: twins, registry: registry, at: now,
            into: &effects)
        follow()
    }

    mutating func receive(_ response: CommandResponse) {
        let before = effects.count
        if table.awaits(response) {
            table.receive(
                response, commands: &scheduler, twins: twins, registry: registry, at: now,
                into: &effects)
        } else {
            scheduler.receive(
                response, registry: registry, twins: twins, at: now, into: &effects)
            table.follow(
                &effects, from: before, commands: &scheduler, twins: twins, registry: registry,
                at: now)
        }
        follow()
    }

    mutating func tell(_ line: String, _ command: LineCommand) -> Bool {
        defer { follow() }
        return table.tell(
            line, command, principal: "operator", commands: &scheduler, twins: twins,
            registry: registry, at: now, into: &effects)
    }

    mutating func cancel() -> Bool {
        defer { follow() }
        return table.cancel(
            CommandID("sequence", "run", "t"), principal: "operator", commands: &scheduler,
            twins: twins, registry: registry, at: now, into: &effects)
    }

    mutating func submit(_ request: CommandRequest) {
        _ = scheduler.submit(
            request, registry: registry, twins: twins, at: now, into: &effects)
        follow()
    }

    /// Gives a device the command of the sequence `busy` to do.
    mutating func load(_ device: Device) {
        scheduler.start(
            "busy", trigger: "\(device.index)", context: device, isCritical: false,
            registry: registry, at: now, into: &effects)
    }

    /// Lets time reach `now`.
    mutating func advance(to time: Instant) {
        now = max(now, time)
        let before = effects.count
        scheduler.advance(to: now, registry: registry, twins: twins, into: &effects)
        table.follow(
            &effects, from: before, commands: &scheduler, twins: twins, registry: registry,
            at: now)
        table.advance(
            to: now, commands: &scheduler, twins: twins, registry: registry, into: &effects)
        follow()
    }

    /// Does what happens next; false when nothing is left.
    mutating func step() -> Bool {
        let due = [scheduler.nextDeadline, table.nextDeadline].compactMap { $0 }.min()
        guard let next = [coming.first?.time, due].compactMap({ $0 }).min() else { return false }
        now = max(now, next)
        if let first = coming.first, first.time <= now, due.map({ first.time <= $0 }) ?? true {
            coming.removeFirst()
            receive(first.event)
        } else {
            advance(to: now)
        }
        return true
    }

    /// Until everything has ended.
    mutating func finish() {
        var steps = 0
        while step(), steps < 10_000 { steps += 1 }
    }

    /// The state of the newest run.
    var end: String { records.last.map { "\($0.state)" } ?? "none" }

    /// Kills the gateway and starts it again a second later; answers on their way are lost.
    mutating func restart(with changed: [SequenceDefinition]? = nil) throws {
        var writer = ByteWriter()
        scheduler.snapshot(into: &writer)
        table.snapshot(into: &writer)
        let (before, deadline) = (table.records, table.nextDeadline)
        scheduler = CommandScheduler(
            sequences: changed ?? sequences, sync: [], registry: registry,
            diagnostics: &diagnostics)
        table = SequenceTable(
            sequences: changed ?? sequences, lines: lines, sync: [], registry: registry,
            diagnostics: &diagnostics)
        var reader = ByteReader(writer.bytes)
        try scheduler.restore(from: &reader, registry: registry)
        try table.restore(from: &reader, registry: registry)
        guard table.records == before, table.nextDeadline == deadline, reader.isAtEnd else {
            throw RecordError.malformed(at: reader.offset)
        }
        coming.removeAll()
        now = now + .second
        let start = effects.count
        scheduler.resume(at: now, into: &effects)
        table.follow(
            &effects, from: start, commands: &scheduler, twins: twins, registry: registry, at: now)
        table.resume(
            commands: &scheduler, twins: twins, registry: registry, at: now, into: &effects)
        follow()
    }

    /// Devices take what was sent since.
    private mutating func follow() {
        while seen < effects.count {
            if case .transmit(let sent) = effects[seen] { deliver(sent) }
            seen += 1
        }
    }

    private mutating func deliver(_ sent: Transmission) {
        let device = registry.name(of: sent.device)
        let isAbout = sent.purpose == .prepare || sent.purpose == .release
        let word = isAbout ? "\(sent.purpose)" : sent.name
        let fate = fates["\(word) \(device)"] ?? fates[word] ?? fates[device] ?? .done
        if sent.purpose == .release { return }
        if sent.purpose == .execute, fate != .refused, fate != .lost,
            ranIDs.insert(sent.command).inserted
        {
            ran.append("\(sent.name) \(device)")
        }
        let truth: CommandResponse.Outcome =
            ranIDs.contains(sent.command) ? .completed(output: []) : .unknown
        let isQuestion = sent.purpose == .probe || sent.purpose == .cancel
        let outcome: CommandResponse.Outcome =
            switch fate {
            case .lost, .mute: .noResponse
            case .unheard where !isQuestion: .noResponse
            case _ where isQuestion: truth
            case .refused: .refused(code: 409, diagnostic: "guard open")
            default: .acknowledged(code: 204)
            }
        let delay = outcome == .noResponse ? 93_000 : fate == .slow ? 20_000 : 50
        number += 1
        coming.append(
            (
                now + Milliseconds(Int64(delay)), number,
                CommandResponse(
                    command: sent.command, attempt: sent.attempt, purpose: sent.purpose,
                    outcome: outcome)
            ))
        coming.sort { ($0.time, $0.number) < ($1.time, $1.number) }
    }

    // MARK: What is seen

    var records: [SequenceRecord] { table.records }

    /// `purpose command device` of each transmission.
    var sent: [String] {
        effects.compactMap {
            guard case .transmit(let sent) = $0 else { return nil }
            if sent.purpose == .probe || sent.purpose == .cancel { return nil }
            let word = sent.purpose == .execute ? "" : "\(sent.purpose) "
            return word + "\(sent.name) \(registry.name(of: sent.device))"
        }
    }

    /// `id device state` of each step of the last run, with `compensated` where it was.
    var steps: [String] {
        (records.last?.steps ?? []).map {
            let undo = $0.undo == .none ? "" : " \($0.undo)"
            return "\($0.id) \(registry.name(of: $0.device)) \($0.state)\(undo)"
        }
    }

    var alarms: [SequenceAlarm] {
        effects.compactMap { if case .alarm(let alarm) = $0 { alarm } else { nil } }
    }

    /// States of the line, in order.
    var states: [String] {
        effects.compactMap { if case .line(let line) = $0 { "\(line.state)" } else { nil } }
    }

    func audit(_ name: String) -> [AuditEntry] {
        effects.compactMap {
            if case .audit(let entry) = $0, entry.name == name { entry } else { nil }
        }
    }
}
