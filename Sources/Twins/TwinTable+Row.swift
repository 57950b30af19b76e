import Model

extension TwinTable.Row {
    /// What a report did, for the table's sums: all that is per row is done in one go, in place.
    struct Change {
        var outcome: ReportOutcome
        /// The row is dirty now and was not.
        var makesDirty: Bool
        /// How many more wishes are met than before.
        var metWishes: Int
        /// The property is in a state in which such a report may bring it into another.
        var concernsWish: Bool
    }

    func slot(of property: UInt16) -> Int? {
        let names = names.span
        for slot in 0..<names.count where names[slot] == property { return slot }
        return nil
    }

    mutating func report(
        _ reading: Reading, at slot: Int?, _ arrival: PropertyRecord.Arrival
    ) -> Change {
        var isChanged = false
        if arrival.source == .device, arrival.now > lastSeen {
            lastSeen = arrival.now
            isChanged = true
        }
        var outcome = ReportOutcome(effect: .refused, meetsDesired: false)
        var metWishes = 0
        var concernsWish = false
        if let slot {
            let before = records[slot].meetsDesired
            outcome.effect = records[slot].report(reading, arrival)
            outcome.meetsDesired = records[slot].meetsDesired
            if before != outcome.meetsDesired { metWishes = before ? -1 : 1 }
            if outcome.effect != .duplicate, outcome.effect != .late {
                isChanged = true
                switch records[slot].state {
                case .observed: break
                case .unknown, .tombstoned: concernsWish = true
                case .synced: concernsWish = !outcome.meetsDesired
                case .pending, .inFlight, .applying, .contested, .refused:
                    concernsWish = outcome.meetsDesired
                }
            }
        }
        defer { isDirty = isDirty || isChanged }
        return Change(
            outcome: outcome, makesDirty: isChanged && !isDirty, metWishes: metWishes,
            concernsWish: concernsWish)
    }

    /// The slots that hold something, ascending by property.
    var slotsInOrder: [Int] {
        names.indices.filter { !records[$0].isEmpty }.sorted { names[$0] < names[$1] }
    }

    /// The slot of the property that was deleted first, if any is deleted.
    var oldestTombstone: Int? {
        records.indices.filter { records[$0].state == .tombstoned }
            .min { records[$0].reconciliation.due < records[$1].reconciliation.due }
    }
}
