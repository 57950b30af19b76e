/// How a property takes over what was known under another name of an older model.
package struct PropertyMigration: Hashable, Sendable {
    /// The older model's property; it may have the same name.
    package var from: String
    /// Numbers become `value * scale + offset`.
    package var scale: Double
    package var offset: Double
    /// Other values become these; one that is not in it, if there is any, is forgotten.
    package var map: [Choice]

    /// One old value and what it is called now.
    package struct Choice: Hashable, Sendable {
        package var old: Value
        package var new: Value

        package init(_ old: Value, _ new: Value) {
            self.old = old
            self.new = new
        }
    }

    package init(from: String, scale: Double = 1, offset: Double = 0, map: [Choice] = []) {
        self.from = from
        self.scale = scale
        self.offset = offset
        self.map = map
    }

    /// The value in the new property's terms.
    package func apply(_ value: Value) -> Value? {
        if !map.isEmpty { return map.first { $0.old == value }?.new }
        if scale == 1, offset == 0 { return value }
        guard let number = value.double else { return nil }
        let converted = number * scale + offset
        return converted.isFinite ? .number(converted) : nil
    }
}
