import Language
import Model

/// What happens when the watermark moves: windows close, waiting rows are seen, timers fire, all in
/// the order of event time.
extension Stream {
    /// Passes the time.
    mutating func advance(
        to now: Instant, registry: Registry, into outputs: inout [StreamOutput]
    ) {
        if now >= clock.nextTick { clock.tick(now) }
        if clock.watermark >= nextDue { release(registry: registry, into: &outputs) }
    }

    /// Lets out everything that the watermark has passed.
    mutating func release(registry: Registry, into outputs: inout [StreamOutput]) {
        let watermark = clock.watermark
        while let table = firstTable(endingBy: watermark + Milliseconds(1)) {
            fireTimers(through: tables[table].firstEnd, into: &outputs)
            close(table, into: &outputs)
        }
        while let first = buffer.first, first.time <= watermark {
            fireTimers(through: first.time, into: &outputs)
            releaseGroup(first, registry: registry, into: &outputs)
        }
        if watermark > .distantPast {
            fireTimers(through: watermark + Milliseconds(1), into: &outputs)
        }
        findNextDue()
    }

    /// The table whose first window ends first, of those that end by `time`.
    private func firstTable(endingBy time: Instant) -> Int? {
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
        var due = buffer.first?.time ?? .distantFuture
        for table in tables.indices where tables[table].firstEnd < .distantFuture {
            due = min(due, tables[table].firstEnd - Milliseconds(1))
        }
        if let timer = timers.first { due = min(due, timer.due - Milliseconds(1)) }
        nextDue = due
    }

    // MARK: Windows

    private mutating func close(_ table: Int, into outputs: inout [StreamOutput]) {
        guard let start = tables[table].firstStart else { return }
        let end = tables[table].firstEnd
        keys.rank()
        let slots = tables[table].firstSlots().sorted {
            keys.rank(of: $0.key) < keys.rank(of: $1.key)
        }
        for (key, slot) in slots {
            let partials = plan.measures.map { tables[table].cell(slot: slot, $0.cell) }
            var columns: [Value?] = zip(plan.measures, partials).map { measure, partial in
                partial.result(of: measure.function, type: measure.type)
            }
            columns += keys.keys[key].values.map { $0.map { .text($0) } }
            guard plan.rowFilters.allSatisfy({ $0.holds(columns) == true }) else { continue }
            counters.windowsClosed += 1
            outputs.append(
                .row(
                    WindowRow(
                        name: plan.name, window: plan.windows[table].name, start: start, end: end,
                        key: keys.output(key),
                        fields: zip(plan.measures, columns).map { Field($0.name, $1) },
                        partials: partials)))
            for index in ordered.indices {
                counters.droppedByLimit += UInt64(
                    ordered[index].remember(
                        columns, partials, key: key, at: end, limit: limits.trailingEntries))
                let verdict = ordered[index].observe(columns, key: key, start: start, end: end)
                act(on: verdict, index, columns, key: key, at: end, into: &outputs)
            }
        }
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
        while let next = buffer.first, next.isPeer(of: first) {
            others.append(row)
            buffer.removeFirst(into: &others[others.count - 1])
        }
        if let key {
            remember(row, key: key, at: first.time)
            for other in others { remember(other, key: key, at: first.time) }
            observe(row, key: key, at: first.time, into: &outputs)
            for other in others { observe(other, key: key, at: first.time, into: &outputs) }
        } else {
            counters.droppedByLimit += UInt64(1 + others.count)
        }
        swap(&row, &releasedRow)
    }

    private mutating func remember(_ row: [Value?], key: Int, at time: Instant) {
        for index in 0..<ordered.count where !ordered[index].plan.rule.aggregates.isEmpty {
            counters.droppedByLimit += UInt64(
                ordered[index].remember(row, [], key: key, at: time, limit: limits.trailingEntries))
        }
    }

    private mutating func observe(
        _ row: [Value?], key: Int, at time: Instant, into outputs: inout [StreamOutput]
    ) {
        for index in 0..<ordered.count {
            let verdict = ordered[index].observe(row, key: key, start: time, end: time)
            act(on: verdict, index, row, key: key, at: time, into: &outputs)
        }
    }

    private mutating func act(
        on verdict: PatternState.Verdict, _ pattern: Int, _ row: [Value?], key: Int,
        at time: Instant, into outputs: inout [StreamOutput]
    ) {
        switch verdict {
        case .nothing: return
        case .match(let since):
            emit(ordered[pattern].plan, row, key: key, time, since, into: &outputs)
        case .wait(let due):
            timers.insert(Timer(due: due, pattern: Int32(pattern), key: Int32(key)))
        }
    }

    // MARK: Timers

    /// Fires what is due by `time`, those due together by pattern and key.
    private mutating func fireTimers(through time: Instant, into outputs: inout [StreamOutput]) {
        while let first = timers.first, first.due <= time {
            var due: [Timer] = []
            while timers.first?.due == first.due, let timer = timers.removeFirst() {
                due.append(timer)
            }
            keys.rank()
            due.sort {
                ($0.pattern, keys.rank(of: Int($0.key))) < ($1.pattern, keys.rank(of: Int($1.key)))
            }
            for timer in due { fire(timer, into: &outputs) }
        }
    }

    private mutating func fire(_ timer: Timer, into outputs: inout [StreamOutput]) {
        let (pattern, key) = (Int(timer.pattern), Int(timer.key))
        let verdict = ordered[pattern].timer(key: key, due: timer.due)
        guard verdict != .nothing else { return }
        let row = ordered[pattern].heldRow(key)
        act(on: verdict, pattern, row, key: key, at: timer.due, into: &outputs)
    }
}
