import Language
import Model
import Streams
import Testing

/// Each detector with what it must notice, on noise that nobody tuned it to.
@Suite("Detectors on planted faults and clean noise")
struct DetectorBehaviourTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var detector: Detector
        var parameters: [Double]
        /// Scores of at least this size are alarms.
        var limit: Double
        /// Alarms a value that may be raised on clean noise.
        var falseAlarms: Double
        var fault: Fault
        /// Values after which the fault must have been noticed.
        var within: Int
        var testDescription: String { "\(detector.rawValue) notices a \(fault)" }
    }

    enum Fault: Sendable {
        /// Eight sigmas for one value.
        case spike
        /// One and a half sigmas from then on.
        case step
        /// Three sigmas a hundred values from then on.
        case drift
        /// The same value from then on.
        case flat
    }

    static let cases = [
        // Student's t with 29 degrees of freedom exceeds 3 / sqrt(1 + 1/30) 6 times in 1,000.
        Case(
            detector: .zscore, parameters: [30], limit: 3, falseAlarms: 0.01, fault: .spike,
            within: 1),
        Case(
            detector: .madZ, parameters: [60], limit: 4, falseAlarms: 0.005, fault: .spike,
            within: 1),
        Case(
            detector: .hampel, parameters: [61, 4], limit: 1, falseAlarms: 0.005, fault: .spike,
            within: 1),
        Case(
            detector: .hysteresis, parameters: [30, 28], limit: 1, falseAlarms: 0, fault: .spike,
            within: 1),
        Case(
            detector: .roc, parameters: [], limit: 0.2, falseAlarms: 0.001, fault: .spike,
            within: 1),
        Case(
            detector: .holtWinters, parameters: [24, 0.1, 0.01, 0.1, 200], limit: 4.5,
            falseAlarms: 0.002, fault: .spike, within: 1),
        Case(
            detector: .seasonalZ, parameters: [24, 200], limit: 4, falseAlarms: 0.005,
            fault: .spike, within: 1),
        Case(
            detector: .anomalyScore, parameters: [], limit: 0.85, falseAlarms: 0.01, fault: .spike,
            within: 1),
        // Run lengths in control: about 500 for an EWMA at 2.9 and 465 for a CUSUM at 5; an alarm
        // of the chart lasts some values, and the training's mean is off a little.
        Case(
            detector: .ewmaZ, parameters: [0.2, 500], limit: 3.2, falseAlarms: 0.01, fault: .step,
            within: 20),
        Case(
            detector: .cusum, parameters: [0.5, 5, 500], limit: 5, falseAlarms: 0.005, fault: .step,
            within: 30),
        Case(
            detector: .cusum, parameters: [0.5, 5, 500], limit: 5, falseAlarms: 0.005,
            fault: .drift, within: 120),
        Case(
            detector: .pageHinkley, parameters: [0.25, 15, 500], limit: 15, falseAlarms: 0.001,
            fault: .step, within: 60),
        Case(
            detector: .pageHinkley, parameters: [0.25, 15, 500], limit: 15, falseAlarms: 0.001,
            fault: .drift, within: 200),
        // Eight rules together; clean noise breaks one of them about once in 60 values.
        Case(
            detector: .nelson, parameters: [500], limit: 1, falseAlarms: 0.05, fault: .step,
            within: 30),
        Case(
            detector: .flatline, parameters: [0.01], limit: 300, falseAlarms: 0, fault: .flat,
            within: 10),
    ]

    @Test(arguments: cases)
    func notices(_ row: Case) throws {
        for seed in UInt64(1)...3 {
            var watch = try Watch(row.detector, row.parameters)
            var first: Int?
            for (index, value) in noise(seed, 1500).enumerated() {
                let since = Double(index - 1000)
                var x = value
                if index >= 1000 {
                    switch row.fault {
                    case .spike: x = index == 1000 ? 36 : value
                    case .step: x += 3
                    case .drift: x += 0.06 * since
                    case .flat: x = 21
                    }
                }
                guard let score = watch.score(x), score.magnitude >= row.limit, index >= 1000
                else { continue }
                first = first ?? index - 1000
            }
            #expect((first ?? .max) < row.within, "seed \(seed): after \(first ?? -1)")
        }
    }

    @Test(arguments: cases)
    func isQuiet(_ row: Case) throws {
        var alarms = 0
        for seed in UInt64(11)...15 {
            var watch = try Watch(row.detector, row.parameters)
            for value in noise(seed, 3000) {
                if let score = watch.score(value), score.magnitude >= row.limit { alarms += 1 }
            }
        }
        #expect(Double(alarms) / 15_000 <= row.falseAlarms, "\(alarms) in 15,000")
    }

    /// river 0.26's HalfSpaceTrees, with as many trees of that depth and window and the first
    /// window's limits, has an area under the ROC curve of 0.9896 on this series.
    @Test func `half-space trees rank outliers above the rest`() throws {
        var values = noise(3, 2000)
        for index in stride(from: 600, to: 2000, by: 100) {
            values[index] = 20 + ((index / 100).isMultiple(of: 2) ? -12 : 12)
        }
        var watch = try Watch(.anomalyScore)
        var inliers: [Double] = []
        var outliers: [Double] = []
        for (index, value) in values.enumerated() {
            guard let score = watch.score(value) else { continue }
            if !(0...1).contains(score) { Issue.record("\(score)") }
            if index >= 600, index.isMultiple(of: 100) {
                outliers.append(score)
            } else {
                inliers.append(score)
            }
        }
        var above = 0.0
        for outlier in outliers {
            for inlier in inliers { above += outlier > inlier ? 1 : outlier == inlier ? 0.5 : 0 }
        }
        let area = above / Double(outliers.count * inliers.count)
        #expect(outliers.count == 14)
        #expect(area > 0.985, "\(area)")
    }

    /// Carbon dioxide in one room, ppm: the first 60 rows of occupancy.csv of river 0.26.1
    /// (BSD-3-Clause), UCI occupancy data. It falls overnight, then people come in.
    static let carbonDioxide: [Double] = [
        721.25, 681.5, 667, 640, 616.33, 594.33, 580, 557, 538, 525, 525.5, 511, 502, 493, 490,
        487.25, 481.67, 480, 475.33, 467.33, 467.5, 473, 465, 456, 456, 458.67, 451, 450, 446, 442,
        445.75, 443.5, 444, 437, 435, 445.5, 445, 441.5, 444, 443, 447.25, 453, 449, 449, 446,
        446.5, 448.5, 445.67, 449, 452, 455.67, 454, 472, 548.5, 615, 692.75, 753.75, 788, 925.33,
        1008,
    ]

    @Test(arguments: [
        (Detector.zscore, [20.0], 3.0), (.madZ, [20], 3.5), (.hampel, [21], 1),
        (.ewmaZ, [0.2, 40], 3), (.roc, [], 0.05), (.hysteresis, [540, 500], 1),
    ])
    func `notices people who enter a room`(
        detector: Detector, parameters: [Double], limit: Double
    ) throws {
        var watch = try Watch(detector, parameters)
        var alarms: [Int] = []
        for (index, value) in DetectorBehaviourTests.carbonDioxide.enumerated() {
            guard let score = watch.score(value, after: 960) else { continue }
            if index >= 30, score >= limit { alarms.append(index) }
        }
        #expect((52...56).contains(alarms.first ?? 0), "\(alarms)")
    }

    @Test func `is quiet on a regular day and notices an hour that is not`() throws {
        // Hourly air temperature of a week in June, degF: seattle-temps.csv of vega-datasets 0.9.0
        // (BSD-3-Clause), NOAA.
        let day = [
            53.0, 54.1, 55.5, 57.2, 59.0, 60.8, 62.7, 64.3, 65.8, 66.8, 67.5, 67.6, 67.1, 66.0,
            64.2, 61.5, 59.5, 58.2, 57.0, 56.1, 55.1, 54.4, 53.8, 53.3, 53.2, 54.3, 55.8, 57.5,
            59.3, 61.1, 63.0, 64.7, 66.2, 67.3, 68.0, 68.2, 67.6, 66.5, 64.7, 61.9, 59.9, 58.6,
            57.3, 56.4, 55.4, 54.7, 54.0, 53.6,
        ]
        let jitter = noise(9, 480, mean: 0, sigma: 0.3)
        for (detector, parameters) in [
            (Detector.holtWinters, [24.0, 0.2, 0.01, 0.1, 72]), (.seasonalZ, [24, 72]),
        ] {
            var watch = try Watch(detector, parameters)
            var worst = 0.0
            for index in 0..<480 {
                let x = day[index % 48] + jitter[index]
                if index == 479 {
                    let score = watch.score(x + 6, after: 3600) ?? 0
                    #expect(score > 5)
                } else if let score = watch.score(x, after: 3600) {
                    worst = max(worst, score.magnitude)
                }
            }
            #expect(worst < 6, "\(detector): \(worst)")
        }
    }
}
