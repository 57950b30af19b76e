package import Model

/// Where event time stands while a fleet runs: the scenario's own time, faster than the wall's.
package struct ScenarioClock: Sendable {
    package let start: Instant
    package let end: Instant
    /// Event milliseconds for one of the wall.
    package let speedup: Double
    /// Monotonic milliseconds at the start.
    private let began: UInt64

    package init(start: Instant, end: Instant, speedup: Double, began: UInt64) {
        self.start = start
        self.end = end
        self.speedup = speedup
        self.began = began
    }

    /// The event time at `monotonic`. After the scenario's end it goes on at the wall's own pace,
    /// so that it does not run ahead of the gateway's clock.
    package func now(at monotonic: UInt64) -> Instant {
        let elapsed = Double(monotonic > began ? monotonic - began : 0)
        let whole = Double((end - start).count)
        let inside = min(elapsed * speedup, whole)
        let after = elapsed - inside / speedup
        return start + Milliseconds(Int64(min(inside + after, 9e15)))
    }

    /// The first monotonic millisecond at which `now` has reached `time`.
    package func moment(of time: Instant) -> UInt64 {
        let span = Double(max(0, (time - start).count))
        return began + UInt64(min((span / speedup).rounded(.up), 9e15))
    }

    /// Where a scenario begins that is played now: where it says; else so that it ends now, on the
    /// full hour if it takes full hours. So no reading is ahead of the gateway's clock.
    package static func liveStart(of scenario: ScenarioDefinition, now: Instant) -> Instant {
        if let start = scenario.start { return start }
        let isWholeHours = scenario.duration.count % Milliseconds.hour.count == 0
        return now.floored(to: isWholeHours ? .hour : .second) - scenario.duration
    }
}

extension ScenarioDefinition {
    /// Makes every device send `rate` readings in a second of the wall clock, whatever the
    /// intervals were: the properties of a group share them evenly.
    package mutating func setRate(_ rate: Double, speedup: Double) {
        for index in telemetry.indices {
            let sharers = telemetry.count { $0.group == telemetry[index].group }
            let interval = Double(sharers) * 1000 * speedup / rate
            telemetry[index].interval = Milliseconds(Int64(max(1, min(interval.rounded(), 9e15))))
        }
    }
}
