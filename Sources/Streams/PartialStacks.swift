import Model

/// A queue of partials that knows what all of it merges to, in two merges for each partial: the
/// older ones are merged from their end, the newer ones as they come.
struct PartialStacks: Sendable {
    private var entries = Deque<Entry>()
    /// `front.last` is all of the older ones merged, the one before it all but the first, ...
    private var front: [AggregatePartial] = []
    private var back = AggregatePartial()

    private struct Entry: Sendable {
        var time: Instant
        var sequence: Int64
        var partial: AggregatePartial
    }

    var count: Int { entries.count }
    var firstSequence: Int64? { entries.first?.sequence }

    /// All of it as one.
    var merged: AggregatePartial {
        guard var result = front.last else { return back }
        result.merge(back)
        return result
    }

    mutating func add(_ partial: AggregatePartial, _ time: Instant, _ sequence: Int64) {
        entries.append(Entry(time: time, sequence: sequence, partial: partial))
        back.merge(partial)
    }

    mutating func evict(_ edge: TrailingAggregate.Edge) {
        while let first = entries.first, edge.hasPassed(first.time, first.sequence) {
            if front.isEmpty { turn() }
            front.removeLast()
            entries.removeFirst()
        }
    }

    private mutating func turn() {
        var partial = AggregatePartial()
        for entry in entries.elements.reversed() {
            // The older one takes in the newer, as they came.
            var older = entry.partial
            older.merge(partial)
            partial = older
            front.append(partial)
        }
        back = AggregatePartial()
    }
}

extension PartialStacks {
    func write(into writer: inout ByteWriter) {
        writer.list(entries.elements) { writer, entry in
            writer.instant(entry.time)
            writer.signed(entry.sequence)
            entry.partial.write(into: &writer)
        }
    }

    init(from reader: inout ByteReader) throws(RecordError) {
        for _ in 0..<(try reader.count()) {
            let (time, sequence) = (try reader.instant(), try reader.aggregateCount())
            add(try AggregatePartial(from: &reader), time, sequence)
        }
    }
}
