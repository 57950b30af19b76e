package import Config
package import Model
package import Wire

/// Decides when a reading happened: what the device says, as far as it can be believed, else its
/// arrival.
package struct EventTime: Sendable {
    package var policy: GatewaySettings.EventTime
    /// How far from its arrival a device's time may be and still be believed.
    package var skewMax: Milliseconds

    package init(policy: GatewaySettings.EventTime, skewMax: Milliseconds) {
        self.policy = policy
        self.skewMax = skewMax
    }

    /// The event time and whether the device's own was refused.
    package func resolve(
        _ time: TelemetryPack.Time, arrival: Instant
    ) -> (time: Instant, isSuspect: Bool) {
        let claimed: Instant
        switch time {
        case .none: return (arrival, false)
        case .relative(let offset): claimed = arrival + offset
        case .absolute(let instant): claimed = instant
        }
        switch policy {
        case .arrival: return (arrival, false)
        case .device:
            // A time far ahead would make every reading after it late.
            return claimed <= arrival + skewMax ? (claimed, false) : (arrival, true)
        case .auto:
            let distance = (claimed - arrival).count.magnitude
            return distance <= UInt64(skewMax.count) ? (claimed, false) : (arrival, true)
        }
    }
}
