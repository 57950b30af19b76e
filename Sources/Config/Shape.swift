package import Model

/// The keys that a mapping takes: what the decoder accepts, what the JSON Schema says and what the
/// documentation prints all come from these tables.
package struct Shape: Sendable {
    /// With its article, as messages name it: `a stream`.
    package let title: String
    package let summary: String
    package let keys: [Key]

    package init(_ title: String, _ summary: String, _ keys: [Key]) {
        self.title = title
        self.summary = summary
        self.keys = keys
    }

    /// One key of a mapping.
    package struct Key: Sendable {
        package let name: String
        package let kind: Kind
        package let isRequired: Bool
        /// What an absent key means, as one would write it; the decoder reads this very text.
        package let fallback: String?
        package let summary: String

        package init(
            _ name: String, _ kind: Kind, required: Bool = false, default fallback: String? = nil,
            _ summary: String
        ) {
            self.name = name
            self.kind = kind
            isRequired = required
            self.fallback = fallback
            self.summary = summary
        }
    }

    /// What may stand as a value.
    package enum Kind: Sendable {
        /// Text; what would be a number, a boolean or nothing must be in quotes.
        case text
        /// Any scalar, by its text: tags.
        case label
        /// A boolean, a number or a text, and which one matters.
        case scalar
        case boolean
        case integer(ClosedRange<Int>)
        case number(ClosedRange<Double>)
        case instant
        case duration(ClosedRange<Milliseconds>)
        /// Bytes, as `64MiB`.
        case size(ClosedRange<Int>)
        /// Bytes in a time, as `5GB/day`.
        case rate
        case unit
        case choice([String])
        /// `scheme://host:port`; without schemes `host:port`.
        case endpoint([String])
        indirect case list(Kind, ClosedRange<Int>)
        /// A mapping with names of one's own.
        indirect case table(Kind)
        indirect case shape(Shape)
        indirect case either([Kind])
    }

    func key(_ name: String) -> Key {
        guard let key = keys.first(where: { $0.name == name }) else {
            preconditionFailure("\(title) has no key \(name) in its table")
        }
        return key
    }
}

extension Shape.Kind {
    static let count = Shape.Kind.integer(0...Int(Int32.max))
    static let anyNumber = Shape.Kind.number(-1e300...1e300)
    static let notNegative = Shape.Kind.number(0...1e300)
    static let texts = Shape.Kind.list(.text, 0...10_000)
    /// Up to a century, so that sums of a few stay far from overflow.
    static let span = Shape.Kind.duration(Milliseconds(1)...Shape.Kind.century)
    static let spanOrZero = Shape.Kind.duration(.zero...Shape.Kind.century)
    static let position = Shape.Kind.list(.anyNumber, 2...3)
    static let century = Milliseconds.day * 36_525

    static func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _: Choice.Type
    ) -> Shape.Kind {
        .choice(Choice.allCases.map(\.rawValue))
    }

    static func list(_ kind: Shape.Kind) -> Shape.Kind { .list(kind, 0...100_000) }
    static func some(_ kind: Shape.Kind) -> Shape.Kind { .list(kind, 1...10_000) }
}

extension Shape {
    /// This shape and all that its keys lead to, each once.
    package var all: [Shape] {
        var found: [Shape] = []
        collect(into: &found)
        return found
    }

    private func collect(into found: inout [Shape]) {
        guard !found.contains(where: { $0.title == title }) else { return }
        found.append(self)
        for key in keys { Shape.visit(key.kind, into: &found) }
    }

    private static func visit(_ kind: Kind, into found: inout [Shape]) {
        switch kind {
        case .shape(let shape): shape.collect(into: &found)
        case .list(let element, _): visit(element, into: &found)
        case .table(let value): visit(value, into: &found)
        case .either(let kinds): for kind in kinds { visit(kind, into: &found) }
        default: break
        }
    }
}
