package import Model

/// What becomes of twins when their device's model changes (CR22).
extension TwinTable {
    /// Compares what `old` said of the device with what its model says now. A property that is gone
    /// or has another type or unit is deleted, with the reason in its tombstone; one that the new
    /// model carries over goes under its new name first. What has been recorded of the old name
    /// stays recorded.
    package mutating func upgrade(
        _ device: Device, from old: DeviceModel?, to new: DeviceModel?, registry: Registry,
        at now: Instant
    ) {
        let row = Int(device.index)
        guard let old, let new, rows.indices.contains(row),
            old.name != new.name || old.version != new.version
        else { return }
        for property in new.properties {
            guard let migration = property.migration,
                let source = registry.property(named: migration.from),
                let target = registry.property(named: property.name),
                let from = rows[row].slot(of: source.index), !rows[row].records[from].isEmpty
            else { continue }
            carry(from, to: target, migration, row)
        }
        for property in old.properties {
            let successor = new.properties.first { $0.name == property.name }
            let isKept = successor?.type == property.type && successor?.unit == property.unit
            guard !isKept, let name = registry.property(named: property.name),
                successor?.migration?.from != property.name,
                let slot = rows[row].slot(of: name.index), !rows[row].records[slot].isEmpty
            else { continue }
            let stamp = clock.tick(at: now)
            if change(
                row, slot,
                { record, _ in
                    record.delete(stamp, byModel: true, at: now)
                })
            {
                counters.removedByModel += 1
            }
        }
    }

    /// Puts what is known of one property under another's name, in the other's terms; values that
    /// have none there are forgotten.
    private mutating func carry(
        _ from: Int, to target: Property, _ migration: PropertyMigration, _ row: Int
    ) {
        guard let slot = slot(of: target, in: row) else {
            counters.refused += 1
            return
        }
        var moved = rows[row].records[from]
        moved.settings = settings(of: target.index, in: row)
        moved.reported = moved.reported.flatMap(migration.apply)
        moved.desired = moved.desired.flatMap(migration.apply)
        for place in moved.reconciliation.slots.indices {
            moved.reconciliation.slots[place].value =
                moved.reconciliation.slots[place].value.flatMap(migration.apply)
        }
        moved.updateSync()
        change(row, slot) { record, _ in record = moved }
        counters.migrated += 1
    }
}
