import Language
import Model

/// One pattern at work: for each key, how far it is from a match. Rows come in the total order,
/// except to immediate patterns.
struct PatternState: Sendable {
    let plan: PatternPlan
    let shape: PatternShape
    /// The first step's; by itself, so that no row copies it.
    let condition: Program?
    let label: Label
    /// Columns of a row; aggregates, calls and captures follow them.
    let width: Int
    let limits: StreamLimits
    /// Whether rows are windows.
    let isWindowed: Bool
    /// From the start of a window to that of the next, where that is always the same.
    let slide: Milliseconds?
    /// Which devices the rows may be of, of which a group may want all.
    let sources: [SourcePlan]
    /// Whether a group of devices is judged at the end of windows.
    let judgesWindows: Bool
    /// True where one row makes a match, whatever came before, aggregates and calls aside.
    let isSingle: Bool
    /// Whether a timer may have to report a row.
    let holdsRows: Bool
    let hasPartitions: Bool
    /// By aggregate: whether it covers a number of events. Such a one takes each row just before
    /// it is judged; those that cover a span take all rows of one time before the first of them.
    let isCounted: [Bool]
    let hasCounted: Bool
    let hasSpans: Bool
    /// By key, or by what `partitions` makes of it.
    var slots: [PatternSlot] = []
    /// Where a slot is something else than a key: what.
    var partitions: PatternPartitions
    /// By slot, where it is not the key: the latest row's key.
    var owners: [Int32] = []
    /// By slot, where windows are counted.
    var windows: [PatternSlot.Window] = []
    /// By slot, where there is a cooldown.
    var lastMatches: [Instant] = []
    /// By slot, where timers are: when the next one is due.
    var queued: [Instant] = []
    /// By slot, then by group step.
    var groups: [PatternGroup] = []
    /// By key, then by aggregate.
    var trailing: [TrailingAggregate] = []
    /// By slot, then by column: the latest row, where a timer may report it.
    var held: [Value?] = []
    var calls: CallTable
    /// What aggregates take in remembers rows: of those over a span, and of those over a number of
    /// events, which take rows in at another moment.
    var fed: [CallTable]
    /// A row, and what was computed for the aggregates behind it.
    var fedRow: [Value?] = []
    /// Whether a call looks ahead.
    let hasOutlooks: Bool
    /// Where a call may turn stale.
    let hasStale: Bool
    var stale: PatternStale
    var row: [Value?]
    /// In all slots.
    var partialCount = 0

    /// What the latest row, or timer, has led to.
    var findings: [PatternFinding] = []
    /// A timer that it asks for.
    var wake: Wake?
    /// The same for a key, whose number stands for the slot.
    var staleWake: Wake?
    /// Partials, and rows, given up because of a limit since it was last asked.
    var dropped = 0
    var droppedRows = 0

    /// What a match says of its pattern.
    struct Label: Sendable {
        var name: String
        var actions: [String]
        var isCritical: Bool
        var isGroup: Bool
    }

    struct Wake: Hashable, Sendable {
        var slot: Int
        var due: Instant
    }

    init(
        _ plan: PatternPlan, width: Int, limits: StreamLimits = StreamLimits(),
        isWindowed: Bool = false, slide: Milliseconds? = nil, sources: [SourcePlan] = []
    ) {
        self.plan = plan
        self.width = width
        self.limits = limits
        self.isWindowed = isWindowed
        self.slide = slide
        self.sources = sources
        shape = PatternShape(plan)
        condition = shape.conditions[0]
        label = Label(
            name: plan.name, actions: plan.actions, isCritical: plan.isCritical,
            isGroup: !shape.groups.isEmpty)
        judgesWindows =
            plan.rule.isOfGroup && plan.rule.within == nil && (isWindowed || plan.window != nil)
        holdsRows = shape.hasTimers || judgesWindows
        calls = CallTable(plan.rule.calls)
        let rule = plan.rule
        fed = [false, true].map { counted in
            CallTable(
                rule.aggregates.contains { ($0.events != nil) == counted } ? rule.fed : [])
        }
        if !rule.fed.isEmpty { fedRow = Array(repeating: nil, count: width + rule.fed.count) }
        row = Array(
            repeating: nil,
            count: width + rule.aggregates.count + rule.calls.count + rule.captures.count)
        hasOutlooks = calls.hasOutlooks || fed.contains { $0.hasOutlooks }
        hasStale = rule.calls.contains { if case .stale = $0.kind { true } else { false } }
        stale = PatternStale(width: width + rule.aggregates.count + rule.calls.count)
        isCounted = rule.aggregates.map { $0.events != nil }
        hasCounted = isCounted.contains(true)
        hasSpans = isCounted.contains(false)
        isSingle = shape.isSingle && rule.per.isEmpty && !hasStale
        hasPartitions = !rule.per.isEmpty || !shape.groups.isEmpty
        partitions = PatternPartitions(
            per: rule.per, scope: plan.scope, isGroup: !shape.groups.isEmpty, limit: limits.keys)
    }

    mutating func reach(_ slot: Int) {
        guard slots.count <= slot else { return }
        let missing = slot + 1 - slots.count
        slots += Array(repeating: PatternSlot(), count: missing)
        groups += Array(repeating: PatternGroup(), count: missing * shape.groups.count)
        if hasPartitions { owners += Array(repeating: 0, count: missing) }
        if shape.countsWindows {
            windows += Array(repeating: PatternSlot.Window(), count: missing)
        }
        if plan.rule.cooldown != nil {
            lastMatches += Array(repeating: .distantPast, count: missing)
        }
        guard holdsRows else { return }
        held += Array(repeating: nil, count: missing * width)
        queued += Array(repeating: .distantFuture, count: missing)
    }

    // MARK: Aggregates

    private mutating func growTrailing(to count: Int) {
        let missing = count * plan.rule.aggregates.count - trailing.count
        if missing > 0 { trailing += Array(repeating: TrailingAggregate(), count: missing) }
    }

    /// Takes a row into the trailing aggregates, those over a number of events or those over a
    /// span. Returns how many values a limit made it forget.
    mutating func remember(
        _ row: [Value?], _ partials: [AggregatePartial], key: Int, at time: Instant, limit: Int,
        counted: Bool
    ) -> Int {
        growTrailing(to: key + 1)
        if !fedRow.isEmpty {
            for column in 0..<width { fedRow[column] = row[column] }
            fed[counted ? 1 : 0].fill(&fedRow, from: width, key: key, at: time)
        }
        var forgotten = 0
        let aggregates = plan.rule.aggregates.count
        for index in 0..<aggregates where isCounted[index] == counted {
            // The span lends the call, which the array would copy.
            let place = key * aggregates + index
            if !trailing[place].add(
                plan.rule.aggregates.span[index], fedRow.isEmpty ? row : fedRow, partials,
                at: time, limit: limit)
            {
                forgotten += 1
            }
        }
        return forgotten
    }

    // MARK: Rows

    /// Judges a row that covers `[start, end)`, both being the event's time for raw rows, and
    /// leaves what follows from it in `findings` and `wake`.
    mutating func observe(
        _ columns: [Value?], key: Int, start: Instant, end: Instant, keys: KeyTable,
        registry: Registry
    ) {
        if !findings.isEmpty { findings.removeAll(keepingCapacity: true) }
        (wake, staleWake) = (nil, nil)
        fillRow(columns, key: key, at: end)
        if isSingle { return observeSingle(columns, key: key, start: start, end: end) }
        var slot = key
        if hasPartitions {
            guard let place = place(columns, key: key, keys, registry) else {
                return keepStale(key, slot: -1, at: end)
            }
            slot = place
        }
        reach(slot)
        if hasPartitions { owners[slot] = Int32(key) }
        keepStale(key, slot: slot, at: end)
        if holdsRows {
            for column in 0..<width { held[slot * width + column] = columns[column] }
        }
        if judgesWindows {
            observeInWindow(columns, slot: slot, start: start, end: end)
            return schedule(slot)
        }
        step(columns, slot: slot, start: start, end: end, registry)
        if shape.hasTimers { schedule(slot) }
    }

    private mutating func observeSingle(
        _ columns: [Value?], key: Int, start: Instant, end: Instant
    ) {
        guard isFirstTrue(columns) else { return }
        if plan.rule.cooldown != nil { reach(key) }
        report(key, at: end, since: start)
    }

    private mutating func place(
        _ columns: [Value?], key: Int, _ keys: KeyTable, _ registry: Registry
    ) -> Int? {
        switch partitions.slot(of: key, columns, keys, registry) {
        case .slot(let slot): return slot
        case .full:
            droppedRows += 1
            return nil
        case .outside: return nil
        }
    }

    /// How often looking ahead had no skill since it was last asked.
    mutating func takeUnskilled() -> UInt64 {
        var sum = calls.takeUnskilled()
        for index in fed.indices { sum += fed[index].takeUnskilled() }
        return sum
    }

    /// Puts what belongs behind the columns behind them. Captures are filled in as they are read.
    private mutating func fillRow(_ columns: [Value?], key: Int, at time: Instant) {
        guard row.count > width else { return }
        for column in 0..<width { row[column] = columns[column] }
        let aggregates = plan.rule.aggregates.count
        growTrailing(to: key + 1)
        for index in 0..<aggregates {
            row[width + index] = trailing[key * aggregates + index]
                .result(of: plan.rule.aggregates.span[index])
        }
        if !plan.rule.calls.isEmpty {
            calls.fill(&row, from: width + aggregates, key: key, at: time)
        }
    }

    /// Whether the first step's condition is true of the row.
    mutating func isFirstTrue(_ columns: [Value?]) -> Bool {
        row.count > width ? condition?.holds(row) == true : condition?.holds(columns) == true
    }

    /// Whether the latest row has led to anything. Mutating, because to ask an element of an array
    /// otherwise copies it.
    var hasNews: Bool {
        mutating get {
            !findings.isEmpty || wake != nil || staleWake != nil || dropped + droppedRows > 0
        }
    }

    /// What a finding of a slot is about, where that is not simply the key.
    mutating func part(_ slot: Int, _ keys: KeyTable, columns: [String]) -> [Field]? {
        hasPartitions ? partitions.output(slot, keys, columns: columns) : nil
    }

    /// Whether a condition is true of the row.
    mutating func holds(_ program: Program, _ columns: [Value?]) -> Bool {
        row.count > width ? program.holds(row) == true : program.holds(columns) == true
    }

    /// The key of a slot's latest row.
    func key(of slot: Int) -> Int { hasPartitions ? Int(owners[slot]) : slot }

    /// The latest row of a slot.
    func heldRow(_ slot: Int) -> [Value?] { Array(held[slot * width..<(slot + 1) * width]) }

    /// Reports a match, unless the last was too short a time ago.
    mutating func report(_ slot: Int, at time: Instant, since: Instant) {
        if let cooldown = plan.rule.cooldown {
            let last = lastMatches[slot]
            if last > .distantPast, time - last < cooldown { return }
            lastMatches[slot] = time
        }
        findings.append(PatternFinding(slot: slot, time: time, since: since))
    }
}
