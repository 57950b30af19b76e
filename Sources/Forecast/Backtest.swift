/// How each method would have done: from many places in the past, the values that followed, against
/// what it would have said of them there.
struct Backtest {
    let values: [Double]
    let season: Int
    /// How far ahead: 1 to this many steps.
    let lead: Int
    /// How many values are known at each place, ascending.
    let origins: [Int]
    /// The mean error of taking the last value, at the same leads: over the whole history, or at
    /// the same places where it is smaller there. So a score below 1 is better than both, and the
    /// last value's own is never below 1, except where nothing ever changed.
    let scale: Double

    /// A trend looks at so many values.
    static let trendWindow = 128
    /// No verdict on fewer places.
    static let fewestOrigins = 8

    /// Nil where there are too few values for any verdict. With two seasons and more the places
    /// begin behind those.
    init?(_ values: [Double], season: Int, lead: Int, limit: Int) {
        let last = values.count - lead
        var first = max(values.count / 2, Backtest.fewestOrigins)
        let isSeasonal = season > 1 && last - 2 * season >= Backtest.fewestOrigins
        if isSeasonal { first = max(first, 2 * season) }
        let count = last - first + 1
        guard lead > 0, count >= Backtest.fewestOrigins else { return nil }
        let kept = min(count, max(Backtest.fewestOrigins, limit))
        origins = (0..<kept).map { first + $0 * (count - 1) / (kept - 1) }
        self.values = values
        self.season = isSeasonal ? season : 0
        self.lead = lead
        let everywhere = Backtest.changes(values, lead, from: { $0..<values.count })
        let ends = origins.map { $0 - 1 }
        scale = min(
            everywhere, Backtest.changes(values, lead, from: { step in ends.map { $0 + step } }))
    }

    /// The mean change up to these places, over each number of steps up to the lead.
    private static func changes<Places: Collection<Int>>(
        _ values: [Double], _ lead: Int, from places: (Int) -> Places
    ) -> Double {
        var sum = 0.0
        for step in 1...lead {
            let places = places(step)
            let changes = places.reduce(0) { $0 + (values[$1] - values[$1 - step]).magnitude }
            sum += changes / Double(places.count)
        }
        return sum / Double(lead)
    }

    /// The errors of a method, by step ahead, then by place; nil where it needs more values.
    func errors(of method: Method) -> [[Double]]? {
        switch method {
        case .lastValue:
            return errors { known in
                let last = values[known - 1]
                return { _ in last }
            }
        case .trend:
            return errors { known in
                let line = TrendLine.forecast(values[..<known].suffix(Backtest.trendWindow))
                return { line.level + line.slope * Double($0) }
            }
        case .dampedHolt, .holtWinters:
            guard let shape = method.shape, method == .dampedHolt || season > 0 else { return nil }
            // What the parameters are found on lies before all that is forecast.
            var known = origins[0]
            var model = SmoothingFit(shape, to: values[..<known], season: season).model
            return errors { next in
                while known < next {
                    model.take(values[known])
                    known += 1
                }
                let model = model
                return { model.forecast($0) }
            }
        }
    }

    /// `forecasts` takes how many values are known, and gives what will be so many steps later.
    func errors(_ forecasts: (Int) -> (Int) -> Double) -> [[Double]] {
        var result = [[Double]](repeating: [], count: lead)
        for origin in origins {
            let forecast = forecasts(origin)
            for step in 1...lead {
                result[step - 1].append(values[origin + step - 1] - forecast(step))
            }
        }
        return result
    }

    /// The mean absolute error by that of taking the last value.
    func scaled(_ errors: [[Double]]) -> Double {
        let means = errors.map { $0.reduce(0) { $0 + $1.magnitude } / Double($0.count) }
        let mean = means.reduce(0, +) / Double(means.count)
        if scale > 0 { return mean / scale }
        return mean > 0 ? .infinity : 0
    }
}
