package import Model

/// Bringing wishes to devices, and hearing what became of them.
extension TwinTable {
    /// When `advance` has something to do.
    package var nextDeadline: Instant? { timers.first?.due }

    /// Lets time reach `now`: slots end, answers are waited for no longer, tombstones go, and what
    /// is to be sent is found.
    package mutating func advance(to now: Instant) {
        while let entry = timers.pop(until: now) {
            let row = Int(entry.device)
            guard let slot = slotDue(entry) else { continue }
            let isToSend = change(row, slot) { record, _ in
                let isToSend = record.advance(to: now)
                // Whoever takes the wish and then says nothing is asked again.
                if isToSend { record.reconciliation.due = now + TwinBudget.patience }
                return isToSend
            }
            guard isToSend, let value = rows[row].records[slot].desired else { continue }
            sends.append(
                TwinSend(
                    device: Device(index: entry.device), property: Property(index: entry.property),
                    value: value, version: rows[row].records[slot].desiredVersion,
                    attempt: Int(rows[row].records[slot].reconciliation.attempts) + 1,
                    number: clock.tick(at: now).clock,
                    slot: rows[row].records[slot].desiredSlot ?? .lowest))
        }
    }

    /// What reconciliation wants sent, since the last call. Each is answered by `sent`, or by
    /// `refused` where it cannot be sent at all; what is not answered comes again.
    package mutating func takeSends() -> [TwinSend] {
        defer { sends.removeAll() }
        return sends
    }

    /// What went wrong between wishes and devices, since the last call.
    package mutating func takeConflicts() -> [TwinConflict] {
        if conflicts.isEmpty { return [] }
        defer { conflicts.removeAll() }
        return conflicts
    }

    /// Devices whose twins changed since they were last passed on, each once, and no more often
    /// than `update_frequency` allows.
    package mutating func takeNotified(at now: Instant) -> [Device] {
        if unnotified.isEmpty { return [] }
        var (taken, held): ([Device], [Device]) = ([], [])
        nextNotification = nil
        for device in unnotified {
            let row = Int(device.index)
            let quietUntil = rows[row].quietUntil
            if quietUntil <= now {
                rows[row].isUnnotified = false
                rows[row].quietUntil = now + rows[row].group.updateFrequency
                taken.append(device)
            } else {
                held.append(device)
                nextNotification = min(nextNotification ?? quietUntil, quietUntil)
            }
        }
        unnotified = held
        return taken
    }

    // MARK: What became of it

    /// The version is on its way, by this command.
    package mutating func sent(
        _ property: Property, of device: Device, version: UInt32, by command: CommandID,
        at now: Instant
    ) {
        outcome(property, of: device, version: version) { record in
            guard record.move(.send, .sendable, at: now) else { return false }
            record.reconciliation.command = command
            return true
        }
    }

    /// What the device says to what it was sent.
    package enum Answer: Hashable, Sendable {
        /// It has done it; with the value it then has, where it tells.
        case acknowledged(echo: Value? = nil)
        /// It has only taken it up.
        case accepted
        /// It will never do it (4.xx).
        case refused
        /// Nothing came of it, so it may be tried again.
        case failed
    }

    /// What became of an answer.
    package enum AnswerOutcome: Hashable, Sendable {
        case taken
        /// It is about a version that nobody waits for any more, or comes twice.
        case ignored
        /// There never was such a version (4.00): the device is to ask for what is desired.
        case unknownVersion
    }

    /// CR13 to CR15: an answer about one version of a wish.
    @discardableResult
    package mutating func answered(
        _ answer: Answer, _ property: Property, of device: Device, version: UInt32,
        at now: Instant
    ) -> AnswerOutcome {
        outcome(property, of: device, version: version) { record in
            record.take(answer, at: now)
        }
    }

    /// The same for all that a command set.
    package mutating func answered(
        _ answer: Answer, to command: CommandID, of device: Device, at now: Instant
    ) {
        let row = Int(device.index)
        guard rows.indices.contains(row) else { return }
        for slot in rows[row].records.indices {
            let reconciliation = rows[row].records[slot].reconciliation
            guard reconciliation.command == command else { continue }
            answered(
                answer, Property(index: rows[row].names[slot]), of: device,
                version: reconciliation.sentVersion, at: now)
        }
    }

    @discardableResult
    private mutating func outcome(
        _ property: Property, of device: Device, version: UInt32,
        _ body: (inout PropertyRecord) -> Bool
    ) -> AnswerOutcome {
        let row = Int(device.index)
        guard rows.indices.contains(row), let slot = rows[row].slot(of: property.index),
            version <= rows[row].records[slot].desiredVersion, version > 0
        else {
            counters.unknownVersions += 1
            return .unknownVersion
        }
        guard version == rows[row].records[slot].desiredVersion,
            change(row, slot, { record, _ in body(&record) })
        else {
            counters.ignoredEvents += 1
            return .ignored
        }
        return .taken
    }
}

extension PropertyRecord {
    fileprivate mutating func take(_ answer: TwinTable.Answer, at now: Instant) -> Bool {
        switch answer {
        case .acknowledged(let echo): acknowledge(echo: echo, at: now)
        case .accepted: move(.accept202, .always, at: now)
        case .refused: move(.refuse4xx, .always, at: now)
        case .failed: fail(at: now)
        }
    }
}
