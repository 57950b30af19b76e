import CMosquitto

/// The protocol versions that we speak.
enum MQTTVersion {
    case v5, v311

    /// The protocol level of CONNECT.
    var protocolNumber: Int32 {
        switch self {
        case .v5: MQTT_PROTOCOL_V5
        case .v311: MQTT_PROTOCOL_V311
        }
    }

    /// True for the CONNACK codes "unsupported protocol version" of MQTT 5 and of 3.1.1.
    static func isRefusedVersion(_ code: Int) -> Bool { code == 0x84 || code == 1 }

    /// The specification's words for a CONNACK code of this version, or, for 5, any reason code.
    func connectReason(_ code: Int) -> String {
        let code = Int32(clamping: code)
        // Safe: both return constant strings.
        return switch self {
        case .v5: unsafe String(cString: mosquitto_reason_string(code))
        case .v311: unsafe String(cString: mosquitto_connack_string(code))
        }
    }
}
