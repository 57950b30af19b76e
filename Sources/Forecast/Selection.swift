/// The method that would have done best lately, with its score; it is of use where the score is
/// below 1.
package struct Selection: Hashable, Sendable {
    package var method: Method
    /// Mean absolute scaled error over a rolling origin: below 1 is better than to take the last
    /// value. The error is the mean over 1 step to `lead`, the scale that of the last value at the
    /// same leads, over the whole history or at the same places, whichever is smaller.
    package var score: Double
    /// Of a method that smooths: on the whole history.
    package var parameters: Smoothing.Parameters?

    package init(method: Method, score: Double, parameters: Smoothing.Parameters?) {
        self.method = method
        self.score = score
        self.parameters = parameters
    }

    package var hasSkill: Bool { score < 1 }

    /// Nil where there are too few values for a verdict. `limit` bounds from how many places the
    /// past is forecast.
    package init?(_ values: [Double], season: Int, lead: Int, limit: Int) {
        guard let trial = Trial(values, season: season, lead: lead, limit: limit) else {
            return nil
        }
        self = trial.selection
    }

    /// The value so many steps behind the last.
    package func forecast(_ values: [Double], season: Int, steps: Int) -> Double? {
        guard let last = values.last else { return nil }
        switch method {
        case .lastValue: return last
        case .trend:
            guard values.count > 1 else { return nil }
            let line = TrendLine.forecast(values.suffix(Backtest.trendWindow))
            return line.level + line.slope * Double(steps)
        case .dampedHolt, .holtWinters:
            guard let shape = method.shape, let parameters,
                values.count >= (method == .holtWinters ? 2 * season : 2)
            else { return nil }
            return SmoothingFit(shape, parameters, to: values[...], season: season).model
                .forecast(steps)
        }
    }
}

/// Every method's score on one history, and what the best one says.
package struct Trial: Sendable {
    package let selection: Selection
    /// Those that had enough values.
    package let scores: [(method: Method, score: Double)]
    /// From how many places the past was forecast.
    package let origins: Int
    private let backtest: Backtest
    /// By method, of those that had enough values.
    private let errors: [Method: [[Double]]]

    /// How many values it takes for a verdict on so many steps ahead.
    package static func fewest(lead: Int) -> Int {
        max(2 * lead + 13, lead + 2 * Backtest.fewestOrigins - 1)
    }

    /// The value a number of steps ahead, and the interval that should hold 95 of 100.
    package struct Outcome: Hashable, Sendable {
        package var steps: Int
        package var value: Double
        package var low: Double
        package var high: Double
    }

    /// Nil where there are too few values for a verdict.
    package init?(_ values: [Double], season: Int, lead: Int, limit: Int) {
        guard let backtest = Backtest(values, season: season, lead: lead, limit: limit) else {
            return nil
        }
        var best = (method: Method.lastValue, score: Double.infinity)
        var scores: [(method: Method, score: Double)] = []
        var errors: [Method: [[Double]]] = [:]
        for method in Method.allCases {
            guard let found = backtest.errors(of: method) else { continue }
            let score = backtest.scaled(found)
            scores.append((method, score))
            errors[method] = found
            if score < best.score { best = (method, score) }
        }
        self.scores = scores
        self.backtest = backtest
        self.errors = errors
        origins = backtest.origins.count
        selection = Selection(
            method: best.method, score: best.score,
            parameters: best.method.shape.map {
                SmoothingFit($0, to: values[...], season: backtest.season).model.parameters
            })
    }

    /// What the best method says of each step up to the lead.
    package var outcomes: [Outcome] { outcomes(of: selection.method) }

    /// What a method says of each step up to the lead; nothing where it had too few values.
    ///
    /// The interval of a method that smooths is that of normal errors, by the model's variance; of
    /// the others it is of the errors that were made at this lead, from the lowest to the highest
    /// that an interval of 95 % leaves out.
    package func outcomes(of method: Method) -> [Outcome] {
        guard let errors = errors[method] else { return [] }
        let values = backtest.values
        if let shape = method.shape {
            let fit = SmoothingFit(shape, to: values[...], season: backtest.season)
            return (1...backtest.lead).map { steps in
                let (value, margin) = (fit.model.forecast(steps), fit.margin(steps))
                return Outcome(
                    steps: steps, value: value, low: value - margin, high: value + margin)
            }
        }
        var line = (level: values[values.count - 1], slope: 0.0)
        if method == .trend { line = TrendLine.forecast(values.suffix(Backtest.trendWindow)) }
        return (1...backtest.lead).map { steps in
            let value = line.level + line.slope * Double(steps)
            let sorted = errors[steps - 1].sorted()
            let left = Int(Double(sorted.count + 1) * 0.025)
            return Outcome(
                steps: steps, value: value, low: value + sorted[max(0, left - 1)],
                high: value + sorted[sorted.count - max(1, left)])
        }
    }

    /// What share of values the interval should hold: less than 95 % where too few errors are
    /// known for that.
    package var coverage: Double {
        if selection.method.shape != nil { return 0.95 }
        return min(0.95, Double(origins - 1) / Double(origins + 1))
    }
}
