import Language
import Model

/// A pattern as it is compiled.
struct PatternPlan: Sendable {
    let name: String
    let rule: Rule
    let actions: [String]
    let isCritical: Bool

    /// True where nothing but the row itself decides, so that on raw rows arrival order is
    /// irrelevant, or, being critical, is what somebody asked for.
    var isImmediate: Bool {
        rule.sustained == .once && rule.aggregates.isEmpty && (isCritical || rule.cooldown == nil)
    }
}

/// One pattern at work: for each key, how far it is from a match. Rows come in the total order,
/// except to immediate patterns.
struct PatternState: Sendable {
    let plan: PatternPlan
    /// Columns of a row; aggregates follow them.
    let width: Int
    private var keys: [Key] = []
    /// By key, then by aggregate.
    private var trailing: [TrailingAggregate] = []
    /// By key, then by column: the latest row of a run that must last.
    private var held: [Value?] = []
    private var row: [Value?]

    /// Where one key stands.
    struct Key: Sendable {
        var runStart = Instant.distantPast
        var lastEnd = Instant.distantPast
        var lastMatch = Instant.distantPast
        var runLength: Int32 = 0
        var hasFired = false
        var isQueued = false
    }

    /// What a row, or a timer, meant.
    enum Verdict: Hashable, Sendable {
        case nothing
        case match(since: Instant)
        /// Unless the condition fails before, there will be something to say at this time.
        case wait(until: Instant)
    }

    init(_ plan: PatternPlan, width: Int) {
        self.plan = plan
        self.width = width
        row = Array(repeating: nil, count: width + plan.rule.aggregates.count)
    }

    private var holdsRows: Bool {
        if case .duration = plan.rule.sustained { return true }
        return false
    }

    private mutating func grow(to count: Int) {
        guard keys.count < count else { return }
        let missing = count - keys.count
        keys += Array(repeating: Key(), count: missing)
        let aggregates = plan.rule.aggregates.count
        trailing += Array(repeating: TrailingAggregate(), count: missing * aggregates)
        if holdsRows { held += Array(repeating: nil, count: missing * width) }
    }

    // MARK: Rows

    /// Takes a row into the trailing aggregates. All rows of one key and time come before `observe`
    /// is called for the first of them. Returns how many values a limit made it forget.
    mutating func remember(
        _ row: [Value?], _ partials: [AggregatePartial], key: Int, at time: Instant, limit: Int
    ) -> Int {
        grow(to: key + 1)
        var forgotten = 0
        let aggregates = plan.rule.aggregates.count
        for index in 0..<aggregates {
            let call = plan.rule.aggregates[index]
            let place = key * aggregates + index
            trailing[place].evict(through: time - call.over)
            let needs = AggregatePartial.Needs(call.function)
            let partial = partial(of: call, row, partials, needs: needs)
            if !trailing[place].add(partial, at: time, needs: needs, limit: limit) {
                forgotten += 1
            }
        }
        return forgotten
    }

    private func partial(
        of call: AggregateCall, _ row: [Value?], _ partials: [AggregatePartial],
        needs: AggregatePartial.Needs
    ) -> AggregatePartial {
        switch call.argument {
        case .column(let column):
            return column < partials.count ? partials[column] : AggregatePartial()
        case .program(let program):
            var partial = AggregatePartial()
            guard let value = program.evaluate(row) else { return partial }
            if call.function == .count, value == .boolean(false) { return partial }
            partial.add(value, needs: needs)
            return partial
        }
    }

    /// Judges a row that covers `[start, end)`, both being the event's time for raw rows.
    mutating func observe(
        _ columns: [Value?], key: Int, start: Instant, end: Instant
    ) -> Verdict {
        grow(to: key + 1)
        let holds = evaluate(columns, key: key)
        switch plan.rule.sustained {
        case .once:
            return holds ? match(key, at: end, since: start) : .nothing
        case .consecutiveEvents(let length):
            return extendRun(holds, key: key, start: start, end: end, length: length)
        case .consecutiveWindows(let length):
            if keys[key].lastEnd != start { keys[key].runLength = 0 }
            keys[key].lastEnd = end
            return extendRun(holds, key: key, start: start, end: end, length: length)
        case .duration(let duration):
            return sustain(holds, columns, key: key, at: end, for: duration)
        }
    }

    private mutating func evaluate(_ columns: [Value?], key: Int) -> Bool {
        let aggregates = plan.rule.aggregates.count
        if aggregates == 0 { return plan.rule.condition.holds(columns) == true }
        for column in 0..<width { row[column] = columns[column] }
        for index in 0..<aggregates {
            row[width + index] = trailing[key * aggregates + index].partial
                .result(of: plan.rule.aggregates[index].function, type: .number)
        }
        return plan.rule.condition.holds(row) == true
    }

    private mutating func extendRun(
        _ holds: Bool, key: Int, start: Instant, end: Instant, length: Int
    ) -> Verdict {
        guard holds else {
            keys[key].runLength = 0
            return .nothing
        }
        if keys[key].runLength == 0 { keys[key].runStart = start }
        keys[key].runLength += 1
        guard Int(keys[key].runLength) >= length else { return .nothing }
        keys[key].runLength = 0
        return match(key, at: end, since: keys[key].runStart)
    }

    private mutating func sustain(
        _ holds: Bool, _ columns: [Value?], key: Int, at time: Instant, for duration: Milliseconds
    ) -> Verdict {
        guard holds else {
            keys[key].runLength = 0
            return .nothing
        }
        if keys[key].runLength == 0 {
            keys[key].runLength = 1
            keys[key].runStart = time
            keys[key].hasFired = false
        }
        if keys[key].hasFired { return .nothing }
        for column in 0..<width { held[key * width + column] = columns[column] }
        if keys[key].isQueued { return .nothing }
        keys[key].isQueued = true
        return .wait(until: keys[key].runStart + duration)
    }

    /// A timer that `observe` asked for is due.
    mutating func timer(key: Int, due: Instant) -> Verdict {
        guard case .duration(let duration) = plan.rule.sustained else { return .nothing }
        keys[key].isQueued = false
        guard keys[key].runLength > 0, !keys[key].hasFired else { return .nothing }
        guard keys[key].runStart + duration <= due else {
            keys[key].isQueued = true
            return .wait(until: keys[key].runStart + duration)
        }
        keys[key].hasFired = true
        return match(key, at: due, since: keys[key].runStart)
    }

    /// The latest row of the run that a timer has completed.
    func heldRow(_ key: Int) -> [Value?] { Array(held[key * width..<(key + 1) * width]) }

    private mutating func match(_ key: Int, at time: Instant, since: Instant) -> Verdict {
        if let cooldown = plan.rule.cooldown {
            let last = keys[key].lastMatch
            if last > .distantPast, time - last < cooldown { return .nothing }
            keys[key].lastMatch = time
        }
        return .match(since: since)
    }
}

extension PatternState {
    func write(into writer: inout ByteWriter) {
        let aggregates = plan.rule.aggregates.count
        writer.unsigned(keys.count)
        for (index, key) in keys.enumerated() {
            writer.instant(key.runStart)
            writer.instant(key.lastEnd)
            writer.instant(key.lastMatch)
            writer.unsigned(Int(key.runLength))
            writer.bool(key.hasFired)
            for place in 0..<aggregates {
                trailing[index * aggregates + place].write(into: &writer)
            }
            guard holdsRows else { continue }
            for column in 0..<width { writer.value(held[index * width + column]) }
        }
    }

    /// `keys` is how many keys there are. Returns the timers that are running.
    mutating func restore(
        from reader: inout ByteReader, keys limit: Int
    ) throws(RecordError) -> [(key: Int, due: Instant)] {
        self = PatternState(plan, width: width)
        var timers: [(key: Int, due: Instant)] = []
        let count = try reader.count()
        guard count <= limit else { throw .malformed(at: reader.offset) }
        for index in 0..<count {
            var key = Key()
            key.runStart = try reader.instant()
            key.lastEnd = try reader.instant()
            key.lastMatch = try reader.instant()
            key.runLength = Int32(min(try reader.count(), Int(Int32.max) - 1))
            key.hasFired = try reader.bool()
            for _ in plan.rule.aggregates { trailing.append(try TrailingAggregate(from: &reader)) }
            if case .duration(let duration) = plan.rule.sustained {
                for _ in 0..<width { held.append(try reader.value()) }
                if key.runLength > 0, !key.hasFired {
                    key.isQueued = true
                    timers.append((index, key.runStart + duration))
                }
            }
            keys.append(key)
        }
        return timers
    }
}
