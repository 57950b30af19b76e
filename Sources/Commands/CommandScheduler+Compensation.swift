package import Model

/// After the end: late results, and taking back what was done.
extension CommandScheduler {
    /// A result for a command that has ended: it settles one that nobody knew the end of.
    mutating func receiveLate(
        _ response: CommandResponse, _ moment: Moment, into effects: inout [CommandEffect]
    ) {
        let isGood: Bool
        switch response.outcome {
        case .acknowledged where response.purpose == .execute: isGood = true
        case .completed: isGood = true
        case .refused where response.purpose == .execute: isGood = false
        case .unsuccessful, .cancelled: isGood = false
        default:
            counters.unknownResponses += 1
            return
        }
        guard var record = record(response.command), record.state == .indeterminate,
            var life = CommandLife(state: .indeterminate, maybeExecuted: true),
            life.apply(.lateResult, isGood ? .ok : .fail) != nil
        else {
            counters.unknownResponses += 1
            return
        }
        counters.lateResults += 1
        if let slot = slots[record.id] { commands[slot].life = life }
        record.state = life.state
        record.updated = moment.now
        record.result = response.outcome.reason
        if case .completed(let output) = response.outcome { record.output = output }
        finished.append(record)
        counters.note(life.state)
        effects.append(
            .audit(
                AuditEntry(
                    time: moment.now, command: record.id, device: record.device,
                    name: record.name, from: CommandState.indeterminate.description,
                    to: record.state.description, reason: record.result)))
        effects.append(.finished(record))
    }

    // MARK: Compensation

    /// Sends what takes a command back; the command has the device meanwhile.
    mutating func sendCompensation(
        _ slot: Int, _ moment: Moment, into effects: inout [CommandEffect]
    ) {
        fence &+= 1
        commands[slot].fence = fence
        commands[slot].tries += 1
        repeatCompensation(slot, moment, into: &effects)
    }

    private mutating func repeatCompensation(
        _ slot: Int, _ moment: Moment, into effects: inout [CommandEffect]
    ) {
        hold(slot)
        commands[slot].isAwaitingAnswer = true
        commands[slot].deadline = moment.now + limits.responseTimeout
        arm(slot)
        let command = commands[slot]
        let form = command.compensation
        if command.tries == 1 {
            for write in form.writes {
                effects.append(
                    .desire(command.device, write.property, write.value, command: command.id))
            }
        }
        counters.transmitted += 1
        effects.append(
            .transmit(
                Transmission(
                    command: command.compensationID, attempt: command.tries,
                    device: command.device, name: form.name, method: form.method, path: form.path,
                    query: form.query, parameters: form.parameters,
                    isCritical: command.isCritical, fence: command.fence)))
    }

    mutating func receiveCompensation(
        _ response: CommandResponse, _ slot: Int, _ moment: Moment,
        into effects: inout [CommandEffect]
    ) {
        let command = commands[slot]
        guard response.command == command.compensationID else {
            return ignore(slot, "answer", at: moment.now, into: &effects)
        }
        switch response.outcome {
        case .acknowledged, .completed:
            move(
                slot, .compResult, .ok, reason: response.outcome.reason, at: moment.now,
                into: &effects)
            commands[slot].isKept = false
            end(slot, moment, into: &effects)
        case .accepted, .progress:
            commands[slot].deadline =
                moment.now + (command.compensation.executionTimeout ?? limits.executionTimeout)
            arm(slot)
        case .refused, .noResponse, .unreachable, .unsuccessful, .cancelled, .unknown:
            guard response.attempt == command.tries, command.isAwaitingAnswer else {
                return ignore(slot, response.outcome.reason, at: moment.now, into: &effects)
            }
            failCompensation(
                slot, isTransient: response.outcome.isTransient,
                reason: response.outcome.reason, moment, into: &effects)
        }
    }

    /// The compensation was not answered in time, or its next attempt is due.
    mutating func expireCompensation(
        _ slot: Int, _ moment: Moment, into effects: inout [CommandEffect]
    ) {
        let command = commands[slot]
        if command.isAwaitingAnswer {
            failCompensation(
                slot, isTransient: true, reason: "no answer", moment, into: &effects)
        } else {
            dispatch(Int(command.device.index), moment, into: &effects)
        }
    }

    private mutating func failCompensation(
        _ slot: Int, isTransient: Bool, reason: String, _ moment: Moment,
        into effects: inout [CommandEffect]
    ) {
        let command = commands[slot]
        commands[slot].isAwaitingAnswer = false
        guard isTransient, command.tries < command.policy.maxAttempts else {
            move(
                slot, .compResult, .failExhausted, reason: reason, at: moment.now, into: &effects)
            commands[slot].isKept = false
            return end(slot, moment, into: &effects)
        }
        move(slot, .compResult, .failRetryLeft, reason: reason, at: moment.now, into: &effects)
        release(slot)
        commands[slot].deadline =
            moment.now + command.policy.delay(after: command.tries, of: command.id)
        arm(slot)
        dispatch(Int(command.device.index), moment, into: &effects)
    }

    // MARK: Restart

    /// After a restart: what was not sent waits again, of what was sent it is asked what became of
    /// it, and the devices that are free get their next command.
    package mutating func resume(
        at now: Instant, twins: any TwinReader = NoTwins(), into effects: inout [CommandEffect]
    ) {
        let moment = Moment(now: now, twins: twins)
        for lane in lanes.indices {
            for slot in lanes[lane].queue { resume(slot, moment, into: &effects) }
            dispatch(lane, moment, into: &effects)
        }
        dropStaleTimers()
    }

    private mutating func resume(
        _ slot: Int, _ moment: Moment, into effects: inout [CommandEffect]
    ) {
        let command = commands[slot]
        if command.life.state == .leased {
            sendRelease(slot, into: &effects)
            release(slot)
        }
        if command.life.state == .sent { commands[slot].isInterrupted = true }
        move(slot, .restart, reason: "restart", at: moment.now, into: &effects)
        switch command.life.state {
        case .blocked: evaluate(slot, moment, into: &effects)
        case .sent, .accepted, .executing, .reconciling, .cancelling:
            search(slot, moment, into: &effects)
        case .verifying:
            // Reports made while the gateway was away are still to come.
            commands[slot].deadline = command.policy.verifyTimeout.map { moment.now + $0 }
            arm(slot)
        case .compensating:
            if command.isAwaitingAnswer { repeatCompensation(slot, moment, into: &effects) }
        default: break
        }
    }
}
