import Language
import Model

/// How a row takes what has been begun further, ends it, or begins something new.
extension PatternState {
    enum Fate { case stays, ends, completes }

    /// What is true of a row, by step.
    struct Hits {
        /// The step's condition.
        var steps: UInt32 = 0
        /// What may not come before the step, where the step's own condition is not true.
        var aborts: UInt32 = 0

        func isHit(_ step: Int) -> Bool { steps & (1 << UInt32(step)) != 0 }
        func isAborted(_ step: Int) -> Bool { aborts & (1 << UInt32(step)) != 0 }
    }

    var captures: Int { shape.captures }

    /// Shows a row to one slot.
    mutating func step(
        _ columns: [Value?], slot: Int, start: Instant, end: Instant, _ registry: Registry
    ) {
        slots[slot].ordinal += 1
        if shape.countsWindows { windows[slot].move(to: start, end, slide: slide) }
        let groupHits = shape.groups.isEmpty ? 0 : groupEdges(columns, slot, at: end, registry)
        if shape.hasUntil, let until = plan.rule.until {
            loadCaptures(slot, nil)
            if holds(until, columns) { return forget(slot) }
        }
        var isDone = false
        if slots[slot].occupied != 0 {
            if let span = shape.span { expire(slot, by: end, span) }
            isDone = takeFurther(columns, slot, groupHits, start: start, end: end)
        }
        if shape.firstIsAbsence {
            anchor(columns, slot, at: end)
        } else if !isDone {
            begin(columns, slot, groupHits, start: start, end: end)
        } else if shape.firstIsHold, !isFirstHit(columns, slot, groupHits) {
            slots[slot].hasFired = false
        }
    }

    /// Gives up all that a slot has begun.
    mutating func forget(_ slot: Int) {
        partialCount -= slots[slot].count
        slots[slot].clear()
        slots[slot].hasFired = false
        for place in 0..<shape.groups.count {
            groups[slot * shape.groups.count + place] = PatternGroup()
        }
    }

    mutating func expire(_ slot: Int, by time: Instant, _ span: Milliseconds) {
        while slots[slot].count > 0, time - slots[slot].partials[slots[slot].head].start >= span {
            slots[slot].removeFirst(cells: captures, words: shape.words)
            partialCount -= 1
        }
    }

    // MARK: Conditions

    /// Makes conditions read what the partial at `index` has captured; nothing where it is nil.
    mutating func loadCaptures(_ slot: Int, _ index: Int?) {
        guard shape.captures > 0 else { return }
        let first = row.count - captures
        for place in 0..<captures {
            let cell = index.map { slots[slot].cells[$0 * captures + place] } ?? PatternSlot.Cell()
            switch plan.rule.captures[place].what {
            case .first: row[first + place] = cell.value
            case .aggregate(let function, let quantile, _):
                row[first + place] = cell.partial.result(
                    of: function, quantile: quantile, type: .number)
            }
        }
    }

    // Mutating like others here, because to ask otherwise copies the whole state.
    private mutating func isHit(_ step: Int, _ columns: [Value?], _ groupHits: UInt32) -> Bool {
        let bit = UInt32(1) << UInt32(step)
        if shape.grouped & bit != 0 { return groupHits & bit != 0 }
        if shape.open & bit != 0 { return true }
        if step == 0 { return isFirstTrue(columns) }
        return row.count > width
            ? shape.conditions[step]?.holds(row) == true
            : shape.conditions[step]?.holds(columns) == true
    }

    private mutating func isFirstHit(
        _ columns: [Value?], _ slot: Int, _ groupHits: UInt32
    ) -> Bool {
        loadCaptures(slot, nil)
        return isHit(0, columns, groupHits)
    }

    /// What is true for the steps of `wanted`, given what the partial at `index` has captured.
    private mutating func evaluate(
        _ wanted: UInt32, _ columns: [Value?], _ slot: Int, _ index: Int?, _ groupHits: UInt32
    ) -> Hits {
        loadCaptures(slot, index)
        var hits = Hits()
        var rest = wanted
        while rest != 0 {
            let step = rest.trailingZeroBitCount
            let bit = rest & (0 &- rest)
            rest &= rest - 1
            if isHit(step, columns, groupHits) {
                hits.steps |= bit
            } else if shape.abortable & bit != 0, let abort = shape.aborts[step],
                holds(abort, columns)
            {
                hits.aborts |= bit
            }
        }
        return hits
    }

    // MARK: Further

    /// Shows a row to all that has been begun; true where it completes a match behind which all
    /// begins anew.
    private mutating func takeFurther(
        _ columns: [Value?], _ slot: Int, _ groupHits: UInt32, start: Instant, end: Instant
    ) -> Bool {
        let occupied = slots[slot].occupied
        guard occupied != 0 else { return false }
        let wanted = occupied | (occupied & shape.greedy) << 1
        var hits = Hits()
        if captures == 0 {
            hits = evaluate(wanted, columns, slot, nil, groupHits)
            let touched = hits.steps | hits.aborts
            let concerned = shape.watchful | touched | touched >> 1 & shape.greedy
            if occupied & concerned == 0 { return false }
        }
        var place = slots[slot].head
        var seen: UInt32 = 0
        for index in slots[slot].head..<slots[slot].partials.count {
            let step = UInt32(slots[slot].partials[index].step)
            if captures > 0 {
                let bit = UInt32(1) << step
                hits = evaluate(
                    bit | (bit & shape.greedy) << 1, columns, slot, index, groupHits)
            }
            switch advance(columns, slot, index, hits, end: end) {
            case .stays:
                let bit = UInt32(1) << UInt32(slots[slot].partials[index].step)
                if shape.isPruned, seen & bit != 0, isDominated(slot, index, by: place - 1) {
                    partialCount -= 1
                    continue
                }
                seen |= bit
                slots[slot].move(index, to: place, cells: captures, words: shape.words)
                place += 1
            case .ends: partialCount -= 1
            case .completes:
                report(slot, at: end, since: slots[slot].partials[index].began)
                partialCount -= 1
                if shape.isOverlapping { continue }
                partialCount -= place - slots[slot].head + slots[slot].partials.count - index - 1
                slots[slot].clear()
                return true
            }
        }
        slots[slot].truncate(to: place, cells: captures, words: shape.words)
        slots[slot].occupied = seen
        return false
    }

    private mutating func advance(
        _ columns: [Value?], _ slot: Int, _ index: Int, _ hits: Hits, end: Instant
    ) -> Fate {
        let partial = slots[slot].partials[index]
        let step = Int(partial.step)
        switch shape.kinds[step] {
        case .greedy(let count) where step < shape.last && Int(partial.count) >= count:
            return goOn(columns, slot, index, hits, end: end)
        case .absence: return hits.isHit(step) ? .ends : .stays
        case .run(_, windows: true) where !windows[slot].isAdjacent && partial.count > 0:
            if step == 0 || !reset(slot, index) { return .ends }
        case .some(_, let of, let windows) where step == 0:
            let place = windows ? self.windows[slot].number : slots[slot].ordinal
            if place - partial.entered >= Int64(of) { return .ends }
        default: break
        }
        return hits.isHit(step)
            ? take(columns, slot, index, at: end) : miss(slot, index, hits)
    }

    /// A greedy step that has enough: the next step comes first, then more of its own.
    private mutating func goOn(
        _ columns: [Value?], _ slot: Int, _ index: Int, _ hits: Hits, end: Instant
    ) -> Fate {
        let step = Int(slots[slot].partials[index].step)
        if case .absence = shape.kinds[step + 1] {
            if hits.isHit(step) { return take(columns, slot, index, at: end) }
            return hits.isHit(step + 1) ? .ends : .stays
        }
        let isNext = slots[slot].partials[index].ordinal + 1 == slots[slot].ordinal
        if hits.isHit(step + 1), isNext || !shape.isStrict[step + 1] {
            slots[slot].partials[index].step += 1
            slots[slot].partials[index].count = 0
            return take(columns, slot, index, at: end)
        }
        if hits.isHit(step) { return take(columns, slot, index, at: end) }
        return hits.isAborted(step + 1) ? .ends : .stays
    }

    /// The row is one of the step's.
    mutating func take(
        _ columns: [Value?], _ slot: Int, _ index: Int, at time: Instant
    ) -> Fate {
        let step = Int(slots[slot].partials[index].step)
        let isFirst = slots[slot].partials[index].count == 0
        if slots[slot].partials[index].count < .max { slots[slot].partials[index].count += 1 }
        slots[slot].partials[index].ordinal = slots[slot].ordinal
        capture(columns, slot, index, step, isFirst: isFirst)
        let taken = Int(slots[slot].partials[index].count)
        switch shape.kinds[step] {
        case .once, .group, .absence: break
        case .times(let count), .run(let count, _): if taken < count { return .stays }
        case .greedy(let count):
            slots[slot].partials[index].since = time
            if taken < count || step < shape.last { return .stays }
        case .some(let count, let of, let windows):
            let found =
                step == 0
                ? taken : recall(slot, index, isTrue: true, of: of, windows: windows)
            if found < count { return .stays }
        case .hold:
            if isFirst { slots[slot].partials[index].since = time }
            return .stays
        }
        return finishStep(slot, index, at: time) ? .completes : .stays
    }

    /// The row is none of the step's.
    mutating func miss(_ slot: Int, _ index: Int, _ hits: Hits) -> Fate {
        let partial = slots[slot].partials[index]
        let step = Int(partial.step)
        if hits.isAborted(step) || shape.isStrict[step] && partial.count == 0 { return .ends }
        switch shape.kinds[step] {
        case .once, .times, .greedy, .group, .absence: return .stays
        case .some(_, let of, let windows):
            if step > 0 { _ = recall(slot, index, isTrue: false, of: of, windows: windows) }
            return .stays
        case .run, .hold:
            if step == 0 { return .ends }
            return partial.count == 0 || reset(slot, index) ? .stays : .ends
        }
    }

    /// Lets a step begin anew; false where it may not.
    private mutating func reset(_ slot: Int, _ index: Int) -> Bool {
        let step = Int(slots[slot].partials[index].step)
        slots[slot].partials[index].count = 0
        for place in 0..<captures where plan.rule.captures[place].step == step {
            slots[slot].cells[index * captures + place] = PatternSlot.Cell()
        }
        return !shape.isStrict[step]
    }

    /// Goes to the next step, at the time of an event or of a timer; true where there is none.
    mutating func finishStep(_ slot: Int, _ index: Int, at time: Instant) -> Bool {
        slots[slot].partials[index].ordinal = slots[slot].ordinal
        slots[slot].partials[index].step += 1
        slots[slot].partials[index].count = 0
        slots[slot].partials[index].since = time
        for word in 0..<shape.words { slots[slot].words[index * shape.words + word] = 0 }
        return Int(slots[slot].partials[index].step) > shape.last
    }

    /// Notes whether a row was true, and answers how many of the last were.
    private mutating func recall(
        _ slot: Int, _ index: Int, isTrue: Bool, of count: Int, windows: Bool
    ) -> Int {
        let first = index * shape.words
        let shift = windows ? min(self.windows[slot].advance, Int64(count)) : 1
        for _ in 0..<max(0, shift) {
            var carry: UInt64 = 0
            for word in first..<first + shape.words {
                let next = slots[slot].words[word] >> 63
                slots[slot].words[word] = slots[slot].words[word] << 1 | carry
                carry = next
            }
        }
        if isTrue { slots[slot].words[first] |= 1 }
        var found = 0
        for word in 0..<(count + 63) / 64 {
            let rest = count - word * 64
            let mask = rest >= 64 ? UInt64.max : (1 << UInt64(rest)) - 1
            slots[slot].words[first + word] &= mask
            found += slots[slot].words[first + word].nonzeroBitCount
        }
        return found
    }

    private mutating func capture(
        _ columns: [Value?], _ slot: Int, _ index: Int, _ step: Int, isFirst: Bool
    ) {
        for place in 0..<captures where plan.rule.captures[place].step == step {
            let cell = index * captures + place
            switch plan.rule.captures[place].what {
            case .first(let column): if isFirst { slots[slot].cells[cell].value = columns[column] }
            case .aggregate(let function, _, let program):
                loadCaptures(slot, index)
                guard let value = program.evaluate(row) else { continue }
                if function == .count, value == .boolean(false) { continue }
                slots[slot].cells[cell].partial.add(value, needs: .init(function))
            }
        }
    }

    // MARK: Beginning

    mutating func begin(
        _ columns: [Value?], _ slot: Int, _ groupHits: UInt32, start: Instant, end: Instant
    ) {
        let isTrue = isFirstHit(columns, slot, groupHits)
        if shape.firstIsHold {
            if !isTrue { slots[slot].hasFired = false }
            if slots[slot].hasFired || isAtStart(slot) { return }
        }
        guard isTrue else { return }
        if shape.isPruned, slots[slot].occupied & firstRest & ~shape.fragile != 0 { return }
        var start = start
        switch shape.kinds[0] {
        case .group: start = groups[slot * shape.groups.count].since
        case .hold: start = end
        default: break
        }
        let index = add(slot, start: start, end: end)
        switch take(columns, slot, index, at: end) {
        case .stays, .ends:
            slots[slot].occupied |= 1 << UInt32(slots[slot].partials[index].step)
        case .completes:
            report(slot, at: end, since: start)
            partialCount -= 1
            if shape.isOverlapping {
                slots[slot].truncate(to: index, cells: captures, words: shape.words)
            } else {
                partialCount -= slots[slot].count - 1
                slots[slot].clear()
            }
        }
    }

    /// Where a partial is after its first event.
    private var firstRest: UInt32 {
        mutating get {
            switch shape.kinds[0] {
            case .once, .group: 2
            case .times(let count), .run(let count, _), .some(let count, _, _):
                count == 1 ? 2 : 1
            case .greedy, .hold, .absence: 1
            }
        }
    }

    private mutating func isAtStart(_ slot: Int) -> Bool {
        slots[slot].occupied & 1 != 0
            && slots[slot].partials[slots[slot].head...].contains { $0.step == 0 }
    }

    /// Lets the silence begin that a first step waits for.
    mutating func anchor(_ columns: [Value?], _ slot: Int, at time: Instant) {
        if isFirstHit(columns, slot, 0) {
            slots[slot].hasFired = false
        } else if slots[slot].hasFired || isAtStart(slot) {
            return
        }
        let index = add(slot, start: time, end: time)
        slots[slot].occupied |= 1
        slots[slot].partials[index].since = time
    }

    /// A new partial, last in its slot, for which room is made if need be.
    private mutating func add(_ slot: Int, start: Instant, end: Instant) -> Int {
        if slots[slot].count >= max(1, limits.partialsPerKey, shape.mostEvents) {
            slots[slot].removeFirst(cells: captures, words: shape.words)
            partialCount -= 1
            dropped += 1
        }
        if partialCount >= max(1, limits.partialsPerRule) { makeRoom() }
        var isWindowed = false
        if case .some(_, _, windows: true) = shape.kinds[0] { isWindowed = true }
        slots[slot].partials.append(
            PatternSlot.Partial(
                start: end, began: start, since: end, ordinal: slots[slot].ordinal,
                entered: isWindowed ? windows[slot].number : slots[slot].ordinal))
        if captures > 0 {
            slots[slot].cells += Array(repeating: PatternSlot.Cell(), count: captures)
        }
        if shape.words > 0 {
            slots[slot].words += Array(repeating: 0, count: shape.words)
        }
        partialCount += 1
        return slots[slot].partials.count - 1
    }

    /// Drops the earliest starts of the rule, some at a time, for finding them takes a while.
    private mutating func makeRoom() {
        var starts: [(start: Instant, slot: Int)] = []
        for slot in slots.indices {
            for partial in slots[slot].partials[slots[slot].head...] {
                starts.append((partial.start, slot))
            }
        }
        starts.sort { ($0.start, $0.slot) < ($1.start, $1.slot) }
        let count = max(1, limits.partialsPerRule / 64)
        for (_, slot) in starts.prefix(count) {
            slots[slot].removeFirst(cells: captures, words: shape.words)
        }
        partialCount -= min(count, starts.count)
        dropped += min(count, starts.count)
    }
}
