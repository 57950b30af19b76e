/// A CoAP request method (RFC 7252 section 5.8, RFC 8132).
package enum Method: UInt8, Hashable, Sendable, CaseIterable {
    case get = 1
    case post, put, delete, fetch, patch, ipatch

    /// Asking twice is the same as asking once, and changes nothing.
    package var isSafe: Bool { self == .get || self == .fetch }
}

/// A CoAP response code, class in the upper three bits (RFC 7252 section 5.9).
package struct Code: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    package var rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    init(_ codeClass: UInt8, _ detail: UInt8) { rawValue = codeClass << 5 | detail }

    /// 2 for success, 4 for the client's fault, 5 for the server's.
    package var codeClass: Int { Int(rawValue >> 5) }
    package var isSuccess: Bool { codeClass == 2 }

    /// As in the specifications: `2.05`.
    package var description: String {
        let detail = rawValue & 0x1f
        return "\(codeClass).\(detail < 10 ? "0" : "")\(detail)"
    }

    package static let empty = Code(0, 0)
    package static let created = Code(2, 1)
    package static let deleted = Code(2, 2)
    package static let valid = Code(2, 3)
    package static let changed = Code(2, 4)
    package static let content = Code(2, 5)
    package static let badRequest = Code(4, 0)
    package static let unauthorized = Code(4, 1)
    package static let badOption = Code(4, 2)
    package static let forbidden = Code(4, 3)
    package static let notFound = Code(4, 4)
    package static let methodNotAllowed = Code(4, 5)
    package static let notAcceptable = Code(4, 6)
    package static let conflict = Code(4, 9)
    package static let preconditionFailed = Code(4, 12)
    package static let requestEntityTooLarge = Code(4, 13)
    package static let unsupportedContentFormat = Code(4, 15)
    package static let unprocessableEntity = Code(4, 22)
    package static let tooManyRequests = Code(4, 29)
    package static let internalServerError = Code(5, 0)
    package static let notImplemented = Code(5, 1)
    package static let serviceUnavailable = Code(5, 3)
    package static let gatewayTimeout = Code(5, 4)
}

/// Content-Format numbers of the IANA registry that a gateway meets.
package struct ContentFormat: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt16

    package init(rawValue: UInt16) { self.rawValue = rawValue }

    package static let text = ContentFormat(rawValue: 0)
    package static let link = ContentFormat(rawValue: 40)
    package static let octets = ContentFormat(rawValue: 42)
    package static let json = ContentFormat(rawValue: 50)
    package static let cbor = ContentFormat(rawValue: 60)
    package static let senMLJSON = ContentFormat(rawValue: 110)
    package static let senMLCBOR = ContentFormat(rawValue: 112)
    package static let mergePatch = ContentFormat(rawValue: 52)
    package static let senMLEtchJSON = ContentFormat(rawValue: 320)
    package static let senMLEtchCBOR = ContentFormat(rawValue: 322)
}
