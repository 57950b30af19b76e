/// Exponential smoothing with additive errors: a level, perhaps a trend, perhaps a season.
package struct Smoothing: Hashable, Sendable {
    package let shape: Shape
    package let parameters: Parameters
    package private(set) var level: Double
    /// By step; zero where the shape has none.
    package private(set) var trend: Double
    /// By place in the season; empty where the shape has none.
    package private(set) var season: [Double]
    /// In the season, the next value's place.
    private var place = 0

    /// What is smoothed.
    package enum Shape: UInt8, Hashable, Sendable {
        /// Simple.
        case level
        /// Holt's.
        case trend
        /// Holt's, the trend growing weaker with each step.
        case damped
        /// Holt's and Winters', with an additive season.
        case seasonal
    }

    /// How fast new values replace old ones: l = base + alpha e, b = phi b + alpha beta e,
    /// s = s + gamma e, where base = l + phi b and e is the error of the forecast before.
    package struct Parameters: Hashable, Sendable {
        package var alpha: Double
        package var beta: Double
        package var gamma: Double
        package var phi: Double

        package init(alpha: Double, beta: Double = 0, gamma: Double = 0, phi: Double = 1) {
            self.alpha = alpha
            self.beta = beta
            self.gamma = gamma
            self.phi = phi
        }
    }

    /// As it is when `used(_:season:)` values are past: of the level alone, the first value; with a
    /// trend, the second and its difference to the first; with a season, what the first two seasons
    /// are made of.
    package init(
        _ shape: Shape, _ parameters: Parameters, beginning values: ArraySlice<Double>,
        season length: Int = 0
    ) {
        self.shape = shape
        self.parameters = parameters
        let first = values.startIndex
        switch shape {
        case .level:
            (level, trend, season) = (values[first], 0, [])
        case .trend, .damped:
            (level, trend) = (values[first + 1], values[first + 1] - values[first])
            season = []
        case .seasonal:
            let parts = Seasons(Array(values.prefix(2 * length)), length: length)
            (level, trend, season) = (parts.line.intercept, parts.line.slope, parts.figure)
        }
    }

    /// The same state with other parameters.
    init(_ other: Smoothing, _ parameters: Parameters) {
        shape = other.shape
        self.parameters = parameters
        (level, trend, season, place) = (other.level, other.trend, other.season, other.place)
    }

    /// How many values are past when it begins.
    package static func used(_ shape: Shape, season length: Int = 0) -> Int {
        switch shape {
        case .level: 1
        case .trend, .damped: 2
        case .seasonal: length
        }
    }

    /// Takes the next value in; the error that the forecast of it had.
    @discardableResult
    package mutating func take(_ value: Double) -> Double {
        let base = level + parameters.phi * trend
        let seasonal = season.isEmpty ? 0 : season[place]
        let error = value - base - seasonal
        level = base + parameters.alpha * error
        if shape != .level {
            trend = parameters.phi * trend + parameters.alpha * parameters.beta * error
        }
        guard !season.isEmpty else { return error }
        season[place] = seasonal + parameters.gamma * error
        place = place + 1 == season.count ? 0 : place + 1
        return error
    }

    /// The value so many steps from the last, one at least.
    package func forecast(_ steps: Int) -> Double {
        let seasonal = season.isEmpty ? 0 : season[(place + steps - 1) % season.count]
        return level + trend * damping(steps) + seasonal
    }

    /// phi + phi² + … so many times.
    private func damping(_ steps: Int) -> Double {
        if parameters.phi == 1 { return Double(steps) }
        var (sum, power) = (0.0, 1.0)
        for _ in 0..<steps {
            power *= parameters.phi
            sum += power
        }
        return sum
    }

    /// The variance of the forecast's error, in that of the errors of one step: 1 + Σ c², where
    /// c = alpha + alpha beta (phi + … + phi^j), and gamma more after each whole season.
    package func variance(_ steps: Int) -> Double {
        var sum = 1.0
        for step in 1..<max(1, steps) {
            var weight = parameters.alpha
            if shape != .level {
                weight += parameters.alpha * parameters.beta * damping(step)
            }
            if !season.isEmpty, step % season.count == 0 { weight += parameters.gamma }
            sum += weight * weight
        }
        return sum
    }
}

/// What the first two seasons are made of: each place's mean distance from the centred moving
/// average, and the line through that average, its values numbered from 1.
package struct Seasons: Hashable, Sendable {
    package var figure: [Double]
    package var line: LeastSquares

    /// Of two whole seasons of two or more steps.
    package init(_ values: [Double], length: Int) {
        let half = length / 2
        var averages: [Double] = []
        var sums = [Double](repeating: 0, count: length)
        var counts = [Double](repeating: 0, count: length)
        for middle in half..<values.count - half {
            var sum = values[middle - half...middle + half].reduce(0, +)
            // Of an even number of steps, the two at the ends are of the same place.
            if length % 2 == 0 { sum -= (values[middle - half] + values[middle + half]) / 2 }
            let average = sum / Double(length)
            averages.append(average)
            sums[middle % length] += values[middle] - average
            counts[middle % length] += 1
        }
        let means = zip(sums, counts).map { $0 / $1 }
        let mean = means.reduce(0, +) / Double(length)
        figure = means.map { $0 - mean }
        line = LeastSquares((1...averages.count).map(Double.init), averages)
    }
}
