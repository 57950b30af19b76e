import Language
import Model

/// One aggregate of one key over a trailing span `(t - over, t]`, kept up to date event by event.
///
/// Sums and counts take away what leaves, which is exact because `ExactSum` is; minimum and maximum
/// keep only values that no later one beats (monotone deques). Times come in order.
struct TrailingAggregate: Sendable {
    private var entries = Deque<Entry>()
    private var minima = Deque<Extreme>()
    private var maxima = Deque<Extreme>()
    private var total = AggregatePartial()

    private struct Entry: Sendable {
        var time: Instant
        var count: Int64
        var sum: ExactSum
    }

    private struct Extreme: Sendable {
        var time: Instant
        var value: Double
    }

    /// Values remembered.
    var count: Int { max(entries.count, minima.count, maxima.count) }

    static var bytesPerEntry: Int { MemoryLayout<Entry>.stride }

    /// Takes in what came at `time`; false where a limit made it forget the oldest.
    mutating func add(
        _ partial: AggregatePartial, at time: Instant, needs: AggregatePartial.Needs, limit: Int
    ) -> Bool {
        guard partial.count > 0 else { return true }
        if needs.contains(.extremes) {
            while let last = minima.last, last.value >= partial.minimum { minima.removeLast() }
            minima.append(Extreme(time: time, value: partial.minimum))
            while let last = maxima.last, last.value <= partial.maximum { maxima.removeLast() }
            maxima.append(Extreme(time: time, value: partial.maximum))
        } else {
            entries.append(Entry(time: time, count: partial.count, sum: partial.sum))
            total.count += partial.count
            total.sum.merge(partial.sum)
        }
        guard count > limit else { return true }
        if let first = [entries.first?.time, minima.first?.time, maxima.first?.time]
            .compactMap({ $0 }).min()
        {
            evict(through: first)
        }
        return false
    }

    /// Forgets what came at `time` or before.
    mutating func evict(through time: Instant) {
        while let first = entries.first, first.time <= time {
            total.count -= first.count
            total.sum.subtract(first.sum)
            entries.removeFirst()
        }
        while let first = minima.first, first.time <= time { minima.removeFirst() }
        while let first = maxima.first, first.time <= time { maxima.removeFirst() }
    }

    /// What is remembered, as one partial. Where only extremes are kept, its count tells none from
    /// some.
    var partial: AggregatePartial {
        guard let minimum = minima.first, let maximum = maxima.first else { return total }
        var result = AggregatePartial()
        result.count = 1
        result.minimum = minimum.value
        result.maximum = maximum.value
        return result
    }
}

extension TrailingAggregate {
    func write(into writer: inout ByteWriter) {
        writer.list(entries.elements) { writer, entry in
            writer.instant(entry.time)
            writer.signed(entry.count)
            entry.sum.write(into: &writer)
        }
        for extremes in [minima, maxima] {
            writer.list(extremes.elements) { writer, extreme in
                writer.instant(extreme.time)
                writer.double(extreme.value)
            }
        }
    }

    init(from reader: inout ByteReader) throws(RecordError) {
        for _ in 0..<(try reader.count()) {
            let entry = Entry(
                time: try reader.instant(), count: try reader.aggregateCount(),
                sum: try ExactSum(from: &reader))
            entries.append(entry)
            total.count += entry.count
            total.sum.merge(entry.sum)
        }
        minima = try TrailingAggregate.extremes(from: &reader)
        maxima = try TrailingAggregate.extremes(from: &reader)
    }

    private static func extremes(
        from reader: inout ByteReader
    ) throws(RecordError) -> Deque<Extreme> {
        var result = Deque<Extreme>()
        for _ in 0..<(try reader.count()) {
            result.append(Extreme(time: try reader.instant(), value: try reader.double()))
        }
        return result
    }
}
