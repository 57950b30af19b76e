import Language
import Model

/// What turns true because a value was not there for too long: `x is stale after 5m`.
///
/// A key's latest row is kept, with the aggregates and calls behind it, and judged again when
/// something in it has turned stale. That is no event: only the steps of which a condition has
/// turned true, or that last and of which it has turned false, take notice; nothing is counted.
/// Where a group is judged at the end of windows that are rows, nothing happens in between.
struct PatternStale: Sendable {
    /// Columns, aggregates and calls.
    let width: Int
    var keys: [Key] = []
    /// By key, then by column: the latest row.
    var rows: [Value?] = []

    struct Key: Sendable {
        /// Where its latest row went; negative if nowhere.
        var slot: Int32 = -1
        /// Of the latest row, or of the timer that fired last.
        var judged = Instant.distantPast
        /// When the next timer is due.
        var queued = Instant.distantFuture
    }

    static func bytesPerKey(width: Int) -> Int {
        MemoryLayout<Key>.stride + width * MemoryLayout<Value?>.stride
    }

    func row(of key: Int) -> ArraySlice<Value?> { rows[key * width..<(key + 1) * width] }

    mutating func reach(_ key: Int) {
        let missing = key + 1 - keys.count
        guard missing > 0 else { return }
        keys += Array(repeating: Key(), count: missing)
        rows += Array(repeating: nil, count: missing * width)
    }

    func write(into writer: inout ByteWriter) {
        writer.list(keys) { writer, key in
            writer.unsigned(Int(key.slot + 1))
            writer.instant(key.judged)
        }
        for value in rows { writer.value(value) }
    }

    mutating func restore(
        from reader: inout ByteReader, keys limit: Int, slots: Int
    ) throws(RecordError) {
        let count = try reader.count(upTo: limit)
        keys = []
        rows = []
        for _ in 0..<count {
            let slot = try reader.count(upTo: slots) - 1
            keys.append(Key(slot: Int32(slot), judged: try reader.instant()))
        }
        for _ in 0..<count * width { rows.append(try reader.value()) }
    }
}

extension PatternState {
    /// Keeps the row that was just filled in, and asks for a timer if one is needed.
    mutating func keepStale(_ key: Int, slot: Int?, at time: Instant) {
        guard var kept = stale else { return }
        stale = nil
        kept.reach(key)
        for column in 0..<kept.width { kept.rows[key * kept.width + column] = row[column] }
        kept.keys[key].slot = Int32(slot ?? -1)
        kept.keys[key].judged = time
        stale = kept
        scheduleStale(key)
    }

    /// Asks for a timer where one is due earlier than the one that was asked for.
    mutating func scheduleStale(_ key: Int) {
        guard let kept = stale?.keys[key], kept.slot >= 0,
            let due = calls.nextStale(key: key, after: kept.judged), due < kept.queued
        else { return }
        stale?.keys[key].queued = due
        staleWake = Wake(slot: key, due: due)
    }

    /// A timer of a key that was asked for is due. What follows is in `findings` and the wakes; the
    /// answer is the row that was judged.
    mutating func staleTimer(
        key: Int, due: Instant, registry: Registry
    ) -> [Value?] {
        if !findings.isEmpty { findings.removeAll(keepingCapacity: true) }
        (wake, staleWake) = (nil, nil)
        guard let kept = stale?.keys[key], kept.queued == due else { return [] }
        stale?.keys[key].queued = .distantFuture
        defer { scheduleStale(key) }
        // A row that came since may have put it off.
        guard kept.slot >= 0, calls.nextStale(key: key, after: kept.judged) == due else {
            return []
        }
        stale?.keys[key].judged = due
        let slot = Int(kept.slot)
        let columns = stale.map { Array($0.row(of: key)[key * $0.width..<key * $0.width + width]) }
        guard let columns else { return [] }
        let before = showStale(key, at: due - Milliseconds(1), slot, columns)
        let after = showStale(key, at: due, slot, columns)
        slots[slot].key = Int32(key)
        if holdsRows {
            for column in 0..<width { held[slot * width + column] = columns[column] }
        }
        if judgesWindows {
            guard plan.window != nil, after & ~before & 1 != 0 else { return columns }
            observeInWindow(columns, slot: slot, start: due, end: due)
        } else {
            rejudge(
                columns, slot, risen: after & ~before, fallen: before & ~after, at: due, registry)
        }
        schedule(slot)
        return columns
    }

    /// Makes conditions read the key's latest row as it is at `time`. Returns the steps whose
    /// conditions are true then.
    private mutating func showStale(
        _ key: Int, at time: Instant, _ slot: Int, _ columns: [Value?]
    ) -> UInt32 {
        guard let kept = stale else { return 0 }
        for (column, value) in kept.row(of: key).enumerated() { row[column] = value }
        let first = width + plan.rule.aggregates.count
        for (index, call) in plan.rule.calls.enumerated() {
            if case .time = call.kind { row[first + index] = .timestamp(time) }
        }
        calls.fillStale(&row, from: first, key: key, at: time)
        loadCaptures(slot, nil)
        var result: UInt32 = 0
        for step in shape.kinds.indices {
            if let condition = shape.conditions[step], holds(condition, columns) {
                result |= 1 << UInt32(step)
            }
        }
        return result
    }

    private mutating func rejudge(
        _ columns: [Value?], _ slot: Int, risen: UInt32, fallen: UInt32, at time: Instant,
        _ registry: Registry
    ) {
        if shape.hasUntil, let until = plan.rule.until, holds(until, columns) {
            return forget(slot)
        }
        if let span = shape.span { expire(slot, by: time, span) }
        guard risen | fallen != 0 else { return }
        var hits = risen & ~shape.grouped
        if (risen | fallen) & shape.grouped != 0 {
            hits |= groupEdges(columns, slot, at: time, registry)
        }
        if takeStale(columns, slot, hits, fallen, at: time) { return }
        if fallen & 1 != 0, shape.firstIsHold { slots[slot].hasFired = false }
        guard hits & 1 != 0 else { return }
        switch shape.kinds[0] {
        case .absence: anchor(columns, slot, at: time)
        case .once, .hold, .group: begin(columns, slot, hits, start: time, end: time)
        case .times, .greedy, .run, .some: break
        }
    }

    /// Shows it to all that has been begun; true where it completes a match behind which all
    /// begins anew.
    private mutating func takeStale(
        _ columns: [Value?], _ slot: Int, _ hits: UInt32, _ fallen: UInt32, at time: Instant
    ) -> Bool {
        var place = slots[slot].head
        var seen: UInt32 = 0
        for index in slots[slot].head..<slots[slot].partials.count {
            switch fate(columns, slot, index, hits, fallen, at: time) {
            case .ends:
                partialCount -= 1
                continue
            case .completes:
                report(slot, at: time, since: slots[slot].partials[index].began)
                partialCount -= 1
                if shape.isOverlapping { continue }
                partialCount -= place - slots[slot].head + slots[slot].partials.count - index - 1
                slots[slot].clear()
                return true
            case .stays: break
            }
            let bit = UInt32(1) << UInt32(slots[slot].partials[index].step)
            if shape.isPruned, seen & bit != 0 {
                partialCount -= 1
                continue
            }
            seen |= bit
            slots[slot].move(index, to: place, cells: captures, words: shape.words)
            place += 1
        }
        slots[slot].truncate(to: place, cells: captures, words: shape.words)
        slots[slot].occupied = seen
        return false
    }

    private mutating func fate(
        _ columns: [Value?], _ slot: Int, _ index: Int, _ hits: UInt32, _ fallen: UInt32,
        at time: Instant
    ) -> Fate {
        func isSet(_ bits: UInt32, _ step: Int) -> Bool { bits & (1 << UInt32(step)) != 0 }
        let partial = slots[slot].partials[index]
        var step = Int(partial.step)
        if case .greedy(let count) = shape.kinds[step], step < shape.last,
            Int(partial.count) >= count, isSet(hits, step + 1)
        {
            step += 1
            if case .absence = shape.kinds[step] { return .ends }
            slots[slot].partials[index].step += 1
            slots[slot].partials[index].count = 0
        }
        switch shape.kinds[step] {
        case .absence: return isSet(hits, step) ? .ends : .stays
        case .hold where isSet(fallen, step): return miss(slot, index, Hits())
        case .once, .group, .hold:
            guard isSet(hits, step) else { return .stays }
            return take(columns, slot, index, at: time)
        case .times, .greedy, .run, .some: return .stays
        }
    }
}
