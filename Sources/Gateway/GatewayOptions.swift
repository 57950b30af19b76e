/// What the command line of the daemon says over the configuration.
package struct GatewayOptions: Sendable {
    /// Files or directories.
    package var paths: [String]
    package var data: String?
    /// `ADDR:PORT`; replaces the configuration's listeners.
    package var listen: [String]
    /// Where the CLI finds the running gateway.
    package var socket: String?
    /// Start although the checkpoint cannot be read, with empty windows and patterns.
    package var startsEmpty: Bool

    package init(
        paths: [String], data: String? = nil, listen: [String] = [], socket: String? = nil,
        startsEmpty: Bool = false
    ) {
        self.startsEmpty = startsEmpty
        self.paths = paths
        self.data = data
        self.listen = listen
        self.socket = socket
    }
}

/// Why the gateway cannot start; the exit code says of what kind (sysexits.h).
package enum StartError: Error, Sendable {
    /// The configuration has errors, told already.
    case configuration
    /// Something of the machine is not to be had.
    case unavailable(String)

    package var exitCode: Int32 {
        switch self {
        case .configuration: 78
        case .unavailable: 69
        }
    }
}
