package import Model

extension TwinTable {
    /// Written as the first byte of every row; a row that starts otherwise is not ours.
    private static let rowVersion: UInt8 = 2

    /// Appends the device's whole row. Equal twins have equal bytes.
    package func encode(_ device: Device, into writer: inout ByteWriter) {
        let row = Int(device.index) < rows.count ? rows[Int(device.index)] : Row()
        writer.byte(TwinTable.rowVersion)
        writer.instant(row.lastSeen)
        writer.unsigned(UInt64(row.linkEpoch))
        writer.list(row.slotsInOrder) { writer, slot in
            writer.unsigned(Int(row.names[slot]))
            row.records[slot].encode(into: &writer)
        }
    }

    /// Replaces the device's row by a stored one; damaged bytes leave it as it is. Not a change:
    /// the device is not dirty afterwards unless it was before.
    package mutating func decode(_ device: Device, from reader: inout ByteReader)
        throws(RecordError)
    {
        guard admits(device), try reader.byte() == TwinTable.rowVersion else {
            throw .malformed(at: max(0, reader.offset - 1))
        }
        let lastSeen = try reader.instant()
        let linkEpoch: UInt32 = try reader.number()
        let count = try reader.count()
        guard count <= TwinTable.propertyLimit else { throw .malformed(at: reader.offset) }
        var properties: [(name: UInt16, record: PropertyRecord)] = []
        for _ in 0..<count {
            let name: UInt16 = try reader.number()
            guard properties.last.map({ $0.name < name }) ?? true else {
                throw .malformed(at: reader.offset)
            }
            properties.append((name, try PropertyRecord(from: &reader)))
        }
        replace(device, lastSeen: lastSeen, linkEpoch: linkEpoch, properties: properties)
    }

    /// What is of no device: the clock, and whom not to believe.
    package func snapshot(into writer: inout ByteWriter) {
        writer.fixed(clock.latest)
        writer.list(quarantinedPeers) { $0.unsigned(UInt64($1)) }
    }

    /// Takes back what `snapshot` wrote; the clock never goes back.
    package mutating func restore(from reader: inout ByteReader) throws(RecordError) {
        let latest = try reader.fixed()
        let peers = try reader.list { reader throws(RecordError) -> UInt32 in
            try reader.number()
        }
        guard peers.count <= TwinTable.propertyLimit else { throw .malformed(at: reader.offset) }
        clock.latest = max(clock.latest, latest)
        quarantinedPeers = peers
    }
}

extension PropertyRecord {
    /// All that is stored, as bytes.
    var bytes: [UInt8] {
        var writer = ByteWriter()
        encode(into: &writer)
        return writer.bytes
    }

    fileprivate func encode(into writer: inout ByteWriter) {
        writer.byte(state.rawValue)
        writer.unsigned(UInt64(reportedVersion))
        writer.value(reported)
        if reported != nil {
            writer.instant(reportedTime)
            writer.instant(arrival)
            writer.optional(deviceTime)
            writer.unsigned(UInt64(order.epoch))
            writer.unsigned(UInt64(order.sequence))
            writer.unsigned(UInt64(linkEpoch))
            writer.byte(reportedSource.rawValue)
            writer.bool(isClockSuspect)
        }
        writer.unsigned(UInt64(desiredVersion))
        writer.value(desired)
        writer.instant(desiredTime)
        writer.byte(desiredSource.rawValue)
        writer.byte(desiredSlot?.number ?? 0)
        reconciliation.encode(into: &writer)
    }

    fileprivate init(from reader: inout ByteReader) throws(RecordError) {
        self.init(PropertySettings())
        guard let state = PropertyState(rawValue: try reader.byte()) else {
            throw .malformed(at: reader.offset - 1)
        }
        self.state = state
        reportedVersion = try reader.number()
        reported = try reader.value()
        if reported != nil {
            reportedTime = try reader.instant()
            arrival = try reader.instant()
            deviceTime = try reader.optionalInstant()
            order = ReportOrder(epoch: try reader.number(), sequence: try reader.number())
            linkEpoch = try reader.number()
            reportedSource = try reader.source()
            isClockSuspect = try reader.bool()
        }
        desiredVersion = try reader.number()
        desired = try reader.value()
        desiredTime = try reader.instant()
        desiredSource = try reader.source()
        desiredSlot = DesiredWrite.Slot(Int(try reader.byte()))
        reconciliation = try Reconciliation(from: &reader)
    }
}

extension PropertyRecord.Reconciliation {
    fileprivate func encode(into writer: inout ByteWriter) {
        writer.list(slots) { $1.encode(into: &$0) }
        writer.byte(attempts)
        writer.unsigned(UInt64(sentVersion))
        writer.bool(isOutstanding)
        writer.bool(defaultYields)
        writer.bool(command != nil)
        if let command { writer.fixed(command.value) }
        writer.instant(due)
        writer.list(reasserts) { $0.instant($1) }
        writer.bool(tombstone != nil)
        if let tombstone { writer.stamp(tombstone) }
        writer.bool(isRemovedByModel)
    }

    fileprivate init(from reader: inout ByteReader) throws(RecordError) {
        slots = try reader.list { reader throws(RecordError) in try DesiredSlot(from: &reader) }
        guard zip(slots, slots.dropFirst()).allSatisfy({ $0.slot < $1.slot }) else {
            throw .malformed(at: reader.offset)
        }
        attempts = min(try reader.byte(), TwinBudget.attempts)
        sentVersion = try reader.number()
        isOutstanding = try reader.bool()
        defaultYields = try reader.bool()
        command = try reader.bool() ? CommandID(value: try reader.fixed128()) : nil
        due = try reader.instant()
        reasserts = try reader.list { reader throws(RecordError) in try reader.instant() }
        guard reasserts.count <= TwinBudget.reasserts else { throw .malformed(at: reader.offset) }
        tombstone = try reader.bool() ? try reader.stamp() : nil
        isRemovedByModel = try reader.bool()
    }
}
