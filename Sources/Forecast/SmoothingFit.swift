/// A smoothing whose parameters make the squares of its errors smallest.
package struct SmoothingFit: Hashable, Sendable {
    /// Behind the last value.
    package var model: Smoothing
    /// Of the errors of all forecasts of one step.
    package var squares: Double
    /// How many those are.
    package var errors: Int

    /// One with parameters that are known.
    package init(
        _ shape: Smoothing.Shape, _ parameters: Smoothing.Parameters,
        to values: ArraySlice<Double>, season: Int = 0
    ) {
        model = Smoothing(shape, parameters, beginning: values, season: season)
        let rest = values.dropFirst(Smoothing.used(shape, season: season))
        squares = SmoothingFit.run(&model, over: rest)
        errors = rest.count
    }

    /// One that finds its parameters: the best of a grid, made better by at most 120 evaluations.
    package init(_ shape: Smoothing.Shape, to values: ArraySlice<Double>, season: Int = 0) {
        let start = Smoothing(
            shape, Smoothing.Parameters(alpha: 0), beginning: values, season: season)
        let rest = values.dropFirst(Smoothing.used(shape, season: season))
        let best = Simplex.minimum(dimensions: shape.dimensions, limit: 120) { point in
            var model = Smoothing(start, shape.parameters(at: point))
            return SmoothingFit.run(&model, over: rest)
        }
        model = Smoothing(start, shape.parameters(at: best.point))
        squares = SmoothingFit.run(&model, over: rest)
        errors = rest.count
    }

    private static func run(_ model: inout Smoothing, over values: ArraySlice<Double>) -> Double {
        var sum = 0.0
        for value in values {
            let error = model.take(value)
            sum += error * error
        }
        return sum
    }

    /// Of the errors of one step; parameters that were found count as values less.
    package var variance: Double {
        squares / Double(max(1, errors - model.shape.dimensions))
    }

    /// Half the width of the interval that holds 95 of 100 values so many steps from the last, if
    /// errors are normal and independent.
    package func margin(_ steps: Int) -> Double {
        TrendLine.normalQuantile * (variance * model.variance(steps)).squareRoot()
    }
}

extension Smoothing.Shape {
    /// How many parameters it has.
    var dimensions: Int {
        switch self {
        case .level: 1
        case .trend: 2
        case .damped, .seasonal: 3
        }
    }

    /// From a cube of side 1: alpha from 0.01 to 0.99, beta from 0 to 1, phi from 0.8 to 0.98,
    /// gamma from 0 to 1 - alpha.
    func parameters(at point: [Double]) -> Smoothing.Parameters {
        var result = Smoothing.Parameters(alpha: 0.01 + 0.98 * point[0])
        if self != .level { result.beta = point[1] }
        if self == .damped { result.phi = 0.8 + 0.18 * point[2] }
        if self == .seasonal { result.gamma = point[2] * (1 - result.alpha) }
        return result
    }
}
