import Foundation
import Language
import Model
import Streams
import Testing

/// NIST StRD, univariate summary statistics: certified values.
@Suite("Moments against certified values")
struct AggregateMomentsTests {
    @Test("mean and deviation to the digits that are certified", arguments: CertifiedSet.all)
    func certified(_ set: CertifiedSet) throws {
        let partial = partial(of: set.values, for: [.stddev])
        let mean = try #require(partial.result(of: .avg, type: .number)?.double)
        // The certified values have 15 digits themselves.
        #expect(digits(mean, set.mean) >= 14.5)
        let deviation = try #require(partial.result(of: .stddev, type: .number)?.double)
        #expect(digits(deviation, set.deviation) >= set.digits)
        let variance = try #require(partial.result(of: .variance, type: .number)?.double)
        #expect(abs(variance.squareRoot() - deviation) <= 1e-15 * deviation)
    }

    /// The log relative error: how many decimal digits are right, 15 at most.
    private func digits(_ result: Double, _ certified: Double) -> Double {
        let error = abs(result - certified) / abs(certified)
        return error == 0 ? 15 : min(15, -log10(error))
    }

    @Test("what sums of squares in doubles lose")
    func cancellation() {
        let values = [4.0, 7, 13, 16]
        for offset in [0, 1e9, 1e12, 1e15, -1e15] {
            let partial = partial(
                of: values.map { $0 + offset }, for: [.variance, .skewness, .kurtosis])
            #expect(partial.result(of: .variance, type: .number) == .number(30))
            #expect(partial.result(of: .skewness, type: .number) == .number(0))
            // The moment ratio is -1.64: 3/2 (5 * -1.64 + 6).
            let kurtosis = partial.result(of: .kurtosis, type: .number)?.double ?? .nan
            #expect(abs(kurtosis - -3.3) < 1e-13, "\(offset)")
        }
    }

    struct Edge: CustomTestStringConvertible, Sendable {
        var story: String
        var values: [Double]
        var function: AggregateFunction
        var result: Double?
        var testDescription: String { story }
    }

    @Test(arguments: [
        Edge(story: "no deviation of one", values: [5], function: .stddev, result: nil),
        Edge(story: "but a population may be one", values: [5], function: .stddevPop, result: 0),
        Edge(story: "no skewness of two", values: [1, 2], function: .skewness, result: nil),
        Edge(story: "no kurtosis of three", values: [1, 2, 4], function: .kurtosis, result: nil),
        Edge(story: "nor of a constant", values: [1, 1, 1, 1], function: .kurtosis, result: nil),
        Edge(story: "a constant does not vary", values: [0.1, 0.1], function: .stddev, result: 0),
        Edge(
            story: "neighbouring doubles", values: [1e16, 1e16 + 2], function: .variance, result: 2
        ),
        Edge(
            story: "squares beyond the doubles", values: [1e200, 2e200], function: .variance,
            result: nil),
        Edge(story: "the least of two modes", values: [3, 1, 3, 1, 2], function: .mode, result: 1),
        Edge(
            story: "median of an even count", values: [4, 1, 3, 2], function: .median, result: 2.5),
        Edge(story: "mad", values: [1, 1, 2, 2, 4, 6, 9], function: .mad, result: 1),
        Edge(story: "minus zero is zero", values: [-0.0, 0], function: .median, result: 0),
        Edge(story: "nothing has no median", values: [], function: .median, result: nil),
        Edge(story: "nor an area", values: [], function: .integral, result: nil),
        Edge(story: "the first", values: [3, 1, 2], function: .first, result: 3),
        Edge(story: "the last", values: [3, 1, 2], function: .last, result: 2),
        Edge(story: "a second apart", values: [1, 4, 2], function: .rate, result: 0.5),
        Edge(story: "one has no rate", values: [1], function: .rate, result: nil),
        Edge(story: "a line's slope", values: [5, 7, 9, 11], function: .slope, result: 2),
        Edge(story: "one has no slope", values: [1], function: .slope, result: nil),
        Edge(story: "area", values: [0, 2, 2], function: .integral, result: 3),
        Edge(story: "mean over time", values: [0, 2, 2], function: .timeWeightedAvg, result: 1.5),
        Edge(story: "of one", values: [7], function: .timeWeightedAvg, result: 7),
    ])
    func edges(_ edge: Edge) {
        let partial = partial(of: edge.values, for: [edge.function])
        #expect(
            partial.result(of: edge.function, type: .number) == edge.result.map { .number($0) })
        #expect(partial.exactness(of: edge.function) == .exact)
    }

    @Test("a histogram is JSON with bins of a round width")
    func histogram() {
        let partial = partial(of: [20, 20.1, 20.3, 25], for: [.histogram])
        #expect(
            partial.result(of: .histogram, type: .text)
                == .text(
                    "{\"from\":20.0,\"width\":0.5,\"counts\":[3,0,0,0,0,0,0,0,0,0,1]}"))
    }

    @Test("every function says what it is")
    func summaries() {
        #expect(
            Set(AggregateFunction.allCases.map(\.summary)).count == AggregateFunction.allCases.count
        )
        #expect(AggregateFunction.named("p95")?.quantile == 0.95)
        #expect(AggregateFunction.named("stddev_pop")?.function == .stddevPop)
        #expect(AggregateFunction.named("p100") == nil)
        #expect(AggregateFunction.range.resultUnit(of: Unit("degF")) == nil)
        #expect(AggregateFunction.integral.resultUnit(of: Unit("W")) == Unit("J"))
    }
}

/// One value a second, from 2026-01-01.
func partial(of values: [Double], for functions: [AggregateFunction]) -> AggregatePartial {
    var needs: AggregatePartial.Needs = []
    for function in functions { needs.formUnion(AggregatePartial.Needs(function)) }
    var partial = AggregatePartial()
    for (second, value) in values.enumerated() {
        let time = Instant(milliseconds: 1_767_225_600_000 + Int64(second) * 1000)
        partial.add(.number(value), needs: needs, at: time, with: value)
    }
    return partial
}
