import Language
import Model

/// What becomes true, or too late, because nothing happens.
extension PatternState {
    /// Asks for a timer where one is due earlier than the one that was asked for.
    mutating func schedule(_ slot: Int) {
        guard holdsRows else { return }
        var due = Instant.distantFuture
        if judgesWindows {
            due = groups[slot].end
        } else {
            for partial in slots[slot].partials[slots[slot].head...] {
                due = min(due, self.due(of: partial))
            }
        }
        guard due < queued[slot] else { return }
        queued[slot] = due
        wake = Wake(slot: slot, due: due)
    }

    private func due(of partial: PatternSlot.Partial) -> Instant {
        let step = Int(partial.step)
        var due = Instant.distantFuture
        switch shape.kinds[step] {
        case .hold(let span) where partial.count > 0: due = partial.since + span
        case .absence(let span): due = partial.since + span
        case .greedy(let count) where step < shape.last && Int(partial.count) >= count:
            if case .absence(let span) = shape.kinds[step + 1] { due = partial.since + span }
        default: break
        }
        guard let span = shape.span else { return due }
        let end = partial.start + span
        if plan.reportsTimeouts { return min(due, end) }
        return due < end ? due : .distantFuture
    }

    /// A timer that was asked for is due. What follows is in `findings` and `wake`.
    mutating func timer(slot: Int, due: Instant, registry: Registry) {
        findings.removeAll(keepingCapacity: true)
        (wake, staleWake) = (nil, nil)
        // It may have been overtaken by an earlier one.
        guard queued[slot] == due else { return }
        queued[slot] = .distantFuture
        if judgesWindows {
            judgeWindow(slot, at: due, registry)
        } else {
            _ = sweep(slot, at: due) { state, index in state.fire(slot, index, at: due) }
        }
        schedule(slot)
    }

    private mutating func fire(_ slot: Int, _ index: Int, at time: Instant) -> Fate {
        let partial = slots[slot].partials[index]
        guard due(of: partial) <= time else { return .stays }
        if let span = shape.span, time - partial.start >= span {
            findings.append(
                PatternFinding(
                    slot: slot, time: time, since: partial.began, timedOutStep: Int(partial.step)))
            return .ends
        }
        if case .greedy = shape.kinds[Int(partial.step)] {
            slots[slot].partials[index].step += 1
        } else if partial.step == 0 {
            slots[slot].hasFired = true
        }
        return finishStep(slot, index, at: time) ? .completes : .stays
    }

    /// Decides about all that a slot has begun, between two events; true where one completes a
    /// match behind which all begins anew.
    mutating func sweep(
        _ slot: Int, at time: Instant, _ fate: (inout PatternState, Int) -> Fate
    ) -> Bool {
        var place = slots[slot].head
        var seen: UInt32 = 0
        for index in slots[slot].head..<slots[slot].partials.count {
            let fate = fate(&self, index)
            if case .completes = fate {
                report(slot, at: time, since: slots[slot].partials[index].began)
                if !shape.isOverlapping {
                    partialCount -= place - slots[slot].head + slots[slot].partials.count - index
                    slots[slot].clear()
                    return true
                }
            }
            let bit = UInt32(1) << UInt32(slots[slot].partials[index].step)
            let isKept =
                !shape.isPruned || seen & bit == 0 || !isDominated(slot, index, by: place - 1)
            guard case .stays = fate, isKept else {
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
    /// Whether of two that are at the same step the later can come to nothing that the earlier does
    /// not come to as well.
    mutating func isDominated(_ slot: Int, _ index: Int, by earlier: Int) -> Bool {
        let (one, other) = (slots[slot].partials[earlier], slots[slot].partials[index])
        guard case .greedy(let count) = shape.kinds[Int(other.step)],
            shape.fragile & 1 << UInt32(other.step) != 0
        else { return true }
        return one.step == other.step
            && (one.count == other.count || min(one.count, other.count) >= count)
    }
}
