import Engine
import Model
import Testing
import Twins

@Suite("Where a device is reached")
struct RegistrationTests {
    @Test("a registration takes precedence until it expires")
    func expiry() throws {
        var bench = try Bench()
        let fan = try bench.device("fan-1")
        #expect(bench.engine.address(of: fan, at: Bench.start) == "coap://192.0.2.1:5683")
        bench.step(
            [.registered(fan, address: "coap://192.0.2.9:1", lifetime: .seconds(60))], at: 10)
        let cases: [(Double, String)] = [
            (10, "coap://192.0.2.9:1"), (69.999, "coap://192.0.2.9:1"),
            (70, "coap://192.0.2.1:5683"),
        ]
        for (seconds, address) in cases {
            #expect(bench.engine.address(of: fan, at: Bench.instant(seconds)) == address)
        }
    }

    @Test("a registration that is taken back leaves what is configured, or nothing")
    func removal() throws {
        var bench = try Bench()
        for name in ["fan-1", "fan-2"] {
            let fan = try bench.device(name)
            bench.step([.registered(fan, address: "coap://192.0.2.9:1", lifetime: .day)], at: 1)
            bench.step([.registered(fan, address: "", lifetime: nil)], at: 2)
        }
        let (first, second) = (try bench.device("fan-1"), try bench.device("fan-2"))
        #expect(bench.engine.address(of: first, at: Bench.instant(3)) == "coap://192.0.2.1:5683")
        #expect(bench.engine.address(of: second, at: Bench.instant(3)) == nil)
    }
}

@Suite("What the engine reports")
struct ReportTests {
    @Test("nothing happened: zeros, and twins in sync")
    func empty() throws {
        let report = try Bench().engine.report
        #expect(report.eventsProcessed == 0)
        #expect(report.commandsIssued == 0)
        #expect(report.detectedPatterns.isEmpty)
        #expect(report.aggregations.isEmpty)
        #expect(report.twinSyncAccuracy == 1)
        #expect(report.edgeExecutionRatio == 1)
    }

    @Test("the newest window of an aggregation merges its groups")
    func windows() throws {
        var bench = try Bench()
        for (room, value) in [(1, 20.0), (2, 21), (3, 24), (4, 23)] {
            bench.step([try bench.temperature(value, in: room, at: 10)], at: 10)
        }
        bench.step([try bench.temperature(19, in: 1, at: 130)], at: 130)
        let report = bench.engine.report
        #expect(report.eventsProcessed == 5)
        let row = try #require(report.aggregations.first)
        #expect(row.name == "by_floor")
        #expect(row.window == "minutely")
        #expect(row.latest.start == Bench.start)
        #expect(row.latest.end == Bench.instant(60))
        #expect(row.latest.groups == 2)
        #expect(row.latest.fields == [Field("peak", .number(24))])
        #expect(report.aggregations.map(\.name) == ["by_floor", "climate"])
    }

    @Test("detections are counted, and kept with device and values")
    func detections() throws {
        var bench = try Bench()
        bench.step([try bench.temperature(61, in: 3, at: 5)], at: 5)
        bench.step([try bench.temperature(20, in: 3, at: 6)], at: 6)
        bench.step([try bench.temperature(62, in: 3, at: 7)], at: 7)
        let fire = try #require(bench.engine.report.detectedPatterns.first { $0.name == "fire" })
        #expect(fire.count == 2)
        #expect(fire.detections.map(\.device) == ["room-3", "room-3"])
        #expect(fire.detections.map(\.time) == [Bench.instant(5), Bench.instant(7)])
    }
}

@Suite("Devices that no configuration names")
struct AcceptedDeviceTests {
    @Test("an accepted device has a twin, and is there after a restore")
    func accepted() throws {
        var bench = try Bench()
        let interned = bench.engine.intern(deviceNamed: "stray")
        let device = try #require(interned)
        #expect(bench.engine.registry.device(named: "stray") == nil)
        let reading = Reading(
            device: device, property: try bench.property("temperature"),
            time: Bench.instant(1), value: .number(1))
        bench.step([.deviceAccepted(device), .reading(reading)], at: 1)
        #expect(bench.engine.registry.device(named: "stray") == device)
        #expect(bench.engine.twins.twin(of: device)?.properties.count == 1)

        var restored = Engine(bench.plan)
        // The names come back before the state, as the store gives them.
        _ = restored.intern(deviceNamed: "stray")
        var reader = ByteReader(bench.snapshot)
        try restored.restore(from: &reader)
        #expect(reader.isAtEnd)
        #expect(restored.registry.device(named: "stray") == device)
    }
}
