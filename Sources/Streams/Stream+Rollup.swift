import Language
import Model

/// Windows that are made of smaller ones: a row goes into the smallest only, and as that closes, it
/// is merged into the next.
extension Stream {
    /// The tables of a plan's aligned windows.
    static func tables(of plan: StreamPlan, _ limits: StreamLimits) -> [WindowTable] {
        plan.windows.compactMap { window in
            window.aligned.map { size, every in
                let panes = size > every ? WindowTable.panes(size: size, every: every).count : 1
                // Two events far apart may open all their windows before the first close.
                let others = 2 * (WindowTable.covering(size: size, every: every) - 1)
                return WindowTable(
                    size: size, every: every, offset: window.offset,
                    cellsPerSlot: plan.cells.count, limit: panes * (limits.openWindows + others),
                    isFed: window.base != nil)
            }
        }
    }

    /// By table: where closed windows are kept for revision; a cell more counts how often.
    static func keptTables(_ tables: [WindowTable], for retention: Milliseconds) -> [WindowTable] {
        tables.map { table in
            WindowTable(
                size: table.size, every: table.every, offset: table.offset,
                cellsPerSlot: table.cellsPerSlot + 1,
                limit: Int(clamping: retention.count / table.every.count) + table.limit,
                isKept: true)
        }
    }

    /// The fields of a window's row that are not exact, and how far they may be from exact.
    func quality(of partials: [AggregatePartial]) -> [Field] {
        var result: [Field] = []
        for (index, measure) in plan.measures.enumerated() where measure.isEstimate {
            guard let error = partials[index].error(of: measure.function) else { continue }
            result.append(Field(measure.name, .number(error)))
        }
        return result
    }

    /// Merges the windows that end at `end` into those they are part of, the smallest first.
    mutating func rollUp(endingAt end: Instant) {
        for table in plan.bases where tables[table].firstEnd == end && tables[table].rolledEnd < end
        {
            tables[table].rolledEnd = end
            let slots = tables[table].closing()
            let smaller = tables[table]
            let isSealing = plan.retention == nil
            for larger in plan.windows.indices where plan.windows[larger].base == table {
                for (key, slot) in slots
                where !tables[larger].merge(
                    slot: slot, key: key, of: smaller, isSealing: isSealing)
                {
                    counters.droppedByLimit += 1
                }
            }
        }
    }

    /// Lets a late row revise what closed windows of a table have put out, and the larger ones they
    /// are part of; the open ones count it. False where all it belongs to are gone.
    mutating func revise(
        _ table: Int, key: Int, at time: Instant, order: UInt64, into outputs: inout [StreamOutput]
    ) -> Bool {
        guard let retention = plan.retention else { return false }
        var (isRevised, isOpen) = (false, false)
        for start in tables[table].starts(covering: time).reversed() {
            let end = start + tables[table].size
            if end > clock.watermark + Milliseconds(1) {
                isOpen = true
            } else if end + retention > clock.watermark,
                let slot = closed[table].add(
                    row, carrying: carried, key: key, at: time, order: order, start: start,
                    plan: plan.cells)
            {
                isRevised = true
                counters.revisions += 1
                let revision = closed[table].countRevision(of: slot)
                let partials = plan.measures.map { closed[table].cell(slot: slot, $0.cell) }
                var columns = windowColumns(of: partials, key: key)
                if passesRowSteps(&columns, at: end) {
                    putOut(
                        columns, table, key: key, from: start, to: end, partials,
                        revision: revision, into: &outputs)
                }
            }
        }
        if isOpen {
            isOpen = tables[table].addLate(
                row, carrying: carried, key: key, at: time, order: order, plan: plan.cells,
                behind: clock.watermark)
            if tables[table].firstEnd < .distantFuture {
                nextDue = min(nextDue, tables[table].firstEnd - Milliseconds(1))
            }
        }
        if isRevised {
            for larger in plan.windows.indices where plan.windows[larger].base == table {
                _ = revise(larger, key: key, at: time, order: order, into: &outputs)
            }
        }
        return isRevised || isOpen
    }
}
