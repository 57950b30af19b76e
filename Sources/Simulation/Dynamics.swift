package import Model

/// A value that approaches another with first-order dynamics, exactly at any time:
/// `T(t) = Tss + (T0 - Tss) e^(-t/τ)`.
package struct Dynamics: Hashable, Sendable {
    /// The value it approaches.
    package private(set) var target: Double
    private var value: Double
    private var since: Instant
    private let timeConstant: Milliseconds

    package init(at value: Double, timeConstant: Milliseconds, since: Instant) {
        self.value = value
        self.timeConstant = timeConstant
        self.since = since
        target = value
    }

    package func value(at time: Instant) -> Double {
        let elapsed = Double(max(0, (time - since).count))
        let share = Dynamics.decay(elapsed / Double(max(1, timeConstant.count)))
        return target + (value - target) * share
    }

    /// From `time` on it approaches `target`, from where it is then.
    package mutating func approach(_ target: Double, at time: Instant) {
        value = value(at: time)
        since = max(since, time)
        self.target = target
    }

    /// From `time` on it starts from `value`.
    package mutating func set(_ value: Double, at time: Instant) {
        self.value = value
        since = max(since, time)
    }

    /// `e^-x` for `x` not below zero, in plain arithmetic so that every machine agrees on each bit;
    /// to within 1e-15 of its value.
    package static func decay(_ x: Double) -> Double {
        guard x > 0 else { return 1 }
        guard x < 700 else { return 0 }
        // e^-x = 2^-n e^-r with r in [0, ln 2); the two parts of ln 2 keep r exact.
        let turns = (x * 1.442_695_040_888_963_4).rounded(.down)
        let rest =
            (x - turns * 0x1.62e42fee00000p-1) - turns * 0x1.a39ef35793c76p-33
        var term = 1.0
        var sum = 1.0
        for index in 1...18 {
            term *= -rest / Double(index)
            sum += term
        }
        return Double(sign: .plus, exponent: -Int(turns), significand: sum)
    }
}
