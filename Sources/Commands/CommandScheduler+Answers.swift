package import Model

/// What devices, and the network, answer; what devices report.
extension CommandScheduler {
    /// Takes what became of a transmission, or what a device tells of a command.
    package mutating func receive(
        _ response: CommandResponse, registry: Registry, twins: any TwinReader = NoTwins(),
        at now: Instant, into effects: inout [CommandEffect]
    ) {
        let moment = Moment(now: now, twins: twins)
        guard let slot = slots[response.command] else {
            return receiveLate(response, moment, into: &effects)
        }
        let command = commands[slot]
        defer { dropStaleTimers() }
        if command.life.state == .compensating || response.command != command.id {
            return receiveCompensation(response, slot, moment, into: &effects)
        }
        if command.life.state.isFinal { return receiveLate(response, moment, into: &effects) }
        switch response.purpose {
        case .release: return
        case .prepare: receiveReadiness(response, slot, moment, into: &effects)
        case .execute: receiveAnswer(response, slot, moment, into: &effects)
        case .probe, .cancel: receiveTruth(response, slot, moment, into: &effects)
        }
    }

    /// Takes what a device reports, for commands that only count as done once the device says so.
    /// Not for late reports.
    package mutating func reported(
        _ device: Device, _ property: Property, _ value: Value, registry: Registry,
        twins: any TwinReader = NoTwins(), at now: Instant, into effects: inout [CommandEffect]
    ) {
        guard isConcerned(device) else { return }
        let moment = Moment(now: now, twins: twins)
        let lane = Int(device.index)
        for slot in lanes[lane].queue where commands[slot].isWatching {
            commands[slot].note(property, value)
            let command = commands[slot]
            switch command.life.state {
            case .blocked: evaluate(slot, moment, into: &effects)
            case .verifying where command.isReported(in: twins):
                move(slot, .conditionMet, reason: "reported", at: now, into: &effects)
                end(slot, moment, into: &effects)
            case .reconciling where command.isReported(in: twins):
                succeed(slot, reason: "reported", moment, into: &effects)
            default: continue
            }
        }
        dropStaleTimers()
    }

    // MARK: Each kind of answer

    private mutating func receiveReadiness(
        _ response: CommandResponse, _ slot: Int, _ moment: Moment,
        into effects: inout [CommandEffect]
    ) {
        let command = commands[slot]
        guard command.life.state == .leased,
            command.isAwaitingAnswer, response.attempt == command.attempts + 1
        else { return ignore(slot, "readiness", at: moment.now, into: &effects) }
        let isSleeping = lanes[Int(command.device.index)].sleeps
        switch response.outcome {
        case .acknowledged, .accepted, .progress, .completed:
            commands[slot].isAwaitingAnswer = false
            commands[slot].hasPrepared = true
            effects.append(.prepared(command.id))
        case .noResponse where isSleeping, .unreachable where isSleeping:
            lanes[Int(command.device.index)].awakeUntil = .distantPast
            suspend(slot, .offline, reason: "asleep", moment, into: &effects)
        default:
            refuseLease(
                slot, isTransient: response.outcome.isTransient,
                reason: response.outcome.reason, moment, into: &effects)
        }
    }

    private mutating func receiveAnswer(
        _ response: CommandResponse, _ slot: Int, _ moment: Moment,
        into effects: inout [CommandEffect]
    ) {
        let command = commands[slot]
        // A success is evidence whichever attempt it answers; all else only says something of its
        // own.
        let isPresent = response.attempt == command.attempts
        switch response.outcome {
        case .acknowledged, .accepted, .progress, .completed: break
        case .unsuccessful, .cancelled, .unknown, .refused, .noResponse, .unreachable:
            if !isPresent { return ignore(slot, "answer", at: moment.now, into: &effects) }
        }
        settle(slot, response.outcome, moment, into: &effects)
    }

    /// What a device answers to a question about the command, or to its cancellation.
    private mutating func receiveTruth(
        _ response: CommandResponse, _ slot: Int, _ moment: Moment,
        into effects: inout [CommandEffect]
    ) {
        let command = commands[slot]
        switch (response.outcome, response.purpose) {
        case (.noResponse, _), (.unreachable, _), (.refused, _), (.acknowledged, .probe):
            // Nothing is told.
            guard command.life.state.isSearching, command.isAwaitingAnswer else {
                return ignore(slot, "no answer to a question", at: moment.now, into: &effects)
            }
            askLater(slot, at: moment.now)
        case (.acknowledged, _): settle(slot, .cancelled, moment, into: &effects)
        default: settle(slot, response.outcome, moment, into: &effects)
        }
    }

    // MARK: Evidence

    /// Lets what is known of a command move it; a state that has no place for it ignores it.
    private mutating func settle(
        _ slot: Int, _ outcome: CommandResponse.Outcome, _ moment: Moment,
        into effects: inout [CommandEffect]
    ) {
        switch outcome {
        case .acknowledged: succeed(slot, reason: outcome.reason, moment, into: &effects)
        case .completed(let output):
            if commands[slot].life.state.isBegun { commands[slot].output = output }
            succeed(slot, reason: outcome.reason, moment, into: &effects)
        case .accepted, .progress: run(slot, outcome, moment, into: &effects)
        case .refused, .unsuccessful, .cancelled: fail(slot, outcome, moment, into: &effects)
        case .unknown: neverRan(slot, reason: "unknown there", moment, into: &effects)
        case .noResponse, .unreachable:
            let command = commands[slot]
            guard command.isAwaitingAnswer, command.life.state == .sent else {
                return ignore(slot, outcome.reason, at: moment.now, into: &effects)
            }
            if outcome == .unreachable { commands[slot].isUncertain = command.wasUncertain }
            missAnswer(slot, reason: outcome.reason, moment, into: &effects)
        }
    }

    /// The device has taken the command up, or is at it.
    private mutating func run(
        _ slot: Int, _ outcome: CommandResponse.Outcome, _ moment: Moment,
        into effects: inout [CommandEffect]
    ) {
        let command = commands[slot]
        let now = moment.now
        var percent: Int?
        if case .progress(let told) = outcome { percent = told.map { min(max($0, 0), 100) } }
        let isAtIt = if case .progress = outcome { true } else { false }
        let timeout = now + (command.form.executionTimeout ?? limits.executionTimeout)
        switch command.life.state {
        case .sent:
            move(slot, .response, .accepted, reason: outcome.reason, at: now, into: &effects)
            if isAtIt { move(slot, .progress, reason: outcome.reason, at: now, into: &effects) }
            commands[slot].deadline = timeout
        case .accepted where isAtIt:
            move(slot, .progress, reason: outcome.reason, at: now, into: &effects)
        case .executing where isAtIt:
            if percent == command.percent { return }
            move(slot, .progress, reason: outcome.reason, at: now, into: &effects)
        case .reconciling:
            move(slot, .probe, .probedRunning, reason: outcome.reason, at: now, into: &effects)
            commands[slot].deadline = timeout
        case .cancelling where command.isAwaitingAnswer:
            // It goes on for now; what becomes of it is asked again.
            return askLater(slot, at: now)
        default: return ignore(slot, outcome.reason, at: now, into: &effects)
        }
        commands[slot].percent = percent ?? command.percent
        if commands[slot].deadline == nil { commands[slot].deadline = command.deadline }
        arm(slot)
        giveWay(slot, moment, into: &effects)
    }

    /// The device ran the command.
    mutating func succeed(
        _ slot: Int, reason: String, _ moment: Moment, into effects: inout [CommandEffect]
    ) {
        let command = commands[slot]
        let needsReport = command.needsReport
        let taken =
            switch command.life.state {
            case .sent:
                move(
                    slot, .response, needsReport ? .doneVerify : .doneUnverified, reason: reason,
                    at: moment.now, into: &effects)
            case .accepted, .executing:
                move(
                    slot, .result, needsReport ? .resultVerify : .resultUnverified,
                    reason: reason, at: moment.now, into: &effects)
            case .reconciling:
                move(
                    slot, .probe, needsReport ? .probedDoneVerify : .probedDone, reason: reason,
                    at: moment.now, into: &effects)
            default:
                move(
                    slot, .cancelResult, .alreadyDone, reason: reason, at: moment.now,
                    into: &effects)
            }
        guard taken else { return ignore(slot, reason, at: moment.now, into: &effects) }
        guard commands[slot].life.state == .verifying else {
            return end(slot, moment, into: &effects)
        }
        if command.isReported(in: moment.twins) {
            move(slot, .conditionMet, reason: "reported", at: moment.now, into: &effects)
            end(slot, moment, into: &effects)
        } else {
            commands[slot].deadline = command.policy.verifyTimeout.map { moment.now + $0 }
            arm(slot)
            giveWay(slot, moment, into: &effects)
        }
    }

    /// The device says that it did not do it, or could not.
    private mutating func fail(
        _ slot: Int, _ outcome: CommandResponse.Outcome, _ moment: Moment,
        into effects: inout [CommandEffect]
    ) {
        let command = commands[slot]
        let (event, circumstance): (CommandEvent, CommandGuard)
        let again = outcome.isTransient && command.hasAttemptLeft
        switch (command.life.state, outcome.isTransient) {
        case (.sent, true):
            (event, circumstance) = (.response, again ? .transientRetryLeft : .transientExhausted)
        case (.sent, false): (event, circumstance) = (.response, .permanent)
        case (.accepted, true), (.executing, true):
            (event, circumstance) = (.result, again ? .resultRetryLeft : .resultExhausted)
        case (.accepted, false), (.executing, false):
            (event, circumstance) = (.result, .resultPermanent)
        case (.reconciling, _):
            (event, circumstance) = (.probe, again ? .probedRetryLeft : .probedFailed)
        case (.cancelling, _):
            (event, circumstance) = (
                .cancelResult, outcome == .cancelled ? .confirmed : .alreadyFailed
            )
        default: return ignore(slot, outcome.reason, at: moment.now, into: &effects)
        }
        move(slot, event, circumstance, reason: outcome.reason, at: moment.now, into: &effects)
        if commands[slot].life.state == .backoff {
            backOff(slot, moment, into: &effects)
        } else {
            end(slot, moment, into: &effects)
        }
    }

    /// It is certain that the device has not run the command.
    mutating func neverRan(
        _ slot: Int, reason: String, _ moment: Moment, into effects: inout [CommandEffect]
    ) {
        if commands[slot].isInterrupted, commands[slot].life.state == .reconciling {
            // The attempt died with the process that made it.
            commands[slot].attempts -= 1
            commands[slot].isInterrupted = false
        }
        let command = commands[slot]
        switch command.life.state {
        case .reconciling where command.hasAttemptLeft:
            move(
                slot, .probe, .probedRetryLeft, reason: reason, at: moment.now, into: &effects)
            backOff(slot, moment, into: &effects)
        case .reconciling:
            move(
                slot, .probe, .probedExhausted, reason: reason, at: moment.now, into: &effects)
            end(slot, moment, into: &effects)
        case .cancelling:
            move(slot, .cancelResult, .confirmed, reason: reason, at: moment.now, into: &effects)
            end(slot, moment, into: &effects)
        default: ignore(slot, reason, at: moment.now, into: &effects)
        }
    }

    /// A concurrent command that the device has taken up leaves the device to others.
    private mutating func giveWay(
        _ slot: Int, _ moment: Moment, into effects: inout [CommandEffect]
    ) {
        let command = commands[slot]
        guard command.form.isConcurrent else { return }
        release(slot)
        dispatch(Int(command.device.index), moment, into: &effects)
    }
}

extension CommandState {
    /// The device may be at it.
    fileprivate var isBegun: Bool {
        switch self {
        case .sent, .accepted, .executing, .reconciling, .cancelling: true
        default: false
        }
    }
}

extension CommandResponse.Outcome {
    /// Another attempt may go better.
    var isTransient: Bool {
        switch self {
        case .refused(let code, _): code == 429 || code >= 500
        case .unsuccessful(let isTransient, _): isTransient
        case .noResponse, .unreachable: true
        case .acknowledged, .accepted, .progress, .completed, .cancelled, .unknown: false
        }
    }

    /// For people.
    var reason: String {
        switch self {
        case .acknowledged(let code): dotted(code)
        case .accepted(let code): dotted(code) + " accepted"
        case .refused(let code, let diagnostic):
            dotted(code) + (diagnostic.isEmpty ? "" : " " + String(diagnostic.prefix(200)))
        case .noResponse: "no answer"
        case .unreachable: "no address"
        case .progress(let percent): percent.map { "\($0) %" } ?? "running"
        case .completed: "completed"
        case .unsuccessful(_, let reason): reason.isEmpty ? "failed" : String(reason.prefix(200))
        case .cancelled: "cancelled there"
        case .unknown: "unknown there"
        }
    }
}

/// 204 as `2.04`.
private func dotted(_ code: Int) -> String {
    let detail = abs(code % 100)
    return "\(code / 100)." + (detail < 10 ? "0" : "") + "\(detail)"
}
