import Commands
import Engine
import Model
import Testing
import Twins

@Suite("What twins and commands have to do with each other")
struct TwinGlueTests {
    private func wish(
        _ bench: Bench, _ name: String, _ property: String, _ value: Value?,
        slot: DesiredWrite.Slot = .manualOperator, stamp: Stamp? = nil
    ) throws -> Input {
        .desired(
            DesiredWrite(
                try bench.device(name), try bench.property(property), value,
                source: .operatorRequest, slot: slot, stamp: stamp))
    }

    private func state(_ bench: Bench, _ name: String, _ property: String) throws -> PropertyState?
    {
        let property = try bench.property(property)
        return bench.engine.twins.twin(of: try bench.device(name))?.properties.first {
            $0.property == property
        }?.state
    }

    private func answer(_ bench: Bench, _ outcome: CommandResponse.Outcome) throws -> Input {
        let last = try #require(bench.transmissions.last)
        return .response(
            CommandResponse(command: last.command, attempt: last.attempt, outcome: outcome))
    }

    @Test("a wish is sent by the command that writes the property, and ends with its answer")
    func command() throws {
        var bench = try Bench()
        bench.step([try wish(bench, "fan-1", "mode", .text("on"))], at: 1)
        let sent = try #require(bench.transmissions.first)
        #expect(sent.name == "set_mode")
        #expect(sent.parameters == [Field("mode", .text("on"))])
        #expect(sent.method == .post)
        #expect(!sent.isCritical)
        #expect(try state(bench, "fan-1", "mode") == .inFlight)
        bench.step([try answer(bench, .accepted(code: 204))], at: 2)
        #expect(try state(bench, "fan-1", "mode") == .applying)
        bench.step([try wish(bench, "fan-1", "mode", .text("off"), slot: .critical)], at: 3)
        #expect(try state(bench, "fan-1", "mode") == .inFlight)
        let engine = bench.engine
        let records = engine.commands.records.filter { $0.principal == "twin" }
        #expect(records.count == 2)
        #expect(records.contains { $0.priority == .critical })
    }

    @Test("a wish acknowledged and reported is fulfilled, and nothing is sent again")
    func fulfilled() throws {
        var bench = try Bench()
        let fan = try bench.device("fan-1")
        let mode = try bench.property("mode")
        func report(_ text: String, _ seconds: Double) -> Input {
            .reading(
                Reading(
                    device: fan, property: mode, time: Bench.instant(seconds), value: .text(text)))
        }
        bench.step([report("off", 1)], at: 1)
        bench.step([try wish(bench, "fan-1", "mode", .text("on"))], at: 2)
        bench.step([try answer(bench, .acknowledged(code: 204))], at: 3)
        #expect(try state(bench, "fan-1", "mode") == .applying)
        bench.step([report("on", 4)], at: 4)
        #expect(try state(bench, "fan-1", "mode") == .synced)
        bench.step([], at: 4000)
        #expect(bench.transmissions.count == 1)
        // Written again, it is as it was.
        bench.step([try wish(bench, "fan-1", "mode", .text("on"))], at: 4001)
        #expect(bench.transmissions.count == 1)
        #expect(bench.engine.takeNotifiedTwins(at: Bench.instant(4001)) == [fan])
        #expect(bench.engine.takeNotifiedTwins(at: Bench.instant(4001)) == [])
    }

    @Test("what no command writes is put, once the device is there")
    func put() throws {
        var bench = try Bench()
        let room = try bench.device("room-1")
        bench.step([try wish(bench, "room-1", "temperature", .number(21), slot: .program)], at: 1)
        #expect(bench.transmissions.isEmpty)
        let register = Input.registered(room, address: "coap://192.0.2.7", lifetime: .hour)
        bench.step([register], at: 10)
        let sent = try #require(bench.transmissions.first)
        #expect(sent.method == .put)
        #expect(sent.path == ["temperature"])
        #expect(sent.parameters == [Field("temperature", .number(21))])
        bench.step([register], at: 11)
        #expect(bench.transmissions.count == 1)
        #expect(
            bench.engine.twins.replica(of: try bench.property("temperature"), of: room) != nil)
    }

    @Test("a wish refused by its device waits for somebody, and the audit says so")
    func refused() throws {
        var bench = try Bench()
        bench.step([try wish(bench, "fan-1", "mode", .text("on"))], at: 1)
        bench.step([try answer(bench, .refused(code: 403, diagnostic: "locked"))], at: 2)
        #expect(try state(bench, "fan-1", "mode") == .refused)
        let audit = bench.effects.compactMap { effect -> AuditEntry? in
            if case .audit(let entry) = effect, entry.name == "twin/mode" { entry } else { nil }
        }
        #expect(audit.map(\.to) == ["refused"])
        #expect(audit.first?.details.first == Field("desired", .text("on")))
        // Sent again it is another command.
        let order = TwinOrder(
            principal: "operator", device: try bench.device("fan-1"),
            property: try bench.property("mode"), decision: .reassert)
        bench.step([.twin(order)], at: 3)
        #expect(Set(bench.transmissions.map(\.command)).count == 2)
        bench.step([.twin(order)], at: 4)
        #expect(bench.log.last == "twin: reassert was in no place")
        bench.step(
            [
                .twin(
                    TwinOrder(
                        principal: "operator", device: try bench.device("fan-1"), property: nil,
                        decision: .delete))
            ], at: 5)
        #expect(try state(bench, "fan-1", "mode") == .tombstoned)
    }

    @Test("a wish that comes to nothing is tried three times, then contested")
    func unanswered() throws {
        var bench = try Bench()
        bench.step([try wish(bench, "fan-1", "mode", .text("on"))], at: 1)
        var now = 1.0
        for _ in 0..<3 {
            now += 60
            bench.step(
                [try answer(bench, .unsuccessful(isTransient: true, reason: "busy"))], at: now)
            now += 60
            bench.step([], at: now)
        }
        #expect(Set(bench.transmissions.map(\.command)).count == 3)
        #expect(try state(bench, "fan-1", "mode") == .contested)
    }

    @Test("what a sequence sets is in flight at once, and sent by nobody else")
    func sequence() throws {
        var bench = try Bench()
        bench.step(
            [
                .sequence(SequenceRequest(principal: "operator", key: "1", name: "vent"))
            ], at: 1)
        let count = bench.transmissions.count
        #expect(count >= 1)
        #expect(try state(bench, "fan-1", "mode") == .inFlight)
        let view = bench.engine.twins.twin(of: try bench.device("fan-1"))?.properties.first
        #expect(view?.slots.map(\.source) == [.command])
        bench.step([], at: 2)
        #expect(bench.transmissions.count == count)
    }

    @Test("writes that are refused are told, and change nothing")
    func misfits() throws {
        var bench = try Bench()
        let before = bench.twins
        let ahead = Stamp(clock: UInt64.max, origin: 3)
        let stranger = Input.desired(
            DesiredWrite(
                Device(index: .max), try bench.property("mode"), .text("on"),
                source: .operatorRequest))
        bench.step(
            [
                try wish(bench, "fan-1", "mode", .text("sideways")),
                try wish(bench, "fan-1", "mode", .text("on"), stamp: ahead), stranger,
            ], at: 1)
        #expect(bench.twins == before)
        #expect(bench.transmissions.isEmpty)
        #expect(bench.log.count == 3)
        #expect(bench.log[0].hasPrefix("twin: a write of fan-1.mode was refused: mode is one of"))
        #expect(bench.log[1].hasSuffix("its stamp is from the future"))
        #expect(bench.log[2] == "twin: a write of nothing was refused: there is no such device")
        bench.step([try wish(bench, "fan-1", "mode", .text("on"))], at: 2)
        let old = Stamp(clock: 1, origin: 3)
        bench.step([try wish(bench, "fan-1", "mode", .text("off"), stamp: old)], at: 3)
        #expect(bench.log.last?.hasSuffix("a newer one is there") == true)
        for number in 0..<TwinTable.propertyLimit {
            let interned = bench.engine.intern(propertyNamed: "p\(number)")
            let property = try #require(interned)
            let write = DesiredWrite(
                try bench.device("fan-1"), property, .number(1), source: .operatorRequest)
            bench.step([.desired(write)], at: 4)
        }
        #expect(bench.log.last?.hasSuffix("as many properties as it may have") == true)
    }

    @Test("a restart in the middle goes on where it was")
    func restart() throws {
        var bench = try Bench()
        bench.step([try wish(bench, "fan-1", "mode", .text("on"))], at: 1)
        let reply = try answer(bench, .refused(code: 404, diagnostic: ""))
        var restored = Engine(bench.plan)
        var reader = ByteReader(bench.snapshot)
        try restored.restore(from: &reader)
        for (device, row) in zip(bench.engine.registry.devices, bench.twins) {
            var reader = ByteReader(row)
            try restored.decodeTwin(of: device, from: &reader)
        }
        #expect(restored.twins.clock == bench.engine.twins.clock)
        #expect(restored.nextDeadline == bench.engine.nextDeadline)
        var effects: [Effect] = []
        restored.step([reply], at: Bench.instant(2), into: &effects)
        let before = bench.effects.count
        bench.step([reply], at: 2)
        #expect(effects == Array(bench.effects[before...]))
    }

    @Test("under a new model, what it lacks is deleted")
    func upgrade() throws {
        var bench = try Bench()
        bench.step([try wish(bench, "fan-1", "mode", .text("on"))], at: 1)
        var definition = try Bench.definition()
        var registry = Registry()
        for name in ["temperature", "mode"] { _ = registry.addProperty(name) }
        let models = definition.registry.models.map { model in
            var model = model
            if model.name == "fan" {
                model.version = "2.0.0"
                model.properties = [PropertyModel(name: "level")]
                model.commands = []
            }
            return registry.add(model)
        }
        for device in definition.registry.devices {
            let entry = try #require(definition.registry.entry(device))
            var copy = Registry.Entry(name: entry.name)
            copy.model = entry.model.flatMap { models[$0] }
            registry.add(copy)
        }
        definition = Definition(registry: registry)
        var upgraded = Engine(try Bench.plan(definition))
        let fan = try #require(registry.device(named: "fan-1"))
        #expect(fan == (try bench.device("fan-1")))
        try upgraded.adoptTwins(of: bench.engine)
        let view = upgraded.twins.twin(of: fan)?.properties.first
        #expect(view?.state == .tombstoned)
        #expect(view?.isRemovedByModel == true)
    }
}
