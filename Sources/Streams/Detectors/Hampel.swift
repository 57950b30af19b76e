import Model

/// Hampel's identifier, looking back only: 1 where the value is more than `k` robust sigmas from
/// the median of the `window` values before it.
struct Hampel: AnomalyDetector {
    private let limit: Double
    private var trailing: RobustWindow

    init(_ parameters: [Double]) {
        trailing = RobustWindow(window: Int(parameters[0]), floor: parameters[2])
        limit = parameters[1]
    }

    mutating func observe(_ x: Double, at time: Instant) -> Double? {
        defer { trailing.append(x) }
        return trailing.score(x).map { $0.magnitude > limit ? 1 : 0 }
    }

    var bytes: Int { MemoryLayout<Self>.stride + trailing.bytes }

    func write(into writer: inout ByteWriter) { trailing.write(into: &writer) }

    mutating func restore(from reader: inout ByteReader) throws(RecordError) {
        try trailing.restore(from: &reader)
    }
}
