import Arguments
import Model
import Wire

/// A file of events, as `run-stream` takes it, to be run through more than once.
struct RecordedEvents {
    let path: String
    private let names: EventTable.Names
    private let registry: Registry

    init(_ arguments: Arguments, device: String, registry: Registry) throws(UsageError) {
        path = arguments["input"] ?? "-"
        var names = try EventTable.Names(arguments)
        // Where the file has no column of devices, it is of the one that is asked about.
        if !arguments.has("device-column") { names.device = EventTable.Names().device }
        names.only = device
        self.names = names
        self.registry = registry
    }

    /// The newest event's time.
    func newest() throws(ReplayError) -> Instant {
        guard path != "-" else {
            throw ReplayError("--at: standard input cannot be read twice; give a date and a time")
        }
        var newest = Instant.distantPast
        _ = try read { reading, _, _, _ in
            newest = max(newest, reading.time)
            return true
        }
        if newest == .distantPast { throw ReplayError("\(path) has no events") }
        return newest
    }

    /// Lends every reading, whether it is its row's last, and the clock, which is the newest
    /// event's time; until `body` answers false. Answers the registry with what it had to add.
    func read(
        _ body: (_ reading: Reading, _ isLast: Bool, _ now: Instant, Registry) -> Bool
    ) throws(ReplayError) -> Registry {
        var now = Instant.distantPast
        var readings: [Reading] = []
        let table: EventTable
        do throws(EventError) {
            var source = try EventSource(path, names, registry)
            while try source.next(into: &readings) {
                for (index, reading) in readings.enumerated() {
                    now = max(now, reading.time)
                    let next = index + 1
                    let isLast =
                        next == readings.count || !readings[next].flags.contains(.sameRow)
                    if !body(reading, isLast, now, source.table.registry) {
                        return source.table.registry
                    }
                }
            }
            table = source.table
        } catch {
            throw ReplayError(error.description)
        }
        if table.rejected > 0 {
            throw ReplayError(
                "\(path): \(table.rejected) rows are no events: "
                    + table.complaints.joined(separator: "; "))
        }
        return table.registry
    }
}
