package import Model

/// The periodic part of a simulated value.
package enum Wave {
    /// `sin(2π · turns)` to within 1e-14, in plain arithmetic so that every machine agrees on each
    /// bit.
    package static func sine(turns: Double) -> Double {
        var part = turns - turns.rounded(.down)
        var sign = 1.0
        if part >= 0.5 {
            part -= 0.5
            sign = -1
        }
        if part > 0.25 { part = 0.5 - part }
        let x = part * 2 * Double.pi
        // Taylor's series; on [0, π/2] the first term left out is below 1e-15.
        var term = x
        var sum = x
        for index in stride(from: 3.0, through: 21, by: 2) {
            term *= -x * x / (index * (index - 1))
            sum += term
        }
        return sign * sum
    }

    /// The value of `pattern` without noise, `elapsed` after the scenario's start.
    package static func value(of pattern: TelemetryPattern, elapsed: Milliseconds) -> Double {
        switch pattern.timePattern {
        case .constant: return pattern.baseValue
        case .sineWave:
            let turns =
                Double(elapsed.count + pattern.phase.count) / Double(max(1, pattern.period.count))
            return pattern.baseValue + pattern.amplitude * sine(turns: turns)
        }
    }
}
