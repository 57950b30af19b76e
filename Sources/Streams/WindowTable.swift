import Model

/// The open windows of all keys that are aligned to the epoch, tumbling or hopping, and what has
/// been accumulated in them.
///
/// A slot is one window of one key: a run of cells in one flat array, linked to the key's other
/// open windows and to the other keys' slots of the same window. Finding the slot of an event in
/// its key's most recent window is one comparison.
///
/// Where windows overlap a slot is a pane: time is cut wherever a window starts or ends, each row
/// goes into one pane, and as a window closes its panes are merged in the order of time.
struct WindowTable: Sendable {
    let size: Milliseconds
    /// From one window's start to the next one's: the size, if they tumble.
    let every: Milliseconds
    let offset: Milliseconds
    let cellsPerSlot: Int
    /// One key's open slots may not be more than this.
    let limit: Int
    /// Whether slots are panes.
    let hasPanes: Bool
    /// Whether what is in it comes from smaller windows as they close.
    let isFed: Bool
    /// The end up to which its windows have been merged into larger ones.
    var rolledEnd = Instant.distantPast
    private(set) var cells: [AggregatePartial] = []
    private var slots: [Slot] = []
    /// By key: its newest slot used, -1 for none.
    private var heads: [Int32] = []
    private var free: Int32 = -1
    /// The windows, or panes, that hold a slot, by their start.
    private var open: [Window] = []
    /// The start of the first window to close.
    private var first = Int64.min
    /// The first instant after the first window to close; the end of time where none is open.
    private(set) var firstEnd = Instant.distantFuture
    /// Of panes: windows that start no later are over.
    private var over = Int64.min
    /// Of panes: what the first window to close holds, while it closes.
    private var merged: [AggregatePartial] = []

    struct Slot: Sendable {
        var start: Int64
        var key: Int32
        /// The key's next open window, or the next free slot.
        var nextOfKey: Int32
        var nextOfWindow: Int32
    }

    private struct Window: Sendable {
        var start: Int64
        var first: Int32
    }

    /// `isKept` is true of windows that have closed, which are always slots of their own.
    init(
        size: Milliseconds, every: Milliseconds, offset: Milliseconds, cellsPerSlot: Int,
        limit: Int, isFed: Bool = false, isKept: Bool = false
    ) {
        self.size = size
        self.every = every
        self.offset = offset
        self.cellsPerSlot = cellsPerSlot
        self.limit = limit
        self.isFed = isFed
        hasPanes = size > every && !isKept
    }

    /// The same, empty.
    private func emptied() -> WindowTable {
        WindowTable(
            size: size, every: every, offset: offset, cellsPerSlot: cellsPerSlot, limit: limit,
            isFed: isFed, isKept: size > every && !hasPanes)
    }

    /// The start of the first window to close; nil where none is open.
    var firstStart: Instant? { open.isEmpty ? nil : Instant(milliseconds: first) }

    /// Bytes of one open window of one key.
    static func bytes(cells: [CellPlan], isSealed: Bool = false) -> Int {
        MemoryLayout<Slot>.stride + cells.reduce(0) { $0 + $1.needs.bytes(isSealed: isSealed) }
    }

    // MARK: Rows

    /// Takes a row into its key's windows, opened if need be; false, and nothing done, where the
    /// key has too many. `order` decides between rows of the same time.
    mutating func add(
        _ row: [Value?], carrying partials: [AggregatePartial] = [], key: Int, time: Instant,
        order: UInt64 = 0, plan: [CellPlan]
    ) -> Bool {
        if size < every, time >= time.floored(to: every, offset: offset) + size { return true }
        guard let slot = slot(key: key, time: time) else { return false }
        take(row, carrying: partials, into: slot, time: time, order: order, plan: plan)
        return true
    }

    @inline(__always)
    private mutating func take(
        _ row: [Value?], carrying partials: [AggregatePartial], into slot: Int, time: Instant,
        order: UInt64, plan: [CellPlan]
    ) {
        let first = slot * cellsPerSlot
        for cell in 0..<plan.count {
            plan[cell].add(
                row, carrying: partials, at: time, order: order, to: &cells[first + cell])
        }
    }

    /// The starts of the windows that `time` is in.
    func starts(covering time: Instant) -> [Instant] {
        let last = time.floored(to: every, offset: offset)
        return (0..<WindowTable.covering(size: size, every: every))
            .map { last - every * Int64($0) }.filter { time < $0 + size }
    }

    /// How many windows one moment can be in.
    static func covering(size: Milliseconds, every: Milliseconds) -> Int {
        Int(clamping: (size.count + every.count - 1) / every.count)
    }

    /// Panes from one window's start to the next one's, and how long the first of them is.
    static func panes(size: Milliseconds, every: Milliseconds) -> (count: Int, cut: Milliseconds) {
        let rest = size.count % every.count
        return rest == 0 ? (1, every) : (2, Milliseconds(rest))
    }

    /// The start of the slot that holds a time.
    private func start(of time: Instant) -> Int64 {
        let start = time.floored(to: every, offset: offset)
        guard hasPanes else { return start.milliseconds }
        let cut = start + WindowTable.panes(size: size, every: every).cut
        return (time >= cut ? cut : start).milliseconds
    }

    private mutating func slot(key: Int, time: Instant) -> Int? {
        if size == every, key < heads.count, heads[key] >= 0 {
            let head = Int(heads[key])
            let distance = UInt64(bitPattern: time.milliseconds &- slots[head].start)
            if distance < UInt64(size.count) { return head }
        }
        return find(key: key, start: start(of: time))
    }

    private mutating func find(key: Int, start: Int64) -> Int? {
        if heads.count <= key {
            heads += Array(repeating: -1, count: key + 1 - heads.count)
        }
        var slot = heads[key]
        var count = 0
        while slot >= 0 {
            if slots[Int(slot)].start == start { return Int(slot) }
            slot = slots[Int(slot)].nextOfKey
            count += 1
        }
        guard count < limit else { return nil }
        return insert(key: key, start: start)
    }

    /// Takes a late row into those of its windows that are open, all others being over; false where
    /// the key has too many.
    mutating func addLate(
        _ row: [Value?], carrying partials: [AggregatePartial], key: Int, at time: Instant,
        order: UInt64, plan: [CellPlan], behind watermark: Instant
    ) -> Bool {
        if hasPanes {
            let last = (watermark + Milliseconds(1) - size).floored(to: every, offset: offset)
            over = max(over, last.milliseconds)
        }
        defer { findFirstEnd() }
        return add(
            row, carrying: partials, key: key, time: time, order: order, plan: plan)
    }

    /// Takes a row into one window; its slot, or nil where the key has too many. Not of panes.
    mutating func add(
        _ row: [Value?], carrying partials: [AggregatePartial], key: Int, at time: Instant,
        order: UInt64, start: Instant, plan: [CellPlan]
    ) -> Int? {
        guard let slot = find(key: key, start: start.milliseconds) else { return nil }
        take(row, carrying: partials, into: slot, time: time, order: order, plan: plan)
        return slot
    }

    /// Merges a slot of a smaller window that is complete; false where the key has too many.
    mutating func merge(slot other: Int, key: Int, of table: WindowTable, isSealing: Bool) -> Bool {
        let time = Instant(milliseconds: table.slots[other].start)
        guard let slot = slot(key: key, time: time) else { return false }
        for cell in 0..<cellsPerSlot {
            let place = slot * cellsPerSlot + cell
            cells[place].merge(table.cells[other * cellsPerSlot + cell])
            if isSealing { cells[place].seal() }
        }
        return true
    }

    /// Keeps a copy of what another table's first window to close holds in a slot; false where the
    /// key has too many.
    mutating func keep(slot: Int, key: Int, of other: WindowTable) -> Bool {
        guard let mine = find(key: key, start: other.first) else { return false }
        for cell in 0..<other.cellsPerSlot {
            cells[mine * cellsPerSlot + cell] = other.closingCell(slot: slot, cell)
        }
        return true
    }

    /// Adds one to the count of a slot's last cell, and tells it.
    mutating func countRevision(of slot: Int) -> Int64 {
        cells[(slot + 1) * cellsPerSlot - 1].count += 1
        return cells[(slot + 1) * cellsPerSlot - 1].count
    }

    private mutating func insert(key: Int, start: Int64) -> Int {
        let slot: Int32
        if free >= 0 {
            slot = free
            free = slots[Int(slot)].nextOfKey
        } else {
            slot = Int32(slots.count)
            slots.append(Slot(start: 0, key: 0, nextOfKey: -1, nextOfWindow: -1))
            cells += Array(repeating: AggregatePartial(), count: cellsPerSlot)
        }
        var place = open.count
        while place > 0, open[place - 1].start > start { place -= 1 }
        if place > 0, open[place - 1].start == start {
            place -= 1
        } else {
            open.insert(Window(start: start, first: -1), at: place)
        }
        slots[Int(slot)] = Slot(
            start: start, key: Int32(key), nextOfKey: heads[key], nextOfWindow: open[place].first)
        open[place].first = slot
        findFirstEnd()
        heads[key] = slot
        return Int(slot)
    }

    // MARK: Closing

    /// Where `closingCell` finds what the first window to close holds, in no order.
    mutating func closing() -> [(key: Int, slot: Int)] {
        guard hasPanes else { return open.first.map { members(of: $0) } ?? [] }
        merged.removeAll(keepingCapacity: true)
        var result: [(key: Int, slot: Int)] = []
        var places = Array(repeating: Int32(-1), count: heads.count)
        for pane in open.prefix(while: { $0.start - first < size.count }) {
            for (key, slot) in members(of: pane) {
                if places[key] < 0 {
                    places[key] = Int32(result.count)
                    result.append((key, result.count))
                    merged += cells[slot * cellsPerSlot..<(slot + 1) * cellsPerSlot]
                    continue
                }
                for cell in 0..<cellsPerSlot {
                    merged[Int(places[key]) * cellsPerSlot + cell]
                        .merge(cells[slot * cellsPerSlot + cell])
                }
            }
        }
        return result
    }

    private func members(of window: Window) -> [(key: Int, slot: Int)] {
        var result: [(key: Int, slot: Int)] = []
        var slot = window.first
        while slot >= 0 {
            result.append((Int(slots[Int(slot)].key), Int(slot)))
            slot = slots[Int(slot)].nextOfWindow
        }
        return result
    }

    func closingCell(slot: Int, _ cell: Int) -> AggregatePartial {
        hasPanes ? merged[slot * cellsPerSlot + cell] : cells[slot * cellsPerSlot + cell]
    }

    /// Forgets the first window to close.
    mutating func removeFirst() {
        guard let window = open.first else { return }
        if hasPanes {
            over = first
            merged.removeAll(keepingCapacity: true)
            while let pane = open.first, pane.start - over < every.count { remove(pane) }
        } else {
            remove(window)
        }
        findFirstEnd()
    }

    private mutating func remove(_ window: Window) {
        open.removeFirst()
        var slot = window.first
        while slot >= 0 {
            let next = slots[Int(slot)].nextOfWindow
            unlink(slot)
            for cell in 0..<cellsPerSlot {
                cells[Int(slot) * cellsPerSlot + cell] = AggregatePartial()
            }
            slots[Int(slot)].nextOfKey = free
            free = slot
            slot = next
        }
    }

    private mutating func findFirstEnd() {
        guard let window = open.first else {
            firstEnd = .distantFuture
            return
        }
        first = window.start
        if hasPanes {
            let before = (Instant(milliseconds: window.start) - size)
                .floored(to: every, offset: offset)
            first = max(before.milliseconds, over) + every.count
        }
        firstEnd = Instant(milliseconds: first) + size
    }

    private mutating func unlink(_ slot: Int32) {
        let key = Int(slots[Int(slot)].key)
        let next = slots[Int(slot)].nextOfKey
        if heads[key] == slot {
            heads[key] = next
            return
        }
        var before = heads[key]
        while before >= 0, slots[Int(before)].nextOfKey != slot {
            before = slots[Int(before)].nextOfKey
        }
        if before >= 0 { slots[Int(before)].nextOfKey = next }
    }
}

extension WindowTable {
    func cell(slot: Int, _ cell: Int) -> AggregatePartial { cells[slot * cellsPerSlot + cell] }

    func write(into writer: inout ByteWriter) {
        if hasPanes { writer.signed(over) }
        writer.list(open) { writer, window in
            writer.signed(window.start)
            writer.list(members(of: window).reversed()) { writer, member in
                writer.unsigned(member.key)
                for cell in 0..<cellsPerSlot {
                    self.cell(slot: member.slot, cell).write(into: &writer)
                }
            }
        }
    }

    /// `keys` is how many keys there are.
    mutating func restore(from reader: inout ByteReader, keys: Int) throws(RecordError) {
        self = emptied()
        if hasPanes {
            over = try reader.signed()
            guard over == .min || over.magnitude < 1 << 54 else {
                throw .malformed(at: reader.offset)
            }
        }
        for _ in 0..<(try reader.count()) {
            let start = try reader.signed()
            guard start.magnitude < 1 << 54,
                self.start(of: Instant(milliseconds: start)) == start,
                !hasPanes || over == .min || start >= over + every.count
            else { throw .malformed(at: reader.offset) }
            for _ in 0..<(try reader.count()) {
                let key = try reader.count()
                guard key < keys, let slot = find(key: key, start: start) else {
                    throw .malformed(at: reader.offset)
                }
                for cell in 0..<cellsPerSlot {
                    cells[slot * cellsPerSlot + cell] = try AggregatePartial(from: &reader)
                }
            }
        }
    }
}
