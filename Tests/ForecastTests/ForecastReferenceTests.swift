import Forecast
import Foundation
import Testing

/// Results of statsmodels and scipy, which Tests/forecast/run.sh generates and names in
/// `IOTFLOW_FORECAST`.
@Suite("Forecasts against statsmodels and scipy")
struct ForecastReferenceTests {
    static let path = ProcessInfo.processInfo.environment["IOTFLOW_FORECAST"]

    private struct Fixture: Decodable {
        var smoothings: [Smoothed]
        var lines: [Line]
        var backtests: [Backtested]
        var functions: [Functions]
    }

    private struct Smoothed: Decodable {
        var shape: String
        var season: Int
        var x: [Double]
        var alpha: Double
        var beta: Double
        var gamma: Double
        var phi: Double
        var level: Double
        var trend: Double
        var figure: [Double]
        var squares: Double
        var forecasts: [Double]
        var least: Double
        var variances: [Double]
    }

    private struct Line: Decodable {
        var x: [Double]
        var slope: Double
        var low: Double
        var high: Double
        var level: Double
    }

    private struct Backtested: Decodable {
        var x: [Double]
        var origins: Int
        var methods: [Scored]
    }

    private struct Scored: Decodable {
        var name: String
        var score: Double
        var values: [Double]
        var lows: [Double]
        var highs: [Double]
    }

    private struct Functions: Decodable {
        var x: Double
        var exponential: Double
        var logarithm: Double
        var normal: Double
    }

    @Test(
        "all of them, equal to nine digits",
        .enabled(if: path != nil, "Tests/forecast/run.sh sets it"))
    func reference() throws {
        let path = try #require(ForecastReferenceTests.path)
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        let fixture = try JSONDecoder().decode(Fixture.self, from: data)
        var compared = 0
        func check(_ found: Double, _ expected: Double, _ what: String) {
            #expect(isClose(found, expected), "\(what): \(found), not \(expected)")
            compared += 1
        }
        // A few of theirs are where ours does not look.
        let good = try fixture.smoothings.filter { try compare($0, check) }
        #expect(Double(good.count) >= 0.85 * Double(fixture.smoothings.count))
        for row in fixture.lines {
            let line = TrendLine(row.x[...])
            let what = "line of \(row.x.count)"
            check(line.slope, row.slope, what)
            check(line.low, row.low, what + ", low")
            check(line.high, row.high, what + ", high")
            check(line.level, row.level, what + ", level")
        }
        for row in fixture.backtests { try compare(row, check) }
        for row in fixture.functions {
            let power = Elementary.exponential(40 * row.x)
            check(power / row.exponential, 1, "exp \(row.x)")
            check(Elementary.logarithm(row.exponential), row.logarithm, "log \(row.x)")
            check(Elementary.normal(below: row.x), row.normal, "normal \(row.x)")
        }
        print("reference values compared: \(compared)")
    }

    /// Whether ours found parameters about as good as the best there are.
    private func compare(
        _ row: Smoothed, _ check: (Double, Double, String) -> Void
    ) throws -> Bool {
        let shapes: [String: Smoothing.Shape] = [
            "level": .level, "trend": .trend, "damped": .damped, "seasonal": .seasonal,
        ]
        let shape = try #require(shapes[row.shape])
        let season = shape == .seasonal ? row.season : 0
        let parameters = Smoothing.Parameters(
            alpha: row.alpha, beta: row.beta, gamma: row.gamma, phi: row.phi)
        let what = "\(row.shape) \(row.season) \(row.x.count)"
        let start = Smoothing(shape, parameters, beginning: row.x[...], season: season)
        check(start.level, row.level, what + ", initial level")
        check(start.trend, row.trend, what + ", initial trend")
        #expect(start.season.count == row.figure.count)
        for (found, expected) in zip(start.season, row.figure) {
            check(found, expected, what + ", initial season")
        }
        let fit = SmoothingFit(shape, parameters, to: row.x[...], season: season)
        check(fit.squares, row.squares, what + ", squares")
        for (index, expected) in row.forecasts.enumerated() {
            check(fit.model.forecast(index + 1), expected, what + ", step \(index + 1)")
        }
        for (index, expected) in row.variances.enumerated() {
            check(fit.model.variance(index + 1), expected, what + ", variance \(index + 1)")
        }
        let best = SmoothingFit(shape, to: row.x[...], season: season)
        #expect(best.squares <= row.squares * 1.001, "\(what)")
        return best.squares <= row.least * 1.02
    }

    private func compare(_ row: Backtested, _ check: (Double, Double, String) -> Void) throws {
        let lead = row.methods[0].values.count
        let trial = try #require(Trial(row.x, season: 0, lead: lead, limit: .max))
        #expect(trial.origins == row.origins)
        for expected in row.methods {
            let method = expected.name == "trend" ? Method.trend : .lastValue
            let what = "\(expected.name) \(row.x.count)"
            let score = try #require(trial.scores.first { $0.method == method }?.score)
            check(score, expected.score, what + ", score")
            for (index, outcome) in trial.outcomes(of: method).enumerated() {
                check(outcome.value, expected.values[index], what)
                check(outcome.low, expected.lows[index], what + ", low")
                check(outcome.high, expected.highs[index], what + ", high")
            }
        }
    }
}
