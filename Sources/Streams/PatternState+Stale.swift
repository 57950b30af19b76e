import Language
import Model

/// What turns true because a value was not there for too long.
///
/// That is no event: what a condition that has just turned true decides is decided, and what must
/// last ends where it has turned false, but nothing is counted.
extension PatternState {
    /// What is true of a key's latest row, by step; and whether all is to be forgotten.
    private struct Truths {
        var steps: UInt32 = 0
        var aborts: UInt32 = 0
        var until = false
    }

    /// What has turned true or false of it.
    private struct Turn {
        var risen = Hits()
        var fallen: UInt32
        /// The row may not begin anything, and where that is new, all is to be forgotten.
        var isBarred: Bool
        var isForgotten: Bool

        init(from before: Truths, to after: Truths) {
            risen.steps = after.steps & ~before.steps
            risen.aborts = after.aborts & ~before.aborts & ~risen.steps
            fallen = before.steps & ~after.steps
            isBarred = after.until
            isForgotten = after.until && !before.until
        }

        func isFallen(_ step: Int) -> Bool { fallen & (1 << UInt32(step)) != 0 }
    }

    /// Keeps the row that was just filled in, and asks for a timer if one is needed. Below zero,
    /// the slot is none.
    mutating func keepStale(_ key: Int, slot: Int, at time: Instant) {
        guard hasStale else { return }
        stale.keep(row, key: key, slot: Int32(slot), at: time)
        scheduleStale(key)
    }

    /// Asks for a timer where one is due earlier than the one that was asked for.
    mutating func scheduleStale(_ key: Int) {
        let kept = stale.keys[key]
        guard kept.slot >= 0, let due = calls.nextStale(key: key, after: kept.judged),
            due < kept.queued
        else { return }
        stale.keys[key].queued = due
        staleWake = Wake(slot: key, due: due)
    }

    /// A timer of a key that was asked for is due. What follows is in `findings` and the wakes; the
    /// answer is the row that was judged.
    mutating func staleTimer(key: Int, due: Instant, registry: Registry) -> [Value?] {
        findings.removeAll(keepingCapacity: true)
        (wake, staleWake) = (nil, nil)
        // It may have been overtaken by an earlier one.
        guard stale.keys[key].queued == due else { return [] }
        stale.keys[key].queued = .distantFuture
        defer { scheduleStale(key) }
        let kept = stale.keys[key]
        // A row that came since may have put it off.
        guard kept.slot >= 0, calls.nextStale(key: key, after: kept.judged) == due else {
            return []
        }
        stale.keys[key].judged = due
        stale.load(&row, key: key)
        let columns = Array(row[..<width])
        let slot = Int(kept.slot)
        if hasPartitions { owners[slot] = Int32(key) }
        if holdsRows {
            for column in 0..<width { held[slot * width + column] = columns[column] }
        }
        let turn = turn(key, slot, nil, at: due)
        if turn.isForgotten { forget(slot) }
        if turn.isBarred { return columns }
        if judgesWindows {
            judgeTurn(turn, slot, at: due, registry)
        } else {
            judge(turn, columns, key, slot, at: due, registry)
        }
        schedule(slot)
        return columns
    }

    // MARK: What has turned

    /// What turns at this time, given what the partial at `index` has captured. Conditions read the
    /// row as it is then.
    private mutating func turn(
        _ key: Int, _ slot: Int, _ index: Int?, at time: Instant
    ) -> Turn {
        loadCaptures(slot, index)
        let before = truths(key, at: time - Milliseconds(1))
        return Turn(from: before, to: truths(key, at: time))
    }

    private mutating func truths(_ key: Int, at time: Instant) -> Truths {
        let first = width + plan.rule.aggregates.count
        for (index, call) in plan.rule.calls.enumerated() {
            if case .time = call.kind { row[first + index] = .timestamp(time) }
        }
        calls.fillStale(&row, from: first, key: key, at: time)
        var truths = Truths()
        for step in shape.kinds.indices {
            let bit = UInt32(1) << UInt32(step)
            if shape.conditions[step]?.holds(row) == true { truths.steps |= bit }
            if shape.aborts[step]?.holds(row) == true { truths.aborts |= bit }
        }
        truths.until = plan.rule.until?.holds(row) == true
        return truths
    }

    // MARK: What follows

    private mutating func judge(
        _ turn: Turn, _ columns: [Value?], _ key: Int, _ slot: Int, at time: Instant,
        _ registry: Registry
    ) {
        if let span = shape.span { expire(slot, by: time, span) }
        var groupHits: UInt32 = 0
        if (turn.risen.steps | turn.fallen) & shape.grouped != 0 {
            groupHits = groupEdges(columns, slot, at: time, registry)
        }
        let isDone = sweep(slot, at: time) { state, index in
            var own = state.captures > 0 ? state.turn(key, slot, index, at: time) : turn
            own.risen.steps = own.risen.steps & ~state.shape.grouped | groupHits
            return state.fate(of: index, own, columns, slot, at: time)
        }
        if turn.isFallen(0), shape.firstIsHold { slots[slot].hasFired = false }
        let isHit = turn.risen.isHit(0) && shape.grouped & 1 == 0 || groupHits & 1 != 0
        guard !isDone, isHit else { return }
        switch shape.kinds[0] {
        case .absence: anchor(columns, slot, at: time)
        case .once, .hold, .group: begin(columns, slot, groupHits, start: time, end: time)
        case .times, .greedy, .run, .some: break
        }
    }

    private mutating func fate(
        of index: Int, _ turn: Turn, _ columns: [Value?], _ slot: Int, at time: Instant
    ) -> Fate {
        let partial = slots[slot].partials[index]
        var step = Int(partial.step)
        var isSated = false
        if case .greedy(let count) = shape.kinds[step], step < shape.last, partial.count >= count {
            isSated = true
            step += 1
        }
        if turn.risen.isAborted(step) { return .ends }
        switch shape.kinds[step] {
        case .absence: return turn.risen.isHit(step) ? .ends : .stays
        case .hold where turn.isFallen(step) && partial.count > 0 && !isSated:
            return miss(slot, index, Hits())
        case .once, .group, .hold:
            let isNext = !shape.isStrict[step] || partial.ordinal == slots[slot].ordinal
            guard turn.risen.isHit(step), isNext else { return .stays }
            slots[slot].partials[index].step = Int32(step)
            if isSated { slots[slot].partials[index].count = 0 }
            return take(columns, slot, index, at: time)
        case .times, .greedy, .run, .some: return .stays
        }
    }

    /// A group that is judged at the end of windows; at once, where windows are what it is shown.
    private mutating func judgeTurn(
        _ turn: Turn, _ slot: Int, at time: Instant, _ registry: Registry
    ) {
        if turn.isFallen(0) { groups[slot].release(owners[slot]) }
        guard turn.risen.isHit(0) else { return }
        countInWindow(slot, start: time, end: time)
        if isWindowed { judgeWindow(slot, at: time, registry) }
    }
}
