import Language
import Model

/// One aggregate of one key over a trailing span `(t - over, t]` or the last rows, kept up to date
/// row by row. Rows come in the total order.
///
/// Sums of any power take away what leaves, which is exact because `ExactSum` is. Minimum and
/// maximum keep only values that no later one beats (monotone deques). Ranks are read from a sorted
/// array. Partials of windows, which cannot be taken away, are merged on two stacks.
struct TrailingAggregate: Sendable {
    private var entries = Deque<Entry>()
    private var minima = Deque<Extreme>()
    private var maxima = Deque<Extreme>()
    private var total = AggregatePartial()
    private var sorted: [Double] = []
    /// How often each hash is among the entries.
    private var seen: [UInt64: Int32] = [:]
    /// Twice the area below the entries.
    private var area = ExactSum()
    private var stacks = PartialStacks()
    /// Rows seen.
    private var sequence: Int64 = 0

    struct Entry: Sendable {
        var time: Instant
        var sequence: Int64
        var value: Value
        var second: Double?
    }

    private struct Extreme: Sendable {
        var time: Instant
        var sequence: Int64
        var value: Double
    }

    /// Whatever is not after both has left.
    struct Edge: Sendable {
        var time = Instant.distantPast
        var sequence = Int64.min

        func hasPassed(_ time: Instant, _ sequence: Int64) -> Bool {
            time <= self.time || sequence <= self.sequence
        }
    }

    /// Values remembered.
    var count: Int { max(entries.count, minima.count, maxima.count, stacks.count) }

    /// Values that are kept of a call at most.
    static func limit(of call: AggregateCall, _ limit: Int) -> Int {
        AggregatePartial.Needs(call.function) == .ranks ? min(limit, 4096) : limit
    }

    static func bytesPerEntry(of call: AggregateCall) -> Int {
        let needs = AggregatePartial.Needs(call.function)
        if case .column = call.argument { return 2 * needs.bytes() + 16 }
        switch needs {
        case .extremes: return 2 * MemoryLayout<Extreme>.stride
        case .ranks: return MemoryLayout<Entry>.stride + MemoryLayout<Double>.stride
        case .distinct: return MemoryLayout<Entry>.stride + 24
        default: return MemoryLayout<Entry>.stride
        }
    }

    // MARK: Rows

    /// Takes a row into its aggregate; false where a limit made it forget the oldest value.
    mutating func add(
        _ call: AggregateCall, _ row: [Value?], _ partials: [AggregatePartial],
        at time: Instant, limit: Int
    ) -> Bool {
        sequence += 1
        var edge = Edge(time: time - call.over)
        if let events = call.events { edge = Edge(sequence: sequence - Int64(events)) }
        evict(call.function, edge)
        switch call.argument {
        case .column(let column):
            if column < partials.count, partials[column].count > 0 {
                let needs = AggregatePartial.Needs(call.function)
                stacks.add(partials[column].reduced(to: needs), time, sequence)
            }
        case .program(let program):
            guard let value = program.evaluate(row) else { return true }
            if call.function == .count, value == .boolean(false) { return true }
            let second = call.second?.evaluate(row)?.double
            if call.function == .correlation, second == nil { return true }
            take(
                Entry(time: time, sequence: sequence, value: value, second: second), call.function)
        }
        guard count > TrailingAggregate.limit(of: call, limit) else { return true }
        let oldest = [
            entries.first?.sequence, minima.first?.sequence, maxima.first?.sequence,
            stacks.firstSequence,
        ]
        if let first = oldest.compactMap({ $0 }).min() {
            evict(call.function, Edge(sequence: first))
        }
        return false
    }

    private mutating func take(_ entry: Entry, _ function: AggregateFunction) {
        let needs = AggregatePartial.Needs(function)
        if needs == .extremes {
            guard let number = entry.value.double else { return }
            let extreme = Extreme(time: entry.time, sequence: entry.sequence, value: number + 0)
            while let last = minima.last, last.value >= number { minima.removeLast() }
            minima.append(extreme)
            while let last = maxima.last, last.value <= number { maxima.removeLast() }
            maxima.append(extreme)
            return
        }
        if needs.contains(.ranks), let number = entry.value.double {
            sorted.insert(number + 0, at: sorted.firstPlace(notBelow: number))
        } else if needs == .distinct {
            seen[DistinctSketch.hash(entry.value), default: 0] += 1
        } else if needs.contains(.timeline) {
            link(entries.last, entry, sign: 1)
            if let number = entry.value.double { total.add(number, needs: .sum) }
        } else if needs != .ends {
            total.add(entry.value, needs: needs, at: entry.time, with: entry.second)
        }
        entries.append(entry)
    }

    private mutating func link(_ first: Entry?, _ second: Entry?, sign: Double) {
        guard let first, let second, let from = first.value.double, let to = second.value.double
        else { return }
        area.addArea(
            Timeline.Point(time: first.time.milliseconds, order: 0, value: from),
            Timeline.Point(time: second.time.milliseconds, order: 0, value: to), sign: sign)
    }

    private mutating func evict(_ function: AggregateFunction, _ edge: Edge) {
        while let first = minima.first, edge.hasPassed(first.time, first.sequence) {
            minima.removeFirst()
        }
        while let first = maxima.first, edge.hasPassed(first.time, first.sequence) {
            maxima.removeFirst()
        }
        stacks.evict(edge)
        while let first = entries.first, edge.hasPassed(first.time, first.sequence) {
            entries.removeFirst()
            leave(first, function)
        }
    }

    private mutating func leave(_ entry: Entry, _ function: AggregateFunction) {
        let needs = AggregatePartial.Needs(function)
        if needs.contains(.ranks), let number = entry.value.double {
            sorted.remove(at: sorted.firstPlace(notBelow: number))
        } else if needs == .distinct {
            let hash = DistinctSketch.hash(entry.value)
            let left = (seen[hash] ?? 1) - 1
            seen[hash] = left == 0 ? nil : left
        } else if needs.contains(.timeline) {
            link(entry, entries.first, sign: -1)
            total.remove(entry.value, needs: .sum, at: entry.time, with: nil)
        } else if needs != .ends {
            total.remove(entry.value, needs: needs, at: entry.time, with: entry.second)
        }
    }

    // MARK: Results

    /// Where partials come in: all that are remembered, as one.
    var merged: AggregatePartial { stacks.merged }

    /// What the call's slot of the row holds. Mutating, because to ask an element of an array
    /// otherwise copies it.
    mutating func result(of call: AggregateCall) -> Value? {
        let function = call.function
        if case .column = call.argument {
            return stacks.merged.result(
                of: function, quantile: call.quantile, type: function.resultType(of: .number))
        }
        switch function {
        case .min: return minima.first.map { .number($0.value) }
        case .max: return maxima.first.map { .number($0.value) }
        case .range:
            guard let minimum = minima.first, let maximum = maxima.first else { return nil }
            return finite(maximum.value - minimum.value)
        case .first: return number(entries.first)
        case .last: return number(entries.last)
        case .rate:
            guard let first = entries.first, let last = entries.last, last.time > first.time,
                let from = first.value.double, let to = last.value.double
            else { return nil }
            return finite((to - from) / (Double((last.time - first.time).count) / 1000))
        case .median, .percentile, .mode, .mad, .histogram: return rank(call)
        case .distinct, .approxDistinct: return .integer(Int64(seen.count))
        case .integral: return entries.count == 0 ? nil : finite(area.divided(by: 2000))
        case .timeWeightedAvg:
            guard let first = entries.first, let last = entries.last else { return nil }
            let span = (last.time - first.time).count
            if span == 0 { return total.result(of: .avg, type: .number) }
            return finite(area.divided(by: 2 * span))
        case .count, .sum, .avg, .stddev, .stddevPop, .variance, .skewness, .kurtosis, .slope,
            .correlation:
            return total.result(of: function, type: function.resultType(of: .number))
        }
    }

    private func rank(_ call: AggregateCall) -> Value? {
        guard !sorted.isEmpty else { return nil }
        if call.function == .median || call.function == .percentile {
            let quantile = call.function == .median ? 0.5 : call.quantile ?? 0.5
            return finite(typeSeven(quantile, count: Int64(sorted.count)) { sorted[Int($0)] })
        }
        var sketch = ValueSketch(limit: sorted.count)
        for value in sorted { sketch.add(value) }
        switch call.function {
        case .mode: return finite(sketch.mode)
        case .mad: return finite(sketch.medianDeviation)
        default: return .text(sketch.histogram)
        }
    }

    private func number(_ entry: Entry?) -> Value? {
        entry.map { entry in entry.value.double.map { .number($0) } ?? entry.value }
    }

    private func finite(_ number: Double) -> Value? { number.isFinite ? .number(number) : nil }
}

extension TrailingAggregate {
    func write(into writer: inout ByteWriter) {
        writer.signed(sequence)
        writer.list(entries.elements) { writer, entry in
            writer.instant(entry.time)
            writer.signed(entry.sequence)
            writer.value(entry.value)
            writer.value(entry.second.map { .number($0) })
        }
        for extremes in [minima, maxima] {
            writer.list(extremes.elements) { writer, extreme in
                writer.instant(extreme.time)
                writer.signed(extreme.sequence)
                writer.double(extreme.value)
            }
        }
        stacks.write(into: &writer)
    }

    init(_ call: AggregateCall, from reader: inout ByteReader) throws(RecordError) {
        sequence = try reader.aggregateCount()
        for _ in 0..<(try reader.count()) {
            let entry = Entry(
                time: Instant(milliseconds: try reader.aggregateTime()),
                sequence: try reader.aggregateCount(),
                value: try reader.aggregateValue(), second: try reader.value()?.double)
            take(entry, call.function)
        }
        minima = try TrailingAggregate.extremes(from: &reader)
        maxima = try TrailingAggregate.extremes(from: &reader)
        stacks = try PartialStacks(from: &reader)
    }

    private static func extremes(
        from reader: inout ByteReader
    ) throws(RecordError) -> Deque<Extreme> {
        var result = Deque<Extreme>()
        for _ in 0..<(try reader.count()) {
            result.append(
                Extreme(
                    time: try reader.instant(), sequence: try reader.aggregateCount(),
                    value: try reader.double()))
        }
        return result
    }
}

extension ByteReader {
    fileprivate mutating func aggregateValue() throws(RecordError) -> Value {
        guard let value = try value() else { throw .malformed(at: offset) }
        return value
    }
}
