import Foundation
import Model
import Simulation
import Testing

@Suite struct WaveTests {
    @Test(
        arguments: [
            (0.0, 0.0), (1.0 / 12, 0.5), (0.125, 0.5.squareRoot()), (0.25, 1), (0.5, 0), (0.75, -1),
            (11.0 / 12, -0.5), (-0.25, -1), (1000.25, 1),
        ] as [(Double, Double)])
    func `known sines come out`(turns: Double, expected: Double) {
        #expect(abs(Wave.sine(turns: turns) - expected) < 1e-12)
    }

    @Test func `it agrees with the library everywhere`() {
        for step in 0..<10_000 {
            let turns = Double(step) / 1000 - 5
            #expect(abs(Wave.sine(turns: turns) - sin(2 * .pi * turns)) < 1e-12)
        }
    }

    @Test(
        arguments: [
            (.zero, 33.5), (.hour * 6, 28.5), (.hour * 12, 23.5),
            (.day, 33.5), (.hour * 2, 28.5 + 5 * 0.75.squareRoot()),
        ] as [(Milliseconds, Double)])
    func `phase and period place the wave`(elapsed: Milliseconds, expected: Double) {
        let pattern = TelemetryPattern(
            group: "g", property: "p", baseValue: 28.5, timePattern: .sineWave, period: .day,
            amplitude: 5, phase: .hour * 6)
        #expect(abs(Wave.value(of: pattern, elapsed: elapsed) - expected) < 1e-9)
    }

    @Test func `a constant is its base`() {
        let pattern = TelemetryPattern(group: "g", property: "p", baseValue: 7, amplitude: 5)
        #expect(Wave.value(of: pattern, elapsed: .hour) == 7)
    }
}

@Suite struct ScenarioClockTests {
    private let start = Instant(milliseconds: 1_000_000)

    private var clock: ScenarioClock {
        ScenarioClock(start: start, end: start + .hour, speedup: 60, began: 500)
    }

    @Test(
        arguments: [
            (0, .zero), (500, .zero), (1500, .minute), (60_500, .hour),
            (61_500, Milliseconds(3_601_000)),
        ] as [(UInt64, Milliseconds)])
    func `event time runs faster until the end, then as the wall does`(
        monotonic: UInt64, elapsed: Milliseconds
    ) {
        #expect(clock.now(at: monotonic) == start + elapsed)
    }

    @Test func `at its moment a time has come`() {
        for second in 0..<3600 {
            let time = start + .seconds(Int64(second))
            #expect(clock.now(at: clock.moment(of: time) + 1) >= time)
        }
    }

    @Test(arguments: [
        ("1h", "2026-07-15T13:00:00Z"), ("5m", "2026-07-15T14:32:10Z"),
        ("24h", "2026-07-14T14:00:00Z"),
    ])
    func `a live scenario ends now, on the full hour if it takes full hours`(
        duration: String, expected: String
    ) throws {
        let now = try #require(Instant("2026-07-15T14:37:10.250Z"))
        let scenario = ScenarioDefinition(
            name: "s", duration: try #require(Milliseconds(duration)))
        let start = ScenarioClock.liveStart(of: scenario, now: now)
        #expect(start == Instant(expected))
    }

    @Test func `a scenario that says when begins then`() {
        let scenario = ScenarioDefinition(name: "s", duration: .hour, start: start)
        #expect(ScenarioClock.liveStart(of: scenario, now: .distantFuture) == start)
    }
}
