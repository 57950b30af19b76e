import Model

/// Exponential smoothing of level, trend and additive season (Holt, Winters); the error of each
/// forecast in the errors' recent standard deviation.
///
/// The first two seasons give the initial level, trend and season, the next `training` errors the
/// first spread. That spread then follows slowly, and an error counts in it with at most three
/// sigmas, so that an anomaly does not hide the next.
struct HoltWinters: AnomalyDetector {
    private let alpha: Double
    private let beta: Double
    private let gamma: Double
    private let training: Double
    private let floor: Double
    private var level = 0.0
    private var trend = 0.0
    /// During the first two seasons the mean of the values at each place.
    private var season: [Double]
    private var position = 0
    /// Of the first two seasons, how many are over.
    private var seasons = 0
    private var firstSum = 0.0
    private var secondSum = 0.0
    private var errors = Moments()
    private var variance = 0.0

    private static let weight = 0.02

    init(_ parameters: [Double]) {
        season = Array(repeating: 0, count: Int(parameters[0]))
        alpha = parameters[1]
        beta = parameters[2]
        gamma = parameters[3]
        training = parameters[4]
        floor = parameters[5]
    }

    /// What the next value should be.
    private var forecast: Double { level + trend + season[position] }

    mutating func observe(_ x: Double, at time: Instant) -> Double? {
        if seasons < 2 {
            begin(x)
            return nil
        }
        let error = x - forecast
        let before = level + trend
        let next = alpha * (x - season[position]) + (1 - alpha) * before
        trend = Score.bounded(beta * (next - level) + (1 - beta) * trend)
        level = Score.bounded(next)
        season[position] = Score.bounded(gamma * (x - before) + (1 - gamma) * season[position])
        advance()
        return score(error)
    }

    private mutating func advance() { position = position + 1 == season.count ? 0 : position + 1 }

    private mutating func score(_ error: Double) -> Double? {
        guard errors.count >= training else {
            errors.add(error)
            variance = errors.sigma * errors.sigma
            return nil
        }
        let sigma = max(floor, variance.squareRoot())
        let square = error * error
        let counted = variance > 0 ? min(square, 9 * variance) : square
        variance += HoltWinters.weight * (counted - variance)
        return Score.standardised(error, sigma: sigma)
    }

    private mutating func begin(_ x: Double) {
        if seasons == 0 {
            season[position] = x
            firstSum += x
        } else {
            season[position] = (season[position] + x) / 2
            secondSum += x
        }
        advance()
        guard position == 0 else { return }
        seasons += 1
        guard seasons == 2 else { return }
        let length = Double(season.count)
        let first = firstSum / length
        let second = secondSum / length
        trend = (second - first) / length
        level = second + trend * (length - 1) / 2
        for place in season.indices {
            let expected = (first + second) / 2 + trend * (Double(place) - (length - 1) / 2)
            season[place] -= expected
        }
    }

    var bytes: Int { MemoryLayout<Self>.stride + [Double].bytes(of: season.count) }

    func write(into writer: inout ByteWriter) {
        writer.unsigned(seasons)
        writer.unsigned(position)
        for value in [level, trend, firstSum, secondSum, variance] { writer.double(value) }
        errors.write(into: &writer)
        for value in season { writer.double(value) }
    }

    mutating func restore(from reader: inout ByteReader) throws(RecordError) {
        seasons = try reader.count(upTo: 2)
        position = try reader.count(upTo: season.count - 1)
        level = try reader.finite()
        trend = try reader.finite()
        firstSum = try reader.finite()
        secondSum = try reader.finite()
        variance = try reader.finite()
        try errors.restore(from: &reader)
        for index in season.indices { season[index] = try reader.finite() }
    }
}
