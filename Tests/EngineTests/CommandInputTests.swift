import Commands
import Config
import Engine
import Model
import Testing
import Twins

/// Commands that people ask for, on the inputs of the engine.
@Suite("Commands asked for")
struct CommandInputTests {
    private static let text = """
        workflow: commands
        devices:
          list:
            pump-1: {model: pump}
            tag-1: {model: tag}
        models:
          pump:
            properties: {mode: {type: string}, pressure: {type: float}}
            commands: {set_mode: {}, purge: {}}
          tag:
            properties: {rate: {type: float}}
            commands: {set_rate: {}}
        """

    private func bench(awake: Milliseconds? = nil) throws -> Bench {
        let (configuration, diagnostics) = Configuration.load(texts: [("c.yaml", Self.text)])
        #expect(diagnostics.map(\.message) == [])
        var definition = try #require(configuration).definition
        if let awake {
            var registry = Registry()
            for var model in definition.registry.models {
                if model.name == "tag" { model.awakeWindow = awake }
                _ = registry.add(model)
            }
            for name in ["mode", "pressure", "rate"] { _ = registry.addProperty(name) }
            for device in definition.registry.devices {
                if let entry = definition.registry.entry(device) { registry.add(entry) }
            }
            definition.registry = registry
        }
        return Bench(try Bench.plan(definition))
    }

    private func request(
        _ bench: Bench, _ name: String, key: String = "k", on device: String = "pump-1",
        _ parameters: [Field] = []
    ) throws -> CommandRequest {
        CommandRequest(
            principal: "operator", key: key, device: try bench.device(device), name: name,
            parameters: parameters)
    }

    @Test("a request is sent, wished for and published when it has ended")
    func request() throws {
        var bench = try bench()
        let request = try request(bench, "set_mode", [Field("mode", .text("on"))])
        bench.step([.command(request), .command(request)], at: 1)
        let sent = try #require(bench.transmissions.first)
        #expect(bench.transmissions.count == 1)
        #expect(sent.command == request.id)
        let twin = try #require(bench.engine.twins.twin(of: request.device))
        #expect(twin.properties.first?.desired?.value == .text("on"))
        bench.step(
            [
                .response(
                    CommandResponse(
                        command: sent.command, attempt: 1, outcome: .acknowledged(code: 204)))
            ], at: 2)
        #expect(bench.records.last?.kind == .command)
        #expect(bench.records.last?.fields[1] == Field("state", .text("succeeded")))
        #expect(bench.engine.commands.record(request.id)?.state == .succeeded)
    }

    @Test("a refused request leaves no more than its audit and its record")
    func refused() throws {
        var bench = try bench()
        let request = try request(bench, "set_mod")
        bench.step([.command(request)], at: 1)
        #expect(bench.transmissions.isEmpty)
        #expect(bench.engine.commands.record(request.id)?.state == .rejected)
    }

    @Test("an order cancels a command at the device")
    func cancel() throws {
        var bench = try bench()
        let request = try request(bench, "purge")
        bench.step([.command(request)], at: 1)
        let order = CommandOrder(principal: "operator", command: request.id, decision: .cancel)
        bench.step([.order(order)], at: 2)
        #expect(bench.transmissions.map(\.purpose) == [.execute, .cancel])
        bench.step(
            [
                .response(
                    CommandResponse(
                        command: request.id, attempt: 1, purpose: .cancel, outcome: .cancelled))
            ], at: 3)
        #expect(bench.engine.commands.record(request.id)?.state == .cancelled)
    }

    @Test("a device that sleeps gets its command when it is heard, and only then")
    func sleeping() throws {
        var bench = try bench(awake: .seconds(10))
        let request = try request(
            bench, "set_rate", on: "tag-1", [Field("rate", .number(2))])
        bench.step([.command(request)], at: 1)
        #expect(bench.transmissions.isEmpty)
        let reading = Reading(
            device: request.device, property: try bench.property("rate"), time: Bench.instant(60),
            value: .number(1))
        bench.step([.reading(reading)], at: 60)
        #expect(bench.transmissions.count == 1)
        bench.step(
            [
                .response(
                    CommandResponse(
                        command: request.id, attempt: 1,
                        outcome: .refused(code: 503, diagnostic: "")
                    ))
            ], at: 62)
        bench.step([], at: 64)
        #expect(bench.transmissions.count == 2)
        bench.step(
            [.response(CommandResponse(command: request.id, attempt: 2, outcome: .noResponse))],
            at: 155)
        bench.step([], at: 300)
        #expect(bench.transmissions.count == 2)
        bench.step(
            [.registered(request.device, address: "coap://[::1]", lifetime: .hour)], at: 400)
        #expect(bench.transmissions.count == 3)
    }

    @Test("replaying the inputs gives the same effects")
    func replay() throws {
        var bench = try bench()
        for number in 0..<20 {
            let key = "\(number % 13)"
            bench.step(
                [.command(try request(bench, number % 2 == 0 ? "purge" : "set_mode", key: key))],
                at: Double(number))
            if let sent = bench.transmissions.last, number % 3 == 0 {
                bench.step(
                    [
                        .response(
                            CommandResponse(
                                command: sent.command, attempt: sent.attempt,
                                purpose: sent.purpose, outcome: .noResponse))
                    ], at: Double(number) + 0.5)
            }
        }
        var again = Bench(bench.plan)
        for turn in bench.turns { again.step(turn.inputs, now: turn.now) }
        #expect(again.effects == bench.effects)
        #expect(again.snapshot == bench.snapshot)
    }
}
