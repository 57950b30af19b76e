/// Why an endpoint cannot do what it was asked.
package enum CoAPError: Error, Hashable, Sendable, CustomStringConvertible {
    /// libcoap could not be set up.
    case unavailable
    case cannotListen(SocketAddress)
    case addressInUse(SocketAddress)
    case cannotReach(SocketAddress)
    case tooManyRequests(limit: Int)
    case requestTooLarge(bytes: Int)

    package var description: String {
        switch self {
        case .unavailable: "libcoap could not be started"
        case .cannotListen(let address): "cannot listen on \(address)"
        case .addressInUse(let address): "cannot listen on \(address): address already in use"
        case .cannotReach(let address): "cannot send to \(address)"
        case .tooManyRequests(let limit): "more than \(limit) requests wait for an answer"
        case .requestTooLarge(let bytes): "a request of \(bytes) bytes does not fit a datagram"
        }
    }
}
