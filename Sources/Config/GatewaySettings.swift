package import Commands
package import Model

/// How the gateway itself runs: the section `gateway`. Its defaults stand in the table of its keys
/// and nowhere else, so the settings of an empty section are what the documentation says.
package struct GatewaySettings: Sendable {
    /// Names this gateway upstream; nil for the machine's host name.
    package var name: String?
    package var listen: [Endpoint]
    /// The directory of the store.
    package var data: String
    package var durability: Durability
    /// In `group` durability: how long a batch may wait for its commit, in milliseconds.
    package var maxDelayMilliseconds: Int
    /// Bytes a day that commits may write to the disk; nil where nobody counts them.
    package var wearBudgetBytesPerDay: Int?
    package var acceptsUnknownDevices: Bool
    package var eventTime: EventTime
    /// How far a device's clock may be off before its time is not believed, in milliseconds.
    package var maxClockSkewMilliseconds: Int
    /// Bytes that the state of all streams may take at most; nil for any number.
    package var memoryLimit: Located<Int>?
    package var limits: Limits
    package var history: History
    package var commands: CommandLimits
    package var uplinks: [UplinkSettings]
    /// Where Prometheus may scrape; nil for nowhere.
    package var metricsListen: Endpoint?
    package var logLevel: LogLevel

    package enum Durability: String, Sendable, CaseIterable {
        /// Acknowledged after a commit that is shared with others.
        case group
        /// A commit each turn.
        case strict
        /// Acknowledged on receipt, committed within a second.
        case relaxed
    }

    package enum EventTime: String, Sendable, CaseIterable {
        /// The device's own time where it is believed, else the arrival.
        case auto
        case device
        case arrival
    }

    package enum LogLevel: String, Sendable, CaseIterable { case error, warning, info, debug }

    /// How long what properties were is kept.
    package struct History: Sendable {
        package var isEnabled: Bool
        package var age: Milliseconds
        /// The same for what values came to by the minute and by the hour.
        package var rollupAge: Milliseconds
        package var bytes: Int
        /// How long an unchanged value goes without being noted again.
        package var heartbeat: Milliseconds
    }

    /// What is bounded, and by how much.
    package struct Limits: Sendable {
        package var devices: Int
        package var properties: Int
        package var payloadBytes: Int
        /// Peers with a live CoAP session.
        package var sessions: Int
        /// Confirmable requests remembered for de-duplication.
        package var exchanges: Int
        /// Inputs waiting for their turn.
        package var queue: Int
        package var journalBytes: Int
        /// How far back the journal goes at most; nil for as far as its size admits.
        package var journalAge: Milliseconds?
        package var outboxBytes: Int
        package var auditBytes: Int
        /// The LMDB map: the size that the store's file never exceeds.
        package var mapBytes: Int
        package var recordsPerPack: Int
    }
}

/// Where aggregates and pattern matches go.
package enum UplinkSettings: Sendable {
    case file(File)
    case mqtt(MQTT)

    /// Newline-delimited JSON, rotated by size.
    package struct File: Hashable, Sendable {
        package var path: String
        package var maxSizeBytes: Int
        package var maxFiles: Int
    }

    /// An MQTT 5 broker.
    package struct MQTT: Hashable, Sendable {
        package var host: String
        package var port: Int
        /// Nil for `iotflow-` and the gateway's name.
        package var clientID: String?
        /// With `{gateway}` and `{kind}` still to be replaced.
        package var topic: String
        package var username: String?
        /// The file whose first line is the password, so that no configuration holds one.
        package var passwordFile: String?
        package var tls: TLS?
        package var batch: Batch
    }

    /// Files in PEM.
    package struct TLS: Hashable, Sendable {
        /// Nil for the system's certificate authorities.
        package var ca: String?
        package var certificate: String?
        package var key: String?
    }

    /// How records are gathered into messages: one is sent when any of these is reached.
    package struct Batch: Hashable, Sendable {
        package var records: Int
        package var sizeBytes: Int
        package var lingerMilliseconds: Int
    }
}
