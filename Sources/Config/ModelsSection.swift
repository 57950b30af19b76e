import Model

extension Shape {
    static let model = Shape(
        "a model", "What a kind of device has and does.",
        [
            Key(
                "version", .label, default: "1.0.0",
                "Major, minor and patch: a changed model has a changed version."),
            Key(
                "awake", .span,
                "How long a device listens after its last message; without it always."),
            Key(
                "properties", .table(.shape(.property)),
                "The typed properties that a device's twin holds, by name."),
            Key(
                "telemetry", .texts,
                "The properties that devices send; one not under `properties` is a float."),
            Key(
                "commands", .either([.texts, .table(.shape(.command))]),
                "The commands that devices take: a list of names, or how each one is sent."),
        ])

    /// What a property and a parameter of a command have in common.
    private static let valueKeys = [
        Key("type", .choice(PropertyType.self), default: "float", "The type of its values."),
        Key(
            "values", .either([.some(.label), .table(.anyInteger)]),
            "For an enum: the words it takes, as a list, or with the number of each."),
        Key("unit", .unit, "The unit stored values are in; readings are converted to it."),
        Key(
            "range", .list(.anyNumber, 2...2),
            "The lowest and the highest value; others are refused."),
        Key(
            "step", .positive,
            "What is commanded lies so far apart, counted from the range's lowest value."),
        Key("default", .scalar, "What is wanted while nobody wants anything else."),
    ]

    static let property = Shape(
        "a property", "One typed property of a model.",
        [
            Key(
                "kind", .choice(PropertyKind.self), default: "property",
                "telemetry: measured, and never set.")
        ] + valueKeys + [
            Key(
                "tolerance", .notNegative, default: "0",
                "Two numbers no further apart than this count as equal; for positions in metres."),
            Key(
                "writable", .boolean,
                "Whether it may be commanded; without it: whether some command sets it."),
            Key(
                "policy", .choice(PolicyWord.self),
                "Who is right when device and twin disagree; without it as `twin_sync` says."),
            Key(
                "settle", .span,
                "How long the device may take to show what it has acknowledged."),
            Key(
                "expected", .span,
                "The longest usual time between two reports; stale after three times that."),
            Key(
                "lwm2m", .text,
                "Object, instance and resource of LwM2M that it is bound to: /3303/0/5700."),
            Key(
                "behaviour", .shape(.behaviour),
                "How it moves by itself, for what-if runs and emulated devices."),
        ])

    static let behaviour = Shape(
        "`behaviour`", "First-order dynamics: a property approaches rest + gain * towards.",
        [
            Key(
                "time_constant", .span, required: true,
                "After this long 63 % of the way is done."),
            Key("towards", .text, required: true, "The property that it follows."),
            Key("gain", .anyNumber, default: "1", "What `towards` is multiplied by."),
            Key("rest", .anyNumber, default: "0", "What is added: where it rests without it."),
        ])

    static let parameter = Shape(
        "a parameter", "What a command takes or puts out.", valueKeys)

    static let command = Shape(
        "a command", "What a command takes, how it is sent to a device, and when it has worked.",
        [
            Key("method", .choice(CommandModel.Method.self), default: "post", "The CoAP method."),
            Key(
                "path", .text,
                "The path on the device; `{name}` is replaced by that parameter. "
                    + "Without it: command/ and the command's name."),
            Key("query", .texts, "Query options, `name=value`, with the same replacement."),
            Key(
                "writes", .table(.text),
                "Which property each parameter sets. Without it a parameter sets the property of "
                    + "its name, and set_<property> with one parameter that property."),
            Key(
                "input", .table(.either([.choice(PropertyType.self), .shape(.parameter)])),
                "Its parameters, by name: a type, or more. Without it any will do."),
            Key(
                "output", .table(.either([.choice(PropertyType.self), .shape(.parameter)])),
                "What the device answers with, by name."),
            Key(
                "idempotent", .boolean, default: "true",
                "Running it twice is the same as once, even under another id."),
            Key("timeout", .span, "How long it may run after the device accepted it."),
            Key(
                "verify", .text,
                "A condition on the device's properties that shows that it worked."),
            Key("compensate", .text, "The command that takes it back."),
            Key(
                "concurrent", .boolean, default: "false",
                "Whether the device takes other commands while it runs."),
            Key(
                "approval", .choice(["required", "none"]), default: "none",
                "required: it waits until somebody approves it."),
        ])

    /// Whether a property is only measured.
    enum PropertyKind: String, CaseIterable { case property, telemetry }

    /// The words for policies, as they are written here and elsewhere.
    enum PolicyWord: String, CaseIterable {
        case latest_timestamp, device_wins, desired_wins, manual
        case latestWins, latestTimestamp, deviceWins, desiredWins

        var resolution: TwinSyncDefinition.ConflictResolution {
            switch self {
            case .latest_timestamp, .latestWins, .latestTimestamp: .latestTimestamp
            case .device_wins, .deviceWins: .deviceWins
            case .desired_wins, .desiredWins: .desiredWins
            case .manual: .manual
            }
        }
    }

    /// The words for types; `number` is `float`, and `enum` is text out of a few words.
    enum PropertyType: String, CaseIterable {
        case float, number, integer, int, boolean, bool, string, timestamp, position
        case choice = "enum"

        var valueType: ValueType {
            switch self {
            case .float, .number: .number
            case .integer, .int: .integer
            case .boolean, .bool: .boolean
            case .string, .choice: .text
            case .timestamp: .timestamp
            case .position: .position
            }
        }
    }
}

extension Shape.Kind {
    static let anyInteger = Shape.Kind.integer(Int.min...Int.max)
    static let positive = Shape.Kind.number(1e-300...1e300)
}
