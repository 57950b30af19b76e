import Language
import Model

/// A pattern's state as bytes and back.
extension PatternState {
    func write(into writer: inout ByteWriter) {
        writer.bool(hasPartitions)
        if hasPartitions { partitions.write(into: &writer) }
        writer.unsigned(trailing.count)
        for aggregate in trailing { aggregate.write(into: &writer) }
        if !plan.rule.calls.isEmpty { calls.write(into: &writer) }
        if !plan.rule.fed.isEmpty { for table in fed { table.write(into: &writer) } }
        writer.list(slots.indices) { writer, slot in
            let stored = PatternSlot.Stored(
                slot: slots[slot], window: shape.countsWindows ? windows[slot] : .init(),
                lastMatch: plan.rule.cooldown == nil ? .distantPast : lastMatches[slot],
                key: key(of: slot))
            stored.write(into: &writer)
        }
        for group in groups { group.write(into: &writer) }
        for value in held { writer.value(value) }
        if hasStale { stale.write(into: &writer) }
    }

    /// `keys` is how many keys there are. Returns the timers that are running, and those of keys.
    mutating func restore(
        from reader: inout ByteReader, keys: Int
    ) throws(RecordError) -> (slots: [Wake], keys: [Wake]) {
        self = PatternState(
            plan, width: width, limits: limits, isWindowed: isWindowed, slide: slide,
            sources: sources)
        guard try reader.bool() == hasPartitions else {
            throw .malformed(at: reader.offset)
        }
        if hasPartitions { try partitions.restore(from: &reader, keys: keys) }
        let aggregates = try reader.count()
        guard aggregates <= keys * plan.rule.aggregates.count,
            aggregates % max(1, plan.rule.aggregates.count) == 0
        else { throw .malformed(at: reader.offset) }
        for index in 0..<aggregates {
            let call = plan.rule.aggregates[index % plan.rule.aggregates.count]
            trailing.append(try TrailingAggregate(call, from: &reader))
        }
        if !plan.rule.calls.isEmpty { try calls.restore(from: &reader, keys: keys) }
        for index in fed.indices where !plan.rule.fed.isEmpty {
            try fed[index].restore(from: &reader, keys: keys)
        }
        let count = try reader.count()
        guard count <= (hasPartitions ? partitions.places.count : keys) else {
            throw .malformed(at: reader.offset)
        }
        for _ in 0..<count {
            let stored = try PatternSlot.Stored(
                from: &reader, steps: shape.kinds.count, cells: captures, words: shape.words)
            guard stored.key < keys else { throw .malformed(at: reader.offset) }
            partialCount += stored.slot.count
            slots.append(stored.slot)
            if hasPartitions { owners.append(Int32(stored.key)) }
            if shape.countsWindows { windows.append(stored.window) }
            if plan.rule.cooldown != nil { lastMatches.append(stored.lastMatch) }
            if holdsRows { queued.append(.distantFuture) }
        }
        for _ in 0..<count * shape.groups.count {
            groups.append(
                try PatternGroup(from: &reader, keys: keys, expires: groupSpan != nil))
        }
        if holdsRows {
            for _ in 0..<count * width { held.append(try reader.value()) }
        }
        if hasStale { try stale.restore(from: &reader, keys: keys, slots: count) }
        return (timers(), staleTimers())
    }

    private mutating func staleTimers() -> [Wake] {
        var result: [Wake] = []
        for key in stale.keys.indices {
            staleWake = nil
            scheduleStale(key)
            if let staleWake { result.append(staleWake) }
        }
        staleWake = nil
        return result
    }

    private mutating func timers() -> [Wake] {
        guard holdsRows else { return [] }
        var result: [Wake] = []
        for slot in slots.indices {
            wake = nil
            schedule(slot)
            if let wake { result.append(wake) }
        }
        wake = nil
        return result
    }
}

extension PatternSlot {
    /// A slot with what is kept beside it.
    struct Stored: Sendable {
        var slot = PatternSlot()
        var window = Window()
        var lastMatch = Instant.distantPast
        var key = 0
    }

    fileprivate func writePartials(into writer: inout ByteWriter) {
        writer.list(partials[head...]) { writer, partial in
            writer.instant(partial.start)
            writer.instant(partial.began)
            writer.instant(partial.since)
            writer.signed(partial.ordinal)
            writer.signed(partial.entered)
            writer.unsigned(Int(partial.count))
            writer.unsigned(Int(partial.step))
        }
        guard count > 0 else { return }
        for cell in cells.dropFirst(head * (cells.count / partials.count)) {
            writer.value(cell.value)
            cell.partial.write(into: &writer)
        }
        for word in words.dropFirst(head * (words.count / partials.count)) { writer.fixed(word) }
    }

    fileprivate mutating func readPartials(
        from reader: inout ByteReader, steps: Int, cells cellCount: Int, words wordCount: Int
    ) throws(RecordError) {
        for _ in 0..<(try reader.count()) {
            var partial = Partial(
                start: try reader.instant(), began: try reader.instant(),
                since: try reader.instant(), ordinal: try reader.tally(),
                entered: try reader.tally())
            partial.count = Int32(try reader.count())
            partial.step = Int32(try reader.count())
            guard partial.step < steps else { throw .malformed(at: reader.offset) }
            occupied |= 1 << UInt32(partial.step)
            partials.append(partial)
        }
        for _ in 0..<partials.count * cellCount {
            let value = try reader.value()
            cells.append(Cell(value: value, partial: try AggregatePartial(from: &reader)))
        }
        for _ in 0..<partials.count * wordCount { words.append(try reader.fixed()) }
    }
}

extension PatternSlot.Stored {
    func write(into writer: inout ByteWriter) {
        writer.signed(slot.ordinal)
        writer.instant(window.start)
        writer.instant(window.end)
        writer.signed(window.number)
        writer.instant(lastMatch)
        writer.bool(slot.hasFired)
        writer.unsigned(key)
        slot.writePartials(into: &writer)
    }

    init(
        from reader: inout ByteReader, steps: Int, cells: Int, words: Int
    ) throws(RecordError) {
        slot.ordinal = try reader.tally()
        window.start = try reader.instant()
        window.end = try reader.instant()
        window.number = try reader.tally()
        lastMatch = try reader.instant()
        slot.hasFired = try reader.bool()
        key = try reader.count()
        try slot.readPartials(from: &reader, steps: steps, cells: cells, words: words)
    }
}

extension ByteReader {
    /// A number of events or windows, small enough to be counted on from.
    fileprivate mutating func tally() throws(RecordError) -> Int64 {
        let value = try signed()
        guard value.magnitude < 1 << 60 else { throw .malformed(at: offset) }
        return value
    }
}
