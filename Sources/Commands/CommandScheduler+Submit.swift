package import Model

/// Requests, and what people and sequences decide about commands.
extension CommandScheduler {
    /// Takes a request: the same key of the same principal is the same command for a day. What the
    /// device's model does not allow becomes a command too, `rejected`, so that it can be found.
    package mutating func submit(
        _ request: CommandRequest, terms: CommandTerms = CommandTerms(), registry: Registry,
        twins: any TwinReader = NoTwins(), at now: Instant, into effects: inout [CommandEffect]
    ) -> CommandAnswer {
        keys.forget(before: now - limits.keyLifetime)
        let (id, body) = (request.id, request.fingerprint)
        if let known = keys.body(of: id) {
            guard known == body else {
                counters.conflicts += 1
                return .refused(.conflictingKey)
            }
            counters.duplicates += 1
            return .known(id)
        }
        if slots[id] != nil || finished.contains(id) {
            counters.duplicates += 1
            return .known(id)
        }
        var command: LiveCommand
        do throws(CommandRefusal) {
            command = try make(request, terms, registry: registry, at: now)
        } catch {
            if error != .unknownDevice {
                remember(id, body, at: now)
                var rejected = blank(request, terms, at: now)
                reject(&rejected, reason: error.description, at: now, into: &effects)
            }
            return .refused(error)
        }
        let moment = Moment(now: now, twins: twins)
        let lane = lane(of: request.device, registry)
        let superseded = superseded(by: [command], in: lane)
        if let reason = full(lane, adding: 1 - superseded.count) {
            reject(&command, reason: reason, at: now, into: &effects)
            return .refused(.full(reason))
        }
        remember(id, body, at: now)
        counters.requested += 1
        nextSerial &+= 1
        supersede(superseded, by: request.principal, moment, into: &effects)
        enqueue(command, in: lane, reason: request.key, moment, into: &effects)
        dispatch(lane, moment, into: &effects)
        dropStaleTimers()
        return .accepted(id)
    }

    /// Why `submit` would refuse a request, before it is journalled; nil where it would not.
    package func refusal(of request: CommandRequest, registry: Registry, at now: Instant)
        -> CommandRefusal?
    {
        if let known = keys.body(of: request.id) {
            return known == request.fingerprint ? nil : .conflictingKey
        }
        do throws(CommandRefusal) {
            _ = try make(request, CommandTerms(), registry: registry, at: now)
            return nil
        } catch { return error }
    }

    private mutating func remember(_ id: CommandID, _ body: CommandID, at now: Instant) {
        keys.append(KeyRing.Entry(id: id, body: body, time: now))
        counters.keysForgotten = keys.forgotten
    }

    private func make(
        _ request: CommandRequest, _ terms: CommandTerms, registry: Registry, at now: Instant
    ) throws(CommandRefusal) -> LiveCommand {
        guard let entry = registry.entry(request.device) else { throw .unknownDevice }
        let model = entry.model.map { registry.models[$0] }
        var command = blank(request, terms, at: now)
        command.form = try CommandForm.make(
            request.name, request.parameters, as: terms.command, model: model,
            registry: registry)
        let known = model?.commands.first { $0.name == request.name }
        command.form.executionTimeout = terms.executionTimeout ?? command.form.executionTimeout
        command.preconditions.needsApproval = known?.needsApproval == true
        if terms.policy == nil {
            command.policy.verifyTimeout = settle(command.form, model, registry)
        }
        let compensation =
            terms.compensation
            ?? known?.compensation.map {
                CommandTerms.Compensation(name: $0, parameters: command.form.parameters)
            }
        if let compensation {
            let taken = model?.commands.first { $0.name == compensation.name }?.inputs
            command.compensation = try CommandForm.make(
                compensation.name,
                terms.compensation == nil
                    ? compensation.parameters.filter { field in
                        taken?.contains { $0.name == field.name } == true
                    } : compensation.parameters, model: model, registry: registry)
        }
        return command
    }

    /// How long the device may take to report what it has done; nil where the model does not say
    /// that it does.
    private func settle(
        _ form: CommandForm, _ model: DeviceModel?, _ registry: Registry
    ) -> Milliseconds? {
        let written = form.writes.compactMap { write in
            model?.properties.first { registry.property(named: $0.name) == write.property }?.settle
        }
        return written.max() ?? (form.verify == nil ? nil : limits.settle)
    }

    private func blank(
        _ request: CommandRequest, _ terms: CommandTerms, at now: Instant
    ) -> LiveCommand {
        var command = LiveCommand(
            id: request.id, serial: nextSerial, run: 0, sequence: terms.sequence, step: terms.step,
            device: request.device, principal: request.principal, priority: request.priority,
            form: CommandForm(
                name: request.name, method: .post, path: [], query: [],
                parameters: request.parameters, writes: []),
            policy: terms.policy ?? RetryPolicy(maxAttempts: limits.maxAttempts), created: now,
            updated: now)
        command.preconditions = LiveCommand.Preconditions(
            isHeld: terms.isHeld, condition: terms.condition, onFalse: terms.onFalse,
            lease: terms.isPrepared ? terms.lease ?? limits.lease : nil)
        command.isKept = terms.isKept
        command.expires = now + (request.timeToLive ?? limits.timeToLive)
        return command
    }

    // MARK: Decisions

    /// Takes what somebody decides about a command; false where there is none, or where it is too
    /// late for that.
    @discardableResult
    package mutating func decide(
        _ order: CommandOrder, twins: any TwinReader = NoTwins(), at now: Instant,
        into effects: inout [CommandEffect]
    ) -> Bool {
        change(order.command, twins, now, &effects) { scheduler, slot, moment, effects in
            switch order.decision {
            case .cancel:
                return scheduler.cancel(
                    slot, reason: "cancelled by \(order.principal)", moment, into: &effects)
            case .approve:
                guard scheduler.commands[slot].preconditions.needsApproval else {
                    scheduler.ignore(slot, "approve", at: now, into: &effects)
                    return false
                }
                scheduler.commands[slot].preconditions.needsApproval = false
                scheduler.tell(slot, "approved by \(order.principal)", at: now, into: &effects)
                scheduler.evaluate(slot, moment, into: &effects)
                return true
            }
        }
    }

    /// What a held command depends on has been done.
    @discardableResult
    package mutating func letGo(
        _ id: CommandID, twins: any TwinReader = NoTwins(), at now: Instant,
        into effects: inout [CommandEffect]
    ) -> Bool {
        change(id, twins, now, &effects) { scheduler, slot, moment, effects in
            scheduler.commands[slot].preconditions.isHeld = false
            scheduler.evaluate(slot, moment, into: &effects)
            return true
        }
    }

    /// What a blocked command depends on has failed; later it is cancelled like any other.
    @discardableResult
    package mutating func drop(
        _ id: CommandID, reason: String, twins: any TwinReader = NoTwins(), at now: Instant,
        into effects: inout [CommandEffect]
    ) -> Bool {
        change(id, twins, now, &effects) { scheduler, slot, moment, effects in
            guard scheduler.commands[slot].life.state == .blocked else {
                return scheduler.cancel(slot, reason: reason, moment, into: &effects)
            }
            scheduler.move(slot, .dependencyFailed, reason: reason, at: now, into: &effects)
            scheduler.end(slot, moment, into: &effects)
            return true
        }
    }

    /// Sends a command for which the device is ready; false if it is not.
    @discardableResult
    package mutating func operate(
        _ id: CommandID, twins: any TwinReader = NoTwins(), at now: Instant,
        into effects: inout [CommandEffect]
    ) -> Bool {
        change(id, twins, now, &effects) { scheduler, slot, moment, effects in
            guard scheduler.commands[slot].life.state == .leased,
                scheduler.commands[slot].hasPrepared
            else {
                scheduler.ignore(slot, "operate", at: now, into: &effects)
                return false
            }
            scheduler.execute(slot, moment, into: &effects)
            return true
        }
    }

    /// Takes back what a kept command did, or may have done; false where nothing can.
    @discardableResult
    package mutating func compensate(
        _ id: CommandID, reason: String, twins: any TwinReader = NoTwins(), at now: Instant,
        into effects: inout [CommandEffect]
    ) -> Bool {
        change(id, twins, now, &effects) { scheduler, slot, moment, effects in
            let command = scheduler.commands[slot]
            guard command.hasCompensation,
                scheduler.move(
                    slot, .compensate, command.life.state == .failed ? .partialEffect : .defined,
                    reason: reason, at: now, into: &effects)
            else {
                scheduler.ignore(slot, "compensate", at: now, into: &effects)
                return false
            }
            scheduler.commands[slot].tries = 0
            scheduler.slots[command.compensationID] = slot
            let lane = Int(command.device.index)
            scheduler.lanes[lane].queue.append(slot)
            scheduler.dispatch(lane, moment, into: &effects)
            return true
        }
    }

    /// A kept command will not be compensated any more.
    package mutating func forget(_ id: CommandID) {
        guard let slot = slots[id] else { return }
        commands[slot].isKept = false
        if commands[slot].life.state.isFinal { forget(slot) }
    }

    /// The device is known to listen until then; nil for one that has gone to sleep. Devices whose
    /// model has no `awakeWindow` always listen.
    package mutating func setAwake(
        _ device: Device, until: Instant?, registry: Registry, twins: any TwinReader = NoTwins(),
        at now: Instant, into effects: inout [CommandEffect]
    ) {
        let lane = lane(of: device, registry)
        let moment = Moment(now: now, twins: twins)
        lanes[lane].awakeUntil = until ?? .distantPast
        let holder = lanes[lane].holder
        if lanes[lane].isListening(at: now) {
            for slot in lanes[lane].queue where commands[slot].isUnasked {
                ask(slot, moment, into: &effects)
            }
            dispatch(lane, moment, into: &effects)
        } else if holder >= 0, commands[holder].life.state == .leased {
            suspend(holder, .offline, reason: "asleep", moment, into: &effects)
        }
        dropStaleTimers()
    }

    private mutating func change(
        _ id: CommandID, _ twins: any TwinReader, _ now: Instant,
        _ effects: inout [CommandEffect],
        _ body: (inout CommandScheduler, Int, Moment, inout [CommandEffect]) -> Bool
    ) -> Bool {
        guard let slot = slots[id] else {
            counters.ignoredEvents += 1
            return false
        }
        defer { dropStaleTimers() }
        return body(&self, slot, Moment(now: now, twins: twins), &effects)
    }
}
