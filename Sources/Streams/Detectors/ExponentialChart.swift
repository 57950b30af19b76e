import Model

/// The exponentially weighted moving average as a control chart (Roberts 1959): how far it is from
/// the training's mean, in its own standard deviation at that age,
/// `sigma * sqrt(lambda / (2 - lambda) * (1 - (1 - lambda)^(2 t)))`.
struct ExponentialChart: AnomalyDetector {
    private let lambda: Double
    private var baseline: Baseline
    private var average = 0.0
    /// `(1 - lambda)^(2 t)`.
    private var remainder = 1.0

    init(_ parameters: [Double]) {
        lambda = parameters[0]
        baseline = Baseline(training: parameters[1], floor: parameters[2])
    }

    mutating func observe(_ x: Double, at time: Instant) -> Double? {
        if baseline.learn(x) {
            average = baseline.mean
            return nil
        }
        average += lambda * (x - average)
        remainder *= (1 - lambda) * (1 - lambda)
        let share = (lambda / (2 - lambda) * (1 - remainder)).squareRoot()
        return Score.standardised(average - baseline.mean, sigma: baseline.sigma * share)
    }

    var bytes: Int { MemoryLayout<Self>.stride }

    func write(into writer: inout ByteWriter) {
        baseline.write(into: &writer)
        writer.double(average)
        writer.double(remainder)
    }

    mutating func restore(from reader: inout ByteReader) throws(RecordError) {
        try baseline.restore(from: &reader)
        average = try reader.finite()
        remainder = try reader.finite()
        guard (0...1).contains(remainder) else { throw .malformed(at: reader.offset) }
    }
}
