/// Why bytes from outside could not be read; the offset counts bytes from the payload's start.
///
/// The description is short enough to travel as a CoAP diagnostic payload (RFC 7252 section 5.5.2).
package enum WireError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The bytes end before the value does.
    case truncated(at: Int)
    /// A byte that the grammar does not allow here.
    case unexpected(at: Int)
    /// Something follows the complete value.
    case trailing(at: Int)
    /// Not UTF-8, or a surrogate without its other half.
    case invalidText(at: Int)
    /// Nested deeper than the limit.
    case tooDeep(at: Int)
    /// A text, a number or a list longer than the limit.
    case tooLong(at: Int)
    /// A number that a double cannot hold.
    case numberOutOfRange(at: Int)
    /// A key that the same map holds already.
    case duplicateKey(at: Int)
    /// A value of a type that makes no sense here.
    case wrongType(at: Int)
    /// A SenML name with other characters than RFC 8428 section 4.5.1 allows, or none.
    case invalidName(at: Int)
    /// A SenML field ending in `_`, which must be understood and is not (RFC 8428 section 4.4).
    case mustUnderstand(at: Int)
    /// A SenML version later than ours (RFC 8428 section 4.4).
    case unsupportedVersion(at: Int)
    /// Before the year 0 or after the year 9999.
    case timeOutOfRange(at: Int)
    /// A record with neither a value nor a sum, or an empty payload.
    case missingValue(at: Int)
    /// A format that carries no telemetry.
    case unsupportedFormat(ContentFormat)
    /// A stored record whose checksum does not match its bytes.
    case damaged(at: Int)

    /// Where the bytes stop making sense.
    package var offset: Int {
        switch self {
        case .truncated(let offset), .unexpected(let offset), .trailing(let offset),
            .invalidText(let offset), .tooDeep(let offset), .tooLong(let offset),
            .numberOutOfRange(let offset), .duplicateKey(let offset), .wrongType(let offset),
            .invalidName(let offset), .mustUnderstand(let offset), .unsupportedVersion(let offset),
            .timeOutOfRange(let offset), .missingValue(let offset), .damaged(let offset):
            offset
        case .unsupportedFormat: 0
        }
    }

    package var description: String {
        switch self {
        case .truncated(let offset): "payload ends early, at byte \(offset)"
        case .unexpected(let offset): "unexpected byte at \(offset)"
        case .trailing(let offset): "more after the value, at byte \(offset)"
        case .invalidText(let offset): "invalid UTF-8 at byte \(offset)"
        case .tooDeep(let offset): "nested too deeply at byte \(offset)"
        case .tooLong(let offset): "too long at byte \(offset)"
        case .numberOutOfRange(let offset): "number out of range at byte \(offset)"
        case .duplicateKey(let offset): "duplicate key at byte \(offset)"
        case .wrongType(let offset): "value of the wrong type at byte \(offset)"
        case .invalidName(let offset): "invalid SenML name at byte \(offset)"
        case .mustUnderstand(let offset): "SenML field not understood at byte \(offset)"
        case .unsupportedVersion(let offset): "SenML version not supported at byte \(offset)"
        case .timeOutOfRange(let offset): "time out of range at byte \(offset)"
        case .missingValue(let offset): "no value at byte \(offset)"
        case .unsupportedFormat(let format): "content format \(format.rawValue) not supported"
        case .damaged(let offset): "stored record is damaged at byte \(offset)"
        }
    }
}
