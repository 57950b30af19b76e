import Arguments
import Config
import Engine
import Glibc
import Loop
import Model
import Simulation
import Wire

/// What stops a run before it begins.
enum StartError: Error, CustomStringConvertible {
    case configuration(String)
    case unavailable(String)

    var description: String {
        switch self {
        case .configuration(let text), .unavailable(let text): text
        }
    }
}

/// Reads what the options name, runs the fleet, and writes its report.
func play(_ options: Options) throws -> Int32 {
    raiseDescriptorLimit()
    let signals = try Signals()
    let (fleet, replay, end) = try prepare(options)
    let run = try FleetRun(options, fleet: fleet, replay: replay, end: end, signals: signals)
    // Whoever waits for the readings need not wait for the commands that come after them.
    run.onAllAcknowledged = { run in
        if let path = options.report, path != "-" { _ = write(run, to: path) }
    }
    try run.run()
    let isWritten = options.report.map { write(run, to: $0) } ?? true
    printError("firmware-sim: \(run.report.summary)")
    let isComplete = run.report.isComplete || !options.isConfirmable
    return isComplete && isWritten ? 0 : 1
}

private func prepare(_ options: Options) throws -> (Fleet, Replay?, Instant) {
    var registry = Registry()
    var scenarios: [ScenarioDefinition] = []
    if !options.paths.isEmpty {
        let (configuration, diagnostics) = Configuration.load(paths: options.paths)
        for diagnostic in diagnostics where configuration == nil { printError("\(diagnostic)") }
        guard let configuration else {
            throw StartError.configuration("the configuration has errors")
        }
        registry = configuration.definition.registry
        scenarios = configuration.definition.scenarios
    }
    if let path = options.csv { return try prepareReplay(options, path, registry) }
    let name = options.scenario ?? scenarios.first?.name ?? ""
    guard var scenario = scenarios.first(where: { $0.name == name }) else {
        let known = scenarios.map(\.name).joined(separator: ", ")
        throw StartError.configuration(
            "no scenario '\(name)'" + (known.isEmpty ? "" : "; there is: \(known)"))
    }
    scenario.duration = options.duration ?? scenario.duration
    scenario.faults += options.misbehaviour
    for fault in options.misbehaviour {
        let name = fault.group ?? ""
        guard registry.group(named: name) != nil || registry.device(named: name) != nil else {
            throw StartError.configuration("--fault: no device or group '\(name)'")
        }
    }
    if case .times(let speedup) = options.pace {
        // Commands run by the wall's clock.
        for index in scenario.faults.indices {
            let after = Double(scenario.faults[index].after.count) / speedup
            scenario.faults[index].after = Milliseconds(Int64(min(after, 9e15)))
        }
    }
    if let rate = options.rate, case .times(let speedup) = options.pace {
        scenario.setRate(rate, speedup: speedup)
    }
    let start = ScenarioClock.liveStart(
        of: scenario, now: Instant(milliseconds: Clock.now))
    let fleet = Fleet(
        scenario: scenario, registry: registry, seed: options.seed, start: start,
        groupLimit: options.groupLimit,
        commandStart: Instant(milliseconds: Int64(Clock.monotonic)))
    return (fleet, nil, start + scenario.duration)
}

private func prepareReplay(
    _ options: Options, _ path: String, _ known: Registry
) throws -> (Fleet, Replay?, Instant) {
    var registry = known
    guard let bytes = contents(of: path) else {
        throw StartError.configuration("cannot read \(path)")
    }
    let replay: Replay
    do {
        replay = try Replay(
            CSVTable(bytes), columns: options.columns, timeColumn: options.timeColumn,
            timeFormat: options.timeFormat, registry: &registry)
    } catch {
        throw StartError.configuration("\(path): \(error)")
    }
    guard let span = replay.span else {
        throw StartError.configuration("\(path): no readings")
    }
    let scenario = ScenarioDefinition(name: path, duration: span.end - span.start)
    let fleet = Fleet(
        scenario: scenario, registry: registry, seed: options.seed, start: span.start)
    return (fleet, replay, span.end)
}

/// Each device needs four or five descriptors; the soft limit of a shell is enough for 200 devices.
private func raiseDescriptorLimit() {
    var limit = rlimit()
    // The kernel fills and reads our own structure.
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}

private func contents(of path: String) -> [UInt8]? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        // The buffer is ours and as long as said.
        let count = unsafe read(descriptor, &buffer, buffer.count)
        if count < 0 { return nil }
        if count == 0 { return bytes }
        bytes += buffer.prefix(count)
    }
}

/// Writes the report whole or not at all: a reader that polls for it never sees a part.
private func write(_ run: FleetRun, to path: String) -> Bool {
    let text = String(decoding: run.report.document(run.fleet).json, as: UTF8.self) + "\n"
    guard path != "-" else {
        printText(text)
        return true
    }
    let bytes = Array(text.utf8)
    let partial = path + ".part"
    let descriptor = unsafe open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    // The buffer lives for the call; the paths are strings of our own.
    let isWritten =
        unsafe descriptor >= 0 && Glibc.write(descriptor, bytes, bytes.count) == bytes.count
    if descriptor >= 0 { close(descriptor) }
    guard isWritten, unsafe rename(partial, path) == 0 else {
        printError("firmware-sim: cannot write \(path)")
        return false
    }
    return true
}
