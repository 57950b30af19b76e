import Model

/// The seasonal naive forecast: the change against one season before, against the median and the
/// median absolute deviation of the last `window` such changes. An anomaly echoes one season later.
struct SeasonalScore: AnomalyDetector {
    private var values: [Double]
    private var position = 0
    private var isFull = false
    private var changes: RobustWindow

    init(_ parameters: [Double]) {
        values = Array(repeating: 0, count: Int(parameters[0]))
        changes = RobustWindow(window: Int(parameters[1]), floor: parameters[2])
    }

    mutating func observe(_ x: Double, at time: Instant) -> Double? {
        let change = x - values[position]
        values[position] = x
        let hadSeason = isFull
        position += 1
        if position == values.count {
            position = 0
            isFull = true
        }
        guard hadSeason else { return nil }
        defer { changes.append(change) }
        return changes.score(change)
    }

    var bytes: Int {
        MemoryLayout<Self>.stride + [Double].bytes(of: values.count) + changes.bytes
    }

    func write(into writer: inout ByteWriter) {
        writer.bool(isFull)
        writer.unsigned(position)
        for value in isFull ? values[...] : values[..<position] { writer.double(value) }
        changes.write(into: &writer)
    }

    mutating func restore(from reader: inout ByteReader) throws(RecordError) {
        isFull = try reader.bool()
        position = try reader.count(upTo: values.count - 1)
        for index in 0..<(isFull ? values.count : position) {
            values[index] = try reader.finite()
        }
        try changes.restore(from: &reader)
    }
}
