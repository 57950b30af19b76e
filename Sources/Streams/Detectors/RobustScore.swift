import Model

/// The value against the median and the median absolute deviation of the `window` values before it.
struct RobustScore: AnomalyDetector {
    private var trailing: RobustWindow

    init(_ parameters: [Double]) {
        trailing = RobustWindow(window: Int(parameters[0]), floor: parameters[1])
    }

    mutating func observe(_ x: Double, at time: Instant) -> Double? {
        defer { trailing.append(x) }
        return trailing.score(x)
    }

    var bytes: Int { MemoryLayout<Self>.stride + trailing.bytes }

    func write(into writer: inout ByteWriter) { trailing.write(into: &writer) }

    mutating func restore(from reader: inout ByteReader) throws(RecordError) {
        try trailing.restore(from: &reader)
    }
}
