import Model

/// The JSON Schema (draft 2020-12) of configuration files, written from the tables of keys, so that
/// editors complete and check what the gateway accepts.
package enum SchemaText {
    /// The whole schema, indented, with a final newline.
    package static var json: String {
        var root: [(String, JSON)] = [
            ("$schema", .text("https://json-schema.org/draft/2020-12/schema")),
            ("title", .text("iotflow configuration")),
        ]
        root += object(.file)
        return JSON.object(root).text(indent: 0) + "\n"
    }

    private static func object(_ shape: Shape) -> [(String, JSON)] {
        let required = shape.keys.filter(\.isRequired).map { JSON.text($0.name) }
        var members: [(String, JSON)] = [
            ("description", .text(shape.summary)),
            ("type", .text("object")),
            ("additionalProperties", .word("false")),
            ("properties", .object(shape.keys.map { ($0.name, property($0)) })),
        ]
        if !required.isEmpty { members.append(("required", .list(required))) }
        return members
    }

    private static func property(_ key: Shape.Key) -> JSON {
        var members: [(String, JSON)] = [("description", .text(key.summary))]
        members += schema(key.kind).filter { $0.0 != "description" }
        if let fallback = key.fallback {
            members.append(("default", isText(key.kind) ? .text(fallback) : .word(fallback)))
        }
        return .object(members)
    }

    private static func isText(_ kind: Shape.Kind) -> Bool {
        switch kind {
        case .boolean, .integer, .number: false
        default: true
        }
    }

    private static func schema(_ kind: Shape.Kind) -> [(String, JSON)] {
        func typed(_ type: String, _ more: [(String, JSON)] = []) -> [(String, JSON)] {
            [("type", .text(type))] + more
        }
        let scalars: [(String, JSON)] = [
            ("type", .list([.text("string"), .text("number"), .text("boolean")]))
        ]
        switch kind {
        case .text: return typed("string")
        case .label, .scalar: return scalars
        case .boolean: return typed("boolean")
        case .integer(let range):
            return typed(
                "integer",
                [
                    ("minimum", .word("\(range.lowerBound)")),
                    ("maximum", .word("\(range.upperBound)")),
                ])
        case .number(let range):
            let isBelow = range.lowerBound == 0
            return typed("number", isBelow ? [("minimum", .word("0"))] : [])
        case .instant: return typed("string", [("format", .text("date-time"))])
        case .duration:
            let pattern = "^([0-9]+(\\.[0-9]+)?(w|d|h|ms|m|s))+$"
            return typed("string", [("pattern", .text(pattern))])
        case .size: return typed("string", [("pattern", .text("^" + sizePattern + "$"))])
        case .rate:
            return typed("string", [("pattern", .text("^" + sizePattern + "/(day|d|hour|h)$"))])
        case .unit: return typed("string", [("enum", .list(Unit.names.map { .text($0) }))])
        case .choice(let words):
            return typed("string", [("enum", .list(words.map { .text($0) }))])
        case .endpoint(let schemes):
            let start = schemes.isEmpty ? "^" : "^(\(schemes.joined(separator: "|")))://"
            return typed("string", [("pattern", .text(start + "[^/]+$"))])
        case .list(let element, let counts):
            return typed(
                "array",
                [
                    ("items", .object(schema(element))),
                    ("minItems", .word("\(counts.lowerBound)")),
                    ("maxItems", .word("\(counts.upperBound)")),
                ])
        case .table(let value):
            return typed("object", [("additionalProperties", .object(schema(value)))])
        case .shape(let shape): return object(shape)
        case .either(let kinds):
            return [("anyOf", .list(kinds.map { .object(schema($0)) }))]
        }
    }

    private static let sizePattern = "[0-9]+(\\.[0-9]+)?(B|[KMGT]iB|kB|MB|GB|TB)"

    private indirect enum JSON {
        case text(String)
        /// A number or a literal, as it is.
        case word(String)
        case list([JSON])
        case object([(String, JSON)])

        func text(indent: Int) -> String {
            let inner = String(repeating: "  ", count: indent + 1)
            let outer = String(repeating: "  ", count: indent)
            switch self {
            case .text(let text): return JSON.quoted(text)
            case .word(let word): return word
            case .list(let elements):
                let isFlat = elements.allSatisfy { if case .object = $0 { false } else { true } }
                let texts = elements.map { $0.text(indent: indent + 1) }
                if isFlat { return "[" + texts.joined(separator: ", ") + "]" }
                let lines = texts.map { inner + $0 }
                return "[\n" + lines.joined(separator: ",\n") + "\n\(outer)]"
            case .object(let members):
                if members.isEmpty { return "{}" }
                let lines = members.map { name, value in
                    inner + JSON.quoted(name) + ": " + value.text(indent: indent + 1)
                }
                return "{\n" + lines.joined(separator: ",\n") + "\n\(outer)}"
            }
        }

        private static func quoted(_ text: String) -> String {
            var result = "\""
            for scalar in text.unicodeScalars {
                if scalar == "\"" || scalar == "\\" { result += "\\" }
                result.unicodeScalars.append(scalar)
            }
            return result + "\""
        }
    }
}
