import Language
import Model

/// Windows whose bounds the rows of their key decide: sessions, counts and sliding ones. Rows come
/// in the total order, so that the watermark has passed everything before them.
struct KeyedWindows: Sendable {
    let kind: WindowDefinition.Kind
    private let measures: [MeasurePlan]
    private let plan: [CellPlan]
    /// By measure: what a sliding window keeps of it.
    private let calls: [AggregateCall]
    private var keys: [Key] = []
    /// By key, then by cell; of sessions and counts.
    private var cells: [AggregatePartial] = []
    /// By key, then by measure; of sliding windows.
    private var trailing: [TrailingAggregate] = []
    /// One entry for each key with an open session, due when it may close.
    private var ends = Heap<End>()

    private struct Key: Sendable {
        var first = Instant.distantPast
        var last = Instant.distantPast
        /// Rows in the open window; 0 where none is open.
        var count = 0
    }

    private struct End: Comparable, Sendable {
        var due: Instant
        var key: Int32

        static func < (left: End, right: End) -> Bool { left.due < right.due }
    }

    /// A window that is complete.
    struct Closed: Sendable {
        var start: Instant
        var end: Instant
        /// By measure.
        var partials: [AggregatePartial]
    }

    init(_ kind: WindowDefinition.Kind, _ measures: [MeasurePlan], _ plan: [CellPlan]) {
        self.kind = kind
        self.measures = measures
        self.plan = plan
        calls = KeyedWindows.calls(kind, measures)
    }

    private static func calls(
        _ kind: WindowDefinition.Kind, _ measures: [MeasurePlan]
    ) -> [AggregateCall] {
        measures.enumerated().map { index, measure in
            AggregateCall(
                function: measure.function, argument: .column(index), over: kind.span ?? .zero,
                quantile: measure.quantile)
        }
    }

    /// No session closes before this.
    var firstDue: Instant? { ends.first?.due }

    /// Bytes of one key, at its limit.
    static func bytesPerKey(
        _ kind: WindowDefinition.Kind, _ measures: [MeasurePlan], _ plan: [CellPlan], entries: Int
    ) -> Int {
        var bytes = MemoryLayout<Key>.stride + MemoryLayout<End>.stride
        if case .sliding = kind {
            let each = MemoryLayout<TrailingAggregate>.stride
            for call in calls(kind, measures) {
                bytes += each + entries * TrailingAggregate.bytesPerEntry(of: call)
            }
        } else {
            bytes += plan.reduce(0) { $0 + $1.needs.bytes() }
        }
        return bytes
    }

    private mutating func grow(to count: Int) {
        guard keys.count < count else { return }
        let missing = count - keys.count
        keys += Array(repeating: Key(), count: missing)
        if case .sliding = kind {
            trailing += Array(repeating: TrailingAggregate(), count: missing * measures.count)
        } else {
            cells += Array(repeating: AggregatePartial(), count: missing * plan.count)
        }
    }

    // MARK: Sessions and counts

    /// Takes a row into its key's session or count; what a row of a count completes comes back.
    mutating func add(
        _ row: [Value?], carrying partials: [AggregatePartial], key: Int, at time: Instant
    ) -> Closed? {
        grow(to: key + 1)
        if keys[key].count == 0 { keys[key].first = time }
        keys[key].count += 1
        keys[key].last = time
        let order = UInt64(keys[key].count)
        for cell in 0..<plan.count {
            plan[cell].add(
                row, carrying: partials, at: time, order: order,
                to: &cells[key * plan.count + cell])
        }
        switch kind {
        case .count(let rows):
            guard keys[key].count >= rows else { return nil }
            return take(key, end: time)
        case .session:
            if keys[key].count == 1 { ends.insert(End(due: end(of: key), key: Int32(key))) }
            return nil
        case .tumbling, .hopping, .sliding: return nil
        }
    }

    /// When a key's session closes unless another row comes before.
    private func end(of key: Int) -> Instant {
        guard case .session(let gap, let longest) = kind else { return .distantFuture }
        let end = keys[key].last + gap
        return longest.map { min(end, keys[key].first + $0) } ?? end
    }

    private mutating func take(_ key: Int, end: Instant) -> Closed {
        let first = key * plan.count
        let closed = Closed(
            start: keys[key].first, end: end, partials: measures.map { cells[first + $0.cell] })
        for cell in 0..<plan.count { cells[first + cell] = AggregatePartial() }
        keys[key] = Key()
        return closed
    }

    /// The keys whose sessions close at `firstDue`, in no order; those that have been prolonged
    /// are put off.
    mutating func keysClosing() -> [Int] {
        guard let due = firstDue else { return [] }
        var closing: [Int] = []
        while ends.first?.due == due, let entry = ends.removeFirst() {
            let end = end(of: Int(entry.key))
            if end == due {
                closing.append(Int(entry.key))
            } else {
                ends.insert(End(due: end, key: entry.key))
            }
        }
        return closing
    }

    /// Closes the session of one of `keysClosing`.
    mutating func close(_ key: Int) -> Closed { take(key, end: end(of: key)) }

    // MARK: Sliding windows

    /// Takes a row into its key's trailing window. All rows of one time come before `trailing` is
    /// asked. Returns how many values a limit made it forget.
    mutating func remember(
        _ row: [Value?], carrying carried: [AggregatePartial], key: Int, at time: Instant,
        limit: Int
    ) -> Int {
        guard case .sliding = kind else { return 0 }
        grow(to: key + 1)
        let partials = measures.map { measure in
            let cell = plan[measure.cell]
            var partial = AggregatePartial()
            CellPlan(
                column: cell.column, second: cell.second,
                needs: AggregatePartial.Needs(measure.function), isMerged: cell.isMerged
            ).add(row, carrying: carried, at: time, order: 0, to: &partial)
            return partial
        }
        var forgotten = 0
        for index in measures.indices {
            let place = key * measures.count + index
            if !trailing[place].add(calls[index], row, partials, at: time, limit: limit) {
                forgotten += 1
            }
        }
        return forgotten
    }

    /// The window that ends with a key's rows at `time`.
    func trailing(_ key: Int, at time: Instant) -> Closed {
        let first = key * measures.count
        return Closed(
            start: time - (kind.span ?? .zero), end: time,
            partials: measures.indices.map { trailing[first + $0].merged })
    }
}

extension WindowDefinition.Kind {
    /// Of a sliding window: how far back it looks.
    fileprivate var span: Milliseconds? {
        if case .sliding(let span) = self { return span }
        return nil
    }
}

extension KeyedWindows {
    func write(into writer: inout ByteWriter) {
        writer.unsigned(keys.count)
        for key in keys.indices {
            writer.unsigned(keys[key].count)
            if keys[key].count > 0 {
                writer.instant(keys[key].first)
                writer.instant(keys[key].last)
                for cell in 0..<plan.count { cells[key * plan.count + cell].write(into: &writer) }
            }
            if case .sliding = kind {
                for index in measures.indices {
                    trailing[key * measures.count + index].write(into: &writer)
                }
            }
        }
    }

    /// `limit` is how many keys there are.
    mutating func restore(from reader: inout ByteReader, keys limit: Int) throws(RecordError) {
        self = KeyedWindows(kind, measures, plan)
        let count = try reader.count()
        guard count <= limit else { throw .malformed(at: reader.offset) }
        grow(to: count)
        for key in 0..<count {
            keys[key].count = try reader.count()
            if keys[key].count > 0 {
                keys[key].first = try reader.instant()
                keys[key].last = try reader.instant()
                for cell in 0..<plan.count {
                    // Sliding windows count no rows and have no cells.
                    guard key * plan.count + cell < cells.count else {
                        throw .malformed(at: reader.offset)
                    }
                    cells[key * plan.count + cell] = try AggregatePartial(from: &reader)
                }
                if case .session = kind { ends.insert(End(due: end(of: key), key: Int32(key))) }
            }
            if case .sliding = kind {
                for index in measures.indices {
                    trailing[key * measures.count + index] = try TrailingAggregate(
                        calls[index], from: &reader)
                }
            }
        }
    }
}
