/// A straight line through evenly spaced values that outliers hardly move: the median of the slopes
/// between all pairs (Theil, Sen), through the median of what is left. A fourth of the values may
/// be wrong and do no harm.
package struct TrendLine: Hashable, Sendable {
    /// By step.
    package var slope: Double
    /// Where the line is at the last value.
    package var level: Double
    /// Of the slope, at 95 % (Sen 1968): order statistics of all slopes, by the variance of
    /// Kendall's S, equal values taken into account.
    package var low: Double
    package var high: Double

    /// The 0.975 quantile of the normal distribution.
    package static let normalQuantile = 1.959963984540054

    /// Two values at least.
    package init(_ values: ArraySlice<Double>) {
        var slopes = TrendLine.slopes(values)
        let all = slopes.count
        let spread = TrendLine.normalQuantile * TrendLine.variance(values).squareRoot()
        // Halves are rounded to even, as is usual for these ranks.
        func rank(_ place: Double) -> Int { Int(place.rounded(.toNearestOrEven)) }
        let lower = max(rank((Double(all) - spread) / 2) - 1, 0)
        let upper = min(rank((Double(all) + spread) / 2), all - 1)
        slope = slopes.median()
        low = slopes.select(lower)
        high = slopes.select(upper)
        level = TrendLine.level(values, slope)
    }

    /// Where the line will be so many steps behind the last value.
    package func value(after steps: Double) -> Double { level + slope * steps }

    /// The same without the interval, in half the time.
    static func forecast(_ values: ArraySlice<Double>) -> (level: Double, slope: Double) {
        var slopes = slopes(values)
        let slope = slopes.median()
        return (level(values, slope), slope)
    }

    private static func slopes(_ values: ArraySlice<Double>) -> [Double] {
        let values = Array(values)
        var slopes: [Double] = []
        slopes.reserveCapacity(values.count * (values.count - 1) / 2)
        for later in 1..<values.count {
            for earlier in 0..<later {
                slopes.append((values[later] - values[earlier]) / Double(later - earlier))
            }
        }
        return slopes
    }

    private static func level(_ values: ArraySlice<Double>, _ slope: Double) -> Double {
        var rests = values.enumerated().map { $1 - slope * Double($0) }
        return rests.median() + slope * Double(values.count - 1)
    }

    /// Of Kendall's S.
    private static func variance(_ values: ArraySlice<Double>) -> Double {
        func pairs(_ count: Int) -> Double {
            let count = Double(count)
            return count * (count - 1) * (2 * count + 5)
        }
        let sorted = values.sorted()
        var sum = pairs(sorted.count)
        var run = 1
        for place in 1..<sorted.count {
            if sorted[place] == sorted[place - 1] {
                run += 1
            } else {
                sum -= pairs(run)
                run = 1
            }
        }
        return (sum - pairs(run)) / 18
    }
}
