import Config
import Model

/// How devices and services are reached in production.
///
/// The settings are checked when a workflow is deployed, and kept. In-process execution connects to
/// nothing: simulated devices are called directly, whatever is set here. To serve real devices and
/// a real broker, run the same workflow in the gateway, `iotflowd`.
public final class ConnectivityManager {
    private var protocols: [(name: String, settings: Setting)] = []

    /// Nothing is set.
    public init() {}

    /// Sets up `mqtt` (`broker`, `port`, `tls`, `client_id`, `username`, `auth`) or `http`
    /// (`base_url`, `auth`).
    public func addProtocol(_ name: String, _ settings: Setting) {
        protocols.append((name, settings))
    }

    /// The names of the protocols that are set up, in order.
    public var protocolNames: [String] { protocols.map(\.name) }

    /// Reports what is wrong with the settings.
    func check(_ report: Config.Report) {
        var seen: Set<String> = []
        for (name, settings) in protocols {
            guard let shape = ConnectivityManager.shapes.first(where: { $0.name == name })?.shape
            else {
                let known = ConnectivityManager.shapes.map(\.name)
                report.add(
                    .unknownChoice, "there is no protocol `\(name)`", at: .unknown,
                    help: didYouMean(name, among: known).map { ["did you mean `\($0)`?"] }
                        ?? ["protocols are \(known.joined(separator: ", "))"])
                continue
            }
            if !seen.insert(name).inserted {
                report.add(
                    .duplicateName, "the protocol `\(name)` is set up twice", at: .unknown)
            }
            guard let fields = Fields(settings.content.node(report), shape, report) else {
                continue
            }
            for key in shape.keys { check(key, fields) }
            if let auth = fields.node("auth"), let inner = Fields(auth, .credential, report) {
                for key in Shape.credential.keys { check(key, inner) }
            }
        }
    }

    /// Reading a value reports what is wrong with it.
    private func check(_ key: Shape.Key, _ fields: Fields) {
        switch key.kind {
        case .text: _ = fields.text(key.name)
        case .integer: _ = fields.integer(key.name)
        case .boolean: _ = fields.boolean(key.name)
        case .choice: _ = fields.choice(key.name)
        default: break
        }
    }

    private static let shapes: [(name: String, shape: Shape)] = [
        ("mqtt", .mqttProtocol), ("http", .httpProtocol),
    ]
}

/// How a program shows who it is.
public enum Auth {
    /// A token that is sent as `Authorization: Bearer`.
    public static func bearerToken(_ token: String) -> Setting {
        ["type": "bearer", "token": "\(token)"]
    }
}

extension Shape {
    fileprivate static let mqttProtocol = Shape(
        "the protocol mqtt", "A broker.",
        [
            Key("broker", .text, required: true, "The broker's name or address."),
            Key("port", .integer(1...65_535), default: "1883", "Its port."),
            Key("tls", .boolean, default: "false", "Whether the connection is encrypted."),
            Key("client_id", .text, "The name to connect under."),
            Key("username", .text, "The name to log in with."),
            Key("auth", .shape(credential), "Who one is."),
        ])

    fileprivate static let httpProtocol = Shape(
        "the protocol http", "A service.",
        [
            Key("base_url", .text, required: true, "Where the service is."),
            Key("auth", .shape(credential), "Who one is."),
        ])

    fileprivate static let credential = Shape(
        "`auth`", "Who one is.",
        [
            Key("type", .choice(["bearer"]), required: true, "The kind of credential."),
            Key("token", .text, required: true, "The credential."),
        ])
}
