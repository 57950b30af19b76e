import Model

/// The two-sided Page-Hinkley test: sums of the deviations from the running mean, less and plus
/// `delta`, and how far they are above their minimum or below their maximum. Deviations are in
/// sigmas of the training; the running mean begins with it and starts again after a drift.
struct PageHinkley: AnomalyDetector {
    private let delta: Double
    private let limit: Double
    private var baseline: Baseline
    /// How many values the running mean covers.
    private var count = 0.0
    /// Of the values in sigmas from the training's mean.
    private var mean = 0.0
    /// Above the least sum so far.
    private var rise = 0.0
    /// Below the largest sum so far.
    private var fall = 0.0

    init(_ parameters: [Double]) {
        delta = parameters[0]
        limit = parameters[1]
        baseline = Baseline(training: parameters[2], floor: parameters[3])
    }

    mutating func observe(_ x: Double, at time: Instant) -> Double? {
        if baseline.learn(x) {
            count += 1
            return nil
        }
        if max(rise, fall) > limit {
            count = 0
            mean = 0
            rise = 0
            fall = 0
        }
        let score = baseline.standardised(x)
        count += 1
        mean += (score - mean) / count
        rise = max(0, rise + score - mean - delta)
        fall = max(0, fall - score + mean - delta)
        return max(rise, fall)
    }

    var bytes: Int { MemoryLayout<Self>.stride }

    func write(into writer: inout ByteWriter) {
        baseline.write(into: &writer)
        for value in [count, mean, rise, fall] { writer.double(value) }
    }

    mutating func restore(from reader: inout ByteReader) throws(RecordError) {
        try baseline.restore(from: &reader)
        count = try reader.finite()
        mean = try reader.finite()
        rise = try reader.finite()
        fall = try reader.finite()
    }
}
