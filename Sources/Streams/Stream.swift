import Language
import Model

/// One stream at work: rows go in, window rows and matches come out.
///
/// Filters and windows do not care for the order of rows and take them as they arrive. Patterns
/// that do care see window rows, which are ordered, or raw rows out of a reorder buffer. Everything
/// comes out when the watermark passes.
struct Stream: Sendable {
    let plan: StreamPlan
    let limits: StreamLimits
    var clock: EventClock
    var keys: KeyTable
    var tables: [WindowTable]
    /// Judge every raw row as it arrives.
    var immediate: [PatternState]
    /// Judge rows in the total order.
    var ordered: [PatternState]
    var buffer: ReorderBuffer
    var timers = Heap<Timer>()
    var counters: StreamCounters.Stream
    /// Nothing comes out before the watermark reaches this.
    var nextDue = Instant.distantFuture
    /// The row being filled; nil in every column between two rows.
    var row: [Value?]
    /// Spare storage for a row that is being released.
    var releasedRow: [Value?]
    /// Datagrams' rows that may get more fields, at most one for each source.
    var pending: [Pending] = []

    /// A row of several readings.
    struct Pending: Sendable {
        var source: Int
        var device: Device
        /// The first reading's.
        var property: Property
        var time: Instant
        var row: [Value?]
    }

    /// A run that may come to its end.
    struct Timer: Comparable, Sendable {
        var due: Instant
        var pattern: Int32
        var key: Int32

        static func < (left: Timer, right: Timer) -> Bool { left.due < right.due }
    }

    init(_ plan: StreamPlan, limits: StreamLimits) {
        self.plan = plan
        self.limits = limits
        clock = EventClock(
            plan.sources.map {
                EventClock.Source(lateness: $0.lateness, idleTimeout: $0.idleTimeout)
            })
        keys = KeyTable(fields: plan.keyFields, limit: limits.keys)
        tables = plan.windows.map {
            WindowTable(
                size: $0.size, offset: $0.offset, cellsPerSlot: plan.cells.count,
                limit: limits.openWindows)
        }
        let isRaw = plan.windows.isEmpty
        let states = plan.patterns.map { PatternState($0, width: plan.patternWidth) }
        immediate = states.filter { isRaw && $0.plan.isImmediate }
        ordered = states.filter { !isRaw || !$0.plan.isImmediate }
        buffer = ReorderBuffer(width: plan.columns.count, limit: limits.reorderEntries)
        counters = StreamCounters.Stream(name: plan.name)
        row = Array(repeating: nil, count: plan.columns.count)
        releasedRow = row
    }

    /// Times beyond this many milliseconds from the epoch (some 285,000 years) are no times.
    private static let timeLimit: UInt64 = 1 << 53

    // MARK: Filling a row

    /// Puts a reading's value where the row wants it; a value of another type is missing, and
    /// counted.
    mutating func fill(_ column: Int, with value: Value) {
        switch value {
        case .number where plan.columns[column].type == .number: row[column] = value
        default: convert(value, for: column)
        }
    }

    private mutating func convert(_ value: Value, for column: Int) {
        switch (plan.columns[column].type, value) {
        case (.integer, .integer), (.boolean, .boolean), (.text, .text), (.timestamp, .timestamp):
            row[column] = value
        case (.number, .integer(let integer)): row[column] = .number(Double(integer))
        case (.integer, .number(let number)):
            row[column] = Int64(exactly: number).map { .integer($0) }
            if row[column] == nil { counters.typeMismatches += 1 }
        default: counters.typeMismatches += 1
        }
    }

    private mutating func clear() {
        for column in 0..<row.count { row[column] = nil }
    }

    // MARK: Rows

    /// Takes the row that has been filled, and empties it.
    mutating func acceptRow(
        _ source: Int, _ device: Device, _ property: Property, at time: Instant,
        registry: Registry, now: Instant, into outputs: inout [StreamOutput]
    ) {
        if now >= clock.nextTick {
            clock.tick(now)
            if clock.watermark >= nextDue { release(registry: registry, into: &outputs) }
        }
        guard time.milliseconds.magnitude < Stream.timeLimit else {
            counters.droppedByLimit += 1
            return clear()
        }
        let isLate = clock.isLate(time, source: source)
        clock.observe(time, source: source, at: now)
        if isLate { counters.late += 1 } else { counters.accepted += 1 }
        if !isLate || !immediate.isEmpty {
            fillNames(source, device, property, registry)
            if passesFilters() {
                take(
                    device, property, at: time, isLate: isLate, registry: registry, into: &outputs)
            } else if !isLate {
                counters.filtered += 1
            }
        }
        clear()
        if clock.watermark >= nextDue { release(registry: registry, into: &outputs) }
    }

    /// Lets critical patterns look at the row that has been filled, and forgets it: it was not
    /// taken, and will come again.
    mutating func judge(
        _ source: Int, _ device: Device, _ property: Property, at time: Instant,
        registry: Registry, into outputs: inout [StreamOutput]
    ) {
        if !immediate.isEmpty {
            fillNames(source, device, property, registry)
            if passesFilters() {
                take(device, property, at: time, isLate: true, registry: registry, into: &outputs)
            }
        }
        clear()
    }

    private mutating func fillNames(
        _ source: Int, _ device: Device, _ property: Property, _ registry: Registry
    ) {
        if plan.readsDevice {
            for column in plan.deviceColumns { row[column] = .text(registry.name(of: device)) }
        }
        guard plan.sources[source].namesTopic else { return }
        for (column, fill) in plan.sources[source].fills {
            if fill == .root { row[column] = .text("telemetry") }
            if fill == .propertyName { row[column] = .text(registry.name(of: property)) }
        }
    }

    private func passesFilters() -> Bool {
        for index in 0..<plan.filters.count where plan.filters[index].holds(row) != true {
            return false
        }
        return true
    }

    /// A row that is on time, or late but of interest to a critical pattern.
    private mutating func take(
        _ device: Device, _ property: Property, at time: Instant, isLate: Bool,
        registry: Registry, into outputs: inout [StreamOutput]
    ) {
        guard let key = keys.key(of: device, in: registry) else {
            counters.droppedByLimit += 1
            return
        }
        for index in 0..<immediate.count where !isLate || immediate[index].plan.isCritical {
            if case .match(let since) = immediate[index].observe(
                row, key: key, start: time, end: time)
            {
                emit(immediate[index].plan, row, key: key, time, since, into: &outputs)
            }
        }
        if isLate { return }
        for table in 0..<tables.count {
            accumulate(table, key: key, at: time, registry: registry, into: &outputs)
        }
        guard tables.isEmpty, !ordered.isEmpty else { return }
        buffer.add(row, time: time, device: device, property: property)
        nextDue = min(nextDue, time)
        if buffer.isOverfull, let oldest = buffer.first {
            counters.droppedByLimit += 1
            clock.push(to: oldest.time)
        }
    }

    private mutating func accumulate(
        _ table: Int, key: Int, at time: Instant, registry: Registry,
        into outputs: inout [StreamOutput]
    ) {
        if !tables[table].add(row, key: key, time: time, plan: plan.cells) {
            counters.droppedByLimit += 1
            repeat {
                clock.push(to: tables[table].firstEnd - Milliseconds(1))
                release(registry: registry, into: &outputs)
                if time <= clock.watermark { return }
            } while !tables[table].add(row, key: key, time: time, plan: plan.cells)
        }
        nextDue = min(nextDue, tables[table].firstEnd - Milliseconds(1))
    }

    /// Reports a match on a row of the patterns' columns.
    mutating func emit(
        _ pattern: PatternPlan, _ row: [Value?], key: Int, _ time: Instant, _ since: Instant,
        into outputs: inout [StreamOutput]
    ) {
        counters.matches += 1
        let values =
            plan.windows.isEmpty
            ? plan.columns.enumerated().map { Field($1.name, row[$0]) }
            : plan.measures.enumerated().map { Field($1.name, row[$0]) }
        var match = Match(
            stream: plan.name, pattern: pattern.name, device: keys.keys[key].device,
            key: keys.output(key), time: time, since: since, values: values,
            actions: pattern.actions, isCritical: pattern.isCritical)
        if plan.windows.isEmpty, let name = keys.keys[key].values.first {
            for column in plan.deviceColumns {
                match.values[column].value = name.map { .text($0) }
            }
        }
        outputs.append(.match(match))
    }
}
