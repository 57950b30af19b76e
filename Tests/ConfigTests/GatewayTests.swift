import Commands
import Config
import Engine
import Model
import Testing

@Suite("The gateway section")
struct GatewayTests {
    @Test("nothing written means the documented defaults")
    func defaults() throws {
        let gateway = try accepted("workflow: w").gateway
        #expect(gateway.listen.map(\.description) == ["coap://0.0.0.0:5683", "coap://[::]:5683"])
        #expect(gateway.data == "/var/lib/iotflow")
        #expect(gateway.durability == .group)
        #expect(gateway.maxDelayMilliseconds == 250)
        #expect(gateway.wearBudgetBytesPerDay == 5_000_000_000)
        #expect(!gateway.acceptsUnknownDevices)
        #expect(gateway.eventTime == .auto)
        #expect(gateway.maxClockSkewMilliseconds == 60_000)
        #expect(gateway.limits.devices == 20_000)
        #expect(gateway.limits.properties == 4096)
        #expect(gateway.limits.payloadBytes == 1024)
        #expect(gateway.limits.sessions == 20_000)
        #expect(gateway.limits.exchanges == 65_536)
        #expect(gateway.limits.queue == 16_384)
        #expect(gateway.limits.journalBytes == 64 << 20)
        #expect(gateway.limits.journalAge == nil)
        #expect(gateway.limits.outboxBytes == 64 << 20)
        #expect(gateway.limits.mapBytes == 1 << 30)
        #expect(gateway.limits.recordsPerPack == 256)
        #expect(gateway.commands == CommandLimits())
        #expect(gateway.metricsListen == nil)
        #expect(gateway.logLevel == .info)
        guard case .file(let file) = gateway.uplinks.first, gateway.uplinks.count == 1 else {
            Issue.record("one file uplink, not \(gateway.uplinks)")
            return
        }
        #expect(file.path == "/var/lib/iotflow/upstream.ndjson")
        #expect(file.maxSizeBytes == 64 << 20)
        #expect(file.maxFiles == 4)
    }

    @Test("everything written is read")
    func everything() throws {
        let (configuration, diagnostics) = Configuration.load(
            paths: [repositoryFile("Tests/ConfigTests/Fixtures/everything.yaml")])
        #expect(diagnostics.map(line) == [])
        let gateway = try #require(configuration).gateway
        #expect(gateway.name == "attic")
        #expect(
            gateway.listen.map(\.description) == ["coap://[::1]:5700", "coap://127.0.0.1:5683"])
        #expect(gateway.durability == .strict)
        #expect(gateway.wearBudgetBytesPerDay == 5_000_000_000)
        #expect(gateway.acceptsUnknownDevices)
        #expect(gateway.eventTime == .arrival)
        #expect(gateway.limits.devices == 100)
        var commands = CommandLimits()
        commands.timeToLive = .minute * 10
        commands.keys = 1000
        commands.keyLifetime = .day * 2
        commands.ageing = .zero
        commands.maxAge = .minute
        commands.settle = .seconds(20)
        commands.executionTimeout = .minute * 3
        commands.reconcileTimeout = .seconds(90)
        commands.cancelTimeout = .seconds(90)
        commands.lease = .seconds(40)
        commands.liveCommands = 500
        commands.commandsPerDevice = 8
        #expect(gateway.commands == commands)
        #expect(gateway.limits.journalBytes == 1_500_000)
        #expect(gateway.limits.journalAge == .day * 7)
        #expect(gateway.metricsListen == Endpoint(scheme: "", host: "127.0.0.1", port: 9464))
        #expect(gateway.logLevel == .debug)
        guard gateway.uplinks.count == 2, case .mqtt(let mqtt) = gateway.uplinks[1] else {
            Issue.record("a file and a broker, not \(gateway.uplinks)")
            return
        }
        #expect(mqtt.host == "broker.example")
        #expect(mqtt.port == 8883)
        #expect(mqtt.topic == "iotflow/{gateway}/{kind}")
        #expect(mqtt.tls?.key == "/etc/key.pem")
        #expect(mqtt.batch.lingerMilliseconds == 200)
    }

    @Test(
        "sizes",
        arguments: [
            ("512B", 512), ("8KiB", 8192), ("1.5MiB", 1_572_864), ("5GB", 5_000_000_000),
            ("1GiB", 1 << 30), ("0B", 0), ("12", nil), ("KiB", nil), ("1 KiB", nil), ("-1B", nil),
            ("1e3B", nil), ("99999999999TB", nil), ("", nil), ("1.2.3B", nil),
        ] as [(String, Int?)])
    func sizes(text: String, bytes: Int?) {
        #expect(ByteSize.parse(text) == bytes)
    }

    @Test(
        "rates",
        arguments: [
            ("5GB/day", 5_000_000_000), ("1MB/hour", 24_000_000), ("1kB/h", 24_000),
            ("5GB", nil), ("5GB/", nil), ("5GB/week", nil), ("9000000TB/h", nil),
        ] as [(String, Int?)])
    func rates(text: String, bytes: Int?) {
        #expect(ByteSize.parsePerDay(text) == bytes)
    }

    @Test(
        "endpoints",
        arguments: [
            ("coap://10.0.0.1:5683", "coap://10.0.0.1:5683"),
            ("coap://sensor.local", "coap://sensor.local:5683"),
            ("coap://[fe80::1%eth0]:7", "coap://[fe80::1%eth0]:7"),
            ("coap://", nil), ("coap://:1", nil), ("coap://h:", nil), ("coap://h:0", nil),
            ("coap://h:65536", nil), ("coap://h/path", nil), ("coap://[::1", nil),
            ("coap://[nohost]:1", nil), ("h:1", nil), ("coap://h:+1", nil), ("coap://::1", nil),
        ] as [(String, String?)])
    func endpoints(text: String, expected: String?) {
        #expect(Endpoint(text, schemes: ["coap"])?.description == expected)
    }
}
