import Commands
import Model

extension Shape {
    static let gateway = Shape(
        "`gateway`", "How the gateway itself runs.",
        [
            Key("name", .text, "Its name upstream; without it the machine's host name."),
            Key(
                "listen", .list(.endpoint(["coap"]), 1...16),
                "Where devices reach it. Default: coap://0.0.0.0:5683 and coap://[::]:5683."),
            Key("data", .text, default: "/var/lib/iotflow", "The directory of the store."),
            Key(
                "durability", .choice(GatewaySettings.Durability.self), default: "group",
                "When a reading counts as safe. group: in a commit shared with others; strict: a "
                    + "commit each turn; relaxed: on receipt, committed within a second."),
            Key(
                "max_delay", .duration(Milliseconds(1)...Milliseconds(1900)), default: "250ms",
                "How long a shared commit may wait; below CoAP's ACK_TIMEOUT of 2 s."),
            Key(
                "wear_budget", .rate, default: "5GB/day",
                "What commits may write to the disk. While there is credit nothing waits; without,"
                    + " commits are shared for up to max_delay."),
            Key(
                "accept_unknown_devices", .boolean, default: "false",
                "Whether devices that no file names may send."),
            Key(
                "event_time", .choice(GatewaySettings.EventTime.self), default: "auto",
                "Whose time a reading has: the device's, the arrival's, or the device's where it "
                    + "is believed (auto)."),
            Key(
                "max_clock_skew", .span, default: "60s",
                "How far a device's clock may be off before it is not believed."),
            Key(
                "memory_limit", .size(1...(1 << 50)),
                "What the state of all streams may take at most; a configuration that could need "
                    + "more is refused. Without it nothing is."),
            Key("limits", .shape(.limits), "What is bounded, and by how much."),
            Key("history", .shape(.history), "What is kept of what properties were."),
            Key(
                "commands", .shape(.commandLimits), "How commands wait, how long, and how many."),
            Key(
                "uplinks", .list(.either([.shape(.fileUplink), .shape(.mqttUplink)]), 0...8),
                "Where aggregates and pattern matches go. Default: one file uplink."),
            Key("metrics", .shape(.metrics), "Prometheus metrics over HTTP; off without it."),
            Key("log", .shape(.log), "What is logged."),
        ])

    static let limits = Shape(
        "`limits`", "What is bounded, and by how much.",
        [
            Key("devices", .integer(1...1_000_000), default: "20000", "Devices ever named."),
            Key("properties", .integer(1...65_534), default: "4096", "Property names."),
            Key(
                "payload", .size(64...1024), default: "1KiB",
                "The largest payload; larger ones are answered 4.13."),
            Key(
                "sessions", .integer(1...1_000_000), default: "20000",
                "Peers with a live session; others are answered 5.03."),
            Key(
                "exchanges", .integer(64...4_000_000), default: "65536",
                "Confirmable requests remembered, so that a repeat is not counted twice."),
            Key(
                "queue", .integer(64...4_000_000), default: "16384",
                "Inputs waiting for their turn; above it requests are answered 5.03."),
            Key(
                "journal", .size((1 << 20)...(1 << 40)), default: "64MiB",
                "Inputs kept on the disk: those that recovery needs, and as many of the older ones "
                    + "as fit, for `iotflow replay` and `iotflow why`."),
            Key(
                "journal_age", .span,
                "Older inputs than this are not kept, but for recovery. Without it only their size "
                    + "counts."),
            Key(
                "outbox", .size((1 << 20)...(1 << 40)), default: "64MiB",
                "Records kept on the disk while no uplink takes them."),
            Key(
                "audit", .size((1 << 20)...(1 << 30)), default: "32MiB",
                "Steps of commands kept on the disk, each sealed with those before it, for "
                    + "`iotflow audit`."),
            Key(
                "map_size", .size((8 << 20)...(1 << 42)), default: "1GiB",
                "The size that the store's file never exceeds."),
            Key(
                "records_per_pack", .integer(1...256), default: "256",
                "Records in one SenML pack; larger packs are answered 4.13."),
        ])

    static let history = Shape(
        "`history`", "What is kept of what properties were, for `iotflow twin history`.",
        [
            Key("enabled", .boolean, default: "true", "Whether anything is."),
            Key("age", .span, default: "30d", "Older values are deleted."),
            Key(
                "rollup_age", .span, default: "365d",
                "What values came to by the minute and by the hour is deleted after so long."),
            Key(
                "bytes", .size((1 << 20)...(1 << 40)),
                "The most it takes on the disk; the oldest goes first. Default: 256MiB, or a "
                    + "quarter of map_size where that is less."),
            Key(
                "heartbeat", .span, default: "15m",
                "A value that does not change is noted again after so long."),
        ])

    static let fileUplink = Shape(
        "a file uplink", "Newline-delimited JSON, rotated by size.",
        [
            Key("type", .choice(["file"]), required: true, "file"),
            Key("path", .text, default: "/var/lib/iotflow/upstream.ndjson", "The file."),
            Key(
                "max_size", .size((4 << 10)...(1 << 40)), default: "64MiB",
                "At this size a new file is begun."),
            Key("max_files", .integer(1...1000), default: "4", "Files kept, the newest included."),
        ])

    static let mqttUplink = Shape(
        "an MQTT uplink", "A broker that takes MQTT 5.",
        [
            Key("type", .choice(["mqtt"]), required: true, "mqtt"),
            Key("host", .text, required: true, "The broker's name or address."),
            Key("port", .integer(1...65_535), "Default: 1883, with tls 8883."),
            Key("client_id", .text, "Default: iotflow- and the gateway's name."),
            Key(
                "topic", .text, default: "iotflow/{gateway}/{kind}",
                "The topic; {gateway} and {kind} are replaced."),
            Key("username", .text, "The name to log in with."),
            Key("password_file", .text, "The file whose first line is the password."),
            Key("tls", .shape(.tls), "Encryption; off without it."),
            Key("batch", .shape(.batch), "How records are gathered into messages."),
        ])

    static let tls = Shape(
        "`tls`", "Encryption, with files in PEM.",
        [
            Key("ca", .text, "Whom to trust; without it the system's authorities."),
            Key("cert", .text, "The certificate to show; needs key."),
            Key("key", .text, "The certificate's private key."),
        ])

    static let batch = Shape(
        "`batch`", "How records are gathered into messages: one is sent when any is reached.",
        [
            Key("records", .integer(1...100_000), default: "500", "So many records."),
            Key("size", .size(256...(16 << 20)), default: "64KiB", "So many bytes."),
            Key("linger", .spanOrZero, default: "1s", "So long since the first of them."),
        ])

    static let metrics = Shape(
        "`metrics`", "Prometheus metrics over HTTP.",
        [Key("listen", .endpoint([]), default: "127.0.0.1:9464", "Where to serve them.")])

    static let log = Shape(
        "`log`", "What is logged.",
        [
            Key(
                "level", .choice(GatewaySettings.LogLevel.self), default: "info",
                "This and everything graver.")
        ])
}

extension GatewaySettings {
    /// What the gateway does when nobody says anything.
    package static var standard: GatewaySettings {
        GatewaySettings(Node(.mapping([])), Report())
    }

    init(_ node: Node, _ report: Report) {
        let empty = Node(.mapping([]), at: node.place)
        guard let fields = Fields(node, .gateway, report) ?? Fields(empty, .gateway, report) else {
            preconditionFailure("an empty mapping is a mapping")
        }
        name = fields.text("name")?.value
        data = fields.text("data")?.value ?? ""
        durability = fields.choice("durability", as: Durability.self) ?? .group
        maxDelayMilliseconds = Int(fields.duration("max_delay")?.count ?? 0)
        wearBudgetBytesPerDay = fields.rate("wear_budget")
        acceptsUnknownDevices = fields.boolean("accept_unknown_devices") ?? false
        eventTime = fields.choice("event_time", as: EventTime.self) ?? .auto
        maxClockSkewMilliseconds = Int(fields.duration("max_clock_skew")?.count ?? 0)
        memoryLimit = fields.size("memory_limit").map {
            Located($0, at: fields.place("memory_limit"))
        }
        limits = Limits(fields.node("limits") ?? empty, report)
        history = History(fields.node("history") ?? empty, mapBytes: limits.mapBytes, report)
        commands = CommandLimits(fields.node("commands") ?? empty, report)
        listen = fields.list("listen").compactMap {
            Scalars.endpoint($0, schemes: ["coap"], report)
        }
        if !fields.has("listen") {
            listen = ["0.0.0.0", "::"].map { Endpoint(scheme: "coap", host: $0, port: 5683) }
        }
        uplinks = fields.list("uplinks").compactMap { UplinkSettings($0, report) }
        if !fields.has("uplinks") { uplinks = [.file(.init(empty, report))] }
        metricsListen = fields.node("metrics").flatMap { Fields($0, .metrics, report) }
            .flatMap { $0.endpoint("listen") }
        logLevel =
            Fields(fields.node("log") ?? empty, .log, report)?
            .choice("level", as: LogLevel.self) ?? .info
    }
}

extension GatewaySettings.Limits {
    init(_ node: Node, _ report: Report) {
        let fields = Fields(node, .limits, report)
        devices = fields?.integer("devices") ?? 1
        properties = fields?.integer("properties") ?? 1
        payloadBytes = fields?.size("payload") ?? 1
        sessions = fields?.integer("sessions") ?? 1
        exchanges = fields?.integer("exchanges") ?? 1
        queue = fields?.integer("queue") ?? 1
        journalBytes = fields?.size("journal") ?? 1
        journalAge = fields?.duration("journal_age")
        outboxBytes = fields?.size("outbox") ?? 1
        auditBytes = fields?.size("audit") ?? 1
        mapBytes = fields?.size("map_size") ?? 1
        recordsPerPack = fields?.integer("records_per_pack") ?? 1
        let kept = journalBytes.addingReportingOverflow(outboxBytes)
        if let fields, kept.overflow || kept.partialValue > mapBytes {
            report.add(
                .conflict, "journal and outbox do not fit into map_size",
                at: fields.place("map_size"), length: 8)
        }
    }
}

extension GatewaySettings.History {
    init(_ node: Node, mapBytes: Int, _ report: Report) {
        let fields = Fields(node, .history, report)
        isEnabled = fields?.boolean("enabled") ?? true
        age = fields?.duration("age") ?? .day
        rollupAge = fields?.duration("rollup_age") ?? .day
        bytes = fields?.size("bytes") ?? min(256 << 20, mapBytes / 4)
        heartbeat = fields?.duration("heartbeat") ?? .minute
        if let fields, fields.has("bytes"), bytes > mapBytes {
            report.add(
                .conflict, "history does not fit into map_size", at: fields.place("bytes"),
                length: 5)
        }
    }
}

extension UplinkSettings {
    init?(_ node: Node, _ report: Report) {
        let shapes = [Shape.fileUplink, .mqttUplink]
        guard let type = Shape.type(of: node, among: shapes, report) else { return nil }
        if type.title == Shape.fileUplink.title {
            self = .file(File(node, report))
        } else if let settings = MQTT(node, report) {
            self = .mqtt(settings)
        } else {
            return nil
        }
    }
}

extension UplinkSettings.File {
    init(_ node: Node, _ report: Report) {
        // The default uplink is an empty mapping, whose type goes without saying.
        let typed: Node
        if case .mapping(let entries) = node.content, entries.isEmpty {
            let type = Node.Entry(key: Located("type"), value: Node(.scalar("file", .plain)))
            typed = Node(.mapping([type]), at: node.place)
        } else {
            typed = node
        }
        let fields = Fields(typed, .fileUplink, report)
        _ = fields?.choice("type")
        path = fields?.text("path")?.value ?? ""
        maxSizeBytes = fields?.size("max_size") ?? 1
        maxFiles = fields?.integer("max_files") ?? 1
    }
}

extension UplinkSettings.MQTT {
    init?(_ node: Node, _ report: Report) {
        guard let fields = Fields(node, .mqttUplink, report) else { return nil }
        _ = fields.choice("type")
        let host = fields.text("host")
        let port = fields.integer("port")
        clientID = fields.text("client_id")?.value
        topic = fields.text("topic")?.value ?? ""
        username = fields.text("username")?.value
        passwordFile = fields.text("password_file")?.value
        tls = fields.node("tls").flatMap { UplinkSettings.TLS($0, report) }
        let empty = Node(.mapping([]), at: node.place)
        batch = UplinkSettings.Batch(fields.node("batch") ?? empty, report)
        if passwordFile != nil, username == nil {
            report.add(
                .conflict, "`password_file` needs a `username`", at: fields.place("password_file"),
                length: 13)
        }
        guard let host else { return nil }
        self.host = host.value
        self.port = port ?? (tls == nil ? 1883 : 8883)
    }
}

extension UplinkSettings.TLS {
    init?(_ node: Node, _ report: Report) {
        guard let fields = Fields(node, .tls, report) else { return nil }
        ca = fields.text("ca")?.value
        certificate = fields.text("cert")?.value
        key = fields.text("key")?.value
        if (certificate == nil) != (key == nil) {
            report.add(.conflict, "`cert` and `key` go together", at: node)
        }
    }
}

extension UplinkSettings.Batch {
    init(_ node: Node, _ report: Report) {
        let fields = Fields(node, .batch, report)
        records = fields?.integer("records") ?? 1
        sizeBytes = fields?.size("size") ?? 1
        lingerMilliseconds = Int(fields?.duration("linger")?.count ?? 0)
    }
}
