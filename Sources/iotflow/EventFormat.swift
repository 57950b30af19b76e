/// What a file of events is made of.
enum EventFormat: String, CaseIterable, Sendable {
    case csv, ndjson
    /// SenML (RFC 8428): packs in JSON, or in CBOR.
    case senml
    case senmlCBOR = "senml-cbor"

    /// By the file's extension; nil where that does not say.
    init?(path: String) {
        switch path.split(separator: ".").last {
        case "csv": self = .csv
        case "ndjson", "jsonl": self = .ndjson
        case "senml": self = .senml
        case "senmlc": self = .senmlCBOR
        default: return nil
        }
    }

    /// By its first byte.
    init(_ bytes: [UInt8]) {
        switch bytes.first(where: { $0 > UInt8(ascii: " ") }) {
        case UInt8(ascii: "{"): self = .ndjson
        case UInt8(ascii: "["): self = .senml
        // An array of CBOR; no text begins so.
        case .some(0x80...0x9f): self = .senmlCBOR
        default: self = .csv
        }
    }

    var isSenML: Bool { self == .senml || self == .senmlCBOR }
}
