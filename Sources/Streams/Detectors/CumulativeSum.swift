import Model

/// Page's two-sided cumulative sum of the standardised values, each less the allowance `k`. The
/// value behind one that exceeded `h` starts both again.
struct CumulativeSum: AnomalyDetector {
    private let allowance: Double
    private let limit: Double
    private var baseline: Baseline
    private var above = 0.0
    private var below = 0.0

    init(_ parameters: [Double]) {
        allowance = parameters[0]
        limit = parameters[1]
        baseline = Baseline(training: parameters[2], floor: parameters[3])
    }

    mutating func observe(_ x: Double, at time: Instant) -> Double? {
        if baseline.learn(x) { return nil }
        if max(above, below) > limit {
            above = 0
            below = 0
        }
        let score = baseline.standardised(x)
        above = max(0, above + score - allowance)
        below = max(0, below - score - allowance)
        return max(above, below)
    }

    var bytes: Int { MemoryLayout<Self>.stride }

    func write(into writer: inout ByteWriter) {
        baseline.write(into: &writer)
        writer.double(above)
        writer.double(below)
    }

    mutating func restore(from reader: inout ByteReader) throws(RecordError) {
        try baseline.restore(from: &reader)
        above = try reader.finite()
        below = try reader.finite()
    }
}
