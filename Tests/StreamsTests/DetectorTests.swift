import Language
import Model
import Streams
import Testing

/// One call of a detector on column `x`, with one key.
struct Watch {
    var table: CallTable
    var row: [Value?] = [nil, nil]
    var time = Instant(milliseconds: 0)

    init(_ detector: Detector, _ parameters: [Double] = []) throws {
        table = CallTable([
            Call(.detector(detector, parameters), of: try columnX(), type: .number)
        ])
    }

    /// The score of a value that comes `seconds` after the one before.
    mutating func score(_ x: Double?, after seconds: Double = 60) -> Double? {
        time = time + Milliseconds(Int64(seconds * 1000))
        row[0] = x.map { .number($0) }
        table.fill(&row, from: 1, key: 0, at: time)
        guard case .number(let score)? = row[1] else { return nil }
        return score
    }

    mutating func scores(_ values: [Double]) -> [Double?] { values.map { score($0) } }
}

/// The program that reads column `x` of a row.
func columnX(_ type: ValueType = .number) throws -> Program {
    var diagnostics: [Diagnostic] = []
    let schema = Schema(columns: [.init(name: "x", type: type)])
    return try #require(
        Program.compile(Located("x"), schema: schema, expecting: nil, diagnostics: &diagnostics))
}

/// `mean + sigma * n`, n being the sum of twelve fractions of SplitMix64 less six: nearly normal.
func noise(_ seed: UInt64, _ count: Int, mean: Double = 20, sigma: Double = 2) -> [Double] {
    var random = SplitMix64(state: seed)
    return (0..<count).map { _ in
        var sum = 0.0
        for _ in 0..<12 { sum += Double(random.next() >> 11) / 0x1p53 }
        return mean + sigma * (sum - 6)
    }
}

func isClose(_ left: Double?, _ right: Double?, _ tolerance: Double = 1e-9) -> Bool {
    guard let left, let right else { return left == nil && right == nil }
    return (left - right).magnitude <= tolerance * max(1, right.magnitude)
}

/// The scores of `noise(1, 200)` at a few places, by formulas that numpy evaluated on slices of the
/// whole series.
@Suite("Detectors against reference values")
struct DetectorReferenceTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var detector: Detector
        var parameters: [Double]
        var expected: [Double]
        var at = [60, 99, 150, 199]
        var testDescription: String { "\(detector.rawValue) \(parameters)" }
    }

    @Test(arguments: [
        // (x - p.mean()) / p.std(ddof=1), p the thirty before.
        Case(
            detector: .zscore, parameters: [30],
            expected: [
                0.9555047397115146, 1.2065415286089871, 1.1499957450919043, -1.5125082701768597,
            ]),
        // (x - median(p)) / (1.4826 * median(abs(p - median(p)))), an even and an odd window.
        Case(
            detector: .madZ, parameters: [60],
            expected: [
                1.0265249142290107, 1.3127141891216714, 0.9521220988478645, -1.3085527871916913,
            ]),
        Case(
            detector: .madZ, parameters: [31],
            expected: [
                0.9781132517252067, 1.235136639646535, 1.0876812857851326, -2.0263944500995237,
            ]),
        // Mean and std(ddof=1) of the first fifty; lambda 0.2 with the variance of each age.
        Case(
            detector: .ewmaZ, parameters: [0.2, 50],
            expected: [
                0.3826768274761602, 1.4862952065492934, -0.2215181394997822, 1.0214237479195254,
            ]),
        // k 0.5, h 5, the same training.
        Case(
            detector: .cusum, parameters: [0.5, 5, 50],
            expected: [
                0.310508072360001, 1.696278784503428, 1.4050133518712478, 1.7033515773231986,
            ]),
        // river 0.26's PageHinkley, alpha 1, on standardised values, its mean begun with the fifty.
        Case(
            detector: .pageHinkley, parameters: [0.25, 1e6, 50],
            expected: [
                0.7672110302973039, 2.5908773974508303, 1.9615097256353309, 4.933151793299572,
            ]),
        // x[i] - x[i - 12] as mad_z over the forty such changes before.
        Case(
            detector: .seasonalZ, parameters: [12, 40],
            expected: [
                0.4088815528668108, 0.10347032519764883, 0.981250302745832, -1.4339543756364974,
            ]),
        // The algorithm written down a second time, counting values of each window by brute force.
        Case(
            detector: .anomalyScore, parameters: [40, 10, 6, 7],
            expected: [
                0.18518518518518517, 0.4098360655737705, 0.26881720430107525, 0.26881720430107525,
            ], at: [80, 99, 150, 199]),
    ])
    func reference(_ row: Case) throws {
        var watch = try Watch(row.detector, row.parameters)
        let scores = watch.scores(noise(1, 200))
        for (place, expected) in zip(row.at, row.expected) {
            #expect(isClose(scores[place], expected), "\(place): \(scores[place] ?? .nan)")
        }
        let training = row.detector.training(row.parameters)
        #expect(scores.prefix(training).allSatisfy { $0 == nil })
        #expect(scores.dropFirst(training).allSatisfy { $0 != nil })
    }

    /// statsmodels' ExponentialSmoothing with these parameters and the initial state that the first
    /// two seasons give, on `noise(2, 200)` with a sawtooth and a trend; its one-step errors over
    /// the spread of the first 24 that then follows with weight 0.02.
    @Test func `Holt-Winters forecasts as statsmodels does`() throws {
        let values = noise(2, 200).enumerated().map { index, value in
            value + 5 * (Double(index % 12) / 12) + 0.01 * Double(index)
        }
        var watch = try Watch(.holtWinters, [12, 0.2, 0.01, 0.1, 24])
        let scores = watch.scores(values)
        let expected = [
            60: -0.14467473757671584, 99: -0.9587487178130127, 150: -2.7224188563388405,
            199: 0.4918593592444671,
        ]
        for (place, value) in expected { #expect(isClose(scores[place], value)) }
        #expect(scores[47] == nil && scores[48] != nil)
    }

    /// The worked example of the NIST/SEMATECH handbook, 6.3.2.4: target 50, s 2.0539, lambda 0.3.
    /// Two values give the training exactly that mean and deviation.
    @Test func `the EWMA chart is the handbook's`() throws {
        let half = 2.0539 / 2.0.squareRoot()
        var watch = try Watch(.ewmaZ, [0.3, 2])
        #expect(watch.scores([50 - half, 50 + half]) == [nil, nil])
        let values = [
            52.0, 47.0, 53.0, 49.3, 50.1, 47.0, 51.0, 50.1, 51.2, 50.5, 49.6, 47.6, 49.9, 51.3,
            47.8, 51.2, 52.6, 52.4, 53.6, 52.1,
        ]
        let averages = [
            50.60, 49.52, 50.56, 50.18, 50.16, 49.21, 49.75, 49.85, 50.26, 50.33, 50.11, 49.36,
            49.52, 50.05, 49.38, 49.92, 50.73, 51.23, 51.94, 51.99,
        ]
        var remainder = 1.0
        for (value, average) in zip(values, averages) {
            remainder *= 0.49
            let share = (0.3 / 1.7 * (1 - remainder)).squareRoot()
            let next = watch.score(value)
            let score = try #require(next)
            #expect(isClose(50 + score * 2.0539 * share, average, 0.0002))
            #expect(score < 3)
        }
    }

    struct Series: CustomTestStringConvertible, Sendable {
        var rule: Double
        var story: String
        var values: [Double]
        var testDescription: String { story }
    }

    @Test(arguments: [
        Series(rule: 1, story: "one beyond three sigmas", values: [3.1]),
        Series(rule: 1, story: "below as above", values: [-3.1]),
        Series(rule: 0, story: "three sigmas are not beyond", values: [2.9]),
        Series(
            rule: 2, story: "nine on one side",
            values: [0.5, 0.1, 0.6, 0.2, 0.5, 0.3, 0.2, 0.6, 0.5]),
        Series(
            rule: 0, story: "eight are not nine",
            values: [-0.5, 0.1, 0.6, 0.2, 0.5, 0.3, 0.2, 0.6, 0.5]),
        Series(rule: 3, story: "six that rise", values: [-0.9, -0.5, -0.2, 0.1, 0.4, 0.8]),
        Series(rule: 3, story: "six that fall", values: [0.9, 0.5, 0.2, -0.1, -0.4, -0.8]),
        Series(
            rule: 0, story: "an equal one breaks it", values: [-0.9, -0.5, -0.5, 0.1, 0.4, 0.8]),
        Series(
            rule: 4, story: "fourteen up and down",
            values: (0..<14).map { $0.isMultiple(of: 2) ? 0.4 : -0.4 }),
        Series(
            rule: 0, story: "thirteen are too few",
            values: (0..<13).map { $0.isMultiple(of: 2) ? 0.4 : -0.4 }),
        Series(rule: 5, story: "two of three beyond two sigmas", values: [2.1, 0, 2.1]),
        Series(rule: 0, story: "on one side", values: [-2.1, 0, 2.1]),
        Series(rule: 6, story: "four of five beyond one sigma", values: [1.2, 1.1, 0, 1.3, 1.2]),
        Series(rule: 0, story: "three of five are not", values: [1.2, 0.9, 0, 1.3, 1.2]),
        Series(
            rule: 7, story: "fifteen within one sigma",
            values: [
                0.1, -0.2, 0.3, 0.2, -0.2, 0.4, 0.1, -0.2, -0.3, 0.1, 0.2, -0.2, 0.4, 0.1, -0.2,
            ]),
        Series(
            rule: 8, story: "eight beyond one sigma on both sides",
            values: [1.2, 1.3, -1.4, 1.2, -1.5, -1.2, 1.2, 1.4]),
    ])
    func nelson(_ row: Series) throws {
        let half = 1 / 2.0.squareRoot()
        var watch = try Watch(.nelson, [2])
        var last: Double?
        for value in [-half, half] + row.values { last = watch.score(value) }
        #expect(last == row.rule)
    }

    @Test func `hysteresis goes on above high and off below low`() throws {
        var watch = try Watch(.hysteresis, [30, 25])
        #expect(
            watch.scores([27, 30, 30.1, 27, 25, 24.9, 29, 31]) == [0, 0, 1, 1, 1, 0, 0, 1])
        #expect(Detector.hysteresis.fault([25, 30]) != nil)
        #expect(Detector.hysteresis.fault([30, 25]) == nil)
        #expect(Detector.zscore.fault([30]) == nil)
    }

    @Test func `the rate of change is by the second`() throws {
        var watch = try Watch(.roc)
        #expect(watch.score(10) == nil)
        #expect(watch.score(40, after: 60) == 0.5)
        #expect(watch.score(39, after: 0) == nil)
        #expect(watch.score(38, after: 0.5) == -2)
        #expect(watch.score(nil, after: 1) == nil)
        #expect(watch.score(48, after: 1) == 5)
    }

    @Test func `a flat line is as old as the last move beyond epsilon`() throws {
        var watch = try Watch(.flatline, [0.125])
        #expect(watch.scores([20, 20.125, 19.875, 20.25, 20]) == [0, 60, 120, 0, 0])
        // Creeping counts from where it came to rest.
        watch = try Watch(.flatline, [0.125])
        #expect(watch.scores([20, 20.0625, 20.125, 20.1875]) == [0, 60, 120, 0])
    }

    @Test func `Hampel tells an outlier by its robust score`() throws {
        var robust = try Watch(.madZ, [21])
        var hampel = try Watch(.hampel, [21, 2])
        var outliers = 0
        for value in noise(5, 500) {
            let score = robust.score(value)
            let verdict = hampel.score(value)
            #expect(verdict == score.map { $0.magnitude > 2 ? 1 : 0 })
            outliers += verdict == 1 ? 1 : 0
        }
        #expect(outliers > 10)
    }
}
