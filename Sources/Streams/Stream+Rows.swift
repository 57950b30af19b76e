import Language
import Model

/// Rows of windows: through the steps behind the aggregate, out, and to the patterns.
extension Stream {
    /// Takes the row of a window that has closed.
    mutating func emit(
        _ table: Int, key: Int, from start: Instant, to end: Instant,
        _ partials: [AggregatePartial], registry: Registry, into outputs: inout [StreamOutput]
    ) {
        var columns = windowColumns(of: partials, key: key)
        if rowSteps == nil {
            guard passesRowSteps(&columns, at: end) else { return }
        } else {
            let passes = rowSteps?.pass(
                &columns, device: Device(index: UInt32(key)),
                property: Property(index: UInt16(table)), at: end,
                window: StepTable.Window(start: start, partials: partials))
            counters.droppedByLimit += rowSteps?.takeDropped() ?? 0
            counters.unmatched += rowSteps?.takeUnmatched() ?? 0
            counters.unskilled += rowSteps?.takeUnskilled() ?? 0
            guard passes == true else { return }
        }
        show(
            columns, table, key: key, from: start, to: end, partials, registry: registry,
            into: &outputs)
    }

    /// Lets out the rows of windows that steps have held until `due`, with that time as their end.
    mutating func fireRowSteps(
        due: Instant, registry: Registry, into outputs: inout [StreamOutput]
    ) {
        keys.rank()
        let released = rowSteps?.fire(keys) ?? []
        counters.droppedByLimit += rowSteps?.takeDropped() ?? 0
        for next in released {
            guard let window = next.window else { continue }
            show(
                next.row, Int(next.property.index), key: Int(next.device.index),
                from: window.start, to: due, window.partials, registry: registry, into: &outputs)
        }
    }

    /// Puts out a row, and lets the patterns see it.
    private mutating func show(
        _ columns: [Value?], _ table: Int, key: Int, from start: Instant, to end: Instant,
        _ partials: [AggregatePartial], registry: Registry, into outputs: inout [StreamOutput]
    ) {
        putOut(
            columns, table, key: key, from: start, to: end, partials, revision: 0, into: &outputs)
        counters.windowsClosed += 1
        for index in ordered.indices {
            for counted in [false, true] {
                counters.droppedByLimit += UInt64(
                    ordered[index].remember(
                        columns, partials, key: key, at: end, limit: limits.trailingEntries,
                        counted: counted))
            }
            ordered[index].observe(
                columns, key: key, start: start, end: end, keys: keys, registry: registry)
            act(on: index, columns, key: key, into: &outputs)
            if ordered[index].hasOutlooks {
                counters.unskilled += ordered[index].takeUnskilled()
            }
            witness(index, isImmediate: false, columns, key: key, start: start, end: end)
        }
    }

    /// The measures, the key, and places for what is derived of them.
    func windowColumns(of partials: [AggregatePartial], key: Int) -> [Value?] {
        var columns: [Value?] = zip(plan.measures, partials).map { measure, partial in
            partial.result(
                of: measure.function, quantile: measure.quantile, type: measure.type)
        }
        columns += keys.keys[key].values.map { $0.map { .text($0) } }
        columns += plan.derived.map { _ in nil }
        return columns
    }

    /// Sends a row through steps of which none remembers another.
    mutating func passesRowSteps(_ columns: inout [Value?], at time: Instant) -> Bool {
        for step in plan.rowSteps {
            switch step {
            case .filter(let formula):
                let value = formula.value(of: columns, at: time, in: &extendedRow)
                if value != .boolean(true) { return false }
            case .derive(let column, let formula):
                columns[column] = formula.value(of: columns, at: time, in: &extendedRow)
            case .lookup(let lookup):
                if !lookup.fill(&columns, at: time) { counters.unmatched += 1 }
            default: break
            }
        }
        return true
    }

    func putOut(
        _ columns: [Value?], _ table: Int, key: Int, from start: Instant, to end: Instant,
        _ partials: [AggregatePartial], revision: Int64, into outputs: inout [StreamOutput]
    ) {
        outputs.append(
            .row(
                WindowRow(
                    name: plan.name, window: plan.windows[table].name, start: start, end: end,
                    key: keys.output(key), fields: windowFields(of: columns), partials: partials,
                    quality: quality(of: partials), revision: revision)))
    }

    /// A window's row for others: the measures, then what is derived of them.
    func windowFields(of columns: [Value?]) -> [Field] {
        zip(plan.measures, columns).map { Field($0.name, $1) }
            + zip(plan.derived, columns.suffix(plan.derived.count)).map { Field($0.name, $1) }
    }
}
