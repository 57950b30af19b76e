import Commands
import Config
import Engine
import Model
import Testing

@Suite("Sequences that run as graphs, and lines, in the engine")
struct SequenceTests {
    private static let text = """
        workflow: line
        devices:
          groups:
            stations: {range: "s-{1..2}", model: station}
        models:
          station:
            properties:
              speed: {type: float, range: [0, 3000], writable: true}
              temperature: {type: float}
            commands: {clamp: {}, unclamp: {}, set_speed: {}, light: {}}
        commands:
          go:
            target: {group: stations}
            policy: all_or_compensate
            steps:
              - {command: clamp, when: temperature < 60, compensate: {command: unclamp}}
              - {command: set_speed, parameters: {speed: 1200}, wait_for: speed > 1000 within 30s}
          ready:
            target: {group: stations}
            barrier: {within: 1s}
            steps: [{command: light}]
          old:
            target: {group: stations}
            steps: [{command: light}]
        lines:
          packaging: {group: stations, start: go, abort: old}
        streams:
          heat:
            sources:
              - group: stations
                topic: telemetry/+/temperature
                mapping: {temperature: payload.value}
            patterns: [{name: hot, condition: temperature > 90, actions: [packaging.abort]}]
        """

    private func bench() throws -> Bench {
        let (configuration, _) = Configuration.load(texts: [("test.yaml", SequenceTests.text)])
        var found: [Diagnostic] = []
        let definition = try #require(configuration).definition
        var bench = Bench(try #require(Plan(compiling: definition, diagnostics: &found)))
        for name in ["s-1", "s-2"] {
            bench.step([try reading("temperature", 20, name, bench, at: 0)], at: 0)
        }
        return bench
    }

    private func reading(
        _ property: String, _ value: Double, _ device: String, _ bench: Bench, at seconds: Double
    ) throws -> Input {
        .reading(
            Reading(
                device: try bench.device(device), property: try bench.property(property),
                time: Bench.instant(seconds), value: .number(value)))
    }

    private func ask(_ name: String, key: String = "1") -> Input {
        .sequence(SequenceRequest(principal: "operator", key: key, name: name))
    }

    /// Answers everything sent since place `from`.
    private func answer(
        _ bench: inout Bench, from: Int, at seconds: Double,
        _ outcome: CommandResponse.Outcome = .acknowledged(code: 204)
    ) {
        let responses = bench.transmissions[from...].map { sent in
            Input.response(
                CommandResponse(
                    command: sent.command, attempt: sent.attempt, purpose: sent.purpose,
                    outcome: outcome))
        }
        bench.step(responses, at: seconds)
    }

    @Test("steps follow each other, and wait for what devices report")
    func steps() throws {
        var bench = try bench()
        bench.step([ask("go")], at: 1)
        #expect(bench.transmissions.map(\.name) == ["clamp", "clamp"])
        answer(&bench, from: 0, at: 2)
        #expect(bench.transmissions.map(\.name) == ["clamp", "clamp", "set_speed", "set_speed"])
        answer(&bench, from: 2, at: 3)
        #expect(bench.engine.sequences.records.map(\.state) == [.running])
        bench.step([try reading("speed", 1100, "s-1", bench, at: 4)], at: 4)
        bench.step([try reading("speed", 1200, "s-2", bench, at: 5)], at: 5)
        #expect(bench.engine.sequences.records.map(\.state) == [.succeeded])
        let run = try #require(bench.records.last { $0.name == "go/run" })
        #expect(run.fields.contains(Field("state", .text("succeeded"))))
    }

    @Test("time takes back what never showed, and a failure of that is an alarm")
    func time() throws {
        var bench = try bench()
        bench.step([ask("go")], at: 1)
        answer(&bench, from: 0, at: 2)
        answer(&bench, from: 2, at: 3)
        #expect(bench.engine.nextDeadline == Bench.instant(33))
        bench.step([], at: 33)
        #expect(bench.transmissions.suffix(2).map(\.name) == ["unclamp", "unclamp"])
        answer(&bench, from: 4, at: 34, .refused(code: 409, diagnostic: "stuck"))
        #expect(bench.engine.sequences.records.map(\.state) == [.compensationFailed])
        #expect(bench.log.filter { $0.hasPrefix("alarm: go step=clamp device=s-") }.count == 2)
        #expect(bench.records.filter { $0.name == "go/alarm" }.count == 2)
    }

    @Test("a barrier asks before it sends")
    func barrier() throws {
        var bench = try bench()
        bench.step([ask("ready")], at: 1)
        #expect(bench.transmissions.map(\.purpose) == [.prepare, .prepare])
        #expect(bench.engine.report.commandsIssued == 0)
        answer(&bench, from: 0, at: 1.1)
        #expect(bench.transmissions.suffix(2).map(\.purpose) == [.execute, .execute])
        #expect(bench.engine.report.commandsIssued == 2)
    }

    @Test("a run is cancelled by its id; another decision is none for it")
    func cancelled() throws {
        var bench = try bench()
        bench.step([ask("go")], at: 1)
        let id = try #require(bench.engine.sequences.records.first).id
        for decision in [CommandOrder.Decision.approve, .cancel] {
            bench.step(
                [
                    .order(
                        CommandOrder(principal: "operator", command: id, decision: decision))
                ], at: 2)
        }
        #expect(bench.engine.sequences.records.map(\.state) == [.compensating])
    }

    @Test("a pattern tells a line, whose sequences run in their old form elsewhere as graphs")
    func lines() throws {
        var bench = try bench()
        bench.step([try reading("temperature", 95, "s-1", bench, at: 1)], at: 1)
        #expect(bench.engine.sequences.lineRecords.map(\.state) == [.aborting])
        #expect(bench.transmissions.map(\.name) == ["light", "light"])
        answer(&bench, from: 0, at: 2)
        #expect(bench.engine.sequences.lineRecords.map(\.state) == [.aborted])
        let states = bench.records.filter { $0.name == "packaging/line" }
        #expect(states.map { $0.fields.first?.value } == [.text("Aborting"), .text("Aborted")])
        bench.step([ask("packaging.clear")], at: 3)
        #expect(bench.engine.sequences.lineRecords.map(\.state) == [.stopped])
        bench.step([ask("nothing")], at: 4)
    }

    @Test("a rehearsal leaves the engine's bytes as they are")
    func rehearsal() throws {
        var bench = try bench()
        bench.step([ask("ready")], at: 1)
        let before = bench.snapshot
        let found = try #require(
            bench.engine.rehearse("go", context: nil, at: Bench.instant(2)))
        #expect(found.steps.map(\.wouldRun) == [true, true, true, true])
        #expect(bench.engine.rehearse("nothing", context: nil, at: Bench.instant(2)) == nil)
        #expect(bench.snapshot == before)
    }

    @Test("a restart goes on where the run was")
    func restart() throws {
        var bench = try bench()
        bench.step([ask("go")], at: 1)
        bench.step([ask("ready")], at: 1)
        answer(&bench, from: 0, at: 2)
        let snapshot = bench.snapshot
        var second = Bench(bench.plan)
        var reader = ByteReader(snapshot)
        try second.engine.restore(from: &reader)
        #expect(second.engine.sequences.records == bench.engine.sequences.records)
        second.engine.resume(at: Bench.instant(3), into: &second.effects)
        #expect(!second.engine.sequences.isIdle)
    }
}
