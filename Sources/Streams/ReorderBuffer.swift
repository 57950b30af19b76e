import Model

/// Rows that wait for the watermark, so that patterns which care see them in the one total order:
/// event time, device number, the device's own number of the event, property number, arrival.
///
/// A row that comes in order is put behind the others; only stragglers go through a heap.
struct ReorderBuffer: Sendable {
    let width: Int
    let limit: Int
    /// Sorted: each came after those before it.
    private var run = Deque<Entry>()
    /// Those that did not.
    private var stragglers = Heap<Entry>()
    /// The rows, `width` values each.
    private var values: [Value?] = []
    private var free: [Int32] = []
    private var arrivals: UInt64 = 0

    struct Entry: Comparable, Sendable {
        var time: Instant
        var device: Device
        /// The least there is where the device does not number its events.
        var sequence: Int64
        var property: Property
        var arrival: UInt64
        var slot: Int32

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

    var count: Int { run.count + stragglers.count }
    var isOverfull: Bool { count > limit }

    var first: Entry? {
        guard let early = stragglers.first else { return run.first }
        guard let next = run.first else { return early }
        return early < next ? early : next
    }

    /// Bytes of one waiting row.
    static func bytes(width: Int) -> Int {
        MemoryLayout<Entry>.stride + width * MemoryLayout<Value?>.stride + 4
    }

    mutating func add(
        _ row: [Value?], time: Instant, device: Device, sequence: Int64 = .min,
        property: Property
    ) {
        let slot: Int32
        if let reused = free.popLast() {
            slot = reused
        } else {
            slot = Int32(values.count / max(1, width))
            values += Array(repeating: nil, count: max(1, width))
        }
        for column in 0..<width { values[Int(slot) * width + column] = row[column] }
        let entry = Entry(
            time: time, device: device, sequence: sequence, property: property,
            arrival: arrivals, slot: slot)
        arrivals += 1
        if let last = run.last, entry < last {
            stragglers.insert(entry)
        } else {
            run.append(entry)
        }
    }

    /// Takes the earliest row out, into `row`.
    mutating func removeFirst(into row: inout [Value?]) {
        guard let first = takeFirst() else { return }
        for column in 0..<width {
            row[column] = values[Int(first.slot) * width + column]
            values[Int(first.slot) * width + column] = nil
        }
        free.append(first.slot)
    }

    private mutating func takeFirst() -> Entry? {
        guard let early = stragglers.first else {
            guard let next = run.first else { return nil }
            run.removeFirst()
            return next
        }
        if let next = run.first, next < early {
            run.removeFirst()
            return next
        }
        return stragglers.removeFirst()
    }
}

extension ReorderBuffer {
    func write(into writer: inout ByteWriter) {
        writer.list((run.elements + stragglers.elements).sorted()) { writer, entry in
            writer.instant(entry.time)
            writer.unsigned(UInt64(entry.device.index))
            writer.signed(entry.sequence)
            writer.unsigned(UInt64(entry.property.index))
            for column in 0..<width { writer.value(values[Int(entry.slot) * width + column]) }
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
                row, time: time, device: device, sequence: sequence,
                property: Property(index: UInt16(property)))
        }
    }
}
