package import Model

/// One attempt after another: sending, waiting, answers, evidence.
extension CommandScheduler {
    /// Takes what became of a transmission.
    package mutating func receive(
        _ response: CommandResponse, registry: Registry, at now: Instant,
        into effects: inout [CommandEffect]
    ) {
        guard let slot = slots[response.command], let command = commands[slot] else {
            counters.unknownResponses += 1
            return
        }
        defer { dropStaleTimers() }
        // A success is evidence whichever attempt it answers; all else only says something of its
        // own.
        let isPresent = response.attempt == command.attempts
        switch response.outcome {
        case .acknowledged(let code):
            succeed(slot, reason: dotted(code), at: now, into: &effects)
        case .refused(let code, let diagnostic) where isPresent:
            let reason = diagnostic.isEmpty ? "" : " " + String(diagnostic.prefix(200))
            refuse(
                slot, isTransient: code == 429 || code >= 500, reason: dotted(code) + reason,
                at: now, into: &effects)
        case .noResponse where isPresent && command.isAwaitingAnswer:
            missAnswer(slot, mayHaveArrived: true, reason: "no answer", at: now, into: &effects)
        case .unreachable where isPresent && command.isAwaitingAnswer:
            missAnswer(slot, mayHaveArrived: false, reason: "no address", at: now, into: &effects)
        default: counters.ignoredEvents += 1
        }
    }

    /// Takes what a device reports, for commands that only count as done once the device says so.
    /// Not for late reports.
    package mutating func reported(
        _ device: Device, _ property: Property, _ value: Value, registry: Registry, at now: Instant,
        into effects: inout [CommandEffect]
    ) {
        guard isConcerned(device) else { return }
        let slot = lanes[Int(device.index)].inFlight
        commands[slot]?.note(property, value)
        guard let command = commands[slot], command.isReported else { return }
        switch command.life.state {
        case .verifying: verify(slot, at: now, into: &effects)
        case .reconciling: succeed(slot, reason: "reported", at: now, into: &effects)
        default: return
        }
        dropStaleTimers()
    }

    /// Does everything that is due.
    package mutating func advance(
        to now: Instant, registry: Registry, into effects: inout [CommandEffect]
    ) {
        dropStaleTimers()
        while let due = timers.first, due.deadline <= now {
            timers.removeFirst()
            commands[due.slot]?.deadline = nil
            expire(due.slot, at: now, into: &effects)
            dropStaleTimers()
        }
    }

    /// After a restart: every command that had been sent and not answered is sent again under its
    /// id and attempt number, and the devices that are free get their next command.
    package mutating func resume(at now: Instant, into effects: inout [CommandEffect]) {
        for lane in lanes.indices {
            for slot in lanes[lane].queue {
                guard let command = commands[slot] else { continue }
                move(slot, .restart, reason: "restart", at: now, into: &effects)
                if command.isAwaitingAnswer {
                    commands[slot]?.isUncertain = true
                    transmit(slot, at: now, into: &effects)
                } else if command.life.state == .verifying, let wait = command.policy.verifyTimeout
                {
                    // Reports made while the gateway was away are still to come.
                    arm(slot, at: max(command.deadline ?? now, now + wait))
                }
            }
            dispatch(lane, at: now, into: &effects)
        }
        dropStaleTimers()
    }

    // MARK: Evidence

    /// The device ran the command.
    private mutating func succeed(
        _ slot: Int, reason: String, at now: Instant, into effects: inout [CommandEffect]
    ) {
        guard let command = commands[slot] else { return }
        let isSent = command.life.state == .sent
        let needsReport = command.needsReport
        let circumstance: CommandGuard =
            isSent
            ? (needsReport ? .doneVerify : .doneUnverified)
            : (needsReport ? .probedDoneVerify : .probedDone)
        guard
            move(
                slot, isSent ? .response : .probe, circumstance, reason: reason, at: now,
                into: &effects)
        else { return }
        commands[slot]?.isAwaitingAnswer = false
        if !needsReport {
            end(slot, at: now, into: &effects)
        } else if command.isReported {
            verify(slot, at: now, into: &effects)
        } else {
            arm(slot, at: now + (command.policy.verifyTimeout ?? .zero))
        }
    }

    /// The device reports everything the command sets.
    private mutating func verify(
        _ slot: Int, at now: Instant, into effects: inout [CommandEffect]
    ) {
        guard move(slot, .conditionMet, reason: "reported", at: now, into: &effects) else { return }
        end(slot, at: now, into: &effects)
    }

    /// The device says that it did not run the command.
    private mutating func refuse(
        _ slot: Int, isTransient: Bool, reason: String, at now: Instant,
        into effects: inout [CommandEffect]
    ) {
        guard let command = commands[slot] else { return }
        let isSent = command.life.state == .sent
        let again = isTransient && command.hasAttemptLeft
        let circumstance: CommandGuard =
            switch (isSent, isTransient, again) {
            case (true, true, true): .transientRetryLeft
            case (true, true, false): .transientExhausted
            case (true, false, _): .permanent
            case (false, true, true): .probedRetryLeft
            case (false, true, false): .probedExhausted
            case (false, false, _): .probedFailed
            }
        guard
            move(
                slot, isSent ? .response : .probe, circumstance, reason: reason, at: now,
                into: &effects)
        else { return }
        commands[slot]?.isUncertain = false
        if again {
            backOff(slot, at: now, into: &effects)
        } else {
            end(slot, at: now, into: &effects)
        }
    }

    /// Nobody answered for the attempt that was out.
    private mutating func missAnswer(
        _ slot: Int, mayHaveArrived: Bool, reason: String, at now: Instant,
        into effects: inout [CommandEffect]
    ) {
        commands[slot]?.isAwaitingAnswer = false
        if mayHaveArrived { commands[slot]?.isUncertain = true }
        guard let command = commands[slot] else { return }
        switch (command.life.state, command.hasAttemptLeft) {
        case (.sent, true):
            move(slot, .noResponse, .retryLeft, reason: reason, at: now, into: &effects)
            backOff(slot, at: now, into: &effects)
        case (.sent, false):
            move(slot, .noResponse, .exhausted, reason: reason, at: now, into: &effects)
            reconcile(slot, reason: reason, at: now, into: &effects)
        case (.reconciling, true):
            arm(slot, at: now + command.policy.delay(after: command.attempts, of: command.id))
        case (.reconciling, false):
            reconcile(slot, reason: reason, at: now, into: &effects)
        default:
            counters.ignoredEvents += 1
        }
    }

    /// All attempts are spent without an answer: only reports can still tell.
    private mutating func reconcile(
        _ slot: Int, reason: String, at now: Instant, into effects: inout [CommandEffect]
    ) {
        guard let command = commands[slot] else { return }
        if !command.isUncertain {
            move(slot, .probe, .probedExhausted, reason: reason, at: now, into: &effects)
            end(slot, at: now, into: &effects)
        } else if !command.needsReport {
            giveUp(slot, reason: reason, at: now, into: &effects)
        } else if command.isReported {
            succeed(slot, reason: "reported", at: now, into: &effects)
        } else {
            arm(slot, at: now + (command.policy.verifyTimeout ?? .zero))
        }
    }

    private mutating func giveUp(
        _ slot: Int, reason: String, at now: Instant, into effects: inout [CommandEffect]
    ) {
        move(slot, .reconcileTimeout, reason: reason, at: now, into: &effects)
        end(slot, at: now, into: &effects)
    }

    /// A command's deadline has come.
    private mutating func expire(
        _ slot: Int, at now: Instant, into effects: inout [CommandEffect]
    ) {
        guard let command = commands[slot] else { return }
        switch command.life.state {
        case .sent:
            missAnswer(slot, mayHaveArrived: true, reason: "no answer", at: now, into: &effects)
        case .reconciling where command.isAwaitingAnswer:
            missAnswer(slot, mayHaveArrived: true, reason: "no answer", at: now, into: &effects)
        case .reconciling where command.hasAttemptLeft:
            commands[slot]?.attempts += 1
            transmit(slot, at: now, into: &effects)
        case .reconciling:
            giveUp(slot, reason: "no answer", at: now, into: &effects)
        case .verifying where command.hasAttemptLeft:
            move(slot, .verifyTimeout, .retryLeft, reason: "no report", at: now, into: &effects)
            backOff(slot, at: now, into: &effects)
        case .verifying:
            move(slot, .verifyTimeout, .exhausted, reason: "no report", at: now, into: &effects)
            end(slot, at: now, into: &effects)
        case .backoff:
            move(slot, .retryTimer, reason: "retry", at: now, into: &effects)
            dispatch(Int(command.device.index), at: now, into: &effects)
        default:
            counters.ignoredEvents += 1
        }
    }

    // MARK: Moving on

    /// Takes a transition, with its audit entry; false and counted where there is none.
    @discardableResult
    mutating func move(
        _ slot: Int, _ event: CommandEvent, _ circumstance: CommandGuard = .always, reason: String,
        at now: Instant, into effects: inout [CommandEffect]
    ) -> Bool {
        guard let transition = commands[slot]?.life.apply(event, circumstance) else {
            counters.ignoredEvents += 1
            return false
        }
        if transition.from == transition.to { return true }
        commands[slot]?.updated = now
        commands[slot]?.deadline = nil
        commands[slot]?.result = reason
        if let command = commands[slot] {
            effects.append(
                .audit(command.auditEntry(from: transition.from, reason: reason, at: now)))
        }
        return true
    }

    /// Sends the device's next command if the device is free and the command is ready.
    mutating func dispatch(_ lane: Int, at now: Instant, into effects: inout [CommandEffect]) {
        guard lanes[lane].inFlight < 0, let slot = lanes[lane].queue.first,
            let command = commands[slot], command.life.state == .queued
        else { return }
        let attempt = "attempt \(command.attempts + 1) of \(command.policy.maxAttempts)"
        move(slot, .dispatch, .ready, reason: attempt, at: now, into: &effects)
        move(slot, .transmit, reason: attempt, at: now, into: &effects)
        commands[slot]?.attempts += 1
        if command.attempts == 0 {
            for write in command.form.writes {
                effects.append(.desire(command.device, write.property, write.value))
            }
        }
        transmit(slot, at: now, into: &effects)
    }

    /// Puts the present attempt on the wire; the command holds its device from here.
    private mutating func transmit(
        _ slot: Int, at now: Instant, into effects: inout [CommandEffect]
    ) {
        guard let command = commands[slot] else { return }
        let lane = Int(command.device.index)
        lanes[lane].inFlight = slot
        lanes[lane].isWatched = command.needsReport
        commands[slot]?.isAwaitingAnswer = true
        arm(slot, at: now + limits.responseTimeout)
        counters.transmitted += 1
        effects.append(.transmit(command.transmission))
    }

    /// Frees the device while the command waits for its next attempt.
    private mutating func backOff(
        _ slot: Int, at now: Instant, into effects: inout [CommandEffect]
    ) {
        guard let command = commands[slot] else { return }
        commands[slot]?.isAwaitingAnswer = false
        let lane = Int(command.device.index)
        release(lane)
        arm(slot, at: now + command.policy.delay(after: command.attempts, of: command.id))
        dispatch(lane, at: now, into: &effects)
    }

    private mutating func end(
        _ slot: Int, at now: Instant, into effects: inout [CommandEffect]
    ) {
        guard let command = commands[slot] else { return }
        finish(slot, into: &effects)
        dispatch(Int(command.device.index), at: now, into: &effects)
    }

    mutating func release(_ lane: Int) {
        lanes[lane].inFlight = -1
        lanes[lane].isWatched = false
    }

    // MARK: Timers

    mutating func arm(_ slot: Int, at deadline: Instant) {
        guard let command = commands[slot] else { return }
        commands[slot]?.deadline = deadline
        timers.push(
            DeadlineHeap.Entry(deadline: deadline, serial: command.serial, slot: slot))
        if timers.entries.count > 64 + 4 * slots.count {
            timers.replace(with: timers.entries.filter { isCurrent($0) })
        }
    }

    mutating func dropStaleTimers() {
        while let first = timers.first, !isCurrent(first) { timers.removeFirst() }
    }

    private func isCurrent(_ entry: DeadlineHeap.Entry) -> Bool {
        guard let command = commands[entry.slot] else { return false }
        return command.serial == entry.serial && command.deadline == entry.deadline
    }
}

/// 204 as `2.04`.
private func dotted(_ code: Int) -> String {
    let detail = abs(code % 100)
    return "\(code / 100)." + (detail < 10 ? "0" : "") + "\(detail)"
}
