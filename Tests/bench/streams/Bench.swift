import Model
import Streams

/// Measures the stream engine alone, on one core and from memory.
///
///     bench-streams [EVENTS [NAME]]   events per second of each kind of operator, or of one
///     bench-streams rules             memory and cost of a thousand rules on a thousand devices
///     bench-streams csv [EVENTS]      the events themselves, for programs that read a file
///     bench-streams rollups METRICS WINDOWS   an aggregation, plain or rich, of 1 to 3 windows,
///                                             or of one that hops
///
/// Prints a table; exits 1 where a target is missed.
@main
struct Bench {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        let more = arguments.dropFirst().first
        switch arguments.first {
        case "rules": if !measureRules() { fail() }
        case "csv": printEvents(more.flatMap { Int($0) } ?? 4_000_000)
        case "rollups": measureRollups(Array(arguments.dropFirst()))
        case let events:
            let count = events.flatMap { Int($0) } ?? 4_000_000
            if !measureOperators(events: count, name: more) { fail() }
        }
    }
}

private struct Row {
    var name: String
    var streams: [StreamDefinition]
    /// Millions of events a second.
    var target: Double
}

private let rows = [
    Row(name: "filter", streams: [stream(when: ["temperature > 39.9"])], target: 10),
    Row(
        name: "1-minute count, avg, min, max by device",
        streams: [stream(window: .minute, measures: ["count", "avg", "min", "max"])], target: 5),
    Row(
        name: "two-step sequence within 1m",
        streams: [stream(when: ["temperature > 39 then temperature < 38 within 1m"])], target: 5),
    Row(
        name: "5-minute sliding range per event",
        streams: [stream(when: ["range(temperature) > 24.5 within 5m"])], target: 2),
]

private func measureOperators(events: Int, name: String?) -> Bool {
    let world = World(devices: 100, events: events)
    guard let plain = best({ runPlainLoop(on: world) }) else { return false }
    print("Streams: \(events) events of 100 devices from memory, one core")
    printRow("", "M events/s", "target", "ns/event", "x loop", "outputs")
    printRow("a plain loop", rate(plain, events), "", nanoseconds(plain, events), "1.0", "")
    var isMet = true
    for row in rows where name == nil || row.name.contains(name ?? "") {
        guard let run = best({ run(row.streams, on: world) }) else {
            printRow(row.name, "not available", text(row.target, 1), "", "", "")
            isMet = false
            continue
        }
        printRow(
            row.name, rate(run, events), text(row.target, 1), nanoseconds(run, events),
            text(run.seconds / plain.seconds, 1), "\(run.outputs)")
        if Double(events) / run.seconds / 1e6 < row.target { isMet = false }
    }
    return isMet
}

/// As a sensor's log would have them: times in UTC, hundredths of a degree.
private func printEvents(_ events: Int) {
    let world = World(devices: 100, events: events)
    print("time,device,temperature")
    for reading in world.readings {
        guard case .number(let value) = reading.value else { continue }
        print("\(reading.time),\(world.registry.name(of: reading.device)),\(text(value, 2))")
    }
}

/// The fastest of three runs: others on the machine only ever make one slower.
private func best(_ measure: () -> Run?) -> Run? {
    var result: Run?
    for _ in 0..<3 {
        guard let run = measure() else { return nil }
        if run.seconds < result?.seconds ?? .infinity { result = run }
    }
    return result
}

/// Memory of a thousand rules for a thousand devices, and whether rules on topics that nobody sends
/// cost anything.
private func measureRules() -> Bool {
    let events = 1_000_000
    let world = World(devices: 1000, events: events, properties: 1000, isOneTopic: true)
    let own = rule(on: 0)
    let others = (1..<1000).map { rule(on: $0) }
    guard let alone = best({ run([own], on: world) }),
        let among = best({ run([own] + others, on: world) })
    else { return false }
    let spread = World(devices: 1000, events: events, properties: 1000)
    let all = World(devices: 1000, events: 20_000)
    let shared = (0..<1000).map { _ in "temperature > 39 for 3 consecutive events" }
    guard let topics = memory(of: [own] + others, on: spread),
        let pairs = memory(of: [stream(when: shared)], on: all)
    else { return false }
    print("Rules: 1000 devices from memory, one core")
    printRow("", "ns/event", "MB", "target", "", "")
    printRow("1 rule", nanoseconds(alone, events), "", "", "", "")
    let factor = among.seconds / alone.seconds
    printRow(
        "the same and 999 rules on other topics", nanoseconds(among, events), "",
        "x\(text(factor, 2)) <= 1.25", "", "")
    printRow("1000 rules, each on its own topic", "", text(topics, 1), "48.0", "", "")
    printRow("1000 rules, each on every device", "", text(pairs, 1), "48.0", "", "")
    return max(topics, pairs) <= 48 && factor <= 1.25
}

/// What one, two or three windows cost. Each by itself: what one run gives back, the next would not
/// have to ask for.
private func measureRollups(_ arguments: [String]) {
    let bench = RollupBench()
    let metrics = arguments.first == "rich" ? RollupBench.rich : RollupBench.plain
    let levels: [(String, WindowDefinition)] = [
        ("1m", WindowDefinition(size: .minute)), ("1h", WindowDefinition(size: .hour)),
        ("1d", WindowDefinition(size: .day)),
    ]
    let hopping = WindowDefinition(.hopping(size: .minute * 10, every: .minute))
    let windows =
        arguments.dropFirst().first == "hop"
        ? [("10m every 1m", hopping)]
        : Array(levels.prefix(arguments.dropFirst().first.flatMap { Int($0) } ?? 3))
    guard let result = bench.measure(metrics, windows: windows) else { return }
    printRow("\(bench.devices) devices", "M events/s", "B/device", "bound", "rows", "")
    printRow(
        "\(metrics.count) metrics by \(windows.map(\.0).joined(separator: ", "))",
        text(Double(result.events) / result.seconds / 1e6, 2),
        "\(Int(result.bytesPerKey))", "\(Int(result.boundPerKey))", "\(result.rows)", "")
}

private func rule(on topic: Int) -> StreamDefinition {
    stream(
        "s\(topic)", property: "p\(topic)", when: ["temperature > 39 for 3 consecutive events"])
}

/// Megabytes more in use while the streams stand at the end of the readings.
private func memory(of streams: [StreamDefinition], on world: World) -> Double? {
    let before = residentMegabytes()
    var after = before
    guard run(streams, on: world, atEnd: { after = residentMegabytes() }) != nil else { return nil }
    return after - before
}

// MARK: The table

private func printRow(_ name: String, _ columns: String...) {
    var line = "  " + name + String(repeating: " ", count: max(0, 42 - name.count))
    for column in columns {
        line += String(repeating: " ", count: max(1, 14 - column.count)) + column
    }
    print(line)
}

private func rate(_ run: Run, _ events: Int) -> String {
    text(Double(events) / run.seconds / 1e6, 2)
}

private func nanoseconds(_ run: Run, _ events: Int) -> String {
    text(run.seconds / Double(events) * 1e9, 1)
}

private func text(_ number: Double, _ digits: Int) -> String {
    let scale = digits == 1 ? 10.0 : 100.0
    let scaled = Int((number * scale).rounded())
    let rest = String(scaled % Int(scale))
    return "\(scaled / Int(scale))." + String(repeating: "0", count: digits - rest.count) + rest
}
