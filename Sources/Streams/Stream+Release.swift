import Language
import Model

/// What happens when the watermark moves: windows close, waiting rows are seen, timers fire, all in
/// the order of event time.
extension Stream {
    /// Passes the time.
    mutating func advance(
        to now: Instant, registry: Registry, into outputs: inout [StreamOutput]
    ) {
        lateOutputs = 0
        if now >= clock.nextTick { clock.tick(now) }
        if clock.watermark >= nextDue { release(registry: registry, into: &outputs) }
    }

    /// Lets out everything that the watermark has passed.
    mutating func release(registry: Registry, into outputs: inout [StreamOutput]) {
        let watermark = clock.watermark
        while buffer.firstTime <= watermark, let first = buffer.first {
            fireDue(through: first.time, registry: registry, into: &outputs)
            if releasesInstants {
                releaseInstant(first.time, registry: registry, into: &outputs)
            } else {
                releaseGroup(first, registry: registry, into: &outputs)
            }
        }
        if watermark > .distantPast {
            fireDue(through: watermark + Milliseconds(1), registry: registry, into: &outputs)
        }
        findNextDue()
    }

    /// Lets happen what is due by `time`, in the order of time: timers, then the rows of windows
    /// that steps have held, then windows' ends, then the other rows that steps have held.
    private mutating func fireDue(
        through time: Instant, registry: Registry, into outputs: inout [StreamOutput]
    ) {
        while hasOwnTimes {
            let table = firstTable(endingBy: time)
            let tableEnd = table.map { tables[$0].firstEnd } ?? .distantFuture
            let sessionEnd = keyed?.firstDue ?? .distantFuture
            let stepDue = steps?.firstDue ?? .distantFuture
            let joinDue = join?.firstDue ?? .distantFuture
            let rowDue = rowSteps?.firstDue ?? .distantFuture
            let due = min(min(tableEnd, sessionEnd), min(min(stepDue, joinDue), rowDue))
            guard due <= time, due < .distantFuture else { break }
            fireTimers(through: due, registry: registry, into: &outputs)
            if rowDue == due {
                fireRowSteps(due: due, registry: registry, into: &outputs)
            } else if var table, tableEnd == due {
                if !plan.bases.isEmpty {
                    rollUp(endingAt: due)
                    // What has been filled just now ends too, and may come first.
                    table = firstTable(endingBy: due) ?? table
                }
                close(table, registry: registry, into: &outputs)
            } else if sessionEnd == due {
                closeSessions(due: due, registry: registry, into: &outputs)
            } else if stepDue == due {
                fireSteps(due: due, registry: registry, into: &outputs)
            } else {
                fireJoin(due: due, registry: registry, into: &outputs)
            }
        }
        if let timer = timers.first, timer.due <= time {
            fireTimers(through: time, registry: registry, into: &outputs)
        }
    }

    /// The table whose first window ends first, of those that end by `time`.
    /// Mutating, because otherwise the whole stream is copied.
    private mutating func firstTable(endingBy time: Instant) -> Int? {
        var best: Int?
        var end = time + Milliseconds(1)
        for table in tables.indices where tables[table].firstEnd < end {
            (best, end) = (table, tables[table].firstEnd)
        }
        return best
    }

    /// Sets `nextDue` from what is waiting. A timer due at t fires once all events before t are
    /// seen.
    mutating func findNextDue() {
        var due = buffer.firstTime
        if let timer = timers.first { due = min(due, timer.due - Milliseconds(1)) }
        nextDue = due
        guard hasOwnTimes else { return }
        for table in tables.indices where tables[table].firstEnd < .distantFuture {
            due = min(due, tables[table].firstEnd - Milliseconds(1))
        }
        if let held = steps?.firstDue { due = min(due, held - Milliseconds(1)) }
        if let held = rowSteps?.firstDue { due = min(due, held - Milliseconds(1)) }
        if let end = join?.firstDue { due = min(due, end - Milliseconds(1)) }
        if let end = keyed?.firstDue { due = min(due, end - Milliseconds(1)) }
        nextDue = due
    }

    // MARK: Windows

    private mutating func close(
        _ table: Int, registry: Registry, into outputs: inout [StreamOutput]
    ) {
        guard let start = tables[table].firstStart else { return }
        let end = tables[table].firstEnd
        keys.rank()
        let slots = tables[table].closing().sorted {
            keys.rank(of: $0.key) < keys.rank(of: $1.key)
        }
        for (key, slot) in slots {
            let partials = plan.measures.map { tables[table].closingCell(slot: slot, $0.cell) }
            emit(
                table, key: key, from: start, to: end, partials, registry: registry,
                into: &outputs)
        }
        keepFirst(of: table, slots)
        tables[table].removeFirst()
    }

    // MARK: Raw rows

    /// Lets out the waiting rows of one device and one time: each counts in the others' trailing
    /// aggregates.
    private mutating func releaseGroup(
        _ first: ReorderBuffer.Entry, registry: Registry, into outputs: inout [StreamOutput]
    ) {
        let key = keys.key(of: first.device, in: registry)
        // Most groups are one row, for which nothing is allocated.
        var row: [Value?] = []
        swap(&row, &releasedRow)
        buffer.removeFirst(into: &row)
        var others: [[Value?]] = []
        while buffer.firstTime == first.time, let next = buffer.first, next.isPeer(of: first) {
            others.append(row)
            buffer.removeFirst(into: &others[others.count - 1])
        }
        if let key {
            remember(row, key: key, at: first.time)
            for other in others { remember(other, key: key, at: first.time) }
            observe(row, key: key, at: first.time, registry: registry, into: &outputs)
            for other in others {
                observe(other, key: key, at: first.time, registry: registry, into: &outputs)
            }
        } else {
            counters.droppedByLimit += UInt64(1 + others.count)
        }
        swap(&row, &releasedRow)
    }

    mutating func remember(_ row: [Value?], key: Int, at time: Instant) {
        let partials = partials(of: row)
        for index in 0..<ordered.count where ordered[index].hasSpans {
            counters.droppedByLimit += UInt64(
                ordered[index].remember(
                    row, partials, key: key, at: time, limit: limits.trailingEntries,
                    counted: false))
        }
    }

    mutating func observe(
        _ row: [Value?], key: Int, at time: Instant, registry: Registry,
        into outputs: inout [StreamOutput]
    ) {
        for index in 0..<ordered.count {
            if ordered[index].hasCounted {
                counters.droppedByLimit += UInt64(
                    ordered[index].remember(
                        row, partials(of: row), key: key, at: time,
                        limit: limits.trailingEntries, counted: true))
            }
            ordered[index].observe(
                row, key: key, start: time, end: time, keys: keys, registry: registry)
            if ordered[index].hasNews { act(on: index, row, key: key, into: &outputs) }
            if ordered[index].hasOutlooks {
                counters.unskilled += ordered[index].takeUnskilled()
            }
            witness(index, isImmediate: false, row, key: key, start: time, end: time)
        }
    }

    /// Does what follows from what a pattern has just found.
    mutating func act(
        on pattern: Int, _ row: [Value?], key: Int, into outputs: inout [StreamOutput]
    ) {
        for place in 0..<ordered[pattern].findings.count {
            let finding = ordered[pattern].findings[place]
            emit(
                ordered[pattern].label, finding, row, key: key,
                part: ordered[pattern].part(finding.slot, keys, columns: columnNames),
                into: &outputs)
        }
        if let wake = ordered[pattern].wake {
            timers.insert(
                Timer(due: wake.due, pattern: Int32(pattern), slot: Int32(wake.slot)))
        }
        if let wake = ordered[pattern].staleWake {
            timers.insert(Timer(due: wake.due, pattern: Int32(pattern), key: wake.slot))
        }
        counters.partialsDropped += UInt64(ordered[pattern].dropped)
        ordered[pattern].dropped = 0
        counters.droppedByLimit += UInt64(ordered[pattern].droppedRows)
        ordered[pattern].droppedRows = 0
    }

    // MARK: Timers

    /// Fires what is due by `time`, those due together by pattern and key.
    private mutating func fireTimers(
        through time: Instant, registry: Registry, into outputs: inout [StreamOutput]
    ) {
        while let first = timers.first, first.due <= time {
            var due: [Timer] = []
            while timers.first?.due == first.due, let timer = timers.removeFirst() {
                due.append(timer)
            }
            keys.rank()
            due.sort { place(of: $0) < place(of: $1) }
            for timer in due { fire(timer, registry: registry, into: &outputs) }
        }
    }

    /// Where a timer comes among those due together.
    private func place(of timer: Timer) -> (Int32, Int32, Int32, Int32) {
        if let key = timer.staleKey { return (timer.pattern, 1, keys.rank(of: key), 0) }
        // The span lends the pattern, which the array would copy.
        let key = ordered.span[Int(timer.pattern)].key(of: Int(timer.slot))
        return (timer.pattern, 0, keys.rank(of: key), timer.slot)
    }

    private mutating func fire(
        _ timer: Timer, registry: Registry, into outputs: inout [StreamOutput]
    ) {
        if let key = timer.staleKey {
            let pattern = Int(timer.pattern)
            let row = ordered[pattern].staleTimer(key: key, due: timer.due, registry: registry)
            return act(on: pattern, row, key: key, into: &outputs)
        }
        let (pattern, slot) = (Int(timer.pattern), Int(timer.slot))
        ordered[pattern].timer(slot: slot, due: timer.due, registry: registry)
        let key = ordered.span[pattern].key(of: slot)
        let row = ordered[pattern].findings.isEmpty ? [] : ordered[pattern].heldRow(slot)
        act(on: pattern, row, key: key, into: &outputs)
    }
}
