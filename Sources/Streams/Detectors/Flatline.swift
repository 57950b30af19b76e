import Model

/// Seconds since the value last moved by more than `epsilon` from where it came to rest.
struct Flatline: AnomalyDetector {
    private let epsilon: Double
    private var rest = 0.0
    private var since: Instant?

    init(_ parameters: [Double]) { epsilon = parameters[0] }

    mutating func observe(_ x: Double, at time: Instant) -> Double? {
        guard let since, (x - rest).magnitude <= epsilon else {
            rest = x
            since = time
            return 0
        }
        return Double(max(0, (time - since).count)) / 1000
    }

    var bytes: Int { MemoryLayout<Self>.stride }

    func write(into writer: inout ByteWriter) {
        writer.bool(since != nil)
        guard let since else { return }
        writer.instant(since)
        writer.double(rest)
    }

    mutating func restore(from reader: inout ByteReader) throws(RecordError) {
        since = nil
        guard try reader.bool() else { return }
        since = try reader.instant()
        rest = try reader.finite()
    }
}
