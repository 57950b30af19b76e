package import Model

/// The state of every device as it reports it, beside what others wish it to be.
///
/// `report` runs for each reading. Rows are found by the device's number and properties by a scan
/// of the few numbers a device has, so that nothing is hashed and, once a property has its slot,
/// nothing is allocated.
package struct TwinTable: Sendable {
    /// Properties one device may have; more are refused and counted.
    package static let propertyLimit = 64

    /// By device index; rows of numbers without a device are absent.
    var rows: [Row] = []
    private var dirty: [Device] = []
    /// By model: tolerances that are not zero, by property index.
    private var tolerances: [[(property: UInt16, tolerance: Double)]] = []
    private let deviceLimit: Int
    private var wishCount = 0
    private var metWishCount = 0
    package private(set) var counters = TwinCounters()

    /// One device's properties, each at the same place in `names` and `records`.
    struct Row: Sendable {
        var lastSeen = Instant.distantPast
        var names: [UInt16] = []
        var records: [PropertyRecord] = []
        var model: Int32 = -1
        var conflictResolution = TwinSyncDefinition.ConflictResolution.latestTimestamp
        var isPresent = false
        var isDirty = false
    }

    /// Makes an empty twin for each device of the registry; what `sync` gets wrong is told in
    /// `diagnostics` and left out.
    package init(
        registry: Registry, sync: [TwinSyncDefinition], diagnostics: inout [Diagnostic]
    ) {
        deviceLimit = registry.deviceNames.limit
        for model in registry.models {
            tolerances.append(
                model.properties.filter { $0.tolerance != 0 }.compactMap { property in
                    registry.property(named: property.name)
                        .map { (property: $0.index, tolerance: property.tolerance) }
                })
        }
        for device in registry.devices { _ = row(of: device, registry: registry) }
        for definition in sync {
            definition.check(against: registry, diagnostics: &diagnostics)
            for device in registry.group(named: definition.group.value)?.members ?? [] {
                rows[Int(device.index)].conflictResolution = definition.conflictResolution
            }
        }
    }

    // MARK: Writing

    /// Takes one reading into the reported half. `now` is its arrival.
    package mutating func report(
        _ reading: Reading, source: TwinSource, registry: Registry, at now: Instant
    ) -> ReportOutcome {
        let row = row(of: reading.device, registry: registry)
        let slot = slot(of: reading.property, in: row)
        let change = rows[row].report(reading, at: slot, source: source, now: now)
        if change.makesDirty { dirty.append(reading.device) }
        metWishCount += change.metWishes
        switch change.outcome.effect {
        case .first: counters.first += 1
        case .changed: counters.changed += 1
        case .unchanged: counters.unchanged += 1
        case .duplicate: counters.duplicate += 1
        case .late: counters.late += 1
        case .refused: counters.refused += 1
        }
        return change.outcome
    }

    /// Sets what a property shall be, or with nil takes the wish back. Answers the desired version
    /// afterwards, which counts the changes of the wish and never starts again; 0 where the device
    /// has as many properties as it may have.
    package mutating func desire(
        _ value: Value?, _ property: Property, of device: Device, source: TwinSource,
        registry: Registry, at now: Instant
    ) -> UInt32 {
        let row = row(of: device, registry: registry)
        guard let slot = slot(of: property, in: row) else {
            counters.refused += 1
            return 0
        }
        let before = rows[row].records[slot]
        guard rows[row].records[slot].desire(value, source: source, at: now) else {
            return before.desiredVersion
        }
        recount(before, -1)
        recount(rows[row].records[slot], 1)
        counters.desired += 1
        mark(row)
        return rows[row].records[slot].desiredVersion
    }

    // MARK: Reading

    /// A device's twin, empty if it never spoke; nil for a device the table does not know.
    package func twin(of device: Device) -> TwinView? {
        guard Int(device.index) < rows.count, rows[Int(device.index)].isPresent else { return nil }
        let row = rows[Int(device.index)]
        return TwinView(
            device: device, lastSeen: row.lastSeen == .distantPast ? nil : row.lastSeen,
            conflictResolution: row.conflictResolution,
            properties: row.slotsInOrder.map {
                TwinView.PropertyView(Property(index: row.names[$0]), row.records[$0])
            })
    }

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

    /// Puts a decoded row in place of the present one.
    mutating func replace(
        _ device: Device, lastSeen: Instant, properties: [(name: UInt16, record: PropertyRecord)]
    ) {
        let row = extend(to: device)
        for record in rows[row].records { recount(record, -1) }
        rows[row].lastSeen = lastSeen
        rows[row].names = properties.map(\.name)
        rows[row].records = properties.map(\.record)
        for slot in rows[row].records.indices {
            rows[row].records[slot].tolerance = tolerance(of: rows[row].names[slot], in: row)
            rows[row].records[slot].updateSync()
            recount(rows[row].records[slot], 1)
        }
    }

    /// Whether a stored row may belong to this number at all.
    func admits(_ device: Device) -> Bool { Int(device.index) < deviceLimit }

    private mutating func row(of device: Device, registry: Registry) -> Int {
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

    /// Where a property is kept, making room if it is new; nil past the limit.
    private mutating func slot(of property: Property, in row: Int) -> Int? {
        if let slot = rows[row].slot(of: property.index) { return slot }
        let count = rows[row].names.count
        guard count < TwinTable.propertyLimit else { return nil }
        rows[row].names.append(property.index)
        rows[row].records.append(
            PropertyRecord(tolerance: tolerance(of: property.index, in: row)))
        return count
    }

    private func tolerance(of property: UInt16, in row: Int) -> Double {
        let model = Int(rows[row].model)
        guard model >= 0, model < tolerances.count else { return 0 }
        return tolerances[model].first { $0.property == property }?.tolerance ?? 0
    }

    private mutating func mark(_ row: Int) {
        if rows[row].isDirty { return }
        rows[row].isDirty = true
        dirty.append(Device(index: UInt32(row)))
    }

    private mutating func recount(_ record: PropertyRecord, _ step: Int) {
        if record.desired != nil { wishCount += step }
        if record.meetsDesired { metWishCount += step }
    }
}

extension TwinTable.Row {
    /// What a report did, for the table's sums: all that is per row is done in one go, in place.
    struct Change {
        var outcome: ReportOutcome
        /// The row is dirty now and was not.
        var makesDirty: Bool
        /// How many more wishes are met than before.
        var metWishes: Int
    }

    func slot(of property: UInt16) -> Int? {
        let names = names.span
        for slot in 0..<names.count where names[slot] == property { return slot }
        return nil
    }

    mutating func report(
        _ reading: Reading, at slot: Int?, source: TwinSource, now: Instant
    ) -> Change {
        var isChanged = false
        if source == .device, now > lastSeen {
            lastSeen = now
            isChanged = true
        }
        var outcome = ReportOutcome(effect: .refused, meetsDesired: false)
        var metWishes = 0
        if let slot {
            let before = records[slot].meetsDesired
            outcome.effect = records[slot].report(reading, source: source, at: now)
            outcome.meetsDesired = records[slot].meetsDesired
            if before != outcome.meetsDesired { metWishes = before ? -1 : 1 }
            if outcome.effect != .duplicate, outcome.effect != .late { isChanged = true }
        }
        defer { isDirty = isDirty || isChanged }
        return Change(
            outcome: outcome, makesDirty: isChanged && !isDirty, metWishes: metWishes)
    }

    /// The slots that hold something, ascending by property.
    var slotsInOrder: [Int] {
        names.indices.filter { !records[$0].isEmpty }.sorted { names[$0] < names[$1] }
    }
}

extension TwinView.PropertyView {
    fileprivate init(_ property: Property, _ record: PropertyRecord) {
        self.init(
            property: property,
            reported: record.reported.map {
                TwinView.Reported(
                    value: $0, version: record.reportedVersion, time: record.reportedTime,
                    arrival: record.arrival, source: record.reportedSource,
                    isClockSuspect: record.isClockSuspect)
            },
            desired: record.desired.map {
                TwinView.Desired(
                    value: $0, version: record.desiredVersion, time: record.desiredTime,
                    source: record.desiredSource)
            },
            desiredVersion: record.desiredVersion,
            isInSync: record.desired == nil || record.meetsDesired)
    }
}
