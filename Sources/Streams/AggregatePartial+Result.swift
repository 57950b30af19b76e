package import Language
package import Model

/// How far a result may be from what all the values would give exactly.
package enum Exactness: Hashable, Sendable {
    /// Nothing but the rounding of doubles.
    case exact
    /// No more than this, in the unit of the result. Of distinct counts it is three standard
    /// errors.
    case error(Double)
}

extension AggregatePartial {
    /// The aggregate's result, `type` being `integer` for whole results. Over no values `count` is
    /// 0 and everything else is missing; so is a whole number that does not fit.
    package func result(
        of function: AggregateFunction, quantile: Double? = nil, type: ValueType
    ) -> Value? {
        switch function {
        case .count: return .integer(count)
        case .distinct, .approxDistinct: return .integer(detail.first?.distinct.content?.count ?? 0)
        case .first: return detail.first?.first?.value.read(as: type)
        case .last: return detail.first?.last?.value.read(as: type)
        case .histogram:
            guard let ranks else { return nil }
            return .text(ranks.histogram)
        case .sum where type == .integer: return count > 0 ? sum.integer.map { .integer($0) } : nil
        default: break
        }
        guard count > 0, let number = number(of: function, quantile: quantile) else { return nil }
        return Value.number(number).read(as: type)
    }

    /// How good that result is.
    package func exactness(of function: AggregateFunction) -> Exactness {
        guard let detail = detail.first else { return .exact }
        let error: Double
        switch function {
        case .distinct, .approxDistinct: error = detail.distinct.content?.error ?? 0
        case .median, .percentile, .mode, .histogram: error = ranks?.error ?? 0
        case .mad: error = 2 * (ranks?.error ?? 0)
        case .timeWeightedAvg: error = detail.isBroken ? maximum - minimum : 0
        case .integral: error = detail.isBroken ? (maximum - minimum) * detail.seconds : 0
        default: error = 0
        }
        return error == 0 ? .exact : .error(error)
    }

    /// The same where it is not exact.
    func error(of function: AggregateFunction) -> Double? {
        if detail.isEmpty { return nil }
        guard case .error(let error) = exactness(of: function) else { return nil }
        return min(error, .greatestFiniteMagnitude)
    }

    private func number(of function: AggregateFunction, quantile: Double?) -> Double? {
        switch function {
        case .sum: sum.value
        case .avg: sum.divided(by: count)
        case .min: minimum
        case .max: maximum
        case .range: maximum - minimum
        case .median: ranks?.quantile(0.5)
        case .percentile: ranks?.quantile(quantile ?? 0.5)
        case .mode: ranks?.mode
        case .mad: ranks?.medianDeviation
        case .variance: variance(freedom: 1)
        case .stddev: variance(freedom: 1)?.squareRoot()
        case .stddevPop: variance(freedom: 0)?.squareRoot()
        case .skewness: skewness
        case .kurtosis: kurtosis
        case .slope: slope
        case .rate: rate
        case .correlation: correlation
        case .timeWeightedAvg: timeWeightedAverage
        case .integral: integral
        case .count, .distinct, .approxDistinct, .first, .last, .histogram: nil
        }
    }

    private var ranks: ValueSketch? {
        guard let ranks = detail.first?.ranks.content, ranks.total > 0 else { return nil }
        return ranks
    }

    // MARK: Moments

    /// Exact sums about the double next to the mean, and how far that is from the mean.
    private struct Central {
        var rest: Double
        var squares: Double
    }

    /// Taking the sums to the mean's neighbourhood is exact, so nothing cancels afterwards.
    private func central() -> Central? {
        guard let powers = detail.first?.powers.value, powers.beyond == 0, count > 0
        else { return nil }
        let mean = sum.divided(by: count)
        if let quick = quickCentral(powers.squares, mean) { return quick }
        let size = ExactSum(Int128(count))
        var rest = ScaledSum()
        rest.add(sum, times: [1])
        rest.add(size, times: [-mean])
        var squares = ScaledSum()
        squares.add(powers.squares, times: [1])
        squares.add(sum, times: [-2 * mean])
        squares.add(size, times: Expansion(mean).times(mean).terms)
        return Central(rest: rest.value / Double(count), squares: squares.value)
    }

    /// The same in pairs of doubles, where what cancels leaves them more digits than a double has.
    private func quickCentral(_ powers: ExactSum, _ mean: Double) -> Central? {
        guard let sum = sum.pair, let powers = powers.pair else { return nil }
        let size = Double(count)
        let all = size * mean
        let allRest = (-all).addingProduct(size, mean)
        let rest = (sum.high - all) + (sum.low - allRest)
        let square = mean * mean
        let squareRest = (-square).addingProduct(mean, mean)
        var terms = [(powers.high, powers.low)]
        let twice = -2 * mean * sum.high
        terms.append((twice, (-twice).addingProduct(-2 * mean, sum.high) - 2 * mean * sum.low))
        let third = size * square
        terms.append((third, (-third).addingProduct(size, square) + size * squareRest))
        var (high, low) = (0.0, 0.0)
        for term in terms {
            let total = high + term.0
            let part = total - high
            low += (high - (total - part)) + (term.0 - part) + term.1
            high = total
        }
        guard high + low >= powers.high * 0x1p-40 else { return nil }
        return Central(rest: rest / size, squares: high + low)
    }

    private func variance(freedom: Int64) -> Double? {
        guard count > freedom, let central = central() else { return nil }
        let squares = central.squares - Double(count) * central.rest * central.rest
        return max(0, squares) / Double(count - freedom)
    }

    /// The second, third and fourth central moments.
    private func centralMoments() -> (Double, Double, Double)? {
        guard let central = central(), let powers = detail.first?.powers.value else { return nil }
        let mean = sum.divided(by: count)
        let size = ExactSum(Int128(count))
        let square = Expansion(mean).times(mean)
        let cube = square.times(mean)
        var cubes = ScaledSum()
        cubes.add(powers.cubes, times: [1])
        cubes.add(powers.squares, times: [-2 * mean, -mean])
        cubes.add(sum, times: square.terms.flatMap { [2 * $0, $0] })
        cubes.add(size, times: cube.terms.map { -$0 })
        var fourths = ScaledSum()
        fourths.add(powers.fourths, times: [1])
        fourths.add(powers.cubes, times: [-4 * mean])
        fourths.add(powers.squares, times: square.terms.flatMap { [4 * $0, 2 * $0] })
        fourths.add(sum, times: cube.terms.map { -4 * $0 })
        fourths.add(size, times: cube.times(mean).terms)
        let (n, d) = (Double(count), central.rest)
        let second = central.squares / n - d * d
        let third = cubes.value / n - 3 * d * central.squares / n + 2 * d * d * d
        let fourth =
            fourths.value / n - 4 * d * cubes.value / n + 6 * d * d * central.squares / n
            - 3 * d * d * d * d
        return (second, third, fourth)
    }

    private var skewness: Double? {
        guard count > 2, let (second, third, _) = centralMoments(), second > 0 else { return nil }
        let n = Double(count)
        return (n * (n - 1)).squareRoot() / (n - 2) * third / (second * second.squareRoot())
    }

    private var kurtosis: Double? {
        guard count > 3, let (second, _, fourth) = centralMoments(), second > 0 else { return nil }
        let n = Double(count)
        let excess = fourth / (second * second) - 3
        return (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * excess + 6)
    }

    private var correlation: Double? {
        guard count > 1, let pair = detail.first?.pair.value, let central = central()
        else { return nil }
        let (mean, secondMean) = (sum.divided(by: count), pair.sum.divided(by: count))
        let size = ExactSum(Int128(count))
        var rest = ScaledSum()
        rest.add(pair.sum, times: [1])
        rest.add(size, times: [-secondMean])
        var squares = ScaledSum()
        squares.add(pair.squares, times: [1])
        squares.add(pair.sum, times: [-2 * secondMean])
        squares.add(size, times: Expansion(secondMean).times(secondMean).terms)
        var products = ScaledSum()
        products.add(pair.products, times: [1])
        products.add(pair.sum, times: [-mean])
        products.add(sum, times: [-secondMean])
        products.add(size, times: Expansion(mean).times(secondMean).terms)
        let n = Double(count)
        let secondRest = rest.value / n
        let first = central.squares - n * central.rest * central.rest
        let second = squares.value - n * secondRest * secondRest
        guard first > 0, second > 0 else { return nil }
        let product = products.value - n * central.rest * secondRest
        let both = first * second
        let scale =
            both.isNormal ? both.squareRoot() : first.squareRoot() * second.squareRoot()
        return max(-1, min(1, product / scale))
    }

    // MARK: Time

    /// A second.
    private var slope: Double? {
        guard count > 1, let trend = detail.first?.trend.value else { return nil }
        let n = Int128(count)
        let middle = trend.times / n
        let mean = sum.divided(by: count)
        let size = ExactSum(n)
        var products = ScaledSum()
        products.add(trend.products, times: [1])
        products.add(sum, times: [-Double(middle)])
        products.add(ExactSum(trend.times), times: [-mean])
        products.add(size, times: Expansion(mean).times(Double(middle)).terms)
        var rest = ScaledSum()
        rest.add(sum, times: [1])
        rest.add(size, times: [-mean])
        let timeRest = Double(trend.times &- n &* middle)
        let squares = trend.squares &- 2 &* middle &* trend.times &+ n &* middle &* middle
        let spread = Double(squares) - timeRest * timeRest / Double(n)
        guard spread > 0 else { return nil }
        return (products.value - timeRest * rest.value / Double(n)) / spread * 1000
    }

    private var rate: Double? {
        guard let detail = detail.first, detail.seconds > 0,
            let first = detail.first?.value.double, let last = detail.last?.value.double
        else { return nil }
        return (last - first) / detail.seconds
    }

    private var timeWeightedAverage: Double? {
        guard let detail = detail.first else { return nil }
        guard let whole = detail.timeline.content?.whole else { return sum.divided(by: count) }
        let span = whole.last.time - whole.first.time
        return span == 0 ? sum.divided(by: count) : whole.area.divided(by: 2 * span)
    }

    private var integral: Double? {
        guard let detail = detail.first else { return nil }
        guard let whole = detail.timeline.content?.whole else {
            return sum.divided(by: count) * detail.seconds
        }
        return whole.area.divided(by: 2000)
    }
}

extension AggregateDetail {
    /// From the first value to the last.
    fileprivate var seconds: Double {
        guard let first, let last else { return 0 }
        return Double(last.time - first.time) / 1000
    }

    fileprivate var isBroken: Bool { timeline.content?.isBroken ?? false }
}

extension Value {
    /// A number as the whole number or the number that a result is said to be.
    fileprivate func read(as type: ValueType) -> Value? {
        switch (self, type) {
        case (.number(let number), .integer): Int64(exactly: number).map { .integer($0) }
        case (.number(let number), _): number.isFinite ? self : nil
        case (.integer(let integer), .number): .number(Double(integer))
        case (.boolean(let boolean), .number): .number(boolean ? 1 : 0)
        default: self
        }
    }
}
