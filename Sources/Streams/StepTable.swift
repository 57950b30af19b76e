import Language
import Model

/// The steps that remember rows, and those behind them, for all keys: a device, or one of its
/// properties where a source takes any; of rows of windows, a key of the stream and a window. Rows
/// come in the total order.
struct StepTable: Sendable {
    let steps: [StepPlan]
    let width: Int
    /// Keys, and entries of a deduplication, may not be more than this.
    let limit: Int
    let isByProperty: Bool
    /// What a held row has beside its columns: the partials of a window's measures. Nil for rows of
    /// sources.
    let measures: Int?
    private var numbers: [Owner: Int32] = [:]
    private(set) var owners: [Owner] = []
    /// By key, then by step.
    var states: [State] = []
    /// By step: what has passed a deduplication.
    var passed: [Passed]
    /// By step: what joins add.
    var joins: [LatestTable]
    /// By step: the functions in its expression that remember rows.
    var calls: [CallTable]
    private let hasOutlooks: Bool
    /// A row, and behind it what those functions have left.
    private var extended: [Value?] = []
    private var timers = Heap<Timer>()
    /// Rows given up because of the limit.
    private var dropped: UInt64 = 0
    /// Rows that no table knew anything of.
    private var unmatched: UInt64 = 0

    /// Whose rows belong together.
    struct Owner: Hashable, Sendable {
        var device: UInt32
        var property: UInt16
    }

    struct State: Sendable {
        /// Of the last row that passed, or since when the candidate is there.
        var time = Instant.distantPast
        /// The last value that passed.
        var value: Value?
        /// The value that must last.
        var candidate: Value?
        /// Empty where none is held.
        var held: [Value?] = []
        /// The window whose row is held.
        var window: Window?
    }

    /// What belongs to a window's row beside its columns.
    struct Window: Sendable {
        var start: Instant
        var partials: [AggregatePartial]
    }

    struct Passed: Sendable {
        var times: [[Value?]: Instant] = [:]
        var order = Deque<Entry>()

        struct Entry: Sendable {
            var time: Instant
            var key: [Value?]
        }
    }

    private struct Timer: Comparable, Sendable {
        var due: Instant
        var step: Int32
        var owner: Owner
        var key: Int32

        static func < (left: Timer, right: Timer) -> Bool {
            if left.due != right.due { return left.due < right.due }
            // What a later step waits for is due before the row that an earlier one lets go now.
            if left.step != right.step { return left.step > right.step }
            if left.owner.device != right.owner.device {
                return left.owner.device < right.owner.device
            }
            return left.owner.property < right.owner.property
        }
    }

    init(_ steps: [StepPlan], width: Int, isByProperty: Bool, limit: Int, measures: Int? = nil) {
        self.steps = steps
        self.width = width
        self.isByProperty = isByProperty
        self.limit = limit
        self.measures = measures
        passed = steps.map { _ in Passed() }
        joins = steps.map { _ in LatestTable(limit: limit) }
        calls = steps.map { CallTable($0.formula?.calls ?? []) }
        hasOutlooks = calls.contains { $0.hasOutlooks }
    }

    /// When the first row that is held comes out.
    var firstDue: Instant? { timers.first?.due }

    /// Bytes of all steps with so many keys, each at its limit.
    func bytes(keys: Int) -> Int {
        var bytes = keys * 64
        for (step, table) in zip(steps, calls) {
            bytes += keys * (MemoryLayout<State>.stride + table.bytesPerKey)
            if step.holdsRow {
                let partials = (measures ?? 0) * MemoryLayout<AggregatePartial>.stride
                bytes += keys * (width * MemoryLayout<Value?>.stride + partials)
                bytes += keys * MemoryLayout<Timer>.stride
            }
            if case .join(let columns, let on, _) = step {
                bytes += limit * LatestTable.bytes(columns: columns.count, on: max(1, on.count))
            }
            if case .deduplicate(let columns, _) = step {
                let columns = columns.isEmpty ? width + 2 : columns.count
                bytes += limit * (2 * columns * MemoryLayout<Value?>.stride + 96)
            }
        }
        return bytes
    }

    /// Rows given up since the last time this was asked.
    mutating func takeDropped() -> UInt64 {
        defer { dropped = 0 }
        return dropped
    }

    /// Rows of which tables knew nothing since the last time this was asked.
    mutating func takeUnmatched() -> UInt64 {
        defer { unmatched = 0 }
        return unmatched
    }

    /// How often looking ahead had no skill since the last time this was asked.
    mutating func takeUnskilled() -> UInt64 {
        guard hasOutlooks else { return 0 }
        var sum: UInt64 = 0
        for step in calls.indices { sum += calls[step].takeUnskilled() }
        return sum
    }

    private mutating func key(of device: Device, _ property: Property) -> Int? {
        let owner = Owner(device: device.index, property: isByProperty ? property.index : 0)
        if let number = numbers[owner] { return Int(number) }
        return add(owner)
    }

    mutating func add(_ owner: Owner) -> Int? {
        guard owners.count < limit else { return nil }
        numbers[owner] = Int32(owners.count)
        owners.append(owner)
        states += Array(repeating: State(), count: steps.count)
        return owners.count - 1
    }

    // MARK: Rows

    /// Sends a row through the steps; false where one of them drops or keeps it.
    mutating func pass(
        _ row: inout [Value?], device: Device, property: Property, at time: Instant,
        window: Window? = nil
    ) -> Bool {
        guard let key = key(of: device, property) else {
            dropped += 1
            return false
        }
        return pass(&row, from: 0, key: key, at: time, window)
    }

    private mutating func pass(
        _ row: inout [Value?], from first: Int, key: Int, at time: Instant, _ window: Window?
    ) -> Bool {
        for step in first..<steps.count where !take(&row, step, key: key, at: time, window) {
            return false
        }
        return true
    }

    private mutating func take(
        _ row: inout [Value?], _ step: Int, key: Int, at time: Instant, _ window: Window?
    ) -> Bool {
        let place = key * steps.count + step
        switch steps[step] {
        case .filter(let formula):
            return value(of: formula, row, step, key: key, at: time) == .boolean(true)
        case .derive(let column, let formula):
            row[column] = value(of: formula, row, step, key: key, at: time)
            return true
        // Filled in on arrival, wherever the step stands.
        case .tags: return true
        case .lookup(let lookup):
            if !lookup.fill(&row, at: time) { unmatched += 1 }
            return true
        case .deduplicate(let columns, let span):
            return isNew(row, columns, step, key: key, at: time, within: span)
        case .deadband(let column, let band):
            guard let value = row[column]?.double else { return true }
            if let last = states[place].value?.double, band.contains(value, around: last) {
                return false
            }
            states[place].value = .number(value)
            return true
        case .debounce(let column, let span):
            if let value = row[column], debounce(value, step, key: key, at: time, for: span) {
                hold(row, window, place)
            }
            return false
        case .join(let columns, let on, let span):
            if !joins[step].fill(
                &row, columns, on: joinKey(row, on, key), at: time, within: span)
            {
                dropped += 1
            }
            return true
        case .sample(let period, let kept):
            return sample(row, step, key: key, at: time, every: period, kept, window)
        case .rate(let source, let column, let unit):
            row[column] = rate(of: row[source]?.double, place, at: time, per: unit)
            return true
        }
    }

    private mutating func value(
        of formula: Formula, _ row: [Value?], _ step: Int, key: Int, at time: Instant
    ) -> Value? {
        if !formula.remembers { return formula.value(of: row, at: time, in: &extended) }
        extended.removeAll(keepingCapacity: true)
        extended += row.prefix(formula.width)
        for _ in formula.calls { extended.append(nil) }
        calls[step].fill(&extended, from: formula.width, key: key, at: time)
        return formula.program.evaluate(extended)
    }

    private mutating func rate(
        of value: Double?, _ place: Int, at time: Instant, per unit: Milliseconds
    ) -> Value? {
        guard let value else { return nil }
        var result: Value?
        let span = time - states[place].time
        if let last = states[place].value?.double, span > .zero {
            let rate = (value - last) / Double(span.count) * Double(unit.count)
            result = rate.isFinite ? .number(rate) : nil
        }
        states[place].value = .number(value)
        states[place].time = time
        return result
    }

    private func joinKey(_ row: [Value?], _ on: [Int], _ key: Int) -> [Value?] {
        on.isEmpty ? [.integer(Int64(owners[key].device))] : on.map { row[$0] }
    }

    /// Lets the joins at the very beginning know a row of a time before the first row of that time
    /// passes, so that all of them see each other.
    mutating func announce(
        _ row: [Value?], device: Device, property: Property, at time: Instant
    ) {
        guard case .join? = steps.first, let key = key(of: device, property) else { return }
        for step in steps.indices {
            guard case .join(let columns, let on, _) = steps[step] else { return }
            joins[step].learn(row, columns, on: joinKey(row, on, key), at: time)
        }
    }

    private mutating func isNew(
        _ row: [Value?], _ columns: [Int], _ step: Int, key: Int, at time: Instant,
        within span: Milliseconds
    ) -> Bool {
        while let oldest = passed[step].order.first, time - oldest.time >= span {
            passed[step].times[oldest.key] = nil
            passed[step].order.removeFirst()
        }
        let values =
            columns.isEmpty ? row + [.integer(Int64(key))] : columns.map { row[$0] }
        if passed[step].times[values] != nil { return false }
        if passed[step].order.count >= limit, let oldest = passed[step].order.first {
            passed[step].times[oldest.key] = nil
            passed[step].order.removeFirst()
            dropped += 1
        }
        passed[step].times[values] = time
        passed[step].order.append(Passed.Entry(time: time, key: values))
        return true
    }

    /// Whether the row with this value is to be held.
    private mutating func debounce(
        _ value: Value, _ step: Int, key: Int, at time: Instant, for span: Milliseconds
    ) -> Bool {
        let place = key * steps.count + step
        if value == states[place].value {
            states[place].candidate = nil
            states[place].held = []
            states[place].window = nil
            return false
        }
        if value == states[place].candidate { return true }
        states[place].candidate = value
        states[place].time = time
        wait(until: time + span, step, key)
        return true
    }

    private mutating func sample(
        _ row: [Value?], _ step: Int, key: Int, at time: Instant, every period: Milliseconds,
        _ kept: ProcessingDefinition.Kept, _ window: Window?
    ) -> Bool {
        let place = key * steps.count + step
        let start = time.floored(to: period)
        if kept == .first {
            if start == states[place].time { return false }
            states[place].time = start
            return true
        }
        if states[place].held.isEmpty {
            states[place].time = start
            wait(until: start + period, step, key)
        }
        hold(row, window, place)
        return false
    }

    private mutating func hold(_ row: [Value?], _ window: Window?, _ place: Int) {
        states[place].held = row
        states[place].window = window
    }

    mutating func wait(until due: Instant, _ step: Int, _ key: Int) {
        timers.insert(
            Timer(due: due, step: Int32(step), owner: owners[key], key: Int32(key)))
    }

    // MARK: Timers

    /// A row that comes out behind the last step.
    struct Released: Sendable {
        var device: Device
        var property: Property
        var row: [Value?]
        var window: Window?
    }

    /// The rows that come out at `firstDue`, through the steps behind, in the order of the devices;
    /// where these are the keys of a table, which has been ranked, in the order of its names.
    mutating func fire(_ keys: KeyTable? = nil) -> [Released] {
        guard let due = firstDue else { return [] }
        var dueNow: [Timer] = []
        while timers.first?.due == due, let timer = timers.removeFirst() { dueNow.append(timer) }
        if let keys {
            func place(_ timer: Timer) -> (Int32, Int32, UInt16) {
                (-timer.step, keys.rank(of: Int(timer.owner.device)), timer.owner.property)
            }
            dueNow.sort { place($0) < place($1) }
        }
        var released: [Released] = []
        for timer in dueNow {
            let (step, key) = (Int(timer.step), Int(timer.key))
            let place = key * steps.count + step
            guard isDue(steps[step], states[place], at: due) else { continue }
            var row = states[place].held
            let window = states[place].window
            states[place].held = []
            states[place].window = nil
            states[place].value = states[place].candidate ?? states[place].value
            states[place].candidate = nil
            guard pass(&row, from: step + 1, key: key, at: due, window) else { continue }
            released.append(
                Released(
                    device: Device(index: timer.owner.device),
                    property: Property(index: timer.owner.property), row: row, window: window))
        }
        return released
    }

    /// Whether what a timer waited for has not changed since.
    private func isDue(_ step: StepPlan, _ state: State, at due: Instant) -> Bool {
        guard !state.held.isEmpty else { return false }
        switch step {
        case .debounce(_, let span): return state.time + span == due
        case .sample(let period, _): return state.time + period == due
        default: return false
        }
    }
}

extension ProcessingDefinition.Band {
    /// Whether a value is no farther from the last than the band is wide.
    func contains(_ value: Double, around last: Double) -> Bool {
        switch self {
        case .absolute(let width): abs(value - last) <= width
        case .percent(let percent): abs(value - last) <= abs(last) * percent / 100
        }
    }
}
