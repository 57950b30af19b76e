import Model

/// 1 from a value above `high` until one below `low`.
struct Hysteresis: AnomalyDetector {
    private let high: Double
    private let low: Double
    private var isOn = false

    init(_ parameters: [Double]) {
        high = parameters[0]
        low = parameters[1]
    }

    mutating func observe(_ x: Double, at time: Instant) -> Double? {
        if x > high {
            isOn = true
        } else if x < low {
            isOn = false
        }
        return isOn ? 1 : 0
    }

    var bytes: Int { MemoryLayout<Self>.stride }

    func write(into writer: inout ByteWriter) { writer.bool(isOn) }

    mutating func restore(from reader: inout ByteReader) throws(RecordError) {
        isOn = try reader.bool()
    }
}
