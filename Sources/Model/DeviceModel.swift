/// What a kind of device has and does: its properties, and the commands it takes.
package struct DeviceModel: Sendable {
    package var name: String
    package var properties: [PropertyModel]
    package var commands: [CommandModel]

    package init(name: String, properties: [PropertyModel] = [], commands: [CommandModel] = []) {
        self.name = name
        self.properties = properties
        self.commands = commands
    }
}

/// One typed property of a model. A name listed under `telemetry:` alone is a float without a unit.
package struct PropertyModel: Sendable {
    package var name: String
    package var type: ValueType
    /// The unit stored values are in; readings in a compatible unit are converted on arrival.
    package var unit: Unit?
    /// For a property of type text that takes only these; empty where any text will do.
    package var choices: [String]
    /// Values outside are refused.
    package var range: ClosedRange<Double>?
    /// Two numbers no further apart than this count as equal.
    package var tolerance: Double
    /// True for properties that commands or operators may set, so that a desired value makes sense.
    package var isWritable: Bool

    package init(
        name: String, type: ValueType = .number, unit: Unit? = nil, choices: [String] = [],
        range: ClosedRange<Double>? = nil, tolerance: Double = 0, isWritable: Bool = false
    ) {
        self.name = name
        self.type = type
        self.unit = unit
        self.choices = choices
        self.range = range
        self.tolerance = tolerance
        self.isWritable = isWritable
    }
}

/// How a command of a model is sent: by default `POST /command/{name}` with a CBOR map of its
/// parameters.
package struct CommandModel: Sendable {
    package var name: String
    package var method: Method
    /// Path segments on the device; `{parameter}` in one is replaced by that parameter's value.
    package var path: [String]
    /// `name=value` query options, with the same replacement.
    package var query: [String]
    /// Which twin property each parameter sets, as desired and, once the device says so, reported.
    package var writes: [(parameter: String, property: String)]

    package enum Method: String, Sendable, CaseIterable { case get, post, put, delete }

    package init(
        name: String, method: Method = .post, path: [String]? = nil, query: [String] = [],
        writes: [(parameter: String, property: String)] = []
    ) {
        self.name = name
        self.method = method
        self.path = path ?? ["command", name]
        self.query = query
        self.writes = writes
    }
}
