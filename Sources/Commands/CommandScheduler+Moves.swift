import Model

/// Transitions, the device's lease, and timers.
extension CommandScheduler {
    /// Takes a transition, with its audit entry; false and counted where there is none.
    @discardableResult
    mutating func move(
        _ slot: Int, _ event: CommandEvent, _ circumstance: CommandGuard = .always, reason: String,
        at now: Instant, into effects: inout [CommandEffect]
    ) -> Bool {
        var command = commands[slot]
        guard let transition = command.life.apply(event, circumstance) else { return false }
        command.updated = now
        command.result = reason
        command.hasToldIgnored = false
        if transition.setsMaybeExecuted == false { command.isUncertain = false }
        if transition.from != transition.to {
            command.deadline = nil
            command.limit = nil
            command.isAwaitingAnswer = false
            if transition.from == .leased { command.hasPrepared = false }
            if transition.to == .backoff || transition.to == .queued { command.inherited = nil }
        }
        commands[slot] = command
        arm(slot)
        watch(Int(command.device.index))
        effects.append(.audit(command.auditEntry(from: transition.from, reason: reason, at: now)))
        return true
    }

    /// An event that the command's state has no transition for: counted, and told to the audit once
    /// for each state.
    mutating func ignore(
        _ slot: Int, _ event: String, at now: Instant, into effects: inout [CommandEffect]
    ) {
        counters.ignoredEvents += 1
        guard !commands[slot].hasToldIgnored else { return }
        commands[slot].hasToldIgnored = true
        tell(slot, "ignored: \(event)", at: now, into: &effects)
    }

    /// Tells the audit something that changes no state.
    func tell(_ slot: Int, _ reason: String, at now: Instant, into effects: inout [CommandEffect]) {
        let command = commands[slot]
        effects.append(
            .audit(command.auditEntry(from: command.life.state, reason: reason, at: now)))
    }

    /// Gives the command its device.
    mutating func hold(_ slot: Int) {
        let command = commands[slot]
        let lane = Int(command.device.index)
        if lanes[lane].holder < 0 { lanes[lane].holder = slot }
    }

    /// Takes the command's device away from it.
    mutating func release(_ slot: Int) {
        let command = commands[slot]
        let lane = Int(command.device.index)
        if lanes[lane].holder == slot { lanes[lane].holder = -1 }
        watch(lane)
    }

    /// Notes whether the device's reports matter.
    mutating func watch(_ lane: Int) {
        lanes[lane].isWatched = lanes[lane].queue.contains { commands[$0].isWatching }
    }

    // MARK: Timers

    /// Sees to it that the command is looked at when something is due.
    mutating func arm(_ slot: Int) {
        let command = commands[slot]
        guard let due = command.due, command.armed != due else { return }
        commands[slot].armed = due
        timers.push(DeadlineHeap.Entry(deadline: due, serial: command.serial, slot: slot))
        if timers.entries.count > 64 + 4 * slots.count {
            timers.replace(
                with: commands.indices.compactMap { slot in
                    let command = commands[slot]
                    return command.due.map {
                        DeadlineHeap.Entry(deadline: $0, serial: command.serial, slot: slot)
                    }
                })
        }
    }

    mutating func dropStaleTimers() {
        while let first = timers.first, !isCurrent(first) {
            timers.removeFirst()
            if commands[first.slot].armed == first.deadline { commands[first.slot].armed = nil }
        }
    }

    private func isCurrent(_ entry: DeadlineHeap.Entry) -> Bool {
        let command = commands[entry.slot]
        return command.serial == entry.serial && command.due == entry.deadline
    }
}
