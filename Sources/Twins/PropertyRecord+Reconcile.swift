import Model

/// Bringing the two halves together: every change of `state` happens in `move`.
extension PropertyRecord {
    /// Follows the machine; false, and nothing changed, where it has no such transition.
    @discardableResult
    mutating func move(_ event: PropertyEvent, _ condition: PropertyGuard, at now: Instant) -> Bool
    {
        guard let step = PropertyMachine.transition(from: state, event, condition) else {
            return false
        }
        state = step.to
        // A report that changes no state leaves the timers alone.
        if event == .report, step.from == step.to { return true }
        switch step.to {
        case .pending:
            reconciliation.command = nil
            if event == .txErr || event == .applyTimeout {
                let doublings = Int64(1) << Int64(reconciliation.attempts)
                reconciliation.due = now + TwinBudget.backoff * doublings
            } else {
                reconciliation.attempts = 0
                reconciliation.due = now
            }
        case .inFlight:
            reconciliation.attempts += 1
            reconciliation.sentVersion = desiredVersion
            reconciliation.isOutstanding = false
            reconciliation.due = now + TwinBudget.answer
        case .applying:
            reconciliation.due =
                now + (event == .ack ? settings.settle : TwinBudget.execution)
        case .tombstoned:
            reconciliation.command = nil
            if event == .delete { reconciliation.due = now + TwinBudget.retention }
        case .unknown, .observed, .synced, .contested, .refused:
            reconciliation.command = nil
            reconciliation.attempts = 0
            reconciliation.isOutstanding = false
            reconciliation.due = .distantFuture
        }
        return true
    }

    /// After a report that was newer: CR4, CR10, CR11, CR12.
    mutating func reconcile(clock: inout HybridClock, at now: Instant) {
        let comparison: PropertyGuard = meetsDesired ? .equal : .different
        switch state {
        case .unknown, .observed:
            move(.report, .always, at: now)
            refresh(at: now)
        case .tombstoned:
            move(.report, .newer, at: now)
            refresh(at: now)
        case .pending:
            // While an older value may yet arrive, an equal report proves nothing (P24, P33).
            move(
                .report, meetsDesired && !reconciliation.isOutstanding ? .equal : .different,
                at: now)
        case .inFlight, .applying, .contested, .refused: move(.report, comparison, at: now)
        case .synced: move(.report, meetsDesired ? .equal : judge(at: now), at: now)
        }
        if state == .observed, desired != nil { giveUp(clock: &clock, at: now) }
    }

    /// CR11: what becomes of a property whose device strays from what it had.
    private mutating func judge(at now: Instant) -> PropertyGuard {
        switch settings.policy {
        case .manual: return .manual
        case .deviceWins: return .reportedWins
        case .latestTimestamp where reportedTime > desiredTime: return .reportedWins
        case .latestTimestamp, .desiredWins:
            reconciliation.reasserts.removeAll { now - $0 >= TwinBudget.window }
            guard reconciliation.reasserts.count < TwinBudget.reasserts else {
                return .budgetSpent
            }
            reconciliation.reasserts.append(now)
            return .desiredWins
        }
    }

    /// Relinquishes all there is, so that what the device reports stands.
    mutating func giveUp(clock: inout HybridClock, at now: Instant) {
        for place in reconciliation.slots.indices
        where reconciliation.slots[place].isLive(at: now) {
            reconciliation.slots[place].value = nil
            reconciliation.slots[place].expires = nil
            reconciliation.slots[place].source = .device
            reconciliation.slots[place].stamp = clock.tick(at: now)
        }
        reconciliation.defaultYields = true
        refresh(at: now)
    }

    /// CR7, CR8: puts a write into its slot; false if a newer or an equal one is there.
    mutating func put(_ entry: DesiredSlot) -> Bool {
        let joined = DesiredSlot.join(reconciliation.slots, [entry])
        if joined == reconciliation.slots { return false }
        reconciliation.slots = joined
        reconciliation.defaultYields = false
        return true
    }

    /// CR8, CR9: finds out what is desired now; true if that is another wish than before, which has
    /// then a new version.
    @discardableResult
    mutating func refresh(at now: Instant) -> Bool {
        let first = reconciliation.slots.first { $0.isLive(at: now) }
        let fallback = reconciliation.defaultYields ? nil : settings.defaultValue
        let value = first?.value ?? (state == .tombstoned ? nil : fallback)
        if value == desired, value == nil || isBy(first) { return false }
        desired = value
        desiredSlot = first?.slot
        desiredSource = first?.source ?? .command
        desiredTime = max(desiredTime, first?.stamp.time ?? now)
        desiredVersion &+= 1
        updateSync()
        if value == nil {
            move(.relinquish, reported == nil ? .noReported : .hasReported, at: now)
        } else {
            wish(at: now)
        }
        return true
    }

    private func isBy(_ entry: DesiredSlot?) -> Bool {
        entry?.slot == desiredSlot && entry.map { $0.source == desiredSource } ?? true
    }

    private mutating func wish(at now: Instant) {
        switch state {
        case .tombstoned: move(.desire, .newer, at: now)
        case .inFlight, .applying:
            move(.desire, .any, at: now)
            reconciliation.isOutstanding = true
        case .unknown, .observed, .pending, .synced, .contested, .refused:
            let isMet = meetsDesired && !reconciliation.isOutstanding
            move(.desire, isMet ? .equal : .different, at: now)
        }
    }

    /// Leaves a tombstone: what is not newer than `stamp` no longer counts (CR16).
    mutating func delete(_ stamp: Stamp, byModel: Bool, at now: Instant) -> Bool {
        guard move(.delete, .always, at: now) else { return false }
        reported = nil
        desired = nil
        desiredVersion &+= 1
        meetsDesired = false
        reconciliation.slots.removeAll { $0.stamp <= stamp }
        reconciliation.tombstone = stamp
        reconciliation.isRemovedByModel = byModel
        reconciliation.isOutstanding = false
        return true
    }

    /// Whether another transmission may be made for the present version. What a command set is its
    /// sender's to repeat, unless the device is to be kept to it.
    private var retry: PropertyGuard {
        let isOurs = desiredSource != .command || settings.policy == .desiredWins
        return isOurs && reconciliation.attempts < TwinBudget.attempts
            ? .retryLeft : .retryExhausted
    }

    /// CR14 and the like: nothing came of a transmission.
    mutating func fail(at now: Instant) -> Bool { move(.txErr, retry, at: now) }

    /// The device has said yes. One that never reports the property is believed.
    mutating func acknowledge(echo: Value?, at now: Instant) -> Bool {
        let isShown =
            if let echo, let desired {
                equal(echo, desired, within: settings.tolerance)
            } else {
                meetsDesired || reported == nil
            }
        return move(.ack, isShown ? .echoed : .notEchoed, at: now)
    }

    /// When something happens without anybody doing anything.
    var deadline: Instant {
        reconciliation.slots.reduce(reconciliation.due) { due, entry in
            // Of what is not live any more the end has been taken into account.
            guard entry.value != nil, let expires = entry.expires, entry.slot == desiredSlot
            else { return due }
            return min(due, expires)
        }
    }

    /// Lets time reach `now`; true if the wish is to be sent.
    mutating func advance(to now: Instant) -> Bool {
        refresh(at: now)
        guard reconciliation.due <= now else { return false }
        switch state {
        case .pending: return true
        case .inFlight: _ = fail(at: now)
        case .applying: move(.applyTimeout, retry, at: now)
        case .tombstoned:
            move(.gc, .aged, at: now)
            reconciliation.tombstone = nil
        case .unknown, .observed, .synced, .contested, .refused: break
        }
        return false
    }
}
