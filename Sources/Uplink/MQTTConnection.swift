import CMosquitto
import Glibc

/// What the client library reports from inside its calls.
enum MQTTEvent {
    /// CONNACK, with 0 for accepted.
    case connected(code: Int)
    /// PUBACK. Reasons of 0x80 and above are refusals; 3.1.1 knows none.
    case acknowledged(id: Int32, reason: Int)
}

/// One connection to a broker through one libmosquitto handle, driven by the thread that owns it.
///
/// From mosquitto.h: with `mosquitto_loop_read`, `_write` and `_misc` the library starts no thread;
/// callbacks run inside those calls; a handle may be destroyed at any time outside of them.
@safe final class MQTTConnection {
    /// Where callbacks leave events; the handle points at it and dies before it.
    private final class Inbox { var events: [MQTTEvent] = [] }

    private let inbox = Inbox()
    private let handle: OpaquePointer
    private let version: MQTTVersion

    /// Connects the socket and sends CONNECT; the answer comes as an event.
    init(_ settings: MQTTSinkSettings, version: MQTTVersion, window: Int) throws(UplinkError) {
        Self.startLibrary
        let clientID = settings.clientID ?? "iotflow-\(settings.gateway)"
        // Safe: the inbox outlives the handle, which `deinit` destroys.
        let context = unsafe Unmanaged.passUnretained(inbox).toOpaque()
        guard let handle = unsafe mosquitto_new(clientID, false, context) else {
            throw .unreachable(
                host: settings.host, port: settings.port, reason: errorText(errno))
        }
        unsafe self.handle = handle
        self.version = version
        try configure(settings, window: window)
        try connect(settings)
    }

    deinit {
        // Safe: nobody else has the handle.
        unsafe mosquitto_destroy(handle)
    }

    /// -1 while there is no connection.
    var descriptor: Int32 { unsafe mosquitto_socket(handle) }
    var wantsWrite: Bool { unsafe mosquitto_want_write(handle) }

    /// Queues a message; returns the id that its acknowledgement will carry.
    func publish(topic: String, payload: [UInt8]) throws(UplinkError) -> Int32 {
        var id: Int32 = 0
        guard let length = Int32(exactly: payload.count) else {
            throw .publishRefused(code: 0x95, reason: "message too large")
        }
        // Safe: the library copies topic and payload before it returns.
        let result = unsafe payload.withUnsafeBytes { bytes in
            unsafe mosquitto_publish_v5(
                handle, &id, topic, length, bytes.baseAddress, 1, false, nil)
        }
        guard result == MOSQ_ERR_SUCCESS.rawValue else { throw Self.error(result) }
        return id
    }

    /// Reads, writes and keeps alive without waiting. Returns why the connection is over, if it is.
    func drive() -> UplinkError? {
        // One call reads about as many packets as messages are under way, and TLS may hold more
        // that poll does not see: read until nothing new comes.
        var seen = -1
        while seen < inbox.events.count {
            seen = inbox.events.count
            let result = unsafe mosquitto_loop_read(handle, 1)
            if result != MOSQ_ERR_SUCCESS.rawValue { return Self.error(result) }
        }
        if unsafe mosquitto_want_write(handle) {
            let result = unsafe mosquitto_loop_write(handle, 1)
            if result != MOSQ_ERR_SUCCESS.rawValue { return Self.error(result) }
        }
        let result = unsafe mosquitto_loop_misc(handle)
        return result == MOSQ_ERR_SUCCESS.rawValue ? nil : Self.error(result)
    }

    func takeEvents() -> [MQTTEvent] {
        defer { inbox.events.removeAll(keepingCapacity: true) }
        return inbox.events
    }

    /// Says goodbye as far as that is possible without waiting.
    func disconnect() {
        unsafe mosquitto_disconnect(handle)
        unsafe mosquitto_loop_write(handle, 1)
    }

    private func configure(_ settings: MQTTSinkSettings, window: Int) throws(UplinkError) {
        unsafe mosquitto_connect_v5_callback_set(handle) { _, context, code, _, _ in
            // Safe: the context is the inbox that this connection holds.
            unsafe MQTTConnection.report(context, .connected(code: Int(code)))
        }
        unsafe mosquitto_publish_v5_callback_set(handle) { _, context, id, reason, _ in
            // Safe: as above.
            unsafe MQTTConnection.report(context, .acknowledged(id: id, reason: Int(reason)))
        }
        unsafe mosquitto_int_option(handle, MOSQ_OPT_PROTOCOL_VERSION, version.protocolNumber)
        let window = Int32(clamping: min(window, 65_535))
        unsafe mosquitto_int_option(handle, MOSQ_OPT_SEND_MAXIMUM, window)
        unsafe mosquitto_int_option(handle, MOSQ_OPT_TCP_NODELAY, 1)
        if let username = settings.username {
            let password = try settings.passwordFile.map(readSecret)
            unsafe mosquitto_username_pw_set(handle, username, password)
        }
        if let tls = settings.tls { try configure(tls) }
    }

    private func configure(_ tls: MQTTTLSSettings) throws(UplinkError) {
        if tls.caFile == nil {
            unsafe mosquitto_int_option(handle, MOSQ_OPT_TLS_USE_OS_CERTS, 1)
        }
        let result = unsafe mosquitto_tls_set(
            handle, tls.caFile, nil, tls.certificateFile, tls.keyFile, nil)
        guard result == MOSQ_ERR_SUCCESS.rawValue else {
            throw .tls(reason: Self.text(result) + " (do the certificate files exist?)")
        }
    }

    private func connect(_ settings: MQTTSinkSettings) throws(UplinkError) {
        var properties: OpaquePointer?
        // Safe: the library copies the list; it is freed once, here.
        defer { unsafe mosquitto_property_free_all(&properties) }
        if version == .v5 {
            unsafe mosquitto_property_add_int32(
                &properties, Int32(MQTT_PROP_SESSION_EXPIRY_INTERVAL.rawValue),
                settings.sessionExpirySeconds)
        }
        let result = unsafe mosquitto_connect_bind_v5(
            handle, settings.host, Int32(clamping: settings.port),
            Int32(clamping: settings.keepAliveSeconds), nil, properties)
        switch result {
        case MOSQ_ERR_SUCCESS.rawValue: return
        case MOSQ_ERR_TLS.rawValue, MOSQ_ERR_TLS_HANDSHAKE.rawValue: throw Self.error(result)
        default:
            throw .unreachable(
                host: settings.host, port: settings.port, reason: Self.text(result))
        }
    }

    @unsafe private static func report(_ context: UnsafeMutableRawPointer?, _ event: MQTTEvent) {
        guard let context = unsafe context else { return }
        unsafe Unmanaged<Inbox>.fromOpaque(context).takeUnretainedValue().events.append(event)
    }

    private static func error(_ code: Int32) -> UplinkError {
        switch code {
        case MOSQ_ERR_TLS.rawValue, MOSQ_ERR_TLS_HANDSHAKE.rawValue: .tls(reason: text(code))
        case MOSQ_ERR_OVERSIZE_PACKET.rawValue, MOSQ_ERR_PAYLOAD_SIZE.rawValue:
            .publishRefused(code: 0x95, reason: "message larger than the broker takes")
        default: .connectionLost(reason: text(code))
        }
    }

    private static func text(_ code: Int32) -> String {
        if code == MOSQ_ERR_ERRNO.rawValue { return errorText(errno) }
        // Safe: a constant string of the library.
        return unsafe String(cString: mosquitto_strerror(code))
    }

    /// The library wants to be started once in a process.
    private static let startLibrary: Void = {
        mosquitto_lib_init()
        return ()
    }()
}
