import Model

/// The value against the mean and the sample standard deviation of the `window` values before it.
struct ZScore: AnomalyDetector {
    private let floor: Double
    private var trailing: TrailingMoments

    init(_ parameters: [Double]) {
        trailing = TrailingMoments(window: Int(parameters[0]))
        floor = parameters[1]
    }

    mutating func observe(_ x: Double, at time: Instant) -> Double? {
        defer { trailing.append(x) }
        guard let moments = trailing.moments else { return nil }
        return Score.standardised(x - moments.mean, sigma: max(floor, moments.sigma))
    }

    var bytes: Int { MemoryLayout<Self>.stride + trailing.bytes }

    func write(into writer: inout ByteWriter) { trailing.write(into: &writer) }

    mutating func restore(from reader: inout ByteReader) throws(RecordError) {
        try trailing.restore(from: &reader)
    }
}
