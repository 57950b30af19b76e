import Arguments
import CoAP
import Model
import Simulation

/// What the command line asks for.
struct Options: Sendable {
    var target: SocketAddress
    var bind: SocketAddress
    var paths: [String]
    var scenario: String?
    var duration: Milliseconds?
    var groupLimit: Int?
    /// Readings that each device sends in a second; nil keeps the scenario's intervals.
    var rate: Double?
    var pace: Pace
    var seed: UInt64
    var format: PayloadFormat
    var isConfirmable: Bool
    /// Rows in one datagram at most.
    var pack: Int
    var faults: Faults
    /// How devices misbehave, beside what the scenario says.
    var misbehaviour: [FaultDefinition]
    var linger: Milliseconds
    var csv: String?
    var columns: [ReplayColumn]
    var timeColumn: String
    var timeFormat: ReplayTimeFormat
    var report: String?
    var showsProgress: Bool

    /// How event time follows the wall clock.
    enum Pace: Sendable {
        case times(Double)
        /// As fast as readings are acknowledged. A reading waits while it is more than `lead` after
        /// the oldest one that is not acknowledged, so that no device leaves the others behind; nil
        /// for no such limit.
        case max(lead: Milliseconds?)
    }

    static let usage = Usage(
        "firmware-sim --config PATH [--scenario NAME] | --csv FILE --map MAP --time-column NAME",
        "Emulates the devices of a scenario, each with its own UDP socket and CoAP endpoint: they\n"
            + "register, send telemetry, obey commands and report what came of them. Or sends the\n"
            + "readings of a CSV file again. Any CoAP server can be the target.",
        options: [
            Option("target", "t", argument: "URI", "the server [coap://127.0.0.1:5683]"),
            Option("bind", argument: "ADDR", "the devices' own address [loopback or any]"),
            Option("config", "c", argument: "PATH", "devices and scenarios; may be repeated"),
            Option("scenario", "S", argument: "NAME", "which of them [the first]"),
            Option(
                "duration", "D", argument: "SPAN", "of the scenario's time, in place of its own"),
            Option("devices", "N", argument: "N", "only the first N devices of each group"),
            Option("rate", "r", argument: "R", "readings per device and second of the wall clock"),
            Option("speedup", "x", argument: "F", "event time runs F times as fast, or 'max' [1]"),
            Option("lead", argument: "SPAN", "with 'max': how far one device may be ahead [20s]"),
            Option("seed", "n", argument: "N", "the seed of noise and faults [1]"),
            Option("format", "f", argument: "F", "senml-cbor, senml-json, cbor, json or text"),
            Option("non", nil, "non-confirmable messages: nothing is sent again"),
            Option("pack", "p", argument: "N", "rows that wait go N to a datagram [8; 1 with max]"),
            Option("loss", argument: "P", "percent of datagrams lost, each way"),
            Option("duplicate", argument: "P", "percent of datagrams doubled"),
            Option("reorder", argument: "P", "percent of datagrams held back"),
            Option("hold", argument: "SPAN", "the longest that one is held back [200ms]"),
            Option(
                "fault", "F", argument: "FAULT",
                "KIND=DEVICE|GROUP[/COMMAND][,after=SPAN][,delay=SPAN][,times=N]\n"
                    + "[,probability=P]; may be repeated. KIND: refuse, acknowledge_only,\n"
                    + "vanish, slow, fail, lose_answer, transient"),
            Option("csv", argument: "FILE", "send these readings in place of a scenario's"),
            Option("map", "m", argument: "MAP", "COLUMN=DEVICE/PROPERTY[:UNIT],…; may be repeated"),
            Option("time-column", argument: "NAME", "the column of times [time]"),
            Option("time-format", argument: "F", "auto, iso or epoch [auto]"),
            Option("linger", argument: "SPAN", "stay until no command came for so long [2s]"),
            Option("report", "R", argument: "FILE", "write what happened as JSON; - to print it"),
            Option("progress", "P", "tell how it goes, in one line"),
            .help, .version,
        ],
        notes: "Exit status: 0 every reading was acknowledged, 1 not so, 64 usage, 69 no sockets,\n"
            + "78 configuration.")

    init(_ arguments: Arguments) throws(UsageError) {
        guard arguments.operands.isEmpty else {
            throw UsageError("no operand is expected: \(arguments.operands[0])")
        }
        target = try Options.target(arguments["target"] ?? "coap://127.0.0.1:5683")
        bind = try Options.bind(arguments["bind"], target: target)
        paths = arguments.all("config")
        scenario = arguments["scenario"]
        duration = try arguments.span("duration")
        groupLimit = try arguments.value("devices", as: Int.self)
        rate = try arguments.value("rate", as: Double.self)
        seed = try arguments.value("seed", as: UInt64.self) ?? 1
        csv = arguments["csv"]
        let lead = try arguments.span("lead") ?? (csv == nil ? .seconds(20) : nil)
        pace = try Options.pace(arguments["speedup"] ?? "1", lead: lead)
        let isMax = if case .max = pace { true } else { false }
        let name = arguments["format"] ?? PayloadFormat.senmlCBOR.rawValue
        guard let format = PayloadFormat(rawValue: name) else {
            throw UsageError("--format: '\(name)' is no format")
        }
        self.format = format
        isConfirmable = !arguments.has("non")
        pack = try arguments.value("pack", as: Int.self) ?? (isMax ? 1 : 8)
        faults = Faults(
            loss: try arguments.percent("loss"), duplicate: try arguments.percent("duplicate"),
            reorder: try arguments.percent("reorder"),
            holdMax: try arguments.span("hold") ?? Milliseconds(200))
        misbehaviour = try arguments.all("fault").map(FaultOption.read)
        linger = try arguments.span("linger") ?? .seconds(2)
        columns = try Options.columns(arguments.all("map"))
        timeColumn = arguments["time-column"] ?? "time"
        let timeFormat = arguments["time-format"] ?? ReplayTimeFormat.auto.rawValue
        guard let timeFormat = ReplayTimeFormat(rawValue: timeFormat) else {
            throw UsageError("--time-format: auto, iso or epoch")
        }
        self.timeFormat = timeFormat
        report = arguments["report"]
        showsProgress = arguments.has("progress")
        try check()
    }

    private func check() throws(UsageError) {
        if let groupLimit, groupLimit < 1 { throw UsageError("--devices: at least 1") }
        guard (1...1000).contains(pack) else { throw UsageError("--pack: 1 to 1000") }
        if let rate {
            guard rate > 0, rate <= 1000 else { throw UsageError("--rate: up to 1000") }
            if case .max = pace { throw UsageError("--rate has no meaning with --speedup max") }
        }
        if csv == nil, paths.isEmpty { throw UsageError("--config or --csv is needed") }
        if csv != nil, columns.isEmpty { throw UsageError("--csv needs --map") }
    }

    private static func target(_ text: String) throws(UsageError) -> SocketAddress {
        var rest = Substring(text)
        if rest.hasPrefix("coap://") { rest = rest.dropFirst("coap://".count) }
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        guard let address = SocketAddress(String(rest)) else {
            throw UsageError("--target: '\(text)' is not coap://ADDRESS:PORT")
        }
        return address
    }

    private static func bind(
        _ text: String?, target: SocketAddress
    ) throws(UsageError) -> SocketAddress {
        let isLocal = target.family == .ipv4 ? target.host >> 24 == 127 : target.host == 1
        let any = SocketAddress(
            family: target.family, host: isLocal ? target.host : 0, port: 0, scope: target.scope)
        guard let text else { return any }
        guard var address = SocketAddress(text, defaultPort: 0), address.family == target.family
        else { throw UsageError("--bind: '\(text)' is no address of the target's family") }
        // Every device needs a port of its own.
        address.port = 0
        return address
    }

    private static func pace(_ text: String, lead: Milliseconds?) throws(UsageError) -> Pace {
        if text == "max" { return .max(lead: lead) }
        guard let factor = Double(text), factor > 0, factor <= 100_000 else {
            throw UsageError("--speedup: 'max' or a number up to 100000")
        }
        return .times(factor)
    }

    private static func columns(_ maps: [String]) throws(UsageError) -> [ReplayColumn] {
        var columns: [ReplayColumn] = []
        for text in maps.flatMap({ $0.split(separator: ",") }) {
            guard let column = ReplayColumn(String(text)) else {
                throw UsageError("--map: '\(text)' is not COLUMN=DEVICE/PROPERTY[:UNIT]")
            }
            columns.append(column)
        }
        return columns
    }
}

extension Arguments {
    fileprivate func span(_ name: String) throws(UsageError) -> Milliseconds? {
        guard let text = self[name] else { return nil }
        guard let span = Milliseconds(text), span >= .zero else {
            throw UsageError("--\(name): '\(text)' is not a span such as 1h30m")
        }
        return span
    }

    fileprivate func percent(_ name: String) throws(UsageError) -> Double {
        let percent = try value(name, as: Double.self) ?? 0
        guard (0...100).contains(percent) else { throw UsageError("--\(name): 0 to 100 percent") }
        return percent
    }
}
