import Config
import Glibc

/// Lines on standard error, with the priority prefix that journald understands (sd-daemon(3)).
struct Log: Sendable {
    var level: GatewaySettings.LogLevel

    init(level: GatewaySettings.LogLevel) { self.level = level }

    func error(_ text: @autoclosure () -> String) { write(.error, "<3>", text) }
    func warning(_ text: @autoclosure () -> String) { write(.warning, "<4>", text) }
    func info(_ text: @autoclosure () -> String) { write(.info, "<6>", text) }
    func debug(_ text: @autoclosure () -> String) { write(.debug, "<7>", text) }

    private func write(
        _ severity: GatewaySettings.LogLevel, _ prefix: String, _ text: () -> String
    ) {
        let order = GatewaySettings.LogLevel.allCases
        guard let wanted = order.firstIndex(of: level), let this = order.firstIndex(of: severity),
            this <= wanted
        else { return }
        // One write a line, so that threads do not mix theirs; control characters cannot forge
        // lines.
        let plain = text().unicodeScalars.map { $0.value < 0x20 ? " " : String($0) }.joined()
        let line = Array("\(prefix)\(plain)\n".utf8)
        // The buffer lives for the call.
        _ = unsafe line.withUnsafeBytes { unsafe Glibc.write(2, $0.baseAddress, $0.count) }
    }
}
