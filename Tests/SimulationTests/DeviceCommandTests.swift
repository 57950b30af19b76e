import Engine
import Model
import Simulation
import Testing
import Wire

/// A device by itself: what it answers to each thing that a gateway may ask.
@Suite struct DeviceCommandTests {
    private static let start = Building.start

    private struct Bench {
        var fleet: Fleet
        let device: Device
        var now = DeviceCommandTests.start

        init(
            _ faults: [FaultDefinition] = [], isConcurrent: Bool = false, seed: UInt64 = 1
        ) throws {
            var registry = Registry()
            var purge = CommandModel(
                name: "purge", outputs: [PropertyModel(name: "accepted", type: .boolean)])
            purge.isConcurrent = isConcurrent
            let model = registry.add(
                DeviceModel(
                    name: "station",
                    properties: [
                        PropertyModel(name: "speed", range: 0...3000, isWritable: true),
                        PropertyModel(name: "mode", type: .text, choices: ["off", "run"]),
                    ], commands: [CommandModel(name: "set_speed"), purge]))
            var entry = Registry.Entry(name: "station-1")
            entry.model = model
            entry.groups = [registry.addGroup("stations")]
            let added = registry.add(entry)
            device = try #require(added)
            fleet = Fleet(
                scenario: ScenarioDefinition(
                    name: "", duration: .hour, faults: faults),
                registry: registry, seed: seed, start: DeviceCommandTests.start)
        }

        mutating func ask(
            _ id: UInt128, _ action: DeviceRequest.Action, fence: UInt64 = 0
        ) -> EmulatedDevice.Answer {
            fleet.receive(
                DeviceRequest(id: CommandID(value: id), fence: fence, action), on: device, at: now)
        }

        mutating func speed(_ id: UInt128, _ value: Value, fence: UInt64 = 0)
            -> EmulatedDevice.Answer
        {
            ask(
                id, .run(name: "set_speed", parameters: [Field("speed", value)]), fence: fence)
        }

        var held: Value? {
            fleet.registry.property(named: "speed").flatMap { fleet.state(of: device, $0) }
        }
    }

    private static func fault(
        _ kind: FaultDefinition.Kind, commands: [String] = [], after: Milliseconds = .zero,
        times: Int? = nil, probability: Double = 1
    ) -> FaultDefinition {
        FaultDefinition(
            kind, group: "stations", commands: commands, after: after, delay: .seconds(4),
            times: times, probability: probability)
    }

    @Test func `what it has run it tells when it is asked, and what it has not it does not know`()
        throws
    {
        var bench = try Bench()
        #expect(bench.ask(1, .probe).code == 404)
        #expect(bench.speed(1, .number(1200)).code == 204)
        let answer = bench.ask(1, .probe)
        #expect(answer.code == 205)
        #expect(answer.status?.state == .succeeded)
        #expect(bench.held == .number(1200))
    }

    @Test func `a lower fence is refused, an equal one and a repeat are not`() throws {
        var bench = try Bench()
        #expect(bench.speed(1, .number(100), fence: 7).code == 204)
        #expect(bench.speed(2, .number(200), fence: 7).code == 204)
        #expect(bench.speed(3, .number(300), fence: 6).code == 409)
        #expect(bench.speed(1, .number(100), fence: 6).isRepeat)
        #expect(bench.speed(4, .number(400), fence: 8).code == 204)
        // Nobody leases the device here.
        #expect(bench.speed(5, .number(500)).code == 204)
    }

    @Test func `what is no value of the property is refused`() throws {
        var bench = try Bench()
        #expect(bench.speed(1, .number(3001)).code == 400)
        #expect(bench.speed(2, .text("fast")).code == 400)
        #expect(bench.ask(3, .write(property: "speed", value: .number(9000))).code == 400)
        #expect(bench.ask(4, .write(property: "colour", value: .number(1))).code == 404)
        #expect(bench.ask(5, .write(property: "speed", value: .integer(900))).code == 204)
        #expect(bench.held == .number(900))
        #expect(bench.ask(5, .write(property: "speed", value: .integer(900))).isRepeat)
        #expect(bench.ask(6, .write(property: "speed", value: .integer(1)), fence: 2).code == 204)
        #expect(bench.ask(7, .write(property: "speed", value: .integer(1)), fence: 1).code == 409)
    }

    @Test func `it is prepared, runs, and is released`() throws {
        var bench = try Bench()
        let order = DeviceRequest.Action.prepare(
            name: "set_speed", parameters: [Field("speed", .number(10))])
        #expect(bench.ask(1, order).code == 204)
        #expect(bench.ask(1, order).isRepeat)
        #expect(bench.held == nil)
        #expect(bench.speed(1, .number(10)).hasRun)
        #expect(bench.ask(2, .release).code == 204)
        #expect(bench.ask(3, .prepare(name: "explode", parameters: [])).code == 404)
    }

    @Test func `a slow command is accepted, tells how it goes, and ends`() throws {
        var bench = try Bench([Self.fault(.slow)])
        let answer = bench.speed(1, .number(1200))
        #expect(answer.code == 204)
        #expect(answer.status?.state == .accepted)
        #expect(bench.held == nil)
        #expect(bench.speed(1, .number(1200)).status?.state == .accepted)
        // It takes one at a time.
        #expect(bench.speed(2, .number(900)).code == 503)
        var told: [String] = []
        while let due = bench.fleet.nextNotice {
            bench.now = due
            told += bench.fleet.notices(through: due).map {
                "\($0.status.state.rawValue) \($0.status.percent.map(String.init) ?? "")"
            }
        }
        #expect(told == ["executing 25", "executing 50", "executing 75", "succeeded "])
        #expect(bench.now == Self.start + .seconds(4))
        #expect(bench.held == .number(1200))
        #expect(bench.ask(1, .probe).status?.state == .succeeded)
    }

    @Test func `a probe tells how far a command is`() throws {
        var bench = try Bench([Self.fault(.slow)])
        _ = bench.speed(1, .number(1200))
        bench.now = Self.start + .seconds(3)
        let status = bench.ask(1, .probe).status
        #expect(status?.state == .executing)
        #expect(status?.percent == 75)
    }

    @Test func `one that fails tells so, and a repeat is told the same`() throws {
        var bench = try Bench([Self.fault(.fail)])
        _ = bench.speed(1, .number(1200))
        let notices = bench.fleet.notices(through: Self.start + .hour)
        #expect(notices.last?.status.state == .failed)
        #expect(notices.last?.status.reason == "stuck")
        #expect(bench.held == nil)
        #expect(bench.speed(1, .number(1200)).status?.state == .failed)
    }

    @Test func `a command that runs is cancelled, one that is done is not`() throws {
        var bench = try Bench([Self.fault(.slow, commands: ["set_speed"])])
        _ = bench.speed(1, .number(1200))
        let answer = bench.ask(1, .cancel)
        #expect(answer.code == 202)
        #expect(answer.status?.state == .cancelled)
        #expect(bench.fleet.notices(through: Self.start + .hour).isEmpty)
        #expect(bench.held == nil)
        #expect(bench.speed(1, .number(1200)).status?.state == .cancelled)
        #expect(bench.ask(2, .run(name: "purge", parameters: [])).status?.output.count == 1)
        #expect(bench.ask(2, .cancel).status?.state == .succeeded)
    }

    @Test func `what was cancelled before it came does not run when it comes`() throws {
        var bench = try Bench()
        #expect(bench.ask(1, .cancel).code == 404)
        #expect(bench.speed(1, .number(1200)).code == 409)
        #expect(bench.held == nil)
    }

    @Test func `it forgets the oldest of what has ended, and never what runs`() throws {
        var bench = try Bench([Self.fault(.slow, times: 1)], isConcurrent: true)
        _ = bench.ask(0, .run(name: "purge", parameters: []))
        for id in 1...40 { _ = bench.ask(UInt128(id), .run(name: "purge", parameters: [])) }
        #expect(bench.ask(0, .probe).status?.state == .executing)
        #expect(bench.ask(8, .probe).code == 404)
        #expect(bench.ask(9, .probe).code == 205)
    }

    @Test func `faults do what they are called`() throws {
        var refusing = try Bench([Self.fault(.refuse)])
        #expect(refusing.speed(1, .number(1)).code == 403)
        #expect(refusing.speed(1, .number(1)).isRepeat)
        #expect(
            refusing.ask(2, .prepare(name: "set_speed", parameters: [Field("speed", .number(1))]))
                .code == 403)

        var lazy = try Bench([Self.fault(.acknowledgeOnly)])
        let answer = lazy.speed(1, .number(1))
        #expect(answer.code == 204)
        #expect(answer.reports.isEmpty)
        #expect(lazy.held == nil)

        var vanishing = try Bench([Self.fault(.vanish, commands: ["purge"])])
        #expect(vanishing.speed(1, .number(1)).code == 204)
        #expect(vanishing.ask(2, .run(name: "purge", parameters: [])).isLost)
        #expect(vanishing.ask(1, .probe).isLost)
        #expect(vanishing.fleet.isGone(vanishing.device))

        var silent = try Bench([Self.fault(.loseAnswer, times: 1)])
        #expect(silent.speed(1, .number(5)).isLost)
        #expect(silent.held == .number(5))
        #expect(silent.ask(1, .probe).status?.state == .succeeded)

        var moody = try Bench([Self.fault(.transient, times: 2)])
        #expect((1...3).map { _ in moody.speed(1, .number(5)).code } == [503, 503, 204])
    }

    @Test func `a fault begins after its time, and by chance hits the same for one seed`() throws {
        var late = try Bench([Self.fault(.refuse, after: .minute)])
        #expect(late.speed(1, .number(5)).code == 204)
        late.now = Self.start + .minute
        #expect(late.speed(2, .number(5)).code == 403)

        func codes(seed: UInt64) throws -> [Int] {
            var bench = try Bench([Self.fault(.transient, probability: 0.5)], seed: seed)
            return (1...200).map { bench.speed(UInt128($0), .number(5)).code }
        }
        let first = try codes(seed: 3)
        #expect(try codes(seed: 3) == first)
        #expect(try codes(seed: 4) != first)
        #expect((70...130).contains(first.count(where: { $0 == 503 })))
    }

    @Test func `a status is the map of the wire`() {
        var status = CommandStatus(.failed)
        status.reason = "stuck"
        status.isTransient = true
        status.percent = 40
        status.output = [Field("accepted", .boolean(true))]
        #expect(
            String(decoding: status.document.json, as: UTF8.self)
                == #"{"state":"failed","percent":40,"reason":"stuck","transient":true,"#
                + #""output":{"accepted":true}}"#)
    }

    @Test func `each purpose of a transmission is one request`() {
        func action(_ purpose: Transmission.Purpose, method: CommandModel.Method = .post)
            -> DeviceRequest.Action
        {
            DeviceRequest(
                Transmission(
                    command: CommandID(value: 1), attempt: 1, device: Device(index: 0),
                    name: "purge", method: method,
                    path: method == .put ? ["speed"] : ["command", "purge"], query: [],
                    parameters: [Field("minutes", .integer(3))], isCritical: false,
                    purpose: purpose, fence: 4)
            ).action
        }
        let parameters = [Field("minutes", .integer(3))]
        #expect(action(.execute) == .run(name: "purge", parameters: parameters))
        #expect(action(.prepare) == .prepare(name: "purge", parameters: parameters))
        #expect(action(.release) == .release)
        #expect(action(.probe) == .probe)
        #expect(action(.cancel) == .cancel)
        #expect(action(.execute, method: .put) == .write(property: "speed", value: .integer(3)))
    }
}
