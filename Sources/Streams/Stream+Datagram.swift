import Model

/// Rows made of several readings: a source of whole datagrams sees the readings of one datagram one
/// by one, and the row is complete when a reading comes that does not belong to it, or the turn
/// ends.
extension Stream {
    /// Adds a reading to its datagram's row, which it may be the first of.
    mutating func extend(
        _ source: Int, with reading: Reading, columns: ArraySlice<Int32>, at now: Instant
    ) {
        var found = pending.firstIndex { $0.source == source && $0.device == reading.device }
        if found == nil {
            found = pending.count
            pending.append(
                Pending(
                    source: source, device: reading.device, property: reading.property,
                    time: reading.time, arrival: now,
                    row: Array(repeating: nil, count: plan.columns.count)))
        }
        guard let place = found else { return }
        swap(&row, &pending[place].row)
        for column in columns { fill(Int(column), with: reading.value) }
        swap(&row, &pending[place].row)
    }

    /// Takes the rows that are complete now.
    mutating func finishRows(registry: Registry, into outputs: inout [StreamOutput]) {
        let complete = pending
        pending.removeAll(keepingCapacity: true)
        for next in complete {
            // Restored from an older store, it may be of a device or property that is no more.
            guard registry.entry(next.device) != nil,
                Int(next.property.index) < registry.propertyNames.count
            else { continue }
            row = next.row
            acceptRow(
                next.source, next.device, next.property, at: next.time, registry: registry,
                now: next.arrival, into: &outputs)
        }
    }
}
