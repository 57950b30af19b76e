package import Model

/// The state of every device as it reports it, beside what others wish it to be.
///
/// `report` runs for each reading. Rows are found by the device's number and properties by a scan
/// of the few numbers a device has, so that nothing is hashed and, once a property has its slot,
/// nothing is allocated.
///
/// Wishes are brought to devices by themselves: `advance` finds what is due, `takeSends` tells what
/// is to be transmitted, and `sent`, `acknowledged`, `accepted`, `refused` and `failed` tell the
/// table what became of it.
package struct TwinTable: Sendable {
    /// Properties one device may have; more are refused and counted.
    package static let propertyLimit = 64
    /// Conflicts kept until somebody takes them; more are counted only.
    package static let conflictLimit = 1024

    /// By device index; rows of numbers without a device are absent.
    var rows: [Row] = []
    private var dirty: [Device] = []
    /// Devices whose twin changed in a way that observers are to be told of, each once.
    var unnotified: [Device] = []
    /// When the first held back notification may go.
    package internal(set) var nextNotification: Instant?
    /// By model: its properties by the number of their names.
    private var models: [[(property: UInt16, model: PropertyModel)]] = []
    let deviceLimit: Int
    private var wishCount = 0
    private var metWishCount = 0
    package internal(set) var clock = HybridClock()
    /// Peers that sent stamps from the future, in the order found.
    package internal(set) var quarantinedPeers: [UInt32] = []
    var timers = TwinTimers()
    private var timersMax = 1024
    var sends: [TwinSend] = []
    var conflicts: [TwinConflict] = []
    package internal(set) var counters = TwinCounters()

    /// What `twin_sync` says of a device's group.
    struct GroupPolicy: Sendable {
        var conflictResolution = TwinSyncDefinition.ConflictResolution.latestTimestamp
        /// What was commanded is sent again when the device strays from it.
        var heals = false
        /// Changes are passed on at most this often.
        var updateFrequency = Milliseconds.zero
    }

    /// One device's properties, each at the same place in `names` and `records`.
    struct Row: Sendable {
        var lastSeen = Instant.distantPast
        var names: [UInt16] = []
        var records: [PropertyRecord] = []
        var model: Int32 = -1
        /// Grows each time the device turns to us from elsewhere.
        var linkEpoch: UInt32 = 0
        var group = GroupPolicy()
        var isPresent = false
        var isDirty = false
        var isUnnotified = false
        var quietUntil = Instant.distantPast
        /// What a simulation says of the device; apart from all else (CR23).
        var overlay: [(property: UInt16, value: Value)] = []
    }

    /// Makes an empty twin for each device of the registry; what `sync` gets wrong is told in
    /// `diagnostics` and left out.
    package init(
        registry: Registry, sync: [TwinSyncDefinition], diagnostics: inout [Diagnostic]
    ) {
        deviceLimit = registry.deviceNames.limit
        for model in registry.models {
            models.append(
                model.properties.compactMap { property in
                    registry.property(named: property.name)
                        .map { (property: $0.index, model: property) }
                })
        }
        for device in registry.devices { _ = row(of: device, registry: registry) }
        for definition in sync {
            definition.check(against: registry, diagnostics: &diagnostics)
            for device in registry.group(named: definition.group.value)?.members ?? [] {
                rows[Int(device.index)].group = GroupPolicy(
                    conflictResolution: definition.conflictResolution,
                    heals: definition.validatesCommands && definition.healsAutomatically,
                    updateFrequency: definition.updateFrequency ?? .zero)
            }
        }
    }

    // MARK: Writing

    /// Takes one reading into the reported half. `now` is its arrival, `order` the device's own
    /// count, `deviceTime` what its clock said.
    package mutating func report(
        _ reading: Reading, source: TwinSource, order: ReportOrder = ReportOrder(),
        deviceTime: Instant? = nil, registry: Registry, at now: Instant
    ) -> ReportOutcome {
        let row = row(of: reading.device, registry: registry)
        if source == .simulated { return overlay(reading, row) }
        let slot = slot(of: reading.property, in: row)
        let arrival = PropertyRecord.Arrival(
            source: source, order: order, deviceTime: deviceTime, linkEpoch: rows[row].linkEpoch,
            now: now)
        let change = rows[row].report(reading, at: slot, arrival)
        if change.makesDirty { dirty.append(reading.device) }
        metWishCount += change.metWishes
        switch change.outcome.effect {
        case .first:
            counters.first += 1
            markUnnotified(row)
        case .changed:
            counters.changed += 1
            markUnnotified(row)
        case .unchanged: counters.unchanged += 1
        case .duplicate: counters.duplicate += 1
        case .late: counters.late += 1
        case .refused: counters.refused += 1
        }
        if change.concernsWish, let slot {
            self.change(row, slot) { $0.reconcile(clock: &$1, at: now) }
        }
        return change.outcome
    }

    // MARK: Reading

    /// The devices whose row differs from the last take, each once, in the order they first
    /// changed.
    package mutating func takeDirty() -> [Device] {
        for device in dirty { rows[Int(device.index)].isDirty = false }
        defer { dirty.removeAll() }
        return dirty
    }

    /// Of the properties with a desired value, the share whose reported value equals it; 1 where
    /// nothing is desired.
    package var syncAccuracy: Double {
        wishCount == 0 ? 1 : Double(metWishCount) / Double(wishCount)
    }

    // MARK: Rows

    /// Changes one record in any way but by a report, and does what follows from the change.
    @discardableResult
    mutating func change<Result>(
        _ row: Int, _ slot: Int, _ body: (inout PropertyRecord, inout HybridClock) -> Result
    ) -> Result {
        let before = rows[row].records[slot]
        recount(before, -1)
        let result = body(&rows[row].records[slot], &clock)
        let after = rows[row].records[slot]
        recount(after, 1)
        arm(row, slot, unless: before.deadline)
        while let first = timers.first, slotDue(first) == nil {
            _ = timers.pop(until: .distantFuture)
        }
        if after.reconciliation.sentVersion != before.reconciliation.sentVersion
            || after.state != before.state || after.bytes != before.bytes
        {
            mark(row)
            markUnnotified(row)
        }
        note(before, after, row, slot)
        return result
    }

    /// Puts a decoded row in place of the present one.
    mutating func replace(
        _ device: Device, lastSeen: Instant, linkEpoch: UInt32,
        properties: [(name: UInt16, record: PropertyRecord)]
    ) {
        let row = extend(to: device)
        for record in rows[row].records { recount(record, -1) }
        rows[row].lastSeen = lastSeen
        rows[row].linkEpoch = linkEpoch
        rows[row].names = properties.map(\.name)
        rows[row].records = properties.map(\.record)
        for slot in rows[row].records.indices {
            rows[row].records[slot].settings = settings(of: rows[row].names[slot], in: row)
            rows[row].records[slot].updateSync()
            recount(rows[row].records[slot], 1)
            arm(row, slot, unless: .distantFuture)
            let stamps = rows[row].records[slot].replica.newestStamp
            clock.latest = max(clock.latest, stamps?.clock ?? 0)
        }
    }

    /// Whether a stored row may belong to this number at all.
    func admits(_ device: Device) -> Bool { Int(device.index) < deviceLimit }

    mutating func row(of device: Device, registry: Registry) -> Int {
        let row = Int(device.index)
        if row < rows.count, rows[row].isPresent { return row }
        _ = extend(to: device)
        rows[row].model = Int32(registry.entry(device)?.model ?? -1)
        return row
    }

    private mutating func extend(to device: Device) -> Int {
        let row = Int(device.index)
        while rows.count <= row { rows.append(Row()) }
        rows[row].isPresent = true
        return row
    }

    /// Where a property is kept, making room if it is new, at the cost of the oldest tombstone; nil
    /// past the limit.
    mutating func slot(of property: Property, in row: Int) -> Int? {
        if let slot = rows[row].slot(of: property.index) { return slot }
        let record = PropertyRecord(settings(of: property.index, in: row))
        let count = rows[row].names.count
        if count == TwinTable.propertyLimit {
            guard let oldest = rows[row].oldestTombstone else { return nil }
            counters.droppedTombstones += 1
            rows[row].names[oldest] = property.index
            rows[row].records[oldest] = record
            mark(row)
            return oldest
        }
        rows[row].names.append(property.index)
        rows[row].records.append(record)
        return count
    }

    func settings(of property: UInt16, in row: Int) -> PropertySettings {
        let model = Int(rows[row].model)
        let known = models.indices.contains(model) ? models[model] : []
        return PropertySettings(
            known.first { $0.property == property }?.model, group: rows[row].group)
    }

    /// What the device's model says of a property.
    func model(of property: Property, in row: Int) -> PropertyModel? {
        let model = Int(rows[row].model)
        guard models.indices.contains(model) else { return nil }
        return models[model].first { $0.property == property.index }?.model
    }

    mutating func mark(_ row: Int) {
        if rows[row].isDirty { return }
        rows[row].isDirty = true
        dirty.append(Device(index: UInt32(row)))
    }

    private mutating func markUnnotified(_ row: Int) {
        if rows[row].isUnnotified { return }
        rows[row].isUnnotified = true
        unnotified.append(Device(index: UInt32(row)))
    }

    private mutating func recount(_ record: PropertyRecord, _ step: Int) {
        if record.desired != nil { wishCount += step }
        if record.meetsDesired { metWishCount += step }
    }

    /// The slot in its row that a timer is about, unless it is due at another time by now.
    func slotDue(_ entry: TwinTimers.Entry) -> Int? {
        guard let slot = rows[Int(entry.device)].slot(of: entry.property),
            rows[Int(entry.device)].records[slot].deadline == entry.due
        else { return nil }
        return slot
    }

    /// Sees to it that the record is looked at when its time has come.
    private mutating func arm(_ row: Int, _ slot: Int, unless before: Instant) {
        let due = rows[row].records[slot].deadline
        guard due != .distantFuture, due != before else { return }
        timers.insert(
            TwinTimers.Entry(due: due, device: UInt32(row), property: rows[row].names[slot]))
        if timers.entries.count < timersMax { return }
        var current: [TwinTimers.Entry] = []
        for row in rows.indices {
            for (name, record) in zip(rows[row].names, rows[row].records)
            where record.deadline != .distantFuture {
                current.append(
                    TwinTimers.Entry(due: record.deadline, device: UInt32(row), property: name))
            }
        }
        timers.replace(by: current)
        timersMax = max(1024, 2 * current.count)
    }

    /// Tells of conflicts.
    private mutating func note(
        _ before: PropertyRecord, _ after: PropertyRecord, _ row: Int, _ slot: Int
    ) {
        if before.state == after.state { return }
        switch (before.state, after.state) {
        case (_, .contested): counters.contested += 1
        case (_, .refused): counters.refusedWishes += 1
        case (.synced, .observed) where after.reconciliation.defaultYields:
            counters.yielded += 1
        case (.synced, .pending) where before.desiredVersion == after.desiredVersion:
            counters.reasserted += 1
        default: return
        }
        if conflicts.count == TwinTable.conflictLimit {
            counters.droppedConflicts += 1
            return
        }
        conflicts.append(
            TwinConflict(
                device: Device(index: UInt32(row)),
                property: Property(index: rows[row].names[slot]), from: before.state,
                to: after.state, version: after.desiredVersion, desired: before.desired,
                reported: after.reported))
    }
}
