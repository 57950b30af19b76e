package import Wire

extension Document {
    /// The JSON text with a line for each entry, as people read and compare it.
    package var indented: String { indented(0) + "\n" }

    private func indented(_ depth: Int) -> String {
        let margin = String(repeating: "  ", count: depth + 1)
        let end = "\n" + String(repeating: "  ", count: depth)
        switch self {
        case .map(let entries) where !entries.isEmpty:
            let lines = entries.map { entry in
                margin + String(decoding: entry.key.json, as: UTF8.self) + ": "
                    + entry.value.indented(depth + 1)
            }
            return "{\n" + lines.joined(separator: ",\n") + end + "}"
        case .array(let elements) where !elements.isEmpty:
            let lines = elements.map { margin + $0.indented(depth + 1) }
            return "[\n" + lines.joined(separator: ",\n") + end + "]"
        default: return String(decoding: json, as: UTF8.self)
        }
    }
}
