import Language
import Model

/// The steps that remember rows, and those behind them, for all keys: a device, or one of its
/// properties where a source takes any. Rows come in the total order.
struct StepTable: Sendable {
    let steps: [StepPlan]
    let width: Int
    /// Keys, and entries of a deduplication, may not be more than this.
    let limit: Int
    private let isByProperty: Bool
    private var numbers: [Owner: Int32] = [:]
    private var owners: [Owner] = []
    /// By key, then by step.
    private var states: [State] = []
    /// By step: what has passed a deduplication.
    private var passed: [Passed]
    /// By step: what joins add.
    private var joins: [LatestTable]
    private var timers = Heap<Timer>()
    /// Rows given up because of the limit.
    private var dropped: UInt64 = 0

    /// Whose rows belong together.
    struct Owner: Hashable, Sendable {
        var device: UInt32
        var property: UInt16
    }

    private struct State: Sendable {
        /// Of the last row that passed, or since when the candidate is there.
        var time = Instant.distantPast
        /// The last value that passed.
        var value: Value?
        /// The value that must last.
        var candidate: Value?
        /// Empty where none is held.
        var held: [Value?] = []
    }

    private struct Passed: Sendable {
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

    init(_ steps: [StepPlan], width: Int, isByProperty: Bool, limit: Int) {
        self.steps = steps
        self.width = width
        self.isByProperty = isByProperty
        self.limit = limit
        passed = steps.map { _ in Passed() }
        joins = steps.map { _ in LatestTable(limit: limit) }
    }

    /// When the first row that is held comes out.
    var firstDue: Instant? { timers.first?.due }

    /// Bytes of all steps with so many keys, each at its limit.
    func bytes(keys: Int) -> Int {
        var bytes = keys * 64
        for step in steps {
            bytes += keys * MemoryLayout<State>.stride
            if step.holdsRow {
                bytes += keys * (width * MemoryLayout<Value?>.stride + MemoryLayout<Timer>.stride)
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

    private mutating func key(of device: Device, _ property: Property) -> Int? {
        let owner = Owner(device: device.index, property: isByProperty ? property.index : 0)
        if let number = numbers[owner] { return Int(number) }
        return add(owner)
    }

    private mutating func add(_ owner: Owner) -> Int? {
        guard owners.count < limit else { return nil }
        numbers[owner] = Int32(owners.count)
        owners.append(owner)
        states += Array(repeating: State(), count: steps.count)
        return owners.count - 1
    }

    // MARK: Rows

    /// Sends a row through the steps; false where one of them drops or keeps it.
    mutating func pass(
        _ row: inout [Value?], device: Device, property: Property, at time: Instant
    ) -> Bool {
        guard let key = key(of: device, property) else {
            dropped += 1
            return false
        }
        return pass(&row, from: 0, key: key, at: time)
    }

    private mutating func pass(
        _ row: inout [Value?], from first: Int, key: Int, at time: Instant
    ) -> Bool {
        for step in first..<steps.count where !take(&row, step, key: key, at: time) { return false }
        return true
    }

    private mutating func take(
        _ row: inout [Value?], _ step: Int, key: Int, at time: Instant
    ) -> Bool {
        let place = key * steps.count + step
        switch steps[step] {
        case .filter(let program): return program.holds(row) == true
        case .derive(let column, let program):
            row[column] = program.evaluate(row)
            return true
        // Filled in on arrival, wherever the step stands.
        case .tags: return true
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
            if let value = row[column] { debounce(value, row, step, key: key, at: time, for: span) }
            return false
        case .join(let columns, let on, let span):
            if !joins[step].fill(
                &row, columns, on: joinKey(row, on, key), at: time, within: span)
            {
                dropped += 1
            }
            return true
        case .sample(let period, let kept):
            return sample(row, step, key: key, at: time, every: period, kept)
        case .rate(let source, let column, let unit):
            row[column] = nil
            guard let value = row[source]?.double else { return true }
            let span = time - states[place].time
            if let last = states[place].value?.double, span > .zero {
                let rate = (value - last) / Double(span.count) * Double(unit.count)
                row[column] = rate.isFinite ? .number(rate) : nil
            }
            states[place].value = .number(value)
            states[place].time = time
            return true
        }
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

    private mutating func debounce(
        _ value: Value, _ row: [Value?], _ step: Int, key: Int, at time: Instant,
        for span: Milliseconds
    ) {
        let place = key * steps.count + step
        if value == states[place].value {
            states[place].candidate = nil
            states[place].held = []
            return
        }
        states[place].held = row
        if value == states[place].candidate { return }
        states[place].candidate = value
        states[place].time = time
        wait(until: time + span, step, key)
    }

    private mutating func sample(
        _ row: [Value?], _ step: Int, key: Int, at time: Instant, every period: Milliseconds,
        _ kept: ProcessingDefinition.Kept
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
        states[place].held = row
        return false
    }

    private mutating func wait(until due: Instant, _ step: Int, _ key: Int) {
        timers.insert(
            Timer(due: due, step: Int32(step), owner: owners[key], key: Int32(key)))
    }

    // MARK: Timers

    /// A row that comes out behind the last step.
    struct Released: Sendable {
        var device: Device
        var property: Property
        var row: [Value?]
    }

    /// The rows that come out at `firstDue`, through the steps behind.
    mutating func fire() -> [Released] {
        guard let due = firstDue else { return [] }
        var released: [Released] = []
        while timers.first?.due == due, let timer = timers.removeFirst() {
            let (step, key) = (Int(timer.step), Int(timer.key))
            let place = key * steps.count + step
            guard isDue(steps[step], states[place], at: due) else { continue }
            var row = states[place].held
            states[place].held = []
            states[place].value = states[place].candidate ?? states[place].value
            states[place].candidate = nil
            guard pass(&row, from: step + 1, key: key, at: due) else { continue }
            released.append(
                Released(
                    device: Device(index: timer.owner.device),
                    property: Property(index: timer.owner.property), row: row))
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

extension StepTable {
    func write(into writer: inout ByteWriter) {
        writer.list(owners) { writer, owner in
            writer.unsigned(UInt64(owner.device))
            writer.unsigned(UInt64(owner.property))
        }
        for state in states {
            writer.instant(state.time)
            writer.value(state.value)
            writer.value(state.candidate)
            writer.list(state.held) { $0.value($1) }
        }
        for passed in passed {
            writer.list(passed.order.elements) { writer, entry in
                writer.instant(entry.time)
                writer.list(entry.key) { $0.value($1) }
            }
        }
        for join in joins { join.write(into: &writer) }
    }

    mutating func restore(from reader: inout ByteReader) throws(RecordError) {
        self = StepTable(steps, width: width, isByProperty: isByProperty, limit: limit)
        for _ in 0..<(try reader.count()) {
            let device = try reader.count()
            let property = try reader.count()
            guard property <= Int(UInt16.max),
                add(Owner(device: UInt32(device), property: UInt16(property))) != nil
            else { throw .malformed(at: reader.offset) }
        }
        for place in states.indices {
            states[place].time = try reader.instant()
            states[place].value = try reader.value()
            states[place].candidate = try reader.value()
            for _ in 0..<(try reader.count()) { states[place].held.append(try reader.value()) }
            guard [0, width].contains(states[place].held.count) else {
                throw .malformed(at: reader.offset)
            }
            guard !states[place].held.isEmpty else { continue }
            let (key, step) = place.quotientAndRemainder(dividingBy: steps.count)
            switch steps[step] {
            case .debounce(_, let span): wait(until: states[place].time + span, step, key)
            case .sample(let period, _): wait(until: states[place].time + period, step, key)
            default: throw .malformed(at: reader.offset)
            }
        }
        for step in steps.indices {
            for _ in 0..<(try reader.count()) {
                let time = try reader.instant()
                var key: [Value?] = []
                for _ in 0..<(try reader.count()) { key.append(try reader.value()) }
                passed[step].times[key] = time
                passed[step].order.append(Passed.Entry(time: time, key: key))
            }
        }
        for step in steps.indices { try joins[step].restore(from: &reader) }
    }
}
