/// What a handler answers: code, payload and the few options that a gateway sets.
package struct Response: Hashable, Sendable {
    package var code: Code
    package var contentFormat: ContentFormat?
    package var payload: [UInt8]
    /// Seconds that the answer, or the refusal, stays true.
    package var maxAge: UInt32?
    /// Up to 8 bytes; empty for none. A sliced payload without one gets a hash of the payload.
    package var etag: [UInt8]
    /// Segments of what a POST created.
    package var locationPath: [String]
    /// With 4.13: the largest payload that would be taken.
    package var size1: UInt32?
    /// RFC 7641 sequence number of a notification or of the first answer.
    package var observe: UInt32?

    package init(
        _ code: Code, format: ContentFormat? = nil, payload: [UInt8] = [], maxAge: UInt32? = nil,
        etag: [UInt8] = [], locationPath: [String] = [], size1: UInt32? = nil,
        observe: UInt32? = nil
    ) {
        self.code = code
        self.contentFormat = format
        self.payload = payload
        self.maxAge = maxAge
        self.etag = etag
        self.locationPath = locationPath
        self.size1 = size1
        self.observe = observe
    }

    /// An error with its diagnostic payload (RFC 7252 section 5.5.2), cut to 128 bytes.
    package static func error(
        _ code: Code, _ diagnostic: String, maxAge: UInt32? = nil
    ) -> Response {
        Response(code, payload: Array(diagnostic.utf8.prefix(128)), maxAge: maxAge)
    }
}

/// What the handler wants done with a request.
package enum Disposition: Sendable {
    /// Answer now.
    case reply(Response)
    /// Answer when `request.ticket` is released; until then repeats are swallowed.
    case deferred
    /// No answer. A confirmable request still gets its empty acknowledgement.
    case silent
}

/// The claim on one answer that is still owed.
package struct ReplyTicket: Hashable, Sendable {
    var index: UInt32
    var generation: UInt32

    /// A ticket that nobody waits for; releasing it does nothing.
    package static let none = ReplyTicket(index: .max, generation: 0)
}
