/// The anomaly detectors of the language, by the name they are called with.
///
/// Each looks at the values of one key in the total order. A value that is missing, or beyond
/// ±1e150, gives missing and leaves the detector as it is; so does a value of the warm-up, which
/// `training(_:)` states. Results are finite: a score whose spread is nil ends at ±1e6.
package enum Detector: String, Hashable, Sendable, CaseIterable {
    case zscore, hysteresis, roc, flatline
    case ewmaZ = "ewma_z"
    case cusum
    case pageHinkley = "page_hinkley"
    case madZ = "mad_z"
    case hampel
    case holtWinters = "holt_winters"
    case seasonalZ = "seasonal_z"
    case nelson
    case anomalyScore = "anomaly_score"

    /// The parameters behind the value looked at, in the order in which a call may give them
    /// without a name.
    package var parameters: [Parameter] {
        switch self {
        case .zscore: [.window(30), .floor]
        case .hysteresis:
            [
                Parameter("high", default: 0, Detector.anything, isRequired: true),
                Parameter("low", default: 0, Detector.anything, isRequired: true),
            ]
        case .roc: []
        case .flatline: [Parameter("epsilon", default: 0, 0...1e150)]
        case .ewmaZ:
            [Parameter("lambda", default: 0.2, 0.001...1), .training(100), .floor]
        case .cusum:
            [
                Parameter("k", default: 0.5, 0...100), Parameter("h", default: 5, 0.1...1e6),
                .training(100), .floor,
            ]
        case .pageHinkley:
            [
                Parameter("delta", default: 0.25, 0...100),
                Parameter("threshold", default: 15, 0.1...1e6), .training(100), .floor,
            ]
        case .madZ: [.window(60), .floor]
        case .hampel: [.window(21), Parameter("k", default: 3, 0.1...1e6), .floor]
        case .holtWinters:
            [
                Parameter("season", default: 24, 2...4096, isWhole: true),
                Parameter("alpha", default: 0.2, 0...1), Parameter("beta", default: 0.01, 0...1),
                Parameter("gamma", default: 0.1, 0...1), .training(48), .floor,
            ]
        case .seasonalZ:
            [Parameter("season", default: 24, 1...4096, isWhole: true), .window(96), .floor]
        case .nelson: [.training(100), .floor]
        case .anomalyScore:
            [
                Parameter("window", default: 250, 20...4096, isWhole: true),
                Parameter("trees", default: 25, 1...100, isWhole: true),
                Parameter("depth", default: 8, 1...12, isWhole: true),
                Parameter("seed", default: 1, 0...4_294_967_295, isWhole: true),
            ]
        }
    }

    private static let anything = -1e150...1e150

    /// What a call results in, in one sentence.
    package var summary: String {
        switch self {
        case .zscore:
            "How many sample standard deviations the value is above the mean of the `window` "
                + "values before it."
        case .hysteresis: "1 from a value above `high` until one below `low`, else 0."
        case .roc: "Change per second since the value before; missing within one millisecond."
        case .flatline: "Seconds since the value last moved by more than `epsilon`."
        case .ewmaZ:
            "How many of its own standard deviations the exponentially weighted mean is above the "
                + "mean of the training."
        case .cusum:
            "The larger of the two one-sided cumulative sums, in standard deviations of the "
                + "training; starts again after it exceeded `h`."
        case .pageHinkley:
            "How far the sum of the deviations from the running mean is from its extreme, in "
                + "standard deviations of the training; starts again after it exceeded `threshold`."
        case .madZ:
            "How many robust standard deviations (1.4826 times the median absolute deviation) the "
                + "value is above the median of the `window` values before it."
        case .hampel:
            "1 where the value is more than `k` robust standard deviations from the median of the "
                + "`window` values before it, else 0."
        case .holtWinters:
            "The error of the forecast (level, trend and additive season) in its recent standard "
                + "deviations."
        case .seasonalZ:
            "How many robust standard deviations the change against one season before is above the "
                + "median of the last `window` such changes."
        case .nelson: "The number of the first Nelson rule (1 to 8) that is broken, else 0."
        case .anomalyScore:
            "From 0, where values are dense, over 0.5, where they are as if spread evenly, to 1, "
                + "where there were none lately (half-space trees)."
        }
    }

    /// How many values a call takes in before it results in anything.
    package func training(_ arguments: [Double]) -> Int {
        let given = filled(arguments)
        return switch self {
        case .hysteresis, .flatline: 0
        case .roc: 1
        case .zscore, .madZ, .hampel: Int(given[0])
        case .ewmaZ: Int(given[1])
        case .cusum, .pageHinkley: Int(given[2])
        case .holtWinters: 2 * Int(given[0]) + Int(given[4])
        case .seasonalZ: Int(given[0]) + Int(given[1])
        case .nelson: Int(given[0])
        case .anomalyScore: 2 * Int(given[0])
        }
    }

    /// Bytes that a call keeps for each key.
    package func stateBytes(_ arguments: [Double]) -> Int {
        let given = filled(arguments)
        return switch self {
        case .zscore: 128 + 32 * Int(given[0])
        case .hysteresis: 24
        case .roc: 24
        case .flatline: 32
        case .ewmaZ: 72
        case .cusum: 80
        case .pageHinkley: 96
        case .madZ: 104 + 16 * Int(given[0])
        case .hampel: 112 + 16 * Int(given[0])
        case .holtWinters: 160 + 8 * Int(given[0])
        case .seasonalZ: 160 + 8 * Int(given[0]) + 16 * Int(given[1])
        case .nelson: 216
        case .anomalyScore: 200 + Int(given[1]) * (8 + 4 * (2 << Int(given[2])))
        }
    }

    /// The parameters of a call, none missing, all in their ranges.
    package func filled(_ arguments: [Double]) -> [Double] {
        var result: [Double] = []
        for (index, parameter) in parameters.enumerated() {
            var value = index < arguments.count ? arguments[index] : parameter.standard
            if parameter.isWhole { value.round() }
            // In this order NaN ends at the lower bound.
            value = max(parameter.range.lowerBound, value)
            result.append(min(parameter.range.upperBound, value))
        }
        return result
    }

    /// What is wrong with parameters that are each in range.
    package func fault(_ arguments: [Double]) -> String? {
        guard self == .hysteresis else { return nil }
        let given = filled(arguments)
        return given[0] < given[1] ? "`low` must not be above `high`" : nil
    }

    /// A parameter, which is a constant of the call.
    package struct Parameter: Sendable {
        package let name: String
        package let standard: Double
        package let range: ClosedRange<Double>
        package let isWhole: Bool
        /// True where no standard makes sense, so that a call must give it.
        package let isRequired: Bool

        init(
            _ name: String, default standard: Double, _ range: ClosedRange<Double>,
            isWhole: Bool = false, isRequired: Bool = false
        ) {
            self.name = name
            self.standard = standard
            self.range = range
            self.isWhole = isWhole
            self.isRequired = isRequired
        }

        fileprivate static func window(_ standard: Double) -> Parameter {
            Parameter("window", default: standard, 2...4096, isWhole: true)
        }

        fileprivate static func training(_ standard: Double) -> Parameter {
            Parameter("training", default: standard, 2...1_000_000, isWhole: true)
        }

        /// The least standard deviation that is believed: a sensor's resolution, for instance.
        fileprivate static var floor: Parameter { Parameter("floor", default: 0, 0...1e150) }
    }
}
