/// Why a sink cannot take records now. Each of these leads to a back-off, none to a loss.
package enum UplinkError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Nobody answers at the broker's address.
    case unreachable(host: String, port: Int, reason: String)
    /// The broker answered CONNACK with a refusal (MQTT 5 section 3.2.2.2).
    case refused(code: Int, reason: String)
    /// The connection was there and is gone.
    case connectionLost(reason: String)
    /// The broker answered PUBACK with a reason of 0x80 or more (MQTT 5 section 3.4.2.1).
    case publishRefused(code: Int, reason: String)
    /// Certificates, keys or the handshake are wrong.
    case tls(reason: String)
    /// No answer in time.
    case timedOut(waitingFor: String)
    /// A file cannot be opened, written or made durable.
    case file(path: String, reason: String)
    /// The file system that holds the file is full (ENOSPC, EDQUOT).
    case noSpace(path: String)
    /// The operating system has no more of what the uplink's own thread needs.
    case system(reason: String)

    package var description: String {
        switch self {
        case .unreachable(let host, let port, let reason):
            "cannot reach \(host):\(port): \(reason)"
        case .refused(let code, let reason): "broker refused the connection: \(reason) (\(code))"
        case .connectionLost(let reason): "connection lost: \(reason)"
        case .publishRefused(let code, let reason):
            "broker refused a message: \(reason) (\(code))"
        case .tls(let reason): "TLS: \(reason)"
        case .timedOut(let what): "timed out waiting for \(what)"
        case .file(let path, let reason): "\(path): \(reason)"
        case .noSpace(let path): "\(path): no space left; records wait in the outbox"
        case .system(let reason): reason
        }
    }
}
