import Model

/// Nelson's eight rules for control charts (1984), with mean and sigma of the training. The number
/// of the first that the latest values break, else 0.
struct NelsonRules: AnomalyDetector {
    private var baseline: Baseline
    /// The last values in sigmas from the mean, the latest first.
    private var scores: [Double]
    private var count = 0

    private static let longest = 15

    init(_ parameters: [Double]) {
        baseline = Baseline(training: parameters[0], floor: parameters[1])
        scores = Array(repeating: 0, count: NelsonRules.longest)
    }

    mutating func observe(_ x: Double, at time: Instant) -> Double? {
        if baseline.learn(x) { return nil }
        for index in stride(from: NelsonRules.longest - 1, to: 0, by: -1) {
            scores[index] = scores[index - 1]
        }
        scores[0] = baseline.standardised(x)
        count = min(count + 1, NelsonRules.longest)
        return Double(broken)
    }

    private var broken: Int {
        if scores[0].magnitude > 3 { return 1 }
        if all(9, { $0 > 0 }) || all(9, { $0 < 0 }) { return 2 }
        if steps(5, { $0 > $1 }) || steps(5, { $0 < $1 }) { return 3 }
        if alternates { return 4 }
        if some(2, of: 3, beyond: 2) { return 5 }
        if some(4, of: 5, beyond: 1) { return 6 }
        if all(15, { $0.magnitude < 1 }) { return 7 }
        if all(8, { $0.magnitude > 1 }), !all(8, { $0 > 0 }), !all(8, { $0 < 0 }) { return 8 }
        return 0
    }

    private func all(_ length: Int, _ test: (Double) -> Bool) -> Bool {
        guard count >= length else { return false }
        for index in 0..<length where !test(scores[index]) { return false }
        return true
    }

    /// True where so many steps, each from a value to the next, are all of a kind.
    private func steps(_ length: Int, _ test: (Double, Double) -> Bool) -> Bool {
        guard count > length else { return false }
        for index in 0..<length where !test(scores[index], scores[index + 1]) { return false }
        return true
    }

    /// Fourteen values, up and down in turn.
    private var alternates: Bool {
        guard count >= 14 else { return false }
        for index in 0..<12 {
            let step = scores[index] - scores[index + 1]
            let before = scores[index + 1] - scores[index + 2]
            if step * before >= 0 { return false }
        }
        return true
    }

    /// True where the latest and enough of those before are beyond so many sigmas on one side.
    private func some(_ enough: Int, of length: Int, beyond limit: Double) -> Bool {
        guard count >= enough, scores[0].magnitude > limit else { return false }
        let side: Double = scores[0] > 0 ? 1 : -1
        var found = 0
        for index in 0..<min(length, count) where scores[index] * side > limit { found += 1 }
        return found >= enough
    }

    var bytes: Int { MemoryLayout<Self>.stride + [Double].bytes(of: scores.count) }

    func write(into writer: inout ByteWriter) {
        baseline.write(into: &writer)
        writer.unsigned(count)
        for score in scores[..<count] { writer.double(score) }
    }

    mutating func restore(from reader: inout ByteReader) throws(RecordError) {
        try baseline.restore(from: &reader)
        count = try reader.count(upTo: NelsonRules.longest)
        for index in 0..<count { scores[index] = try reader.finite() }
    }
}
