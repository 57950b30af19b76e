package import Model

/// A tree of values as JSON and CBOR know them: what is exchanged off the hot path.
///
/// An integer that `Int64` cannot hold is a number. Maps keep the order their entries came in.
package enum Document: Hashable, Sendable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case number(Double)
    case text(String)
    case bytes([UInt8])
    /// CBOR's epoch time (tag 1); in JSON its RFC 3339 text.
    case timestamp(Instant)
    case array([Document])
    case map([Entry])

    /// One entry of a map. CBOR's keys may be anything; JSON's are text.
    package struct Entry: Hashable, Sendable {
        package var key: Document
        package var value: Document

        package init(_ key: Document, _ value: Document) {
            self.key = key
            self.value = value
        }

        package init(_ key: String, _ value: Document) { self.init(.text(key), value) }
    }

    /// How deeply arrays and maps may nest in what is read.
    package static let depthMax = 16

    /// The value of a text key; nil where there is none, or where this is no map.
    package subscript(key: String) -> Document? {
        guard case .map(let entries) = self else { return nil }
        return entries.first { $0.key == .text(key) }?.value
    }

    package init(_ value: Value?) {
        switch value {
        case nil: self = .null
        case .boolean(let boolean)?: self = .boolean(boolean)
        case .integer(let integer)?: self = .integer(integer)
        case .number(let number)?: self = .number(number)
        case .text(let text)?: self = .text(text)
        case .timestamp(let instant)?: self = .timestamp(instant)
        case .position(let position)?: self = .map(of: position)
        }
    }

    /// A map of the fields in their order; a missing value is null.
    package init(_ fields: [Field]) {
        self = .map(fields.map { Entry($0.name, Document($0.value)) })
    }
}

extension Value {
    /// Nil for null, bytes, numbers that are not finite, and for arrays and maps that are no
    /// position.
    package init?(_ document: Document) {
        switch document {
        case .boolean(let boolean): self = .boolean(boolean)
        case .integer(let integer): self = .integer(integer)
        case .number(let number) where number.isFinite: self = .number(number)
        case .text(let text): self = .text(text)
        case .timestamp(let instant): self = .timestamp(instant)
        case .array, .map:
            guard let position = GeoPosition(document) else { return nil }
            self = .position(position)
        case .null, .number, .bytes: return nil
        }
    }
}
