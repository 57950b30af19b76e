package import Config

/// A piece of a workflow as a Swift literal, with the keys and words of the YAML files:
/// `["window": ["type": "tumbling", "size": "5m"]]`.
///
/// Whatever is wrong in it is told by `Engine.deploy`. A setting may hold a credential, so it never
/// prints what it holds.
public struct Setting: Sendable {
    package var content: Settings

    package init(_ content: Settings) { self.content = content }

    /// A list of texts, such as the names of devices.
    public init(_ texts: [String]) { content = .list(texts.map { .text($0) }) }

    /// The setting with `entries` before its own, which keep their place where both have a key.
    func withDefaults(_ entries: [(key: String, value: Settings)]) -> Settings {
        guard case .mapping(let own) = content else { return content }
        let names = Set(own.map(\.key))
        return .mapping(entries.filter { !names.contains($0.key) } + own)
    }
}

extension Setting: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral,
    ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral
{
    /// A mapping; its keys keep the order in which they are written.
    public init(dictionaryLiteral elements: (String, Setting)...) {
        content = .mapping(elements.map { (key: $0.0, value: $0.1.content) })
    }

    /// A list.
    public init(arrayLiteral elements: Setting...) { content = .list(elements.map(\.content)) }

    /// A text.
    public init(stringLiteral value: String) { content = .text(value) }

    /// A whole number.
    public init(integerLiteral value: Int) { content = .integer(value) }

    /// A number.
    public init(floatLiteral value: Double) { content = .number(value) }

    /// True or false.
    public init(booleanLiteral value: Bool) { content = .boolean(value) }
}

extension Setting: CustomStringConvertible, CustomReflectable {
    /// Never what the setting holds.
    public var description: String { "a setting" }

    /// Empty, so that a dump shows no credential.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
