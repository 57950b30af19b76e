import Model

/// The open windows of all keys that are aligned to the epoch, tumbling or hopping, and what has
/// been accumulated in them.
///
/// A slot is one window of one key: a run of cells in one flat array, linked to the key's other
/// open windows and to the other keys' slots of the same window. Finding the slot of an event in
/// its key's most recent window is one comparison.
struct WindowTable: Sendable {
    let size: Milliseconds
    /// From one window's start to the next one's: the size, if they tumble.
    let every: Milliseconds
    let offset: Milliseconds
    let cellsPerSlot: Int
    /// One key's open windows may not be more than this.
    let limit: Int
    private(set) var cells: [AggregatePartial] = []
    private var slots: [Slot] = []
    /// By key: its newest slot used, -1 for none.
    private var heads: [Int32] = []
    private var free: Int32 = -1
    /// The windows that hold a slot, by their start.
    private var open: [Window] = []
    /// The first instant after the first window to close; the end of time where none is open.
    private(set) var firstEnd = Instant.distantFuture

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

    init(
        size: Milliseconds, every: Milliseconds, offset: Milliseconds, cellsPerSlot: Int,
        limit: Int
    ) {
        self.size = size
        self.every = every
        self.offset = offset
        self.cellsPerSlot = cellsPerSlot
        self.limit = limit
    }

    /// The start of the first window to close; nil where none is open.
    var firstStart: Instant? { open.first.map { Instant(milliseconds: $0.start) } }

    /// Bytes of one open window of one key.
    static func bytes(cells: [CellPlan]) -> Int {
        MemoryLayout<Slot>.stride + cells.reduce(0) { $0 + $1.needs.bytes }
    }

    /// Takes a row into its key's windows, opened if need be; false, and nothing done, where the
    /// key has too many. `order` decides between rows of the same time.
    mutating func add(
        _ row: [Value?], key: Int, time: Instant, order: UInt64 = 0, plan: [CellPlan]
    ) -> Bool {
        if size != every { return addToAll(row, key: key, time: time, order: order, plan: plan) }
        guard let slot = slot(key: key, time: time) else { return false }
        take(row, into: slot, time: time, order: order, plan: plan)
        return true
    }

    @inline(__always)
    private mutating func take(
        _ row: [Value?], into slot: Int, time: Instant, order: UInt64, plan: [CellPlan]
    ) {
        let first = slot * cellsPerSlot
        for cell in 0..<plan.count {
            plan[cell].add(row, at: time, order: order, to: &cells[first + cell])
        }
    }

    /// A slot for each of the windows that overlap at `time`; none between windows with gaps.
    private mutating func addToAll(
        _ row: [Value?], key: Int, time: Instant, order: UInt64, plan: [CellPlan]
    ) -> Bool {
        let last = time.floored(to: every, offset: offset)
        let starts = starts(covering: time)
        var count = starts.count
        var open = key < heads.count ? heads[key] : -1
        while open >= 0 {
            let start = Instant(milliseconds: slots[Int(open)].start)
            if start > last || time >= start + size { count += 1 }
            open = slots[Int(open)].nextOfKey
        }
        guard count <= limit else { return false }
        for start in starts {
            _ = add(row, key: key, at: time, order: order, start: start, plan: plan)
        }
        return true
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

    private mutating func slot(key: Int, time: Instant) -> Int? {
        if key < heads.count, heads[key] >= 0 {
            let head = Int(heads[key])
            let distance = UInt64(bitPattern: time.milliseconds &- slots[head].start)
            if distance < UInt64(size.count) { return head }
        }
        return find(key: key, start: time.floored(to: size, offset: offset).milliseconds)
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

    /// Takes a row into one window; its slot, or nil where the key has too many.
    mutating func add(
        _ row: [Value?], key: Int, at time: Instant, order: UInt64, start: Instant,
        plan: [CellPlan]
    ) -> Int? {
        guard let slot = find(key: key, start: start.milliseconds) else { return nil }
        take(row, into: slot, time: time, order: order, plan: plan)
        return slot
    }

    /// Keeps a copy of another table's slot; false where the key has too many.
    mutating func keep(slot: Int, key: Int, of other: WindowTable) -> Bool {
        let start = other.slots[slot].start
        guard let mine = find(key: key, start: start) else { return false }
        for cell in 0..<other.cellsPerSlot {
            cells[mine * cellsPerSlot + cell] = other.cell(slot: slot, cell)
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

    /// The slots of the first window to close, in no order.
    func firstSlots() -> [(key: Int, slot: Int)] {
        var result: [(key: Int, slot: Int)] = []
        var slot = open.first?.first ?? -1
        while slot >= 0 {
            result.append((Int(slots[Int(slot)].key), Int(slot)))
            slot = slots[Int(slot)].nextOfWindow
        }
        return result
    }

    func cell(slot: Int, _ cell: Int) -> AggregatePartial { cells[slot * cellsPerSlot + cell] }

    /// Forgets the first window to close.
    mutating func removeFirst() {
        guard let window = open.first else { return }
        open.removeFirst()
        findFirstEnd()
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
        firstEnd = firstStart.map { $0 + size } ?? .distantFuture
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
    func write(into writer: inout ByteWriter) {
        writer.list(open) { writer, window in
            writer.signed(window.start)
            var members: [Int32] = []
            var slot = window.first
            while slot >= 0 {
                members.append(slot)
                slot = slots[Int(slot)].nextOfWindow
            }
            writer.list(members.reversed()) { writer, slot in
                writer.unsigned(Int(slots[Int(slot)].key))
                for cell in 0..<cellsPerSlot {
                    self.cell(slot: Int(slot), cell).write(into: &writer)
                }
            }
        }
    }

    /// `keys` is how many keys there are.
    mutating func restore(from reader: inout ByteReader, keys: Int) throws(RecordError) {
        self = WindowTable(
            size: size, every: every, offset: offset, cellsPerSlot: cellsPerSlot, limit: limit)
        for _ in 0..<(try reader.count()) {
            let start = try reader.signed()
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
