/// How a group's twins follow their devices, as it is written under `twin_sync`.
package struct TwinSyncDefinition: Sendable {
    package var group: Located<String>
    /// Property to the payload path that fills it: `payload.temperature`.
    package var telemetryMapping: [(property: Located<String>, path: Located<String>)]
    package var updateFrequency: Milliseconds?
    package var conflictResolution: ConflictResolution
    package var acknowledgment: Acknowledgment?
    /// `state_consistency: {validation: command_vs_reported}`: compare what was commanded with what
    /// is reported.
    package var validatesCommands: Bool
    /// `healing: auto`: send the desired value again when the device strays from it.
    package var healsAutomatically: Bool

    package enum ConflictResolution: String, Sendable, CaseIterable {
        case latestTimestamp = "latest_timestamp"
        case deviceWins = "device_wins"
        case desiredWins = "desired_wins"
        case manual
    }

    /// When a command counts as done.
    package struct Acknowledgment: Sendable {
        package var method: Method
        package var timeout: Milliseconds

        package enum Method: String, Sendable, CaseIterable {
            /// The device's response is enough.
            case response
            /// The device must also report the properties that the command sets.
            case reportedProperties = "reported_properties"
        }

        package init(method: Method, timeout: Milliseconds) {
            self.method = method
            self.timeout = timeout
        }
    }

    package init(
        group: Located<String>,
        telemetryMapping: [(property: Located<String>, path: Located<String>)] = [],
        updateFrequency: Milliseconds? = nil,
        conflictResolution: ConflictResolution = .latestTimestamp,
        acknowledgment: Acknowledgment? = nil, validatesCommands: Bool = false,
        healsAutomatically: Bool = false
    ) {
        self.group = group
        self.telemetryMapping = telemetryMapping
        self.updateFrequency = updateFrequency
        self.conflictResolution = conflictResolution
        self.acknowledgment = acknowledgment
        self.validatesCommands = validatesCommands
        self.healsAutomatically = healsAutomatically
    }
}
