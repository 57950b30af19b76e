package import Model

/// What others want of twins: writes into the desired half and decisions about it.
extension TwinTable {
    /// What became of a write into the desired half.
    package enum WriteOutcome: Hashable, Sendable {
        /// Taken, with the desired version after it. It counts the changes of what is wished, and
        /// never starts again.
        case accepted(version: UInt32)
        /// The same is there already: nothing changed.
        case unchanged(version: UInt32)
        /// A newer write of the slot, or a newer deletion, is there: nothing changed.
        case outdated(version: UInt32)
        /// Somebody else wrote first (4.12): what is desired now.
        case versionMismatch(current: Value?, version: UInt32)
        /// The property's model does not allow it (4.22).
        case misfit(String)
        /// The stamp is from the future.
        case stampTooNew
        /// The device has as many properties as it may have.
        case full
        case unknownDevice
    }

    /// Sets what a property shall be in one slot, or relinquishes the slot. `version` is the
    /// desired version the writer knows, if he cares; `unit` the value's own.
    package mutating func write(
        _ write: DesiredWrite, ifVersion version: UInt32? = nil, in unit: Unit? = nil,
        registry: Registry, at now: Instant
    ) -> WriteOutcome {
        guard admits(write.device) else { return .unknownDevice }
        let row = row(of: write.device, registry: registry)
        var value = write.value
        if let wish = write.value, let model = model(of: write.property, in: row) {
            do throws(PropertyModel.Misfit) {
                value = try model.accept(desired: wish, in: unit)
            } catch {
                counters.misfits += 1
                return .misfit(error.description)
            }
        }
        guard let slot = slot(of: write.property, in: row) else {
            counters.refused += 1
            return .full
        }
        let known = rows[row].records[slot]
        if let version, version != known.desiredVersion {
            counters.versionMismatches += 1
            return .versionMismatch(current: known.desired, version: known.desiredVersion)
        }
        if let stamp = write.stamp {
            guard clock.witness(stamp, at: now) else {
                counters.stampsTooNew += 1
                return .stampTooNew
            }
        } else if known.isWished(value, write) {
            return .unchanged(version: known.desiredVersion)
        }
        let entry = DesiredSlot(
            write.slot, value, stamp: write.stamp ?? clock.tick(at: now), source: write.source,
            expires: write.expires)
        return put(entry, row, slot, at: now)
    }

    private mutating func put(
        _ entry: DesiredSlot, _ row: Int, _ slot: Int, at now: Instant
    ) -> WriteOutcome {
        let known = rows[row].records[slot]
        if let tombstone = known.reconciliation.tombstone, entry.stamp <= tombstone {
            change(row, slot) { record, _ in record.move(.desire, .older, at: now) }
            counters.outdated += 1
            return .outdated(version: known.desiredVersion)
        }
        guard change(row, slot, { record, _ in record.put(entry) }) else {
            let isThere = known.reconciliation.slots.contains(entry)
            if !isThere { counters.outdated += 1 }
            return isThere
                ? .unchanged(version: known.desiredVersion)
                : .outdated(version: known.desiredVersion)
        }
        if change(row, slot, { record, _ in record.refresh(at: now) }) { counters.desired += 1 }
        return .accepted(version: rows[row].records[slot].desiredVersion)
    }

    /// What a command that is about to be sent sets: written into its slot and at once in flight,
    /// so that nobody else sends it.
    @discardableResult
    package mutating func command(
        _ id: CommandID, sets write: DesiredWrite, registry: Registry, at now: Instant
    ) -> WriteOutcome {
        let outcome = self.write(write, registry: registry, at: now)
        let row = Int(write.device.index)
        if rows.indices.contains(row), let slot = rows[row].slot(of: write.property.index),
            rows[row].records[slot].state == .pending,
            rows[row].records[slot].desiredSlot == write.slot
        {
            sent(
                write.property, of: write.device,
                version: rows[row].records[slot].desiredVersion, by: id, at: now)
        }
        return outcome
    }

    /// What became of a decision.
    package enum OrderOutcome: Hashable, Sendable {
        /// So many properties followed it.
        case done(properties: Int)
        /// The device or the property is not known, or is in no state to be decided about.
        case impossible
    }

    /// Deletes, sends again, or gives in to what is reported.
    package mutating func order(_ order: TwinOrder, at now: Instant) -> OrderOutcome {
        let row = Int(order.device.index)
        guard rows.indices.contains(row) else { return .impossible }
        let stamp = clock.tick(at: now)
        var count = 0
        for slot in rows[row].records.indices
        where order.property.map({ $0.index == rows[row].names[slot] }) ?? true {
            let isDone = change(row, slot) { record, clock in
                switch order.decision {
                case .delete:
                    return !record.isEmpty && record.delete(stamp, byModel: false, at: now)
                case .reassert: return record.move(.operatorReassert, .always, at: now)
                case .acceptReported:
                    guard record.reported != nil,
                        record.move(.operatorAcceptReported, .hasReported, at: now)
                    else { return false }
                    record.giveUp(clock: &clock, at: now)
                    return true
                }
            }
            if isDone { count += 1 } else { counters.ignoredEvents += 1 }
        }
        return count == 0 ? .impossible : .done(properties: count)
    }

    /// The device speaks with us, and did not before (CR17); what waits for it can go.
    package mutating func linked(_ device: Device, registry: Registry, at now: Instant) {
        guard admits(device) else { return }
        let row = row(of: device, registry: registry)
        rows[row].linkEpoch &+= 1
        mark(row)
        for slot in rows[row].records.indices where rows[row].records[slot].state == .pending {
            change(row, slot) { record, _ in record.reconciliation.due = now }
        }
    }

    /// What a simulation reports (CR23).
    mutating func overlay(_ reading: Reading, _ row: Int) -> ReportOutcome {
        let name = reading.property.index
        if let place = rows[row].overlay.firstIndex(where: { $0.property == name }) {
            rows[row].overlay[place].value = reading.value
            return ReportOutcome(effect: .changed, meetsDesired: false)
        }
        guard rows[row].overlay.count < TwinTable.propertyLimit else {
            counters.refused += 1
            return ReportOutcome(effect: .refused, meetsDesired: false)
        }
        rows[row].overlay.append((name, reading.value))
        return ReportOutcome(effect: .first, meetsDesired: false)
    }

    /// Forgets what a simulation said of a device.
    package mutating func endSimulation(of device: Device) {
        guard rows.indices.contains(Int(device.index)) else { return }
        rows[Int(device.index)].overlay.removeAll()
    }
}

extension PropertyRecord {
    /// The slot of `write` holds just this, so that writing it again would change nothing.
    fileprivate func isWished(_ value: Value?, _ write: DesiredWrite) -> Bool {
        guard let known = reconciliation.slots.first(where: { $0.slot == write.slot }) else {
            return value == nil && state != .tombstoned
        }
        return known.value == value && known.expires == write.expires
            && (value == nil || known.source == write.source)
    }
}
