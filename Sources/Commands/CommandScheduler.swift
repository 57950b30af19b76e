package import Model

/// Runs command sequences: one command per device at a time, in order, repeated until the device
/// has answered or the attempts are spent.
///
/// A pure value. It is told what happens (`start`, `receive`, `reported`, `advance`) and tells what
/// is to be done. Ask `nextDeadline` when to call `advance` at the latest. `CommandLife.table` says
/// what can become of a command.
package struct CommandScheduler: Sendable {
    let limits: CommandLimits
    private var plans: [String: SequencePlan] = [:]

    /// Live commands by slot; slots are used again.
    var commands: [LiveCommand?] = []
    private var freeSlots: [Int] = []
    /// The slot of each live command.
    private(set) var slots: [CommandID: Int] = [:]
    /// By device index, grown when a device gets its first command.
    var lanes: [Lane] = []
    var timers = DeadlineHeap()
    var finished: FinishedRing
    var nextSerial: UInt64 = 1
    var nextRun: UInt64 = 1
    package internal(set) var counters = CommandCounters()

    /// The live commands of one device.
    struct Lane: Sendable {
        /// Slots, critical commands first, each kind in the order made. The first is the next to be
        /// sent.
        var queue: [Int] = []
        /// The slot of the command that has the device, or -1.
        var inFlight = -1
        /// The command in flight waits for reports.
        var isWatched = false
    }

    /// Compiles the sequences. What is wrong with them is told in `diagnostics`, and a sequence
    /// with an error is left out.
    package init(
        sequences: [SequenceDefinition], sync: [TwinSyncDefinition], registry: Registry,
        limits: CommandLimits = CommandLimits(), diagnostics: inout [Diagnostic]
    ) {
        self.limits = limits
        finished = FinishedRing(limit: limits.finishedRecords)
        var compiler = SequenceCompiler(registry: registry)
        var names: Set<String> = []
        for definition in sequences {
            guard names.insert(definition.name.value).inserted else {
                compiler.repeated(definition.name)
                continue
            }
            let acknowledgment = sync.first {
                $0.group.value == definition.target.group.value && $0.acknowledgment != nil
            }?.acknowledgment.map {
                SequencePlan.Acknowledgment(
                    needsReport: $0.method == .reportedProperties, timeout: $0.timeout)
            }
            plans[definition.name.value] = compiler.compile(
                definition, acknowledgment: acknowledgment)
        }
        diagnostics += compiler.diagnostics
    }

    /// Starts a sequence on each device it selects. The same trigger on the same device is the same
    /// start, for ever: it is ignored. While the sequence still runs on a device, another start on
    /// it adds nothing. `context` is the device to be near to.
    package mutating func start(
        _ sequence: String, trigger: String, context: Device?, isCritical: Bool,
        registry: Registry, at now: Instant, into effects: inout [CommandEffect]
    ) {
        let targets = plans[sequence]?.targets(near: context, registry: registry) ?? []
        guard let plan = plans[sequence], !targets.isEmpty else {
            counters.targetless += 1
            return
        }
        for target in targets {
            start(
                plan, on: target, trigger: trigger, isCritical: isCritical || plan.isCritical,
                at: now, into: &effects)
        }
        dropStaleTimers()
    }

    /// When `advance` has something to do.
    package var nextDeadline: Instant? { timers.first?.deadline }

    /// Whether reports of this device can matter to a command now.
    package func isConcerned(_ device: Device) -> Bool {
        Int(device.index) < lanes.count && lanes[Int(device.index)].isWatched
    }

    /// The live commands by device and order of sending, then those that ended last, oldest first.
    package var records: [CommandRecord] {
        lanes.flatMap { lane in lane.queue.compactMap { commands[$0]?.record } }
            + finished.records
    }

    // MARK: Starting

    private mutating func start(
        _ plan: SequencePlan, on target: SequencePlan.Candidate, trigger: String, isCritical: Bool,
        at now: Instant, into effects: inout [CommandEffect]
    ) {
        let forms = plan.variants[target.variant]
        let ids = forms.indices.map { CommandID(plan.name, trigger, target.name, String($0)) }
        if ids.contains(where: { slots[$0] != nil || finished.contains($0) }) {
            counters.duplicates += 1
            return
        }
        let lane = lane(of: target.device)
        if lanes[lane].queue.contains(where: { commands[$0]?.sequence == plan.name }) {
            counters.coalesced += 1
            return
        }
        let superseded = lanes[lane].queue.filter { slot in
            guard let older = commands[slot], older.life.state == .queued, older.neverSent,
                isCritical || !older.isCritical
            else { return false }
            return forms.contains { $0.replaces(older.form) }
        }
        let run = nextRun
        nextRun += 1
        var made = forms.indices.map { step in
            let serial = nextSerial + UInt64(step)
            return LiveCommand(
                id: ids[step], serial: serial, run: run, sequence: plan.name, step: step,
                device: target.device, isCritical: isCritical, form: forms[step],
                policy: plan.policy, created: now, updated: now)
        }
        nextSerial += UInt64(made.count)
        let queued = lanes[lane].queue.count - superseded.count + made.count
        let live = slots.count - superseded.count + made.count
        if queued > limits.commandsPerDevice || live > limits.liveCommands {
            counters.refused += 1
            let reason =
                queued > limits.commandsPerDevice
                ? "the device's queue is full" : "too many commands"
            for step in made.indices {
                reject(&made[step], reason: reason, at: now, into: &effects)
            }
            return
        }
        counters.started += 1
        for slot in superseded {
            move(slot, .supersede, reason: "replaced by \(plan.name)", at: now, into: &effects)
            finish(slot, into: &effects)
        }
        enqueue(made, in: lane, trigger: trigger, at: now, into: &effects)
        dispatch(lane, at: now, into: &effects)
    }

    private mutating func reject(
        _ command: inout LiveCommand, reason: String, at now: Instant,
        into effects: inout [CommandEffect]
    ) {
        let from = command.life.state
        guard command.life.apply(.validate, .invalid) != nil else { return }
        command.result = reason
        effects.append(.audit(command.auditEntry(from: from, reason: reason, at: now)))
        conclude(command, into: &effects)
    }

    private mutating func enqueue(
        _ made: [LiveCommand], in lane: Int, trigger: String, at now: Instant,
        into effects: inout [CommandEffect]
    ) {
        var place = lanes[lane].queue.count
        if made.first?.isCritical == true {
            place =
                lanes[lane].queue.firstIndex { commands[$0]?.isCritical != true }
                ?? lanes[lane].queue.count
        }
        for command in made {
            let slot = insert(command)
            lanes[lane].queue.insert(slot, at: place)
            place += 1
            move(slot, .validate, .valid, reason: trigger, at: now, into: &effects)
        }
    }

    // MARK: Storage

    /// Puts a command into a free slot.
    mutating func insert(_ command: LiveCommand) -> Int {
        let slot = freeSlots.popLast() ?? commands.count
        if slot == commands.count { commands.append(nil) }
        commands[slot] = command
        slots[command.id] = slot
        return slot
    }

    /// The place of the device's lane, made if it is new.
    mutating func lane(of device: Device) -> Int {
        let lane = Int(device.index)
        while lanes.count <= lane { lanes.append(Lane()) }
        return lane
    }

    /// Puts these in place of all commands there are, in order of sending for each device.
    mutating func replace(live: [LiveCommand], ended: [CommandRecord]) {
        commands = []
        freeSlots = []
        slots = [:]
        lanes = []
        timers = DeadlineHeap()
        finished = FinishedRing(limit: limits.finishedRecords)
        for record in ended { finished.append(record) }
        for command in live {
            let lane = lane(of: command.device)
            let slot = insert(command)
            lanes[lane].queue.append(slot)
            if command.life.state.isInFlight {
                lanes[lane].inFlight = slot
                lanes[lane].isWatched = command.needsReport
            }
            if let deadline = command.deadline { arm(slot, at: deadline) }
        }
    }

    /// Takes an ended command out. If it ended badly and its sequence does not skip failures, the
    /// steps after it are cancelled. The device is free afterwards; nothing is sent yet.
    mutating func finish(_ slot: Int, into effects: inout [CommandEffect]) {
        guard let command = commands[slot] else { return }
        let lane = Int(command.device.index)
        lanes[lane].queue.removeAll { $0 == slot }
        if lanes[lane].inFlight == slot { release(lane) }
        commands[slot] = nil
        slots[command.id] = nil
        freeSlots.append(slot)
        conclude(command, into: &effects)

        let state = command.life.state
        guard state == .failed || state == .indeterminate, !command.policy.skipsFailures else {
            return
        }
        for rest in lanes[lane].queue where commands[rest]?.run == command.run {
            let isCancelled = move(
                rest, .cancel, .neverSent, reason: "step \(command.step + 1) \(state)",
                at: command.updated, into: &effects)
            if isCancelled { finish(rest, into: &effects) }
        }
    }

    private mutating func conclude(_ command: LiveCommand, into effects: inout [CommandEffect]) {
        switch command.life.state {
        case .succeeded: counters.succeeded += 1
        case .failed: counters.failed += 1
        case .indeterminate: counters.indeterminate += 1
        case .superseded: counters.superseded += 1
        case .cancelled: counters.cancelled += 1
        case .rejected: counters.rejected += 1
        default: preconditionFailure("a command in state \(command.life.state) has not ended")
        }
        finished.append(command.record)
        effects.append(.finished(command.record))
    }
}

extension LiveCommand {
    func auditEntry(from: CommandState, reason: String, at now: Instant) -> AuditEntry {
        AuditEntry(
            time: now, command: id, device: device, name: form.name, from: from.description,
            to: life.state.description, reason: reason)
    }
}
