import Model

/// A stream's whole state as bytes and back. Counters are not part of it.
extension Stream {
    func write(into writer: inout ByteWriter) {
        clock.write(into: &writer)
        keys.write(into: &writer)
        for table in tables { table.write(into: &writer) }
        for table in closed { table.write(into: &writer) }
        keyed?.write(into: &writer)
        join?.write(into: &writer)
        steps?.write(into: &writer)
        rowSteps?.write(into: &writer)
        if isNumbered { sequences.write(into: &writer) }
        for pattern in immediate { pattern.write(into: &writer) }
        for pattern in ordered { pattern.write(into: &writer) }
        buffer.write(into: &writer)
        if plan.carrier != nil { carriedRows.write(into: &writer) }
        writer.list(pending) { writer, pending in
            writer.unsigned(pending.source)
            writer.unsigned(UInt64(pending.device.index))
            writer.unsigned(UInt64(pending.property.index))
            writer.instant(pending.time)
            writer.instant(pending.arrival)
            for value in pending.row { writer.value(value) }
        }
    }

    /// Into a stream of the same definition. After an error the stream is of no use.
    mutating func restore(from reader: inout ByteReader) throws(RecordError) {
        try clock.restore(from: &reader)
        try keys.restore(from: &reader)
        for index in tables.indices {
            try tables[index].restore(from: &reader, keys: keys.count)
        }
        for index in closed.indices {
            try closed[index].restore(from: &reader, keys: keys.count)
        }
        try keyed?.restore(from: &reader, keys: keys.count)
        try join?.restore(from: &reader)
        try steps?.restore(from: &reader)
        try rowSteps?.restore(from: &reader)
        for owner in rowSteps?.owners ?? []
        where owner.device >= keys.count || owner.property >= plan.windows.count {
            throw .malformed(at: reader.offset)
        }
        if isNumbered { try sequences.restore(from: &reader, sources: plan.sources.count) }
        for index in immediate.indices {
            _ = try immediate[index].restore(from: &reader, keys: keys.count)
        }
        timers = Heap()
        for index in ordered.indices {
            let wakes = try ordered[index].restore(from: &reader, keys: keys.count)
            for wake in wakes.slots {
                timers.insert(
                    Timer(due: wake.due, pattern: Int32(index), slot: Int32(wake.slot)))
            }
            for wake in wakes.keys {
                timers.insert(Timer(due: wake.due, pattern: Int32(index), key: wake.slot))
            }
        }
        try buffer.restore(from: &reader)
        if plan.carrier != nil { try carriedRows.restore(from: &reader) }
        pending = []
        for _ in 0..<(try reader.count()) { pending.append(try readPending(from: &reader)) }
        findNextDue()
    }

    private func readPending(from reader: inout ByteReader) throws(RecordError) -> Pending {
        let source = try reader.count()
        let device = Device(index: UInt32(try reader.count()))
        let property = try reader.count()
        guard source < plan.sources.count, property <= Int(UInt16.max) else {
            throw .malformed(at: reader.offset)
        }
        let time = try reader.instant()
        let arrival = try reader.instant()
        var row: [Value?] = []
        for _ in plan.columns { row.append(try reader.value()) }
        return Pending(
            source: source, device: device, property: Property(index: UInt16(property)),
            time: time, arrival: arrival, row: row)
    }
}
