package import CoAP

/// Why a request is not taken: the code, what the diagnostic payload says, and what counts it.
package struct Refusal: Error {
    package var code: Code
    package var text: String
    package var reason: Reason

    /// Each has a counter of this name.
    package enum Reason: String, Sendable, CaseIterable {
        case unknownDevice = "unknown_device"
        case unknownProperty = "unknown_property"
        case unknownResource = "unknown_resource"
        case methodNotAllowed = "method_not_allowed"
        case notAcceptable = "not_acceptable"
        case unsupportedFormat = "unsupported_format"
        case malformedPayload = "malformed_payload"
        case noValue = "no_value"
        case wrongType = "wrong_type"
        case wrongUnit = "wrong_unit"
        case outOfRange = "out_of_range"
        case notWritable = "not_writable"
        case unknownCommand = "unknown_command"
        case preconditionFailed = "precondition_failed"
        case malformedRequest = "malformed_request"
        case tableFull = "table_full"
        case storeUnavailable = "store_unavailable"
        case overloaded
    }

    package init(_ code: Code, _ text: String, _ reason: Reason) {
        self.code = code
        self.text = text
        self.reason = reason
    }

    package var response: Response {
        // RFC 7252 section 5.9.3.4: Max-Age of a 5.03 says when to try again.
        .error(code, text, maxAge: code == .serviceUnavailable ? 5 : nil)
    }
}
