/// A request of ours to a device or a server.
package struct ClientRequest: Hashable, Sendable {
    package var method: Method
    /// Path segments, as text without percent-encoding.
    package var path: [String]
    package var queries: [String]
    package var contentFormat: ContentFormat?
    package var accept: ContentFormat?
    package var payload: [UInt8]
    /// A message that is not confirmable is sent once, and perhaps never answered.
    package var isConfirmable = true
    /// The id a message had when it went unanswered, so that the peer knows the repeat for one
    /// (RFC 7252 section 4.5); nil takes the session's next.
    package var messageID: UInt16?

    package init(
        _ method: Method, path: [String], queries: [String] = [], format: ContentFormat? = nil,
        accept: ContentFormat? = nil, payload: [UInt8] = []
    ) {
        self.method = method
        self.path = path
        self.queries = queries
        self.contentFormat = format
        self.accept = accept
        self.payload = payload
    }
}

/// Names a request of ours until it is completed: eight random bytes, so that nobody can guess
/// them.
package struct Token: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// How a request of ours ended.
package enum Completion: Hashable, Sendable {
    case response(Code, payload: [UInt8], format: ContentFormat?)
    /// No acknowledgement after all retransmissions, or no answer in time.
    case timeout
    /// The peer does not know what we are talking about.
    case reset
    /// The network said that nobody is there.
    case unreachable
}
