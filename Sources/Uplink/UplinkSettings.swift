package import Model

/// A sink, its name in status and cursors, and how records are packed for it.
package struct SinkSettings: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case file(FileSinkSettings)
        case mqtt(MQTTSinkSettings)
    }

    package var name: String
    package var kind: Kind
    package var delivery: DeliverySettings

    /// `delivery` nil takes what suits the kind: large batches with one fsync each for a file, a
    /// window of 100 messages with one record each for a broker.
    package init(name: String, kind: Kind, delivery: DeliverySettings? = nil) {
        self.name = name
        self.kind = kind
        switch kind {
        case .file:
            self.delivery =
                delivery ?? DeliverySettings(window: 1, batchRecords: 1024, batchBytes: 1 << 20)
        case .mqtt: self.delivery = delivery ?? DeliverySettings()
        }
    }
}

/// How much may be under way to one sink, and how it is packed.
package struct DeliverySettings: Hashable, Sendable {
    /// Messages sent and not acknowledged, at most.
    package var window: Int
    /// Records in a message, at most.
    package var batchRecords: Int
    /// Bytes of JSON in a message, at most; a larger single record travels alone.
    package var batchBytes: Int
    /// Stored bytes that one read of the outbox brings, at most.
    package var readBytes: Int
    /// How long the first record of a lane waits for company; matches never wait.
    package var linger: Milliseconds
    package var backOff: BackOff

    package init(
        window: Int = 100, batchRecords: Int = 1, batchBytes: Int = 64 << 10,
        readBytes: Int = 256 << 10, linger: Milliseconds = .zero, backOff: BackOff = BackOff()
    ) {
        self.window = max(window, 1)
        self.batchRecords = max(batchRecords, 1)
        self.batchBytes = batchBytes
        self.readBytes = readBytes
        self.linger = linger
        self.backOff = backOff
    }
}

/// A file of JSON lines that rotates: `path`, then `path.1` (younger) to `path.{kept}` (oldest).
package struct FileSinkSettings: Hashable, Sendable {
    package var path: String
    /// The file is rotated before it would grow past this.
    package var rotateBytes: Int
    /// Rotated files kept beside the current one; older ones are deleted.
    package var kept: Int

    package init(path: String, rotateBytes: Int = 64 << 20, kept: Int = 4) {
        self.path = path
        self.rotateBytes = rotateBytes
        self.kept = max(kept, 0)
    }
}

/// An MQTT broker. Records go to `topic` with QoS 1: a JSON object each, or, where the delivery
/// allows a batch of more than one, in JSON arrays.
package struct MQTTSinkSettings: Hashable, Sendable {
    package var host: String
    package var port: Int
    /// The gateway's name: part of topic and client id.
    package var gateway: String
    /// `{gateway}` and `{kind}` in it are replaced.
    package var topic: String
    /// Nil means `iotflow-{gateway}`.
    package var clientID: String?
    package var username: String?
    /// Its first line is the password. Read anew at each connection, so that a rotated password
    /// needs no restart.
    package var passwordFile: String?
    package var tls: MQTTTLSSettings?
    package var keepAliveSeconds: Int
    /// How long the broker keeps the session while we are away (MQTT 5; 3.1.1 keeps it for ever).
    package var sessionExpirySeconds: UInt32
    /// For TCP, TLS and CONNACK, each.
    package var connectTimeout: Milliseconds

    package init(
        host: String, port: Int = 1883, gateway: String, topic: String = "iotflow/{gateway}/{kind}",
        clientID: String? = nil, username: String? = nil, passwordFile: String? = nil,
        tls: MQTTTLSSettings? = nil, keepAliveSeconds: Int = 30,
        sessionExpirySeconds: UInt32 = 7 * 86_400, connectTimeout: Milliseconds = .seconds(10)
    ) {
        self.host = host
        self.port = port
        self.gateway = gateway
        self.topic = topic
        self.clientID = clientID
        self.username = username
        self.passwordFile = passwordFile
        self.tls = tls
        self.keepAliveSeconds = keepAliveSeconds
        self.sessionExpirySeconds = sessionExpirySeconds
        self.connectTimeout = connectTimeout
    }
}

/// Files in PEM form. The broker's certificate is always checked.
package struct MQTTTLSSettings: Hashable, Sendable {
    /// Nil means the system's certificates.
    package var caFile: String?
    /// Ours, with its key, where the broker asks for one.
    package var certificateFile: String?
    package var keyFile: String?

    package init(caFile: String? = nil, certificateFile: String? = nil, keyFile: String? = nil) {
        self.caFile = caFile
        self.certificateFile = certificateFile
        self.keyFile = keyFile
    }
}
