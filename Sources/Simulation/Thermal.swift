import Model

/// How an actuator moves what a sensor near it reads: a first-order approach to the actuator's
/// setpoint while it is on, and back to the ambient value while it is not.
struct Thermal: Sendable {
    /// The actuator nearest to the sensor.
    let actuator: Device
    private let influence: Influence
    private let switched: Property
    private let setpoint: Property
    private var displacement = 0.0
    private var updated: Instant?

    /// Nil where no influence of the scenario reaches the sensor.
    init?(
        on sensor: Device, pattern: TelemetryPattern, scenario: ScenarioDefinition,
        registry: Registry
    ) {
        let influence = scenario.influences.first {
            $0.affectedGroup == pattern.group && $0.affects == pattern.property
        }
        guard let influence, let actuators = registry.group(named: influence.group)?.members,
            let nearest = registry.nearest(to: sensor, among: actuators),
            let switched = registry.property(named: influence.property),
            let setpoint = registry.property(named: influence.setpoint)
        else { return nil }
        self.influence = influence
        self.switched = switched
        self.setpoint = setpoint
        actuator = nearest
    }

    /// What to add to the `ambient` value at `time`. Implicit Euler: stable for any step, and plain
    /// arithmetic.
    mutating func offset(
        at time: Instant, ambient: Double, actuator: EmulatedDevice?
    ) -> Double {
        let isOn = actuator?.state(switched) == influence.value
        let target = isOn ? (actuator?.state(setpoint)?.double).map { $0 - ambient } ?? 0 : 0
        let step = Double((time - (updated ?? time)).count)
        let share = step / (Double(max(1, influence.timeConstant.count)) + step)
        displacement += (target - displacement) * share
        updated = time
        return displacement
    }
}
