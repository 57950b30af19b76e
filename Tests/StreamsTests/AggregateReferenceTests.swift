import Foundation
import Language
import Model
import Streams
import Testing

/// Results of numpy and scipy, which Tests/statistics/run.sh generates and names in
/// `IOTFLOW_STATISTICS`.
@Suite("Aggregates against numpy and scipy")
struct AggregateReferenceTests {
    static let path = ProcessInfo.processInfo.environment["IOTFLOW_STATISTICS"]

    private struct Sample: Decodable {
        var name: String
        var times: [Int64]
        var x: [Double]
        var y: [Double]
        var expected: [Expected]
        var histogram: Histogram?
    }

    private struct Histogram: Decodable {
        var from: Double
        var width: Double
        var counts: [Int]
    }

    private struct Expected: Decodable {
        /// A function's name, and for percentiles the quantile.
        var function: String
        var value: Double?
    }

    @Test(
        "all of them, equal to nine digits",
        .enabled(if: path != nil, "Tests/statistics/run.sh sets it"))
    func reference() throws {
        let path = try #require(AggregateReferenceTests.path)
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        let samples = try JSONDecoder().decode([Sample].self, from: data)
        var compared = 0
        var missing = Set(AggregateFunction.allCases)
        for sample in samples {
            if let expected = sample.histogram {
                missing.remove(.histogram)
                let result = merged(sample, .histogram).result(of: .histogram, type: .text)
                let found = try JSONDecoder().decode(
                    Histogram.self, from: Data((result?.description ?? "").utf8))
                #expect(found.counts == expected.counts, "\(sample.name): histogram")
                #expect(abs(found.from - expected.from) <= 1e-9 * abs(expected.from))
                #expect(abs(found.width - expected.width) <= 1e-9 * expected.width)
                compared += 1
            }
            for expected in sample.expected {
                let words = expected.function.split(separator: " ").map(String.init)
                let function = try #require(AggregateFunction(rawValue: words[0]))
                let quantile = words.count > 1 ? Double(words[1]) : nil
                missing.remove(function)
                let partial = merged(sample, function)
                let result = partial.result(
                    of: function, quantile: quantile, type: function.resultType(of: .number))
                #expect(
                    isClose(result?.double, expected.value, function, sample.x),
                    "\(sample.name): \(expected.function)")
                compared += 1
            }
        }
        #expect(missing.isEmpty)
        print("reference values compared: \(compared)")
    }

    /// In three parts, every third value each.
    private func merged(_ sample: Sample, _ function: AggregateFunction) -> AggregatePartial {
        var parts = Array(repeating: AggregatePartial(), count: 3)
        for index in sample.x.indices {
            let part = function == .integral || function == .timeWeightedAvg ? 0 : index % 3
            parts[part].add(
                .number(sample.x[index]), needs: AggregatePartial.Needs(function),
                at: Instant(milliseconds: sample.times[index]), with: sample.y[index])
        }
        parts[0].merge(parts[1])
        parts[2].merge(parts[0])
        return parts[2]
    }

    /// Relative to the result or, where values cancel out, to what is summed; numpy's own error
    /// grows with the distance of the values from zero.
    private func isClose(
        _ result: Double?, _ expected: Double?, _ function: AggregateFunction, _ values: [Double]
    ) -> Bool {
        guard let result, let expected else { return (result == nil) == (expected == nil) }
        let largest = values.map { abs($0) }.max() ?? 0
        let floor: Double =
            switch function {
            case .skewness, .kurtosis, .correlation: 1
            case .stddev, .stddevPop, .variance: 1e-9 * largest
            default: 1e-3 * largest
            }
        return abs(result - expected) <= 1e-9 * max(abs(expected), floor)
    }
}
