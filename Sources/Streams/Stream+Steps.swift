import Language
import Model

/// Processing steps: those that only look at a row act as it arrives, and those that remember rows,
/// with all behind them, when it comes out of the reorder buffer.
extension Stream {
    /// Sends the row that has been filled through the steps that look at nothing else.
    mutating func passesArrivalSteps(
        _ device: Device, at time: Instant, _ registry: Registry
    ) -> Bool {
        for step in plan.arrivalSteps {
            switch step {
            case .filter(let formula):
                let value = formula.value(of: row, at: time, in: &extendedRow)
                if value != .boolean(true) { return false }
            case .derive(let column, let formula):
                row[column] = formula.value(of: row, at: time, in: &extendedRow)
            case .tags(let columns):
                let tags = registry.entry(device)?.tags
                for (column, tag) in columns { row[column] = tags?[tag].map { .text($0) } }
            case .lookup(let lookup):
                if !lookup.fill(&row, at: time) { counters.unmatched += 1 }
            case .deduplicate, .deadband, .debounce, .sample, .rate, .join: break
            }
        }
        return true
    }

    /// Lets out the waiting rows of one time, through the steps that remember rows.
    mutating func releaseInstant(
        _ time: Instant, registry: Registry, into outputs: inout [StreamOutput]
    ) {
        var waiting: [StepRow] = []
        while let next = buffer.first, next.time == time {
            var row = Array(repeating: Value?.none, count: plan.columns.count)
            buffer.removeFirst(into: &row)
            waiting.append(StepRow(device: next.device, property: next.property, row: row))
        }
        if join != nil { waiting = takeIntoJoin(waiting, at: time) }
        pass(waiting, at: time, registry: registry, into: &outputs)
    }

    /// Sends rows of one time through the steps that remember rows.
    mutating func pass(
        _ waiting: [StepRow], at time: Instant, registry: Registry,
        into outputs: inout [StreamOutput]
    ) {
        var rows: [(row: [Value?], key: Int)] = []
        for next in waiting {
            steps?.announce(next.row, device: next.device, property: next.property, at: time)
        }
        for next in waiting {
            var row = next.row
            if steps?.pass(&row, device: next.device, property: next.property, at: time) == false {
                counters.filtered += 1
            } else if let key = keys.key(of: row, next.device, in: registry) {
                rows.append((row, key))
            } else {
                counters.droppedByLimit += 1
            }
        }
        counters.droppedByLimit += steps?.takeDropped() ?? 0
        counters.unmatched += steps?.takeUnmatched() ?? 0
        counters.unskilled += steps?.takeUnskilled() ?? 0
        deliver(rows, at: time, registry: registry, into: &outputs)
        for next in waiting { unshelve(next.row) }
    }

    /// Lets out the rows that steps have held until `due`.
    mutating func fireSteps(
        due: Instant, registry: Registry, into outputs: inout [StreamOutput]
    ) {
        var rows: [(row: [Value?], key: Int)] = []
        for released in steps?.fire() ?? [] {
            if let key = keys.key(of: released.row, released.device, in: registry) {
                rows.append((released.row, key))
            } else {
                counters.droppedByLimit += 1
            }
        }
        deliver(rows, at: due, registry: registry, into: &outputs)
    }

    /// Takes rows of one time, in the total order, to windows or patterns.
    private mutating func deliver(
        _ rows: [(row: [Value?], key: Int)], at time: Instant, registry: Registry,
        into outputs: inout [StreamOutput]
    ) {
        if keyed != nil { return gather(rows, at: time, registry: registry, into: &outputs) }
        for table in tables.indices where !tables[table].isFed {
            for (index, (row, key)) in rows.enumerated()
            where !tables[table].add(
                row, key: key, time: time, order: UInt64(index), plan: plan.cells)
            {
                counters.droppedByLimit += 1
            }
        }
        guard tables.isEmpty else { return }
        for (row, key) in rows { remember(row, key: key, at: time) }
        for (row, key) in rows {
            observe(row, key: key, at: time, registry: registry, into: &outputs)
        }
    }
}
