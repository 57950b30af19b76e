package import Model

/// Runs commands: one per device at a time, each in its order, repeated until the device has
/// answered or the attempts are spent, and asked after until it is known what became of it.
///
/// A pure value. It is told what happens (`submit`, `start`, `decide`, `receive`, `reported`,
/// `setAwake`, `advance`) and tells what is to be done. Ask `nextDeadline` when to call `advance`
/// at the latest. `CommandLife.table` says what can become of a command.
package struct CommandScheduler: Sendable {
    let limits: CommandLimits
    private var plans: [String: SequencePlan] = [:]

    /// Live commands by slot; slots are used again.
    var commands: [LiveCommand] = []
    private var freeSlots: [Int] = []
    /// The slot of each command there is, also under the id of its compensation while that runs.
    var slots: [CommandID: Int] = [:]
    /// By device index, grown when a device gets its first command.
    var lanes: [Lane] = []
    var timers = DeadlineHeap()
    var finished: FinishedRing
    var keys: KeyRing
    var nextSerial: UInt64 = 1
    var nextRun: UInt64 = 1
    /// Of the last lease of any device.
    var fence: UInt64 = 0
    package internal(set) var counters = CommandCounters()

    /// The live commands of one device.
    struct Lane: Sendable {
        /// Slots in the order made.
        var queue: [Int] = []
        /// The slot of the command that has the device, or -1.
        var holder = -1
        /// Some command waits for reports.
        var isWatched = false
        /// The device only listens now and then.
        var sleeps = false
        /// A device that sleeps listens until then.
        var awakeUntil = Instant.distantPast

        func isListening(at now: Instant) -> Bool { !sleeps || now < awakeUntil }
    }

    /// What a call works with.
    struct Moment {
        var now: Instant
        var twins: any TwinReader
    }

    /// Compiles the sequences. What is wrong with them is told in `diagnostics`, and a sequence
    /// with an error is left out.
    package init(
        sequences: [SequenceDefinition], sync: [TwinSyncDefinition], registry: Registry,
        limits: CommandLimits = CommandLimits(), diagnostics: inout [Diagnostic]
    ) {
        self.limits = limits
        finished = FinishedRing(limit: limits.finishedRecords)
        keys = KeyRing(limit: limits.keys)
        var compiler = SequenceCompiler(registry: registry)
        var names: Set<String> = []
        for definition in sequences {
            guard names.insert(definition.name.value).inserted else {
                compiler.repeated(definition.name)
                continue
            }
            // Graphs are run by a `SequenceTable`.
            if definition.isGraph { continue }
            let acknowledgment = SequencePlan.Acknowledgment(
                of: definition.target.group.value, sync)
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
        registry: Registry, twins: any TwinReader = NoTwins(), at now: Instant,
        into effects: inout [CommandEffect]
    ) {
        let targets = plans[sequence]?.targets(near: context, registry: registry) ?? []
        guard let plan = plans[sequence], !targets.isEmpty else {
            counters.targetless += 1
            return
        }
        let moment = Moment(now: now, twins: twins)
        for target in targets {
            start(
                plan, on: target, trigger: trigger, isCritical: isCritical || plan.isCritical,
                registry: registry, moment, into: &effects)
        }
        dropStaleTimers()
    }

    /// When `advance` has something to do.
    package var nextDeadline: Instant? { timers.first?.deadline }

    /// Whether reports of this device can matter to a command now.
    package func isConcerned(_ device: Device) -> Bool {
        Int(device.index) < lanes.count && lanes[Int(device.index)].isWatched
    }

    /// The live commands by device and order made, then those that ended last, oldest first.
    package var records: [CommandRecord] {
        lanes.flatMap { lane in lane.queue.map { commands[$0].record } }
            + finished.records
    }

    /// One command, if it is alive or ended lately.
    package func record(_ id: CommandID) -> CommandRecord? {
        slots[id].map { commands[$0].record } ?? finished.record(id)
    }

    // MARK: Starting

    private mutating func start(
        _ plan: SequencePlan, on target: SequencePlan.Candidate, trigger: String, isCritical: Bool,
        registry: Registry, _ moment: Moment, into effects: inout [CommandEffect]
    ) {
        let forms = plan.variants[target.variant]
        let ids = forms.indices.map { CommandID(plan.name, trigger, target.name, String($0)) }
        if ids.contains(where: { slots[$0] != nil || finished.contains($0) }) {
            counters.duplicates += 1
            return
        }
        let lane = lane(of: target.device, registry)
        if lanes[lane].queue.contains(where: { commands[$0].sequence == plan.name }) {
            counters.coalesced += 1
            return
        }
        let run = nextRun
        nextRun &+= 1
        var made = forms.indices.map { step in
            LiveCommand(
                id: ids[step], serial: nextSerial &+ UInt64(step), run: run, sequence: plan.name,
                step: step, device: target.device, priority: isCritical ? .critical : .normal,
                form: forms[step], policy: plan.policy, created: moment.now, updated: moment.now)
        }
        nextSerial &+= UInt64(made.count)
        let superseded = superseded(by: made, in: lane)
        if let reason = full(lane, adding: made.count - superseded.count) {
            for step in made.indices {
                reject(&made[step], reason: reason, at: moment.now, into: &effects)
            }
            return
        }
        counters.started += 1
        supersede(superseded, by: plan.name, moment, into: &effects)
        for command in made {
            enqueue(command, in: lane, reason: trigger, moment, into: &effects)
        }
        dispatch(lane, moment, into: &effects)
    }

    /// Why a lane takes no more; counted.
    mutating func full(_ lane: Int, adding more: Int) -> String? {
        guard lanes[lane].queue.count + more <= limits.commandsPerDevice else {
            counters.refused += 1
            return "the device's queue is full"
        }
        guard slots.count + more <= limits.liveCommands else {
            counters.refused += 1
            return "too many commands"
        }
        return nil
    }

    /// The commands that these make pointless: unsent, no more urgent, setting the same.
    func superseded(by made: [LiveCommand], in lane: Int) -> [Int] {
        lanes[lane].queue.filter { slot in
            let older = commands[slot]
            guard older.firstSent == nil,
                [.queued, .blocked, .backoff].contains(older.life.state),
                !older.preconditions.isHeld
            else { return false }
            return made.contains {
                $0.priority <= older.priority && $0.form.replaces(older.form)
            }
        }
    }

    mutating func supersede(
        _ slots: [Int], by name: String, _ moment: Moment, into effects: inout [CommandEffect]
    ) {
        for slot in slots {
            move(
                slot, .supersede, reason: "replaced by \(name)", at: moment.now, into: &effects)
            finish(slot, moment, into: &effects)
        }
    }

    mutating func reject(
        _ command: inout LiveCommand, reason: String, at now: Instant,
        into effects: inout [CommandEffect]
    ) {
        let from = command.life.state
        _ = command.life.apply(.validate, .fail)
        command.result = reason
        effects.append(.audit(command.auditEntry(from: from, reason: reason, at: now)))
        conclude(command, into: &effects)
    }

    /// Gives a valid command its place; what it waits for is looked at at once.
    mutating func enqueue(
        _ command: LiveCommand, in lane: Int, reason: String, _ moment: Moment,
        into effects: inout [CommandEffect]
    ) {
        let slot = insert(command)
        lanes[lane].queue.append(slot)
        let isBlocked = command.preconditions.areAny
        move(
            slot, .validate, isBlocked ? .conditional : .valid, reason: reason, at: moment.now,
            into: &effects)
        if isBlocked { evaluate(slot, moment, into: &effects) }
    }

    // MARK: Storage

    /// Puts a command into a free slot.
    private mutating func insert(_ command: LiveCommand) -> Int {
        let slot = freeSlots.popLast() ?? commands.count
        if slot == commands.count { commands.append(command) }
        commands[slot] = command
        slots[command.id] = slot
        return slot
    }

    /// The place of the device's lane, made if it is new.
    mutating func lane(of device: Device, _ registry: Registry) -> Int {
        let lane = Int(device.index)
        while lanes.count <= lane { lanes.append(Lane()) }
        let model = registry.entry(device)?.model
        lanes[lane].sleeps = model.map { registry.models[$0].awakeWindow != nil } ?? false
        return lane
    }

    /// Puts these in place of all commands there are, in the order made for each device.
    mutating func replace(
        live: [LiveCommand], ended: [CommandRecord], keys entries: [KeyRing.Entry],
        registry: Registry
    ) {
        commands = []
        freeSlots = []
        slots = [:]
        lanes = []
        timers = DeadlineHeap()
        finished = FinishedRing(limit: limits.finishedRecords)
        keys = KeyRing(limit: limits.keys)
        for record in ended { finished.append(record) }
        for entry in entries { keys.append(entry) }
        for command in live {
            let lane = lane(of: command.device, registry)
            let slot = insert(command)
            if command.life.state == .compensating { slots[command.compensationID] = slot }
            if command.life.state.isFinal { continue }
            lanes[lane].queue.append(slot)
            if command.holdsDevice { lanes[lane].holder = slot }
            lanes[lane].isWatched = lanes[lane].isWatched || command.isWatching
            arm(slot)
        }
    }

    /// Takes an ended command out, unless it is kept for a compensation. If it ended badly and its
    /// sequence does not skip failures, the steps after it are cancelled. The device is free
    /// afterwards; nothing is sent yet.
    mutating func finish(_ slot: Int, _ moment: Moment, into effects: inout [CommandEffect]) {
        let command = commands[slot]
        let lane = Int(command.device.index)
        lanes[lane].queue.removeAll { $0 == slot }
        release(slot)
        slots[command.compensationID] = nil
        if command.isKept {
            commands[slot].limit = nil
            commands[slot].deadline = nil
        } else {
            forget(slot)
        }
        watch(lane)
        conclude(command, into: &effects)

        let state = command.life.state
        guard state == .failed || state == .indeterminate, command.run > 0,
            !command.policy.skipsFailures
        else { return }
        for rest in lanes[lane].queue where commands[rest].run == command.run {
            let isCancelled = move(
                rest, .cancel, .neverSent, reason: "step \(command.step + 1) \(state)",
                at: command.updated, into: &effects)
            if isCancelled { finish(rest, moment, into: &effects) }
        }
    }

    /// Frees the slot of a command that has ended.
    mutating func forget(_ slot: Int) {
        slots[commands[slot].id] = nil
        commands[slot] = .none
        freeSlots.append(slot)
    }

    mutating func conclude(_ command: LiveCommand, into effects: inout [CommandEffect]) {
        counters.note(command.life.state)
        finished.append(command.record)
        effects.append(.finished(command.record))
    }
}
