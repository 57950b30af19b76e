import Model

/// Change per second since the value before. Of values at one time the last counts, and there is no
/// rate between them.
struct RateOfChange: AnomalyDetector {
    private var last = 0.0
    private var lastTime: Instant?

    init(_ parameters: [Double]) {}

    mutating func observe(_ x: Double, at time: Instant) -> Double? {
        defer {
            last = x
            lastTime = time
        }
        guard let lastTime, time > lastTime else { return nil }
        return (x - last) / (Double((time - lastTime).count) / 1000)
    }

    var bytes: Int { MemoryLayout<Self>.stride }

    func write(into writer: inout ByteWriter) {
        writer.bool(lastTime != nil)
        guard let lastTime else { return }
        writer.instant(lastTime)
        writer.double(last)
    }

    mutating func restore(from reader: inout ByteReader) throws(RecordError) {
        lastTime = nil
        guard try reader.bool() else { return }
        lastTime = try reader.instant()
        last = try reader.finite()
    }
}
