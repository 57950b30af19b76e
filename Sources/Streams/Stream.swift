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
    /// By table: closed windows that late rows may revise, with a cell more that counts how often.
    var closed: [WindowTable] = []
    /// Late events put out in this turn.
    var lateOutputs = 0
    /// The window that follows the rows of its key, if that is what the stream has.
    var keyed: KeyedWindows?
    /// What joins rows of several sources, if the stream does that.
    var join: JoinTable?
    /// The steps that remember rows, if there are any.
    var steps: StepTable?
    /// Those behind windows, if any of them remembers rows.
    var rowSteps: StepTable?
    /// The numbers that devices give their events.
    var sequences: SequenceTable
    /// Of the row being filled; the least there is where it has none.
    var sequence = Int64.min
    /// Whether a source's events have numbers.
    let isNumbered: Bool
    /// Whether values are converted from the unit of a device's model.
    let isConverting: Bool
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
    /// Spare storage for a row with its time behind it.
    var extendedRow: [Value?] = []
    /// Whether rows wait for the watermark.
    let isOrdered: Bool
    /// Whether all waiting rows of one time come out together, not only those of one device.
    let releasesInstants: Bool
    /// Whether windows, or rows that steps hold, come to their ends by themselves.
    let hasOwnTimes: Bool
    /// Whether a row is looked at, or completed, as it arrives.
    private let judgesArrivals: Bool
    /// Of the rows that patterns see.
    let columnNames: [String]
    /// What the row being taken carries, by column.
    var carried: [AggregatePartial] = []
    /// What rows that wait carry.
    var carriedRows = CarriedRows()
    /// Datagrams' rows that may get more fields, at most one for each source.
    var pending: [Pending] = []
    /// Empty, but where somebody asks why a pattern fired or did not.
    var witnesses: [Witness] = []

    /// A row of several readings.
    struct Pending: Sendable {
        var source: Int
        var device: Device
        /// The first reading's.
        var property: Property
        var time: Instant
        /// On the clock.
        var arrival: Instant
        var row: [Value?]
    }

    /// A run that may come to its end.
    struct Timer: Comparable, Sendable {
        var due: Instant
        var pattern: Int32
        /// Of the pattern; below zero, the complement of a key that turns stale.
        var slot: Int32

        init(due: Instant, pattern: Int32, slot: Int32) {
            (self.due, self.pattern, self.slot) = (due, pattern, slot)
        }

        init(due: Instant, pattern: Int32, key: Int) {
            self.init(due: due, pattern: pattern, slot: ~Int32(key))
        }

        var staleKey: Int? { slot < 0 ? Int(~slot) : nil }

        static func < (left: Timer, right: Timer) -> Bool { left.due < right.due }
    }

    init(_ plan: StreamPlan, limits: StreamLimits) {
        self.plan = plan
        self.limits = limits
        clock = EventClock(
            plan.sources.map {
                EventClock.Source(
                    lateness: $0.lateness, idleTimeout: $0.idleTimeout,
                    isFollowing: $0.upstream != nil)
            })
        keys = KeyTable(fields: plan.keyFields, limit: limits.keys)
        tables = Stream.tables(of: plan, limits)
        if let retention = plan.retention {
            closed = Stream.keptTables(tables, for: retention)
        }
        keyed = plan.windows.first { $0.aligned == nil }.map {
            KeyedWindows($0.kind, plan.measures, plan.cells)
        }
        if !plan.orderedSteps.isEmpty {
            steps = StepTable(
                plan.orderedSteps, width: plan.columns.count,
                isByProperty: plan.sources.contains {
                    $0.upstream == nil && $0.topic.property == nil && !$0.topic.isWholeDatagram
                }, limit: limits.keys)
        }
        if plan.rowSteps.contains(where: \.isOrdered) {
            rowSteps = StepTable(
                plan.rowSteps, width: plan.patternWidth, isByProperty: true,
                limit: limits.keys * max(1, plan.windows.count), measures: plan.measures.count)
        }
        isNumbered = plan.sources.contains { $0.sequence != nil }
        isConverting = plan.sources.contains { !$0.conversions.isEmpty }
        sequences = SequenceTable(limit: isNumbered ? limits.keys * plan.sources.count : 0)
        join = plan.join.map { JoinTable($0, width: plan.columns.count, limits: limits) }
        let isRaw = plan.windows.isEmpty
        let states = Stream.patterns(of: plan, limits)
        let isOrderedBySteps = steps != nil || join != nil
        let isUnordered = isRaw && !isOrderedBySteps
        immediate = states.filter { isUnordered && $0.plan.isImmediate }
        ordered = states.filter { !isUnordered || !$0.plan.isImmediate }
        isOrdered = keyed != nil || isOrderedBySteps || isRaw && !ordered.isEmpty
        releasesInstants = keyed != nil || isOrderedBySteps || plan.followsStreams
        hasOwnTimes = !tables.isEmpty || keyed != nil || isOrderedBySteps
        judgesArrivals =
            plan.readsDevice || plan.sources.contains(where: \.namesTopic)
            || !plan.filters.isEmpty || !plan.arrivalSteps.isEmpty
        columnNames = plan.patternColumns
        buffer = ReorderBuffer(width: plan.columns.count, limit: limits.reorderEntries)
        counters = StreamCounters.Stream(name: plan.name)
        row = Array(repeating: nil, count: plan.columns.count)
        releasedRow = row
    }

    private static func patterns(of plan: StreamPlan, _ limits: StreamLimits) -> [PatternState] {
        let every = plan.windows.first?.aligned?.every
        return plan.patterns.map {
            PatternState(
                $0, width: plan.patternWidth, limits: limits, isWindowed: !plan.windows.isEmpty,
                slide: every, sources: plan.isOfDevices ? plan.sources : [])
        }
    }

    /// Times beyond this many milliseconds from the epoch (some 285,000 years) are no times.
    private static let timeLimit: UInt64 = 1 << 53

    /// When passing the time has something to say, on the clock; never while nothing waits.
    /// Mutating, because to ask an element of an array otherwise copies it.
    mutating func deadline() -> Instant {
        nextDue < .distantFuture ? clock.moment(ofReaching: nextDue) : .distantFuture
    }

    // MARK: Filling a row

    /// Puts a reading's value where the row wants it; a value of another type is missing, and
    /// counted.
    mutating func fill(_ column: Int, with value: Value) {
        if case .number = value, case .number = plan.columns[column].type {
            row[column] = value
        } else if let converted = value.converted(to: plan.columns[column].type) {
            row[column] = converted
        } else {
            counters.typeMismatches += 1
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
        if isNumbered, !takesNumber(source, device, at: time) { return clear() }
        if isConverting { convertUnits(source, device, registry) }
        let isLate = clock.isLate(time, source: source)
        clock.observe(time, source: source, at: now)
        if isLate { counters.late += 1 } else { counters.accepted += 1 }
        if isLate {
            acceptLate(source, device, property, at: time, registry: registry, into: &outputs)
        } else {
            if passesArrival(source, device, property, at: time, registry) {
                take(device, property, at: time, isLate: false, registry: registry, into: &outputs)
            } else {
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
            if isConverting { convertUnits(source, device, registry) }
            let unmatched = counters.unmatched
            if passesArrival(source, device, property, at: time, registry) {
                take(device, property, at: time, isLate: true, registry: registry, into: &outputs)
            }
            counters.unmatched = unmatched
        }
        clear()
    }

    @inline(__always)
    private mutating func passesArrival(
        _ source: Int, _ device: Device, _ property: Property, at time: Instant,
        _ registry: Registry
    ) -> Bool {
        guard judgesArrivals else { return true }
        fillNames(source, device, property, registry)
        return passesFilters() && passesArrivalSteps(device, at: time, registry)
    }

    mutating func fillNames(
        _ source: Int, _ device: Device, _ property: Property, _ registry: Registry
    ) {
        // A partner in a join may be about no device.
        if plan.readsDevice, device.index != Stream.noDevice.index {
            for column in plan.deviceColumns { row[column] = .text(registry.name(of: device)) }
        }
        guard plan.sources[source].namesTopic else { return }
        for (column, fill) in plan.sources[source].fills {
            switch fill {
            case .root: row[column] = .text("telemetry")
            case .propertyName: row[column] = .text(registry.name(of: property))
            case .partnerName: row[column] = .text(registry.name(of: device))
            case .sourceNumber(let number): row[column] = .integer(Int64(number))
            case .deviceName, .value, .property: break
            }
        }
    }

    /// Mutating, because otherwise the whole stream is copied.
    mutating func passesFilters() -> Bool {
        for index in 0..<plan.filters.count where plan.filters[index].holds(row) != true {
            return false
        }
        return true
    }

    /// A row that is on time, or late but of interest to a critical pattern.
    mutating func take(
        _ device: Device, _ property: Property, at time: Instant, isLate: Bool,
        registry: Registry, into outputs: inout [StreamOutput]
    ) {
        if join != nil {
            if !isLate { wait(device, property, until: time) }
            return
        }
        guard let key = keys.key(of: row, device, in: registry) else {
            counters.droppedByLimit += 1
            return
        }
        if !immediate.isEmpty {
            judgeAtOnce(key, at: time, isLate: isLate, registry: registry, into: &outputs)
        }
        if isLate { return }
        guard isOrdered else {
            let order = order(device, property)
            for table in 0..<tables.count where !tables[table].isFed {
                accumulate(
                    table, key: key, at: time, order: order, registry: registry, into: &outputs)
            }
            return
        }
        wait(device, property, until: time)
    }

    /// Puts the row behind others until the watermark passes.
    @inline(__always)
    private mutating func wait(_ device: Device, _ property: Property, until time: Instant) {
        if !carried.isEmpty { shelve() }
        buffer.add(
            moving: &row, time: time, device: device, sequence: sequence, property: property)
        nextDue = min(nextDue, time)
        if buffer.isOverfull, let oldest = buffer.first {
            counters.droppedByLimit += 1
            clock.push(to: oldest.time)
        }
    }

    /// Shows the row to the patterns that do not wait for its turn.
    private mutating func judgeAtOnce(
        _ key: Int, at time: Instant, isLate: Bool, registry: Registry,
        into outputs: inout [StreamOutput]
    ) {
        var row: [Value?] = []
        swap(&row, &self.row)
        for index in 0..<immediate.count where !isLate || immediate[index].plan.isCritical {
            immediate[index].observe(
                row, key: key, start: time, end: time, keys: keys, registry: registry)
            for place in 0..<immediate[index].findings.count {
                emit(
                    immediate[index].label, immediate[index].findings[place], row, key: key,
                    part: nil, into: &outputs)
            }
            witness(index, isImmediate: true, row, key: key, start: time, end: time)
        }
        swap(&row, &self.row)
    }

    private mutating func accumulate(
        _ table: Int, key: Int, at time: Instant, order: UInt64, registry: Registry,
        into outputs: inout [StreamOutput]
    ) {
        if !tables[table].add(
            row, carrying: carried, key: key, time: time, order: order, plan: plan.cells)
        {
            counters.droppedByLimit += 1
            repeat {
                clock.push(to: tables[table].firstEnd - Milliseconds(1))
                release(registry: registry, into: &outputs)
                if time <= clock.watermark { return }
            } while !tables[table].add(
                row, carrying: carried, key: key, time: time, order: order, plan: plan.cells)
        }
        guard tables[table].firstEnd < .distantFuture else { return }
        nextDue = min(nextDue, tables[table].firstEnd - Milliseconds(1))
    }

    /// A raw row for others. A nameless column is one that a step has replaced.
    func fields(of row: [Value?]) -> [Field] {
        plan.columns.enumerated().compactMap { index, column in
            column.name.isEmpty ? nil : Field(column.name, row[index])
        }
    }

    /// Reports what a pattern has found, with a row of the patterns' columns. `part` says what it
    /// is about where that is not simply the key.
    mutating func emit(
        _ pattern: PatternState.Label, _ finding: PatternFinding, _ row: [Value?], key: Int,
        part: [Field]?, into outputs: inout [StreamOutput]
    ) {
        let values =
            plan.windows.isEmpty
            ? fields(of: row)
            : windowFields(of: Array(row.prefix(plan.patternWidth)))
        var match = Match(
            stream: plan.name, pattern: pattern.name,
            device: pattern.isGroup ? nil : keys.keys[key].device, key: part ?? keys.output(key),
            time: finding.time, since: finding.since, values: values,
            actions: pattern.actions, isCritical: pattern.isCritical)
        if let step = finding.timedOutStep {
            match.timedOutStep = step
            match.values.append(Field("steps_taken", .integer(Int64(step))))
            match.actions = []
            counters.timedOut += 1
        } else {
            counters.matches += 1
        }
        if plan.windows.isEmpty, let name = keys.keys[key].values.first {
            for column in plan.deviceColumns {
                let field = plan.columns[column].name
                for index in match.values.indices where match.values[index].name == field {
                    match.values[index].value = name.map { .text($0) }
                }
            }
        }
        outputs.append(.match(match))
    }
}
