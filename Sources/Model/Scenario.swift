/// What a simulated fleet does, as it is written under `scenarios`.
package struct ScenarioDefinition: Sendable {
    package var name: String
    package var duration: Milliseconds
    /// Event time of the first reading; nil starts at the epoch-aligned hour before "now" in a live
    /// run and at 2026-01-01T00:00:00Z in a simulated one.
    package var start: Instant?
    package var telemetry: [TelemetryPattern]
    /// Actuators that warm or cool the sensors near them.
    package var influences: [Influence]
    /// How devices misbehave when they are told something; of several, the first that hits.
    package var faults: [FaultDefinition]

    package init(
        name: String, duration: Milliseconds, start: Instant? = nil,
        telemetry: [TelemetryPattern] = [], influences: [Influence] = [],
        faults: [FaultDefinition] = []
    ) {
        self.faults = faults
        self.name = name
        self.duration = duration
        self.start = start
        self.telemetry = telemetry
        self.influences = influences
    }
}

/// How one property of a group's devices moves:
/// `base + amplitude * wave((t + phase) / period) + uniform(-variance, variance) + spikes`.
package struct TelemetryPattern: Sendable {
    package var group: String
    package var property: String
    package var baseValue: Double
    /// Half the width of the uniform noise.
    package var randomVariance: Double
    package var timePattern: TimePattern
    package var period: Milliseconds
    package var amplitude: Double
    /// Where in the period the scenario starts.
    package var phase: Milliseconds
    /// Time between two readings of one device.
    package var interval: Milliseconds
    package var spikes: Spikes?

    package enum TimePattern: String, Sendable, CaseIterable {
        case constant
        case sineWave = "sine_wave"
    }

    /// Single readings that stand out, on the first `devices` devices of the group: once each
    /// `every`, `magnitude` is added to one reading.
    package struct Spikes: Sendable {
        package var devices: Int
        package var every: Milliseconds
        package var magnitude: Double

        package init(devices: Int, every: Milliseconds, magnitude: Double) {
            self.devices = devices
            self.every = every
            self.magnitude = magnitude
        }
    }

    package init(
        group: String, property: String, baseValue: Double, randomVariance: Double = 0,
        timePattern: TimePattern = .constant, period: Milliseconds = .day, amplitude: Double = 0,
        phase: Milliseconds = .zero, interval: Milliseconds = .seconds(10), spikes: Spikes? = nil
    ) {
        self.group = group
        self.property = property
        self.baseValue = baseValue
        self.randomVariance = randomVariance
        self.timePattern = timePattern
        self.period = period
        self.amplitude = amplitude
        self.phase = phase
        self.interval = interval
        self.spikes = spikes
    }
}

/// While an actuator of `group` has `property` equal to `value`, the `affects` property of the
/// sensors near it moves towards its `setpoint` property with first-order dynamics.
package struct Influence: Sendable {
    package var group: String
    package var property: String
    package var value: Value
    package var setpoint: String
    package var affectedGroup: String
    package var affects: String
    /// Time constant of the exponential approach.
    package var timeConstant: Milliseconds

    package init(
        group: String, property: String, value: Value, setpoint: String, affectedGroup: String,
        affects: String, timeConstant: Milliseconds
    ) {
        self.group = group
        self.property = property
        self.value = value
        self.setpoint = setpoint
        self.affectedGroup = affectedGroup
        self.affects = affects
        self.timeConstant = timeConstant
    }
}
