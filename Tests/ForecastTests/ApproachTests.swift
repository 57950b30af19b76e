import Forecast
import Testing

@Suite("When a limit is reached")
struct ApproachTests {
    private func line(_ slope: Double, sigma: Double = 0, seed: UInt64 = 1) -> [Double] {
        noise(seed, 64).enumerated().map { 20 + slope * Double($0) + sigma * $1 }
    }

    private func approach(_ values: [Double], _ limit: Double, isRising: Bool = true) -> Approach? {
        Approach(values, limit: limit, isRising: isRising, origins: 16)
    }

    @Test func `a line arrives where it must`() throws {
        for (values, limit, isRising) in [(line(0.5), 80.0, true), (line(-0.5), -40, false)] {
            guard case .approaching(let arrival)? = approach(values, limit, isRising: isRising)
            else { throw Missing() }
            #expect(isClose(arrival.steps, 57))
            #expect(isClose(arrival.earliest, 57) && isClose(arrival.latest, 57))
            #expect(arrival.score < 1e-9 && !arrival.isExponential)
        }
    }

    @Test func `with noise there is an interval, and a probability`() throws {
        for (values, limit, isRising) in [
            (line(0.5, sigma: 2), 80.0, true), (line(-0.5, sigma: 2), -40, false),
        ] {
            guard case .approaching(let arrival)? = approach(values, limit, isRising: isRising)
            else { throw Missing() }
            #expect(arrival.earliest < arrival.steps && arrival.steps < arrival.latest)
            #expect(arrival.earliest < 57 && 57 < arrival.latest)
            #expect(isClose(arrival.probability(within: arrival.steps), 0.5, 1e-6))
            #expect(arrival.probability(within: arrival.earliest) < 0.06)
            #expect(arrival.probability(within: arrival.latest) > 0.94)
        }
        guard case .approaching(let sure)? = approach((0..<64).map { Double($0) }, 80) else {
            throw Missing()
        }
        #expect(sure.probability(within: 16) == 0 && sure.probability(within: 18) == 1)
    }

    @Test func `what leads elsewhere, or nowhere, does not approach`() {
        #expect(approach(line(0.5), 0, isRising: false) == .notApproaching)
        #expect(approach(line(-0.5), 80) == .notApproaching)
        // The interval of the slope contains nothing at all.
        #expect(approach(line(0, sigma: 1), 80) == .notApproaching)
        #expect(approach([20] + line(0.5)[...8], 80) == nil)
        #expect(Approach(lifeOf: [], limit: 1, isRising: true, origins: 8) == nil)
    }

    @Test func `beyond it there is nothing to wait for`() {
        #expect(approach(line(0.5), 30) == .reached)
        #expect(approach(line(-0.5), 0, isRising: false) == .reached)
    }

    @Test func `a line that would have told nothing tells nothing`() {
        // Waves: whatever rose fell, though it rises now.
        let wave = (0..<120).map { (place: Int) -> Double in
            let phase = place % 40
            return Double(phase < 20 ? phase : 40 - phase)
        }
        let verdicts = (60..<120).compactMap { approach(Array(wave[..<$0]), 100) }
        let unskilled = verdicts.filter {
            if case .noSkill(let score) = $0 { score >= 1 } else { false }
        }
        #expect(!unskilled.isEmpty)
        for verdict in verdicts { if case .approaching = verdict { Issue.record("\(verdict)") } }
    }

    @Test func `life ends along a line or a curve`() throws {
        let curve = (0..<64).map { Elementary.exponential(0.03 * Double($0)) }
        let limit = Elementary.exponential(0.03 * 100)
        guard
            case .approaching(let worn)? = Approach(
                lifeOf: curve, limit: limit, isRising: true, origins: 16)
        else { throw Missing() }
        #expect(worn.isExponential && isClose(worn.steps, 37, 1e-8))
        // What grows evenly, and what is not above zero, has no curve.
        for values in [line(0.5), line(0.5, sigma: 1), line(0.5).map { $0 - 30 }] {
            guard
                case .approaching(let even)? = Approach(
                    lifeOf: values, limit: 80, isRising: true, origins: 16)
            else { throw Missing() }
            #expect(!even.isExponential)
        }
    }

    @Test func `the line itself tells where it will be`() {
        let line = TrendLine([1, 3, 5, 7])
        #expect(line.slope == 2 && line.level == 7 && line.value(after: 2) == 11)
        // A fourth of the values may be wrong.
        var values = (0..<40).map { Double($0) }
        for place in stride(from: 0, to: 40, by: 5) { values[place] = 1e6 }
        #expect(isClose(TrendLine(values[...]).slope, 1))
    }
}

private struct Missing: Error {}
