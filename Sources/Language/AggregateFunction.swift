package import Model

/// The aggregates of the language, by the name they are written with.
///
/// All ignore what is missing. Over nothing `count` and the two distinct counts are 0, every other
/// is missing.
package enum AggregateFunction: String, Hashable, Sendable, CaseIterable {
    case count, sum, avg, min, max, range, first, last
    case median, percentile, mode
    case stddev, variance, skewness, kurtosis
    case stddevPop = "stddev_pop"
    case mad, distinct
    case approxDistinct = "approx_distinct"
    case slope, rate
    case timeWeightedAvg = "time_weighted_avg"
    case integral, correlation, histogram

    /// Reads a function's name; `p95` is `percentile` with its quantile, 0.95, and `p999` and
    /// `p9999` are 99.9 % and 99.99 %.
    package static func named(_ name: String) -> (function: AggregateFunction, quantile: Double?)? {
        if let function = AggregateFunction(rawValue: name) {
            return (function, function == .median ? 0.5 : nil)
        }
        let digits = name.dropFirst()
        guard name.first == "p", digits.allSatisfy({ $0.isASCII && $0.isNumber }) else {
            return nil
        }
        switch digits.count {
        case 1...2: return Double(digits).map { (.percentile, $0 / 100) }
        case 3...6 where digits.allSatisfy { $0 == "9" }:
            return Double("0." + digits).map { (.percentile, $0) }
        default: return nil
        }
    }

    /// What it can be computed of.
    package enum Argument: Hashable, Sendable {
        /// Anything, or nothing at all: rows.
        case anyOrNone
        /// A value of any type.
        case any
        /// A number, or a boolean, which is 0 or 1.
        case number
        /// Two numbers of the same row.
        case twoNumbers
    }

    package var argument: Argument {
        switch self {
        case .count: .anyOrNone
        case .first, .last, .distinct, .approxDistinct: .any
        case .correlation: .twoNumbers
        case .sum, .avg, .min, .max, .range, .median, .percentile, .mode, .stddev, .variance,
            .skewness, .kurtosis, .stddevPop, .mad, .slope, .rate, .timeWeightedAvg, .integral,
            .histogram:
            .number
        }
    }

    /// The type of the result over values of type `argument`.
    package func resultType(of argument: ValueType?) -> ValueType {
        switch self {
        case .count, .distinct, .approxDistinct: .integer
        case .first, .last: argument ?? .number
        case .sum, .min, .max, .range, .mode:
            argument == .integer || argument == .boolean && self == .sum ? .integer : .number
        case .histogram: .text
        case .avg, .median, .percentile, .stddev, .variance, .skewness, .kurtosis, .stddevPop,
            .mad, .slope, .rate, .timeWeightedAvg, .integral, .correlation:
            .number
        }
    }

    /// How the unit of the result follows from that of the values.
    package enum UnitRule: Hashable, Sendable {
        case same
        /// A spread: of temperatures it is a difference, which is no temperature.
        case difference
        case none
        case perSecond
        case timesSecond
    }

    package var unitRule: UnitRule {
        switch self {
        case .sum, .avg, .min, .max, .first, .last, .median, .percentile, .mode, .timeWeightedAvg:
            .same
        case .range, .stddev, .stddevPop, .mad: .difference
        case .slope, .rate: .perSecond
        case .integral: .timesSecond
        case .count, .variance, .skewness, .kurtosis, .distinct, .approxDistinct, .correlation,
            .histogram:
            .none
        }
    }

    /// The unit of the result, where there is one with a name.
    package func resultUnit(of unit: Unit?) -> Unit? {
        guard let unit else { return nil }
        return switch unitRule {
        case .same: unit
        case .difference: unit.dimension == .temperature ? nil : unit
        case .none: nil
        case .perSecond:
            ["m": "m/s", "J": "W", "C": "A", "m3": "m3/s", "l": "l/s", "m/s": "m/s2"][unit.symbol]
                .flatMap { Unit($0) }
        case .timesSecond:
            ["W": "J", "A": "C", "m/s": "m", "m3/s": "m3", "l/s": "l"][unit.symbol]
                .flatMap { Unit($0) }
        }
    }

    /// Its parameter's name, where it takes one.
    package var parameter: String? { self == .percentile ? "quantile" : nil }

    /// One line that says what it computes.
    package var summary: String {
        switch self {
        case .count: "how many values, or rows"
        case .sum: "the sum, rounded once"
        case .avg: "the mean, rounded once"
        case .min: "the least value"
        case .max: "the greatest value"
        case .range: "the greatest value less the least"
        case .first: "the value that came first, by time, source and sequence"
        case .last: "the value that came last, by time, source and sequence"
        case .median: "the middle value, or the mean of the two in the middle"
        case .percentile: "the value at a quantile, linear between two values (type 7)"
        case .mode: "the most frequent value, the least of several"
        case .stddev: "the standard deviation of a sample (n - 1)"
        case .stddevPop: "the standard deviation of a population (n)"
        case .variance: "the variance of a sample (n - 1)"
        case .skewness: "the skewness of a sample, bias corrected"
        case .kurtosis: "the excess kurtosis of a sample, bias corrected"
        case .mad: "the median of the absolute deviations from the median, unscaled"
        case .distinct: "how many different values, exact up to 512"
        case .approxDistinct: "how many different values, estimated beyond 512"
        case .slope: "the slope of the least-squares line, a second"
        case .rate: "last less first, a second between them"
        case .timeWeightedAvg: "the mean over time, values joined by straight lines"
        case .integral: "the area below the values over seconds, joined by straight lines"
        case .correlation: "Pearson's correlation of two fields"
        case .histogram: "counts of up to 22 equally wide bins, as JSON text"
        }
    }
}
