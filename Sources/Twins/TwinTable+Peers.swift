package import Model

/// What gateways tell each other of twins: rules CR16 to CR19.
extension TwinTable {
    /// What became of a peer's record.
    package enum MergeOutcome: Hashable, Sendable {
        case merged
        /// It says nothing new.
        case unchanged
        /// It holds a stamp from the future; the peer is not to be believed until its clock is.
        case quarantined
        case full
    }

    /// One property as a peer is told of it; nil where nothing is known.
    package func replica(of property: Property, of device: Device) -> PropertyReplica? {
        let row = Int(device.index)
        guard rows.indices.contains(row), let slot = rows[row].slot(of: property.index),
            !rows[row].records[slot].isEmpty
        else { return nil }
        return rows[row].records[slot].replica
    }

    /// Takes what a peer knows of a property.
    package mutating func merge(
        _ remote: PropertyReplica, _ property: Property, of device: Device, from peer: UInt32,
        registry: Registry, at now: Instant
    ) -> MergeOutcome {
        if let stamp = remote.newestStamp {
            guard clock.witness(stamp, at: now) else {
                counters.stampsTooNew += 1
                let isKnown = quarantinedPeers.contains(peer)
                if !isKnown, quarantinedPeers.count < TwinTable.propertyLimit {
                    quarantinedPeers.append(peer)
                }
                return .quarantined
            }
        }
        guard admits(device) else { return .full }
        let row = row(of: device, registry: registry)
        guard let slot = slot(of: property, in: row) else {
            counters.refused += 1
            return .full
        }
        let known = rows[row].records[slot].replica
        let joined = PropertyReplica.merge(known, remote)
        if joined == known { return .unchanged }
        rows[row].linkEpoch = max(rows[row].linkEpoch, joined.reported?.linkEpoch ?? 0)
        change(row, slot) { $0.adopt(joined, clock: &$1, at: now) }
        return .merged
    }
}

extension PropertyRecord {
    var replica: PropertyReplica {
        PropertyReplica(
            reported: reported.map {
                PropertyReplica.ReportedReplica(
                    value: $0, linkEpoch: linkEpoch, order: order, time: reportedTime,
                    arrival: arrival, source: reportedSource)
            },
            slots: reconciliation.slots, tombstone: reconciliation.tombstone,
            reportedVersion: reportedVersion, desiredVersion: desiredVersion)
    }

    /// Becomes what two gateways know together; the machine hears of each half that changed.
    fileprivate mutating func adopt(
        _ joined: PropertyReplica, clock: inout HybridClock, at now: Instant
    ) {
        let known = replica
        reportedVersion = joined.reportedVersion
        desiredVersion = joined.desiredVersion
        if let tombstone = joined.tombstone, tombstone != known.tombstone {
            _ = delete(tombstone, byModel: false, at: now)
            reconciliation.tombstone = tombstone
        }
        if let report = joined.visibleReport, reported == nil || report != known.reported {
            reported = report.value
            (linkEpoch, order) = (report.linkEpoch, report.order)
            (reportedTime, arrival) = (report.time, report.arrival)
            reportedSource = report.source
            deviceTime = nil
            updateSync()
            reconcile(clock: &clock, at: now)
        }
        if reconciliation.slots != joined.slots {
            reconciliation.slots = joined.slots
            reconciliation.defaultYields = false
            refresh(at: now)
        }
    }
}
