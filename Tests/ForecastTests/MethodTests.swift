import Forecast
import Testing

@Suite("Which method forecasts")
struct MethodTests {
    private func select(_ values: [Double], season: Int = 0, lead: Int = 6) -> Selection? {
        Selection(values, season: season, lead: lead, limit: 16)
    }

    private static let line = (0..<100).map { 3 + 0.5 * Double($0) }

    @Test func `each kind of history has its method`() throws {
        let constant = try #require(select(Array(repeating: 7, count: 40)))
        #expect(constant.method == .lastValue && constant.score == 0)
        let line = try #require(select(MethodTests.line))
        #expect(line.method == .trend && line.score < 1e-12)
        // A line with a jump, which moves no median much, but no line either.
        let noisy = zip(MethodTests.line, noise(1, 100)).map { $0 + $1 }
        #expect(try #require(select(noisy)).method == .trend)
        // What settles.
        let settling = (0..<100).map { 20 - 15 * Elementary.exponential(-Double($0) / 25) }
        #expect(try #require(select(settling)).method == .dampedHolt)
        let seasonal = (0..<96).map { Double($0 % 12 < 4 ? 5 : 1) + 0.1 * Double($0) }
        let found = try #require(select(seasonal, season: 12))
        #expect(found.method == .holtWinters && found.score < 0.1)
        // The same without a word of the season, and before two seasons are known.
        #expect(try #require(select(seasonal)).method != .holtWinters)
        #expect(select(Array(seasonal[..<36]), season: 16)?.method != .holtWinters)
    }

    @Test func `too little says nothing, and a leap into nothing has no skill`() throws {
        #expect(select([]) == nil && select([1, 2, 3]) == nil)
        #expect(
            select(MethodTests.line, lead: 50) == nil && select(MethodTests.line, lead: 0) == nil)
        #expect(select(MethodTests.line, lead: 40) != nil)
        // The last value is never better than itself.
        for seed in 1...20 {
            let trial = try #require(Trial(walk(UInt64(seed), 120), season: 0, lead: 6, limit: 32))
            #expect(trial.scores[0].score >= 1)
        }
        let unskilled = (1...40).filter { seed in
            select(walk(UInt64(seed), 200))?.hasSkill == false
        }
        #expect(unskilled.count >= 20, "only \(unskilled.count) of 40")
    }

    @Test func `what is chosen forecasts from values that came later`() throws {
        let values = MethodTests.line
        for method in Method.allCases {
            var selection = Selection(
                method: method, score: 0.5,
                parameters: method.shape == nil
                    ? nil : Smoothing.Parameters(alpha: 0.5, beta: 0.5, gamma: 0.1, phi: 1))
            let value = try #require(selection.forecast(values, season: 4, steps: 2))
            let expected = method == .lastValue ? 52.5 : 53.5
            #expect((value - expected).magnitude < 0.01, "\(method.name): \(value)")
            #expect(selection.forecast([], season: 4, steps: 2) == nil)
            if method != .lastValue {
                #expect(selection.forecast([1], season: 4, steps: 2) == nil)
                selection.parameters = nil
            }
            let known = selection.forecast(values, season: 4, steps: 2) != nil
            #expect(known == (method.shape == nil))
        }
    }

    @Test func `parameters that were known before are found again`() {
        let parameters = Smoothing.Parameters(alpha: 0.4, beta: 0.3, gamma: 0.2, phi: 1)
        var model = Smoothing(
            .seasonal, parameters, beginning: (0..<8).map { Double($0 % 4) }[...], season: 4)
        // Each value is the forecast and a shock.
        let values =
            (0..<8).map { Double($0 % 4) }
            + noise(9, 400).map { shock in
                let value = model.forecast(1) + shock
                model.take(value)
                return value
            }
        let fit = SmoothingFit(.seasonal, to: values[...], season: 4)
        let found = fit.model.parameters
        #expect((found.alpha - 0.4).magnitude < 0.15, "\(found)")
        #expect((found.beta - 0.3).magnitude < 0.2, "\(found)")
        #expect((found.gamma - 0.2).magnitude < 0.15, "\(found)")
        #expect((fit.variance - 1).magnitude < 0.3, "\(fit.variance)")
        // Other bits on another machine would be another result: these are from this one.
        let again = SmoothingFit(.seasonal, to: values[...], season: 4)
        #expect(again == fit)
    }

    @Test func `an interval holds what comes about as often as it says`() throws {
        var (held, all) = (0, 0)
        var methods: Set<Method> = []
        for seed in 1...30 {
            let level = seed % 2 == 0
            let noise = noise(UInt64(seed), 160)
            let values = noise.enumerated().map { (level ? 0 : 0.3 * Double($0)) + $1 }
            let trial = try #require(Trial(Array(values[..<150]), season: 0, lead: 10, limit: 128))
            methods.insert(trial.selection.method)
            for outcome in trial.outcomes {
                all += 1
                let actual = values[149 + outcome.steps]
                if outcome.low <= actual, actual <= outcome.high { held += 1 }
                #expect(outcome.low <= outcome.value || outcome.value <= outcome.high)
            }
            #expect(trial.coverage > 0.9 && trial.coverage <= 0.95)
            #expect(trial.scores.map(\.method) == [.lastValue, .trend, .dampedHolt])
            #expect(trial.outcomes(of: .holtWinters).isEmpty)
        }
        #expect(methods == [.trend, .dampedHolt])
        let share = Double(held) / Double(all)
        #expect(share > 0.9 && share < 0.99, "\(share)")
    }

    @Test func `few places in the past can promise less`() throws {
        let trial = try #require(Trial(MethodTests.line, season: 0, lead: 6, limit: 9))
        #expect(trial.origins == 9 && trial.coverage == 0.8)
    }
}
