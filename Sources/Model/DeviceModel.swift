/// What a kind of device has and does: its properties, and the commands it takes.
package struct DeviceModel: Sendable {
    package var name: String
    /// Major, minor and patch, separated by points.
    package var version: String
    package var properties: [PropertyModel]
    package var commands: [CommandModel]
    /// How long after its last message a device of this kind listens; nil for one that always does.
    package var awakeWindow: Milliseconds?

    package init(
        name: String, version: String = "1.0.0", properties: [PropertyModel] = [],
        commands: [CommandModel] = [], awakeWindow: Milliseconds? = nil
    ) {
        self.version = version
        self.awakeWindow = awakeWindow
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
    /// The number that stands for each choice on the wire, in their order; empty where none does.
    package var choiceNumbers: [Int64]
    /// Values outside are refused.
    package var range: ClosedRange<Double>?
    /// Two numbers no further apart than this count as equal.
    package var tolerance: Double
    /// True for properties that commands or operators may set, so that a desired value makes sense.
    package var isWritable: Bool
    /// Numbers a command may ask for are a whole multiple of it above the range's start; nil for
    /// any.
    package var step: Double?
    /// How device and wish are brought together; nil where `twin_sync` of the device's group says.
    package var policy: TwinSyncDefinition.ConflictResolution?
    /// How long the device may take from its acknowledgement to the report that shows it.
    package var settle: Milliseconds?
    /// The longest usual time between two reports; three times that without one is stale.
    package var expectedInterval: Milliseconds?
    /// What is desired while nobody desires anything else.
    package var defaultValue: Value?
    /// Object, instance and resource as `/3303/0/5700`.
    package var lwm2m: String?
    /// How it moves by itself; nil where it does not, or nobody knows.
    package var behaviour: BehaviourModel?
    /// It is measured, and never set.
    package var isTelemetry: Bool
    /// Where its value comes from when the device's model was an older one; nil where nowhere.
    package var migration: PropertyMigration?

    package init(
        name: String, type: ValueType = .number, unit: Unit? = nil, choices: [String] = [],
        choiceNumbers: [Int64] = [], range: ClosedRange<Double>? = nil, tolerance: Double = 0,
        isWritable: Bool = false,
        step: Double? = nil, policy: TwinSyncDefinition.ConflictResolution? = nil,
        settle: Milliseconds? = nil, expectedInterval: Milliseconds? = nil,
        defaultValue: Value? = nil, lwm2m: String? = nil, behaviour: BehaviourModel? = nil,
        isTelemetry: Bool = false
    ) {
        self.choiceNumbers = choiceNumbers
        self.behaviour = behaviour
        self.isTelemetry = isTelemetry
        self.step = step
        self.policy = policy
        self.settle = settle
        self.expectedInterval = expectedInterval
        self.defaultValue = defaultValue
        self.lwm2m = lwm2m
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
    /// Its parameters by name and type; empty where the model does not say, and any will do.
    package var inputs: [PropertyModel]
    /// What the device answers with.
    package var outputs: [PropertyModel]
    /// Running it twice is the same as once, even under another id.
    package var isIdempotent: Bool
    /// How long it may run after the device accepted it.
    package var executionTimeout: Milliseconds?
    /// A condition on reported properties that shows that it worked: `mode == "off"`.
    package var verify: Located<String>?
    /// The command that takes it back.
    package var compensation: String?
    /// The device takes others while it runs.
    package var isConcurrent: Bool
    /// It waits until somebody approves it.
    package var needsApproval: Bool

    package enum Method: String, Sendable, CaseIterable { case get, post, put, delete }

    package init(
        name: String, method: Method = .post, path: [String]? = nil, query: [String] = [],
        writes: [(parameter: String, property: String)] = [], inputs: [PropertyModel] = [],
        outputs: [PropertyModel] = [], isIdempotent: Bool = true,
        executionTimeout: Milliseconds? = nil, verify: Located<String>? = nil,
        compensation: String? = nil, isConcurrent: Bool = false, needsApproval: Bool = false
    ) {
        self.inputs = inputs
        self.outputs = outputs
        self.isIdempotent = isIdempotent
        self.executionTimeout = executionTimeout
        self.verify = verify
        self.compensation = compensation
        self.isConcurrent = isConcurrent
        self.needsApproval = needsApproval
        self.name = name
        self.method = method
        self.path = path ?? ["command", name]
        self.query = query
        self.writes = writes
    }
}
