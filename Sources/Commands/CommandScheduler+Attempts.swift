package import Model

/// One attempt after another: waiting for the device, sending, asking, giving up.
extension CommandScheduler {
    /// Does everything that is due.
    package mutating func advance(
        to now: Instant, registry: Registry, twins: any TwinReader = NoTwins(),
        into effects: inout [CommandEffect]
    ) {
        let moment = Moment(now: now, twins: twins)
        dropStaleTimers()
        while let due = timers.first, due.deadline <= now {
            timers.removeFirst()
            commands[due.slot].armed = nil
            expire(due.slot, moment, into: &effects)
            arm(due.slot)
            dropStaleTimers()
        }
    }

    // MARK: Before sending

    /// Looks at what a blocked command waits for.
    mutating func evaluate(
        _ slot: Int, _ moment: Moment, into effects: inout [CommandEffect]
    ) {
        let command = commands[slot]
        guard command.life.state == .blocked,
            !command.preconditions.isHeld, !command.preconditions.needsApproval
        else { return }
        let now = moment.now
        switch (isOpen(command, moment), command.preconditions.onFalse) {
        case (true, _):
            move(slot, .evaluate, .open, reason: "ready", at: now, into: &effects)
            dispatch(Int(command.device.index), moment, into: &effects)
        case (false, .skip):
            move(slot, .evaluate, .skips, reason: "condition is false", at: now, into: &effects)
            end(slot, moment, into: &effects)
        case (false, .fail):
            move(slot, .evaluate, .fails, reason: "condition is false", at: now, into: &effects)
            end(slot, moment, into: &effects)
        case (false, .wait), (nil, _): break
        }
    }

    /// Whether the condition holds; nil where fresh values do not tell.
    private func isOpen(_ command: LiveCommand, _ moment: Moment) -> Bool? {
        guard let condition = command.preconditions.condition else { return true }
        return condition.holds(
            for: command.device, in: moment.twins, maxAge: limits.maxAge, at: moment.now)
    }

    /// Lets the device's next commands go while the device is free and listens.
    mutating func dispatch(
        _ lane: Int, _ moment: Moment, into effects: inout [CommandEffect]
    ) {
        grantWishes(lane, moment, into: &effects)
        while let slot = next(lane, moment.now) {
            let holder = lanes[lane].holder
            if holder >= 0 {
                press(holder, for: slot, moment, into: &effects)
                guard lanes[lane].holder < 0 else { return }
            }
            guard lanes[lane].isListening(at: moment.now) else { return }
            send(slot, moment, into: &effects)
        }
    }

    /// The most urgent command that could have the device, in the order made; none while the most
    /// urgent one waits for its next attempt, so that the order stays.
    private func next(_ lane: Int, _ now: Instant) -> Int? {
        var best: (rank: UInt8, slot: Int)?
        for slot in lanes[lane].queue {
            let command = commands[slot]
            guard command.isWaiting else { continue }
            let rank = command.rank(at: now, ageing: limits.ageing)
            if best.map({ rank < $0.rank }) ?? true { best = (rank, slot) }
        }
        return best.flatMap { commands[$0.slot].life.state == .backoff ? nil : $0.slot }
    }

    /// A command waits for the device that `holder` has: the holder becomes as urgent, gives way if
    /// its bytes have not been sent, and is not searched for as long if the other is critical.
    private mutating func press(
        _ holder: Int, for waiter: Int, _ moment: Moment, into effects: inout [CommandEffect]
    ) {
        let (urgent, command) = (commands[waiter].priority, commands[holder])
        guard urgent < command.priority else { return }
        if command.life.state == .leased {
            counters.preempted += 1
            suspend(holder, .preempt, reason: "gave way", moment, into: &effects)
            return
        }
        commands[holder].inherited = min(urgent, command.inherited ?? urgent)
        if urgent == .critical, let limit = command.limit {
            commands[holder].limit = min(limit, moment.now + limits.criticalPatience)
            arm(holder)
        }
    }

    /// Takes the device back from a command that has not been sent.
    mutating func suspend(
        _ slot: Int, _ event: CommandEvent, reason: String, _ moment: Moment,
        into effects: inout [CommandEffect]
    ) {
        sendRelease(slot, into: &effects)
        move(
            slot, event, event == .preempt ? .moreUrgent : .always, reason: reason,
            at: moment.now, into: &effects)
        release(slot)
    }

    /// Leases the device to a command, and sends it or asks the device to be ready for it.
    private mutating func send(
        _ slot: Int, _ moment: Moment, into effects: inout [CommandEffect]
    ) {
        let command = commands[slot]
        let now = moment.now
        if command.life.state == .compensating {
            return sendCompensation(slot, moment, into: &effects)
        }
        guard isOpen(command, moment) == true else {
            if command.neverSent {
                move(
                    slot, .dispatch, .closedNeverSent, reason: "condition no longer holds",
                    at: now, into: &effects)
                evaluate(slot, moment, into: &effects)
            } else {
                move(
                    slot, .dispatch, .closedMaybeExecuted, reason: "condition no longer holds",
                    at: now, into: &effects)
                search(slot, moment, into: &effects)
            }
            return
        }
        fence &+= 1
        commands[slot].fence = fence
        let attempt = "attempt \(command.attempts + 1) of \(command.policy.maxAttempts)"
        move(slot, .dispatch, .ready, reason: attempt, at: now, into: &effects)
        hold(slot)
        guard let lease = command.preconditions.lease else {
            return execute(slot, moment, into: &effects)
        }
        let lane = lanes[Int(command.device.index)]
        commands[slot].isAwaitingAnswer = true
        commands[slot].deadline = lane.sleeps ? min(now + lease, lane.awakeUntil) : now + lease
        arm(slot)
        transmit(slot, .prepare, into: &effects)
    }

    /// Puts the next attempt of a leased command on the wire.
    mutating func execute(
        _ slot: Int, _ moment: Moment, into effects: inout [CommandEffect]
    ) {
        let command = commands[slot]
        let now = moment.now
        let attempt = "attempt \(command.attempts + 1) of \(command.policy.maxAttempts)"
        move(slot, .transmit, reason: attempt, at: now, into: &effects)
        commands[slot].attempts += 1
        commands[slot].isAwaitingAnswer = true
        commands[slot].wasUncertain = command.isUncertain
        commands[slot].isUncertain = true
        commands[slot].isInterrupted = false
        commands[slot].deadline = now + limits.responseTimeout
        arm(slot)
        if command.firstSent == nil {
            commands[slot].firstSent = now
            for write in command.form.writes {
                effects.append(
                    .desire(command.device, write.property, write.value, command: command.id))
            }
        }
        transmit(slot, .execute, into: &effects)
    }

    private mutating func transmit(
        _ slot: Int, _ purpose: Transmission.Purpose, into effects: inout [CommandEffect]
    ) {
        let command = commands[slot]
        switch purpose {
        case .execute, .prepare: counters.transmitted += 1
        case .probe, .cancel, .release: counters.probes += 1
        }
        effects.append(.transmit(command.transmission(purpose)))
    }

    /// Tells a device that was asked to be ready that the command will not come now.
    mutating func sendRelease(_ slot: Int, into effects: inout [CommandEffect]) {
        let command = commands[slot]
        guard command.life.state == .leased else { return }
        effects.append(.transmit(command.transmission(.release)))
    }

    // MARK: Searching for the truth

    /// Begins to ask, and to watch, for what became of a command, or to have it cancelled. It takes
    /// the device.
    mutating func search(_ slot: Int, _ moment: Moment, into effects: inout [CommandEffect]) {
        let command = commands[slot]
        hold(slot)
        let isCancelling = command.life.state == .cancelling
        commands[slot].isAwaitingAnswer = false
        commands[slot].tries = 0
        let patience = isCancelling ? limits.cancelTimeout : limits.reconcileTimeout
        // Who sleeps can only be asked when it wakes.
        commands[slot].limit =
            moment.now
            + (lanes[Int(command.device.index)].sleeps
                ? max(patience, limits.timeToLive) : patience)
        arm(slot)
        if !command.isUncertain {
            neverRan(slot, reason: command.result, moment, into: &effects)
        } else if !isCancelling, command.isReported(in: moment.twins) {
            succeed(slot, reason: "reported", moment, into: &effects)
        } else {
            ask(slot, moment, into: &effects)
            dispatch(Int(command.device.index), moment, into: &effects)
        }
    }

    /// Asks the device once more, as soon as it listens.
    mutating func ask(_ slot: Int, _ moment: Moment, into effects: inout [CommandEffect]) {
        let command = commands[slot]
        guard lanes[Int(command.device.index)].isListening(at: moment.now) else { return }
        commands[slot].tries += 1
        commands[slot].isAwaitingAnswer = true
        commands[slot].deadline = nil
        transmit(
            slot, command.life.state == .cancelling ? .cancel : .probe, into: &effects)
    }

    /// The question led to nothing: another one follows.
    mutating func askLater(_ slot: Int, at now: Instant) {
        let command = commands[slot]
        commands[slot].isAwaitingAnswer = false
        let delay = RetryPolicy(
            maxAttempts: 1, initialDelay: limits.probeDelay, maxDelay: .minute
        ).delay(after: command.tries, of: command.id)
        commands[slot].deadline = now + delay
        arm(slot)
    }

    private mutating func grantWishes(
        _ lane: Int, _ moment: Moment, into effects: inout [CommandEffect]
    ) {
        while lanes[lane].holder < 0,
            let slot = lanes[lane].queue.first(where: { commands[$0].wish != nil })
        {
            let wish = commands[slot].wish
            commands[slot].wish = nil
            if wish == .cancel {
                cancel(slot, reason: "cancelled", moment, into: &effects)
            } else {
                outlive(slot, moment, into: &effects)
            }
        }
    }

    /// Cancels a command, or tries to; false where it is too late.
    @discardableResult
    mutating func cancel(
        _ slot: Int, reason: String, _ moment: Moment, into effects: inout [CommandEffect]
    ) -> Bool {
        let command = commands[slot]
        let now = moment.now
        switch command.life.state {
        case .queued, .leased, .backoff:
            if command.neverSent {
                sendRelease(slot, into: &effects)
                move(slot, .cancel, .neverSent, reason: reason, at: now, into: &effects)
                end(slot, moment, into: &effects)
            } else if isFree(for: slot) {
                move(slot, .cancel, .maybeExecuted, reason: reason, at: now, into: &effects)
                search(slot, moment, into: &effects)
            } else {
                commands[slot].wish = .cancel
            }
            return true
        case .blocked:
            move(slot, .cancel, reason: reason, at: now, into: &effects)
            end(slot, moment, into: &effects)
            return true
        case .sent, .accepted, .executing, .reconciling:
            move(slot, .cancel, reason: reason, at: now, into: &effects)
            search(slot, moment, into: &effects)
            return true
        case .verifying:
            move(slot, .cancel, .tooLate, reason: "too late", at: now, into: &effects)
            return false
        default:
            ignore(slot, "cancel", at: now, into: &effects)
            return false
        }
    }

    // MARK: Deadlines

    private mutating func expire(
        _ slot: Int, _ moment: Moment, into effects: inout [CommandEffect]
    ) {
        let command = commands[slot]
        let now = moment.now
        if let expires = command.expires, expires <= now, command.life.state.hasTimeToLive {
            commands[slot].expires = nil
            commands[slot].isOverdue = true
            return outlive(slot, moment, into: &effects)
        }
        commands[slot].deadline = nil
        switch command.life.state {
        case .leased:
            if lanes[Int(command.device.index)].isListening(at: now) {
                refuseLease(
                    slot, isTransient: true, reason: "lease ran out", moment, into: &effects)
            } else {
                suspend(slot, .offline, reason: "asleep", moment, into: &effects)
            }
        case .sent:
            missAnswer(slot, reason: "no answer", moment, into: &effects)
        case .accepted, .executing:
            move(slot, .execTimeout, reason: "no result", at: now, into: &effects)
            search(slot, moment, into: &effects)
        case .verifying:
            missReport(slot, moment, into: &effects)
        case .backoff:
            move(slot, .retryTimer, reason: "retry", at: now, into: &effects)
            dispatch(Int(command.device.index), moment, into: &effects)
        case .reconciling, .cancelling:
            guard let limit = command.limit, limit <= now else {
                return ask(slot, moment, into: &effects)
            }
            let isCancelling = command.life.state == .cancelling
            move(
                slot, isCancelling ? .cancelTimeout : .reconcileTimeout,
                reason: command.result, at: now, into: &effects)
            end(slot, moment, into: &effects)
        default:
            expireCompensation(slot, moment, into: &effects)
        }
    }

    /// Its time to live is over.
    private mutating func outlive(
        _ slot: Int, _ moment: Moment, into effects: inout [CommandEffect]
    ) {
        let command = commands[slot]
        let now = moment.now
        switch command.life.state {
        case .blocked:
            move(slot, .ttl, reason: "not begun in time", at: now, into: &effects)
            end(slot, moment, into: &effects)
        case .sent:
            move(slot, .ttl, reason: "not answered in time", at: now, into: &effects)
            search(slot, moment, into: &effects)
        default:
            if command.neverSent {
                sendRelease(slot, into: &effects)
                move(slot, .ttl, .neverSent, reason: "not begun in time", at: now, into: &effects)
                end(slot, moment, into: &effects)
            } else if isFree(for: slot) {
                move(
                    slot, .ttl, .maybeExecuted, reason: "not done in time", at: now,
                    into: &effects)
                search(slot, moment, into: &effects)
            } else {
                commands[slot].wish = .timeToLive
            }
        }
    }

    /// Another command may not have the device while this one is searched for.
    private func isFree(for slot: Int) -> Bool {
        let command = commands[slot]
        let holder = lanes[Int(command.device.index)].holder
        return holder < 0 || holder == slot || command.form.isConcurrent
    }

    /// Nobody answered for the attempt that was out.
    mutating func missAnswer(
        _ slot: Int, reason: String, _ moment: Moment, into effects: inout [CommandEffect]
    ) {
        let command = commands[slot]
        let again = command.form.isIdempotent && command.hasAttemptLeft
        move(
            slot, .noResponse, again ? .retryLeft : .exhausted, reason: reason, at: moment.now,
            into: &effects)
        if again {
            backOff(slot, moment, into: &effects)
        } else {
            search(slot, moment, into: &effects)
        }
    }

    private mutating func missReport(
        _ slot: Int, _ moment: Moment, into effects: inout [CommandEffect]
    ) {
        let command = commands[slot]
        let again = command.form.isIdempotent && command.hasAttemptLeft
        move(
            slot, .verifyTimeout, again ? .retryLeft : .exhausted, reason: "no report",
            at: moment.now, into: &effects)
        if again {
            backOff(slot, moment, into: &effects)
        } else {
            end(slot, moment, into: &effects)
        }
    }

    /// The device is not ready for the command.
    mutating func refuseLease(
        _ slot: Int, isTransient: Bool, reason: String, _ moment: Moment,
        into effects: inout [CommandEffect]
    ) {
        sendRelease(slot, into: &effects)
        commands[slot].attempts += 1
        let command = commands[slot]
        let now = moment.now
        if isTransient, command.hasAttemptLeft {
            move(slot, .selectRefused, .selectRetryLeft, reason: reason, at: now, into: &effects)
            backOff(slot, moment, into: &effects)
        } else if command.neverSent {
            move(
                slot, .selectRefused, .exhaustedNeverSent, reason: reason, at: now,
                into: &effects)
            end(slot, moment, into: &effects)
        } else {
            move(
                slot, .selectRefused, .exhaustedMaybeExecuted, reason: reason, at: now,
                into: &effects)
            search(slot, moment, into: &effects)
        }
    }

    /// Frees the device while the command waits for its next attempt.
    mutating func backOff(_ slot: Int, _ moment: Moment, into effects: inout [CommandEffect]) {
        let command = commands[slot]
        release(slot)
        commands[slot].deadline =
            moment.now + command.policy.delay(after: command.attempts, of: command.id)
        arm(slot)
        dispatch(Int(command.device.index), moment, into: &effects)
    }

    mutating func end(_ slot: Int, _ moment: Moment, into effects: inout [CommandEffect]) {
        let command = commands[slot]
        finish(slot, moment, into: &effects)
        dispatch(Int(command.device.index), moment, into: &effects)
    }
}

extension CommandState {
    /// It is not known what became of the command, and somebody asks.
    var isSearching: Bool { self == .reconciling || self == .cancelling }

    var hasTimeToLive: Bool {
        switch self {
        case .blocked, .queued, .leased, .sent, .backoff: true
        default: false
        }
    }
}

extension LiveCommand {
    /// It wants its device.
    fileprivate var isWaiting: Bool {
        switch life.state {
        case .queued, .backoff: true
        case .compensating: !isAwaitingAnswer && deadline == nil
        default: false
        }
    }
}
