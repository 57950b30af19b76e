package import Model

/// One device's own truth: the values it holds and the commands it has run.
package struct EmulatedDevice: Sendable {
    package let device: Device
    private let model: DeviceModel?
    private var values: [(property: Property, value: Value)] = []
    private var log = RunLog()
    private var prepared: [CommandID] = []
    /// Told to end before they came, so that they never run.
    private var barred: [CommandID] = []
    /// The highest that a command had.
    private var fence: UInt64 = 0
    private var dice: FaultDice
    private let start: Instant
    /// It answers nothing any more.
    package private(set) var isGone = false

    private static let idsKept = 32
    /// How often a command that runs tells how far it is.
    private static let tellings = 4

    /// How a device answers what it is asked.
    package struct Answer: Sendable {
        /// Class * 100 + detail: 204, 400, 404.
        package var code: Int
        /// The properties it then reports.
        package var reports: [(property: Property, value: Value)] = []
        /// True for a command that it has run before, and did not run again.
        package var isRepeat = false
        /// Whether it ran, or began to run, because of this very request.
        package var hasRun = false
        package var status: CommandStatus?
        /// No answer goes out, though there would be one.
        package var isLost = false
        package var diagnostic = ""
    }

    /// - Parameter start: what a scenario's faults count from, in the time of `receive`.
    package init(
        _ device: Device, registry: Registry, scenario: ScenarioDefinition, seed: UInt64,
        start: Instant
    ) {
        self.device = device
        self.start = start
        dice = FaultDice(device, scenario: scenario, registry: registry, seed: seed)
        model = registry.entry(device)?.model.map { registry.models[$0] }
        for property in model?.properties ?? [] {
            guard let index = registry.property(named: property.name) else { continue }
            if let value = property.defaultValue {
                values.append((index, value))
            } else if let choice = property.choices.first {
                values.append((index, .text(choice)))
            } else if property.type == .boolean {
                values.append((index, .boolean(false)))
            }
        }
    }

    /// The switches, choices and settings, which have a value from the start.
    var reportable: [(property: Property, value: Value)] { values }

    func state(_ property: Property) -> Value? {
        values.first { $0.property == property }?.value
    }

    mutating func note(_ property: Property, _ value: Value) {
        if let place = values.firstIndex(where: { $0.property == property }) {
            values[place].value = value
        } else {
            values.append((property, value))
        }
    }

    /// When a command that runs has something to tell next.
    var nextDeadline: Instant? { isGone ? nil : log.nextDeadline }

    // MARK: Being asked

    mutating func receive(
        _ request: DeviceRequest, registry: Registry, at now: Instant
    ) -> Answer {
        if isGone { return Answer(code: 503, isLost: true) }
        switch request.action {
        case .run(let name, let parameters):
            return run(name, parameters, request, registry: registry, at: now)
        case .prepare(let name, let parameters):
            return prepare(name, parameters, request, registry: registry, at: now)
        case .release:
            prepared.removeAll { $0 == request.id }
            return Answer(code: 204)
        case .probe: return probe(request.id, at: now)
        case .cancel: return cancel(request.id, at: now)
        case .write(let property, let value):
            return write(property, value, request, registry: registry, at: now)
        }
    }

    private mutating func run(
        _ name: String, _ parameters: [Field], _ request: DeviceRequest, registry: Registry,
        at now: Instant
    ) -> Answer {
        if let known = log.find(request.id) { return again(known, at: now) }
        let run: RunLog.Run
        switch order(name, parameters, request, registry: registry, at: now) {
        case .failure(let refusal): return refusal.answer
        case .success(let found): run = found
        }
        prepared.removeAll { $0 == request.id }
        return perform(run, dice.hit(name, elapsed: now - start), at: now)
    }

    /// Either a reason to refuse, or the run as it would end at once.
    private mutating func order(
        _ name: String, _ parameters: [Field], _ request: DeviceRequest, registry: Registry,
        at now: Instant
    ) -> Result<RunLog.Run, Refusal> {
        guard let model, let command = model.commands.first(where: { $0.name == name }) else {
            return .failure(Refusal(404, "no command '\(name)' here"))
        }
        if barred.contains(request.id) {
            return .failure(Refusal(409, "cancelled before it came"))
        }
        if let refusal = refuse(fence: request.fence) { return .failure(refusal) }
        if log.running != nil, !command.isConcurrent {
            return .failure(Refusal(503, "busy with another command"))
        }
        var run = RunLog.Run(
            id: request.id, name: name, code: 204, status: CommandStatus(.succeeded), began: now)
        for write in model.writes(of: command, parameters: parameters.map(\.name)) {
            guard let value = parameters.first(where: { $0.name == write.parameter })?.value,
                let property = registry.property(named: write.property)
            else { return .failure(Refusal(400, "'\(name)' lacks \(write.parameter)")) }
            do throws(PropertyModel.Misfit) {
                let accepted = try registry.model(of: property, on: device)?.accept(value)
                run.writes.append((property, accepted ?? value))
            } catch {
                return .failure(Refusal(400, error.description))
            }
        }
        run.status.output = output(of: command, run, registry: registry)
        return .success(run)
    }

    private struct Refusal: Error {
        var answer: Answer

        init(_ code: Int, _ diagnostic: String) {
            answer = Answer(code: code, diagnostic: diagnostic)
        }
    }

    /// A device obeys the holder of the newest lease only.
    private mutating func refuse(fence: UInt64) -> Refusal? {
        guard fence > 0 else { return nil }
        guard fence >= self.fence else {
            return Refusal(409, "fence \(fence) is below \(self.fence)")
        }
        self.fence = fence
        return nil
    }

    private func output(
        of command: CommandModel, _ run: RunLog.Run, registry: Registry
    ) -> [Field] {
        command.outputs.map { output in
            let property = registry.property(named: output.name)
            let written = run.writes.first { $0.property == property }?.value
            let held = property.flatMap { state($0) }
            switch output.type {
            case .boolean: return Field(output.name, written ?? held ?? .boolean(true))
            case .integer: return Field(output.name, written ?? held ?? .integer(0))
            case .number: return Field(output.name, written ?? held ?? .number(0))
            default:
                let text = Value.text(output.choices.first ?? "")
                return Field(output.name, written ?? held ?? text)
            }
        }
    }

    private mutating func perform(
        _ order: RunLog.Run, _ fault: FaultDefinition?, at now: Instant
    ) -> Answer {
        var run = order
        var answer = Answer(code: run.code, hasRun: true)
        switch fault?.kind {
        case .transient: return Answer(code: 503, diagnostic: "not now")
        case .vanish:
            isGone = true
            return Answer(code: 503, isLost: true)
        case .refuse:
            run.code = 403
            run.status = CommandStatus(.failed)
            run.status.reason = "refused"
            run.writes = []
            log.add(run)
            return Answer(code: 403, diagnostic: "refused")
        case .acknowledgeOnly:
            run.writes = []
        case .slow, .fail:
            let delay = fault?.delay ?? .zero
            if fault?.kind == .fail {
                run.status = CommandStatus(.failed)
                run.status.reason = "stuck"
                run.writes = []
            }
            run.ends = (now + delay, run.status)
            run.tells = now + Milliseconds(delay.count / Int64(EmulatedDevice.tellings))
            run.status = CommandStatus(.executing)
            run.status.percent = 0
            log.add(run)
            answer.status = CommandStatus(.accepted)
            return answer
        case .loseAnswer: answer.isLost = true
        case nil: break
        }
        for write in run.writes { note(write.property, write.value) }
        log.add(run)
        answer.reports = run.writes
        if !run.status.output.isEmpty { answer.status = run.status }
        return answer
    }

    /// The answer of a command that is known: the same, and nothing happens again.
    private func again(_ run: RunLog.Run, at now: Instant) -> Answer {
        var answer = Answer(code: run.code, isRepeat: true)
        switch run.status.state {
        case .executing, .accepted: answer.status = CommandStatus(.accepted)
        case .failed where run.code >= 400: answer.diagnostic = run.status.reason ?? ""
        case .failed, .cancelled: answer.status = run.status
        case .succeeded:
            // Another command may have come in between: what counts is what holds now.
            answer.reports = run.writes.map { ($0.property, state($0.property) ?? $0.value) }
            if !run.status.output.isEmpty { answer.status = run.status }
        }
        return answer
    }

    private mutating func prepare(
        _ name: String, _ parameters: [Field], _ request: DeviceRequest, registry: Registry,
        at now: Instant
    ) -> Answer {
        if prepared.contains(request.id) { return Answer(code: 204, isRepeat: true) }
        if case .failure(let refusal) = order(
            name, parameters, request, registry: registry, at: now)
        {
            return refusal.answer
        }
        // Who will refuse says so as soon as it is asked.
        if dice.hit(name, elapsed: now - start, among: [.refuse]) != nil {
            return Answer(code: 403, diagnostic: "not ready")
        }
        EmulatedDevice.keep(request.id, in: &prepared)
        return Answer(code: 204)
    }

    private func probe(_ id: CommandID, at now: Instant) -> Answer {
        guard let run = log.find(id) else {
            return Answer(code: 404, diagnostic: "no such command")
        }
        var answer = Answer(code: 205)
        answer.status = status(of: run, at: now)
        return answer
    }

    private mutating func cancel(_ id: CommandID, at now: Instant) -> Answer {
        guard let run = log.find(id) else {
            // What was on its way all the same shall find its door shut.
            EmulatedDevice.keep(id, in: &barred)
            return Answer(code: 404, diagnostic: "no such command")
        }
        if run.ends != nil {
            log.update(id) {
                $0.ends = nil
                $0.tells = nil
                $0.status = CommandStatus(.cancelled)
            }
        }
        var answer = Answer(code: 202)
        answer.status = log.find(id)?.status
        return answer
    }

    private mutating func write(
        _ name: String, _ value: Value?, _ request: DeviceRequest, registry: Registry,
        at now: Instant
    ) -> Answer {
        if let known = log.find(request.id) { return again(known, at: now) }
        guard let property = registry.property(named: name),
            let model = registry.model(of: property, on: device)
        else { return Answer(code: 404, diagnostic: "no property '\(name)' here") }
        guard let value, let accepted = try? model.accept(value) else {
            return Answer(code: 400, diagnostic: "no value for '\(name)'")
        }
        if let refusal = refuse(fence: request.fence) { return refusal.answer }
        var run = RunLog.Run(
            id: request.id, name: name, code: 204, status: CommandStatus(.succeeded), began: now)
        run.writes = [(property, accepted)]
        return perform(run, dice.hit(name, elapsed: now - start), at: now)
    }

    private static func keep(_ id: CommandID, in ids: inout [CommandID]) {
        if ids.count == idsKept { ids.removeFirst() }
        ids.append(id)
    }

    // MARK: Running

    private func status(of run: RunLog.Run, at now: Instant) -> CommandStatus {
        guard let ends = run.ends?.time else { return run.status }
        var status = CommandStatus(.executing)
        let whole = max(1, (ends - run.began).count)
        status.percent = Int(min(99, max(0, (now - run.began).count * 100 / whole)))
        return status
    }

    /// What the commands that run have to tell by `now`; they end when they are done.
    mutating func advance(to now: Instant) -> [Notice] {
        var notices: [Notice] = []
        while let due = nextDeadline, due <= now {
            for run in log.runs {
                guard let ends = run.ends else { continue }
                if ends.time <= due {
                    for write in run.writes { note(write.property, write.value) }
                    log.update(run.id) {
                        $0.ends = nil
                        $0.tells = nil
                        $0.status = ends.status
                    }
                    notices.append(
                        Notice(
                            device: device, command: run.id, status: ends.status,
                            reports: run.writes))
                } else if let tells = run.tells, tells <= due {
                    let pause = (ends.time - run.began).count / Int64(EmulatedDevice.tellings)
                    log.update(run.id) { $0.tells = tells + Milliseconds(max(1, pause)) }
                    notices.append(
                        Notice(
                            device: device, command: run.id, status: status(of: run, at: tells),
                            reports: []))
                }
            }
        }
        return notices
    }

    /// What a device tells of a command by itself.
    package struct Notice: Sendable {
        package var device: Device
        package var command: CommandID
        package var status: CommandStatus
        /// The properties it then reports.
        package var reports: [(property: Property, value: Value)]
    }
}
