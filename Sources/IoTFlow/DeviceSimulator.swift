import Config
import Glibc
import Model

/// Emulated devices for the workflows that are deployed on a registry: they send what a scenario
/// says and obey the commands they get.
public final class DeviceSimulator {
    private let devices: DeviceRegistry

    /// Emulates the devices of this registry.
    public init(_ devices: DeviceRegistry) { self.devices = devices }

    /// An empty scenario of this name.
    public func createScenario(_ name: String) -> Scenario { Scenario(name) }

    /// Lets the devices run through a scenario, for every workflow that is deployed on them;
    /// returns when its end is reached and the windows it filled have closed.
    ///
    /// - Parameters:
    ///   - scenario: what the devices do. Another scenario goes on where the last one ended.
    ///   - duration: how long, in the scenario's time: `1h`, `30m`.
    ///   - accelerated: true for as fast as it goes, under a virtual clock; false to take as long
    ///     as real devices would.
    ///   - seed: of the noise. The same seed gives the same results, to the bit.
    /// - Returns: why the scenario could not run; empty if it did. The executions'
    ///   `diagnostics` have the same.
    @discardableResult
    public func runScenario(
        _ scenario: Scenario, duration: String, accelerated: Bool = true, seed: UInt64 = 1
    ) -> [Execution.Diagnostic] {
        devices.executions.flatMap { execution in
            let start = ContinuousClock.now
            return execution.play(scenario, duration: duration, seed: seed) { elapsed in
                if !accelerated { wait(until: start + .milliseconds(elapsed.count)) }
            }
        }
    }

    private func wait(until due: ContinuousClock.Instant) {
        while true {
            let left = ContinuousClock.now.duration(to: due)
            guard left > .zero else { return }
            // At most a second at a time, below what usleep(3) takes.
            let slice = min(left, .milliseconds(999))
            usleep(UInt32(slice / .microseconds(1)) + 1)
        }
    }
}

/// What emulated devices do: how what they measure moves, and what their actuators change.
public final class Scenario {
    /// The scenario's name.
    public let name: String
    private var telemetry: [Settings] = []
    private var influences: [Settings] = []

    init(_ name: String) { self.name = name }

    /// Adds how the `temperature` of a group moves: as `addTelemetryPattern`, where `property` is
    /// `temperature` unless it is given.
    public func addTemperaturePattern(_ settings: Setting) {
        telemetry.append(settings.withDefaults([(key: "property", value: "temperature")]))
    }

    /// Adds how one property of a group moves: `group`, `property`, `base_value`,
    /// `random_variance`, `time_pattern` (`constant` or `sine_wave`), `period`, `amplitude`,
    /// `phase`, `interval`, `spikes`.
    public func addTelemetryPattern(_ settings: Setting) { telemetry.append(settings.content) }

    /// Adds an actuator that moves what the sensors near it measure: `group`, `property`, `value`,
    /// `setpoint`, `affected_group`, `affects`, `time_constant`.
    public func addInfluence(_ settings: Setting) { influences.append(settings.content) }

    func settings(duration: String) -> Settings {
        .mapping([
            (key: "duration", value: .text(duration)),
            (key: "telemetry", value: .list(telemetry)),
            (key: "influences", value: .list(influences)),
        ])
    }
}
