import Forecast
import Foundation
import Testing

@Suite("Functions in plain arithmetic")
struct FunctionTests {
    @Test func `powers and logarithms are those of the C library, to a few units`() {
        for place in -4000...4000 {
            let x = Double(place) / 5.7
            if x.magnitude < 700 {
                let power = Elementary.exponential(x)
                #expect((power / Foundation.exp(x) - 1).magnitude < 5e-16, "exp \(x)")
                #expect(isClose(Elementary.logarithm(power), x, 1e-14), "log of exp \(x)")
            }
        }
        for x in [Double.leastNonzeroMagnitude, 1e-308, 0.1, 0.999_999, 1, 1.000_001, 2, 1e308] {
            #expect(isClose(Elementary.logarithm(x), Foundation.log(x), 4e-16), "log \(x)")
        }
        #expect(Elementary.exponential(710) == .infinity && Elementary.exponential(-746) == 0)
        #expect(Elementary.exponential(0) == 1 && Elementary.logarithm(1) == 0)
    }

    @Test func `the normal distribution is that of the error function`() {
        for place in -90...90 {
            let z = Double(place) / 10
            let expected = 0.5 * erfc(-z / 2.0.squareRoot())
            #expect((Elementary.normal(below: z) - expected).magnitude < 2e-15, "\(z)")
        }
        #expect(Elementary.normal(below: 0) == 0.5)
        #expect(isClose(Elementary.normal(below: TrendLine.normalQuantile), 0.975, 1e-15))
    }

    /// NIST StRD, Norris: certified.
    @Test func `the line of least squares is the certified one`() {
        let points: [(y: Double, x: Double)] = [
            (0.1, 0.2), (338.8, 337.4), (118.1, 118.2), (888.0, 884.6), (9.2, 10.1),
            (228.1, 226.5), (668.5, 666.3), (998.5, 996.3), (449.1, 448.6), (778.9, 777.0),
            (559.2, 558.2), (0.3, 0.4), (0.1, 0.6), (778.1, 775.5), (668.8, 666.9),
            (339.3, 338.0), (448.9, 447.5), (10.8, 11.6), (557.7, 556.0), (228.3, 228.1),
            (998.0, 995.8), (888.8, 887.6), (119.6, 120.2), (0.3, 0.3), (0.6, 0.3),
            (557.6, 556.8), (339.3, 339.1), (888.0, 887.2), (998.5, 999.0), (778.9, 779.0),
            (10.2, 11.1), (117.6, 118.3), (228.9, 229.2), (668.4, 669.1), (449.2, 448.9),
            (0.2, 0.5),
        ]
        let line = LeastSquares(points.map(\.x), points.map(\.y))
        #expect((line.intercept / -0.262323073774029 - 1).magnitude < 1e-12)
        #expect((line.slope / 1.00211681802045 - 1).magnitude < 1e-13)
    }
}
