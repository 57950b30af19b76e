import Glibc
import Loop

/// Tells the service manager how we are (sd_notify(3)): a datagram to the socket that it names.
enum Notify {
    /// Does nothing where no service manager listens.
    static func send(_ state: String) {
        guard let path = environment("NOTIFY_SOCKET") else { return }
        sendDatagram(state, to: path)
    }
}

/// An environment variable; nil where it is not set or empty.
func environment(_ name: String) -> String? {
    // getenv answers a terminated string that nobody changes while we run.
    guard let value = unsafe getenv(name) else { return nil }
    let text = unsafe String(cString: value)
    return text.isEmpty ? nil : text
}
