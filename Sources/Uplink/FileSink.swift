import Model

/// Appends records to a file as JSON lines. A message is acknowledged once its lines are on the
/// disk (fdatasync). A crash may leave half a line at the end; opening cuts it off. A reader meets
/// a record twice only when the gateway died between the disk and its own cursor: same id, same
/// bytes.
final class FileSink: Sink {
    private let settings: FileSinkSettings
    private var file: AppendFile?
    private var events: [SinkEvent] = []

    init(_ settings: FileSinkSettings) { self.settings = settings }

    var interest: SinkInterest? { nil }

    func open(at now: Instant) {
        do throws(UplinkError) {
            file = try AppendFile(path: settings.path)
            events.append(.opened)
        } catch {
            fail(error)
        }
    }

    func send(_ message: Message) {
        guard file != nil else { return }
        var lines: [UInt8] = []
        lines.reserveCapacity(message.objects.reduce(0) { $0 + $1.count + 1 })
        for object in message.objects {
            lines += object
            lines.append(UInt8(ascii: "\n"))
        }
        do throws(UplinkError) {
            try rotateIfNeeded(for: lines.count)
            try file?.append(lines)
            events.append(.acknowledged(message: message.number))
        } catch {
            fail(error)
        }
    }

    func run(at now: Instant) -> [SinkEvent] {
        defer { events.removeAll(keepingCapacity: true) }
        return events
    }

    func close() {
        file = nil
        events.removeAll()
    }

    private func fail(_ error: UplinkError) {
        file = nil
        events.append(.failed(error))
    }

    private func rotateIfNeeded(for bytes: Int) throws(UplinkError) {
        guard let current = file, current.size > 0, current.size + bytes > settings.rotateBytes
        else { return }
        file = nil
        try rotateFiles(path: settings.path, kept: settings.kept)
        file = try AppendFile(path: settings.path)
    }
}
