/// Whether, and when, a history's trend leads to a limit.
package enum Approach: Hashable, Sendable {
    /// The level is beyond it already.
    case reached
    /// The trend leads away from it, or nobody can tell where.
    case notApproaching
    /// A line through the past would not have told what came: its score is at least 1.
    case noSkill(score: Double)
    case approaching(Arrival)

    /// Steps behind the last value. The slope is between the ends of its interval in 95 of 100
    /// cases, and so is the arrival.
    package struct Arrival: Hashable, Sendable {
        package var steps: Double
        package var earliest: Double
        package var latest: Double
        /// The trend's.
        package var score: Double
        /// Whether it is the logarithm that grows evenly.
        package var isExponential = false
        /// Distance and slope, for `probability`.
        var distance: Double
        var line: TrendLine

        /// How sure it is that the limit is reached within so many steps, the slope being normally
        /// distributed.
        package func probability(within steps: Double) -> Double {
            let sigma = (line.high - line.low) / (2 * TrendLine.normalQuantile)
            let needed = distance / steps
            let slope = distance > 0 ? line.slope : -line.slope
            if sigma == 0 { return slope >= needed.magnitude ? 1 : 0 }
            return Elementary.normal(below: (slope - needed.magnitude) / sigma)
        }
    }

    /// Along a straight line. Nil where there are too few values.
    package init?(_ values: [Double], limit: Double, isRising: Bool, origins: Int) {
        guard let trend = Approach.trend(values, origins: origins) else { return nil }
        self = Approach(
            trend.line, score: trend.score, level: trend.line.level, limit: limit,
            isRising: isRising)
    }

    /// Along a straight line or, where values and limit are above zero and that would have done
    /// better, along one through their logarithms. Nil where there are too few values.
    package init?(lifeOf values: [Double], limit: Double, isRising: Bool, origins: Int) {
        guard let straight = Approach.trend(values, origins: origins) else { return nil }
        let arePositive = limit > 0 && values.allSatisfy { $0 > 0 }
        if arePositive, straight.score > 0 {
            let logarithms = values.map(Elementary.logarithm)
            if let curved = Approach.trend(
                logarithms, origins: origins, of: Elementary.exponential),
                curved.score < straight.score
            {
                self = Approach(
                    curved.line, score: curved.score, level: curved.line.level,
                    limit: Elementary.logarithm(limit), isRising: isRising, isExponential: true)
                return
            }
        }
        self = Approach(
            straight.line, score: straight.score, level: straight.line.level, limit: limit,
            isRising: isRising)
    }

    private init(
        _ line: TrendLine, score: Double, level: Double, limit: Double, isRising: Bool,
        isExponential: Bool = false
    ) {
        let distance = limit - level
        if isRising ? distance <= 0 : distance >= 0 {
            self = .reached
        } else if isRising ? line.low <= 0 : line.high >= 0 {
            self = .notApproaching
        } else if score >= 1 {
            self = .noSkill(score: score)
        } else {
            let (fast, slow) = isRising ? (line.high, line.low) : (line.low, line.high)
            self = .approaching(
                Arrival(
                    steps: distance / line.slope, earliest: distance / fast,
                    latest: distance / slow, score: score, isExponential: isExponential,
                    distance: distance, line: line))
        }
    }

    /// The line through the latest values, and how well such lines have done an eighth of the
    /// history ahead.
    private static func trend(
        _ values: [Double], origins: Int, of inverse: ((Double) -> Double)? = nil
    ) -> (line: TrendLine, score: Double)? {
        let lead = max(1, min(16, values.count / 8))
        let actual = inverse.map { values.map($0) } ?? values
        guard
            let backtest = Backtest(actual, season: 0, lead: lead, limit: origins)
        else { return nil }
        let errors =
            inverse.map { backtest.errors(ofTrendIn: values, $0) }
            ?? backtest.errors(of: .trend) ?? []
        let line = TrendLine(values.suffix(Backtest.trendWindow))
        return (line, backtest.scaled(errors))
    }
}

extension Backtest {
    /// The errors of a trend in `transformed` values, turned back.
    func errors(
        ofTrendIn transformed: [Double], _ inverse: @escaping (Double) -> Double
    ) -> [[Double]] {
        errors { known in
            let line = TrendLine.forecast(transformed[..<known].suffix(Backtest.trendWindow))
            return { inverse(line.level + line.slope * Double($0)) }
        }
    }
}
