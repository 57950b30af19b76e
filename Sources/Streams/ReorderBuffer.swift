import Model

/// Rows that wait for the watermark, so that patterns which care see them in the one total order:
/// event time, device number, the device's own number of the event, property number, arrival.
///
/// A row that comes in order is put behind the others, into a ring; only stragglers go through a
/// heap.
struct ReorderBuffer: Sendable {
    let width: Int
    let limit: Int
    /// A ring of a power of two: each row of the `runCount` from `head` on came after those before
    /// it.
    private var run: [Entry] = []
    /// By place in the ring, `width` values each; what is left in free places means nothing.
    private var runValues: [Value?] = []
    private var head = 0
    private var runCount = 0
    /// Those that did not.
    private var stragglers = Heap<Entry>()
    /// By slot, `width` values each.
    private var stragglerValues: [Value?] = []
    private var free: [Int32] = []
    private var arrivals: UInt64 = 0
    /// The earliest row's; the end of time where there is none.
    private(set) var firstTime = Instant.distantFuture

    struct Entry: Comparable, Sendable {
        var time: Instant
        var device: Device
        /// The least there is where the device does not number its events.
        var sequence: Int64
        var property: Property
        var arrival: UInt64
        /// Of a straggler.
        var slot: Int32 = 0

        func isPeer(of other: Entry) -> Bool {
            time == other.time && device.index == other.device.index
        }

        static func < (left: Entry, right: Entry) -> Bool {
            if left.time != right.time { return left.time < right.time }
            if left.device.index != right.device.index {
                return left.device.index < right.device.index
            }
            if left.sequence != right.sequence { return left.sequence < right.sequence }
            if left.property.index != right.property.index {
                return left.property.index < right.property.index
            }
            return left.arrival < right.arrival
        }

        static func == (left: Entry, right: Entry) -> Bool { !(left < right) && !(right < left) }
    }

    init(width: Int, limit: Int) {
        self.width = width
        self.limit = limit
    }

    var count: Int { runCount + stragglers.count }
    var isOverfull: Bool { count > limit }

    var first: Entry? {
        guard runCount > 0 else { return stragglers.first }
        guard let early = stragglers.first else { return run[head] }
        return early < run[head] ? early : run[head]
    }

    /// Bytes of one waiting row.
    static func bytes(width: Int) -> Int {
        MemoryLayout<Entry>.stride + width * MemoryLayout<Value?>.stride + 4
    }

    /// Takes a row in, which is left with values that mean nothing.
    mutating func add(
        moving row: inout [Value?], time: Instant, device: Device, sequence: Int64 = .min,
        property: Property
    ) {
        var entry = Entry(
            time: time, device: device, sequence: sequence, property: property,
            arrival: arrivals)
        arrivals += 1
        if time < firstTime { firstTime = time }
        if runCount > 0, entry < run[(head + runCount - 1) & (run.count - 1)] {
            entry.slot = addStraggler(&row)
            stragglers.insert(entry)
            return
        }
        if runCount == run.count { grow() }
        let place = (head + runCount) & (run.count - 1)
        run[place] = entry
        runCount += 1
        ReorderBuffer.exchange(&row, &runValues, from: place * width, width)
    }

    private mutating func addStraggler(_ row: inout [Value?]) -> Int32 {
        var slot = Int32(stragglers.count)
        if let reused = free.popLast() {
            slot = reused
        } else {
            stragglerValues += Array(repeating: nil, count: width)
        }
        ReorderBuffer.exchange(&row, &stragglerValues, from: Int(slot) * width, width)
        return slot
    }

    /// Nothing is counted where rows only change places with what is free.
    @inline(__always)
    private static func exchange(
        _ row: inout [Value?], _ values: inout [Value?], from first: Int, _ width: Int
    ) {
        var row = row.mutableSpan
        var values = values.mutableSpan
        for column in 0..<width { swap(&row[column], &values[first + column]) }
    }

    private mutating func grow() {
        let empty = Entry(
            time: .distantPast, device: Device(index: 0), sequence: .min,
            property: Property(index: 0), arrival: 0)
        let larger = max(16, 2 * run.count)
        run = Array(run[head...] + run[..<head])
        run += Array(repeating: empty, count: larger - run.count)
        let start = head * width
        runValues = Array(runValues[start...] + runValues[..<start])
        runValues += Array(repeating: nil, count: larger * width - runValues.count)
        head = 0
    }

    /// Takes the earliest row out, into `row`.
    mutating func removeFirst(into row: inout [Value?]) {
        if let early = stragglers.first, runCount == 0 || early < run[head] {
            _ = stragglers.removeFirst()
            ReorderBuffer.exchange(&row, &stragglerValues, from: Int(early.slot) * width, width)
            free.append(early.slot)
        } else if runCount > 0 {
            ReorderBuffer.exchange(&row, &runValues, from: head * width, width)
            head = (head + 1) & (run.count - 1)
            runCount -= 1
        }
        firstTime = runCount > 0 ? run[head].time : .distantFuture
        if let early = stragglers.first { firstTime = min(firstTime, early.time) }
    }
}

extension ReorderBuffer {
    func write(into writer: inout ByteWriter) {
        var waiting = (0..<runCount).map { number in
            let place = (head + number) & (run.count - 1)
            return (run[place], runValues[place * width..<(place + 1) * width])
        }
        for entry in stragglers.elements {
            let first = Int(entry.slot) * width
            waiting.append((entry, stragglerValues[first..<first + width]))
        }
        writer.list(waiting.sorted { $0.0 < $1.0 }) { writer, waiting in
            writer.instant(waiting.0.time)
            writer.unsigned(UInt64(waiting.0.device.index))
            writer.signed(waiting.0.sequence)
            writer.unsigned(UInt64(waiting.0.property.index))
            for value in waiting.1 { writer.value(value) }
        }
    }

    mutating func restore(from reader: inout ByteReader) throws(RecordError) {
        self = ReorderBuffer(width: width, limit: limit)
        for _ in 0..<(try reader.count()) {
            let time = try reader.instant()
            let device = Device(index: UInt32(try reader.count(upTo: Int(UInt32.max))))
            let sequence = try reader.signed()
            let property = try reader.count()
            guard property <= Int(UInt16.max), count < limit else {
                throw .malformed(at: reader.offset)
            }
            var row: [Value?] = []
            for _ in 0..<width { row.append(try reader.value()) }
            add(
                moving: &row, time: time, device: device, sequence: sequence,
                property: Property(index: UInt16(property)))
        }
    }
}
