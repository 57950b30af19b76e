import Model

/// A join of a stream's sources with others of its sources, at work. Rows come in the total order,
/// all of one time together, and joined rows come out in the order of their time, then of the row,
/// then of its partner.
struct JoinTable: Sendable {
    let plan: JoinPlan
    private let width: Int
    /// Joined rows of one time may not be more than this.
    private let limit: Int
    private var rows: JoinSide
    private var partners: JoinSide
    /// All windows that end by then have come out.
    private var closed = Instant.distantPast
    /// When the first row that waits for a moment comes out.
    private(set) var firstDue: Instant?
    private var dropped: UInt64 = 0
    private var unmatched: UInt64 = 0

    init(_ plan: JoinPlan, width: Int, limits: StreamLimits) {
        self.plan = plan
        self.width = width
        limit = limits.joinRows
        rows = JoinSide(limit: limits.joinRows, limitPerKey: limits.joinRowsPerKey)
        partners = rows
    }

    /// Rows given up, and rows without a partner, since the last time this was asked.
    mutating func takeCounts() -> (dropped: UInt64, unmatched: UInt64) {
        defer { (dropped, unmatched, rows.dropped, partners.dropped) = (0, 0, 0, 0) }
        return (dropped + rows.dropped + partners.dropped, unmatched)
    }

    /// A joined row with the numbers of the two it is made of.
    private struct Result {
        var row: UInt64
        var partner: UInt64
        var joined: StepRow
    }

    // MARK: Rows

    /// Takes all rows of one time; what they complete comes back.
    mutating func take(_ arrivals: [StepRow], at time: Instant) -> [StepRow] {
        forget(before: time)
        var (left, right): ([StepRow], [StepRow]) = ([], [])
        for arrival in sorted(arrivals) {
            if plan.source(of: arrival.row) < plan.firstPartner {
                left.append(arrival)
            } else {
                right.append(arrival)
            }
        }
        var results: [Result] = []
        for row in right { takePartner(row, at: time, &results) }
        for row in left { takeRow(row, at: time, &results) }
        results.sort { ($0.row, $0.partner) < ($1.row, $1.partner) }
        findFirstDue()
        return results.map(\.joined)
    }

    /// The total order also between rows of other streams, which may have come in any order.
    private func sorted(_ arrivals: [StepRow]) -> [StepRow] {
        func precedes(_ left: (offset: Int, element: StepRow), _ right: (offset: Int, StepRow))
            -> Bool
        {
            let (first, second) = (left.element, right.1)
            return (first.device.index, plan.rank(of: first.row), left.offset)
                < (second.device.index, plan.rank(of: second.row), right.offset)
        }
        return arrivals.enumerated().sorted(by: { precedes($0, $1) }).map(\.element)
    }

    private mutating func takePartner(
        _ row: StepRow, at time: Instant, _ results: inout [Result]
    ) {
        guard let key = plan.key(of: row.row, row.device) else { return }
        let number = partners.add(JoinSide.Entry(row: row, time: time, key: key))
        guard case .interval = plan.kind else { return }
        // Of those that wait none is too old.
        for other in rows.numbers(of: key) {
            guard let entry = rows[other] else { continue }
            rows.markMatched(other)
            add(entry.row, other, row, number, &results)
        }
    }

    private mutating func takeRow(_ row: StepRow, at time: Instant, _ results: inout [Result]) {
        let key = plan.key(of: row.row, row.device)
        if key == nil, !plan.keepsUnmatched {
            unmatched += 1
            return
        }
        var entry = JoinSide.Entry(row: row, time: time, key: key)
        guard case .interval(let before, let after) = plan.kind else {
            rows.add(entry)
            return
        }
        var found: [UInt64] = []
        for number in key.map({ partners.numbers(of: $0) }) ?? [] {
            guard let partner = partners[number] else { continue }
            if partner.time >= time - before, partner.time < time + after { found.append(number) }
        }
        entry.isMatched = !found.isEmpty
        // Without a time behind it, nothing that comes later is its partner.
        let number = after > .zero ? rows.add(entry) : rows.skip()
        for partner in found {
            if let other = partners[partner] { add(row, number, other.row, partner, &results) }
        }
        if after == .zero, found.isEmpty { addUnmatched(row, number, &results) }
    }

    private mutating func add(
        _ row: StepRow, _ number: UInt64, _ partner: StepRow, _ partnerNumber: UInt64,
        _ results: inout [Result]
    ) {
        guard results.count < limit else {
            dropped += 1
            return
        }
        var joined = row
        joined.row = plan.joined(row.row, partner.row)
        results.append(Result(row: number, partner: partnerNumber, joined: joined))
    }

    private mutating func addUnmatched(
        _ row: StepRow, _ number: UInt64, _ results: inout [Result]
    ) {
        unmatched += 1
        guard plan.keepsUnmatched else { return }
        guard results.count < limit else {
            dropped += 1
            return
        }
        results.append(Result(row: number, partner: 0, joined: row))
    }

    /// Forgets what no row from `time` on can be joined with.
    private mutating func forget(before time: Instant) {
        switch plan.kind {
        case .interval(let before, let after):
            while let first = partners.first(), first.time + before < time {
                _ = partners.removeFirst()
            }
            // Where rows without a partner are kept, those that are due have come out already.
            while let first = rows.first(), first.time + after <= time {
                if rows.removeFirst()?.isMatched == false { unmatched += 1 }
            }
        case .window:
            while let first = partners.first(), lastEnd(of: first.time) <= time {
                _ = partners.removeFirst()
            }
        }
    }

    // MARK: What is due

    /// What comes out at `firstDue`.
    mutating func fire() -> [StepRow] {
        guard let due = firstDue else { return [] }
        var results: [Result] = []
        switch plan.kind {
        case .interval(_, let after):
            while let first = rows.first(), first.time + after <= due {
                _ = rows.removeFirst()
                if !first.isMatched { addUnmatched(first.row, 0, &results) }
            }
        case .window(let size, _, _): close(due - size, due, &results)
        }
        findFirstDue()
        return results.map(\.joined)
    }

    private mutating func close(_ start: Instant, _ end: Instant, _ results: inout [Result]) {
        for number in rows.numbers {
            guard let entry = rows[number], entry.time < end else { break }
            guard entry.time >= start else { continue }
            var isMatched = false
            for other in entry.key.map({ partners.numbers(of: $0) }) ?? [] {
                guard let partner = partners[other], partner.time < end else { break }
                guard partner.time >= start else { continue }
                isMatched = true
                add(entry.row, number, partner.row, other, &results)
            }
            if !isMatched { addUnmatched(entry.row, number, &results) }
        }
        closed = end
        while let first = rows.first(), lastEnd(of: first.time) <= end { _ = rows.removeFirst() }
        forget(before: end)
    }

    private mutating func findFirstDue() {
        firstDue = nil
        guard let first = rows.first() else { return }
        switch plan.kind {
        case .interval(_, let after):
            if plan.keepsUnmatched { firstDue = first.time + after }
        case .window(let size, let every, let offset):
            let past = max(first.time, closed)
            let ends = Milliseconds(offset.count + size.count)
            firstDue = past.floored(to: every, offset: ends) + every
        }
    }

    /// The end of the last window that a time is in.
    private func lastEnd(of time: Instant) -> Instant {
        guard case .window(let size, let every, let offset) = plan.kind else { return time }
        return time.floored(to: every, offset: offset) + size
    }
}

extension JoinTable {
    func write(into writer: inout ByteWriter) {
        rows.write(into: &writer)
        partners.write(into: &writer)
        writer.instant(closed)
    }

    mutating func restore(from reader: inout ByteReader) throws(RecordError) {
        try rows.restore(from: &reader, plan, width: width)
        try partners.restore(from: &reader, plan, width: width)
        closed = try reader.instant()
        guard closed == .distantPast || closed.milliseconds.magnitude < 1 << 60 else {
            throw .malformed(at: reader.offset)
        }
        findFirstDue()
    }

    /// The most rows that wait with so many devices.
    static func mostRows(_ plan: JoinPlan, devices: Int, limits: StreamLimits) -> Int {
        let most =
            plan.by.isEmpty
            ? min(limits.joinRows, devices * limits.joinRowsPerKey) : limits.joinRows
        return 2 * most
    }

    /// Bytes of one joined row.
    static func bytesPerResult(width: Int) -> Int {
        MemoryLayout<Result>.stride + width * MemoryLayout<Value?>.stride
    }
}
