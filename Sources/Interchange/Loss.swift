package import Model
package import Wire

/// Something that a format cannot hold of a model, or that a file says and we have no word for.
package struct Loss: Hashable, Sendable, CustomStringConvertible {
    /// Where it stands: `properties.setpoint.range`.
    package var path: String
    package var reason: String

    package init(_ path: String, _ reason: String) {
        self.path = path
        self.reason = reason
    }

    package var description: String { "\(path): \(reason)" }
}

/// What came of a translation: models as far as they could be carried over, and all the rest by
/// name.
package struct Imported: Sendable {
    package var models: [DeviceModel]
    package var losses: [Loss]

    package init(models: [DeviceModel] = [], losses: [Loss] = []) {
        self.models = models
        self.losses = losses
    }
}

/// Why a file cannot be read as what it is said to be.
package enum InterchangeError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The text breaks its own grammar.
    case malformed(Position, String)
    /// Well formed, but not a file of that format.
    case wrongContent(String)

    /// A place in a text, both counted from 1.
    package struct Position: Hashable, Sendable {
        package var line: Int
        package var column: Int

        /// The place of a byte.
        package init(of offset: Int, in bytes: [UInt8]) {
            let before = bytes[..<min(max(0, offset), bytes.count)]
            line = 1 + before.count { $0 == 0x0a }
            column = 1 + before.count - (before.lastIndex(of: 0x0a).map { $0 + 1 } ?? 0)
        }
    }

    package var description: String {
        switch self {
        case .malformed(let place, let reason): "\(place.line):\(place.column): \(reason)"
        case .wrongContent(let reason): reason
        }
    }
}

extension InterchangeError {
    /// What a reader of JSON complains of, at its place in the text.
    package init(_ error: WireError, in bytes: [UInt8]) {
        var reason = error.description.split(separator: " at ")[0]
        if reason.hasSuffix(",") { reason.removeLast() }
        self = .malformed(Position(of: error.offset, in: bytes), String(reason))
    }
}
