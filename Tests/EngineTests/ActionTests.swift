import Engine
import Model
import Streams
import Testing
import Twins

@Suite("What a pattern does when it matches")
struct ActionTests {
    /// A minute of 35 degrees in room 1, and the next reading that closes it.
    private func hotMinute() throws -> Bench {
        var bench = try Bench()
        bench.step([try bench.temperature(35, in: 1, at: 10)], at: 10)
        bench.step([try bench.temperature(20, in: 1, at: 70)], at: 70)
        return bench
    }

    @Test("log_heat writes a line under the topic heat, with device, time and values")
    func log() throws {
        let log = try hotMinute().log
        #expect(
            log == ["heat: hot device=room-1 time=2026-01-01T00:01:00.000Z avg_temp=35.0"])
    }

    @Test("update_twin notes the match's time under the pattern's name")
    func updateTwin() throws {
        let bench = try hotMinute()
        let twin = try #require(bench.engine.twins.twin(of: try bench.device("room-1")))
        let hot = try bench.property("hot")
        let reported = try #require(twin.properties.first { $0.property == hot }?.reported)
        #expect(reported.value == .timestamp(Bench.instant(60)))
        #expect(reported.source == .pattern)
    }

    @Test("a sequence runs on the nearest fan, and its wish is in the fan's twin")
    func runSequence() throws {
        let bench = try hotMinute()
        let sent = try #require(bench.transmissions.first)
        #expect(bench.transmissions.count == 1)
        #expect(sent.device == (try bench.device("fan-1")))
        #expect(sent.name == "set_mode")
        #expect(sent.parameters == [Field("mode", .text("on"))])
        #expect(!sent.isCritical)
        let twin = try #require(bench.engine.twins.twin(of: sent.device))
        #expect(twin.properties.first?.desired?.value == .text("on"))
        #expect(bench.engine.twins.syncAccuracy == 0)
    }

    @Test("an acknowledged command that the device reports succeeds and is published")
    func acknowledged() throws {
        var bench = try hotMinute()
        let sent = try #require(bench.transmissions.first)
        bench.step(
            [
                .response(
                    CommandResponse(
                        command: sent.command, attempt: 1, outcome: .acknowledged(code: 204))),
                .reading(
                    Reading(
                        device: sent.device, property: try bench.property("mode"),
                        time: Bench.instant(71), value: .text("on"))),
            ], at: 71)
        #expect(bench.engine.report.commandsIssued == 1)
        #expect(bench.engine.report.commandsSucceeded == 1)
        #expect(bench.engine.report.twinSyncAccuracy == 1)
        let record = try #require(bench.records.last)
        #expect(record.kind == .command)
        #expect(record.key == [Field("device_id", .text("fan-1"))])
        #expect(record.fields.contains(Field("state", .text("succeeded"))))
    }

    @Test("a critical pattern acts in the turn of its reading, on all of its targets")
    func critical() throws {
        var bench = try Bench()
        bench.step([try bench.temperature(61, in: 2, at: 5)], at: 5)
        #expect(bench.transmissions.count == 2)
        #expect(bench.transmissions.allSatisfy { $0.isCritical })
        #expect(bench.records.map(\.kind) == [.match])
        #expect(bench.log.count == 1)
        #expect(bench.log.allSatisfy { $0.hasPrefix("fire: fire device=room-2") })
    }

    @Test("a reading to decide on only acts, and leaves no trace in twin, count and window")
    func decideOnly() throws {
        var bench = try Bench()
        bench.step([try bench.temperature(61, in: 2, at: 5, flags: .decideOnly)], at: 5)
        #expect(bench.transmissions.count == 2)
        #expect(bench.engine.report.eventsProcessed == 0)
        let room = try bench.device("room-2")
        #expect(bench.engine.twins.twin(of: room)?.properties.isEmpty ?? true)
        bench.step([try bench.temperature(20, in: 1, at: 70)], at: 70)
        bench.step([], at: 3600)
        let rows = bench.records.filter { $0.kind == .aggregate && $0.name == "climate" }
        #expect(rows.map(\.start) == [Bench.instant(60)])
    }

    @Test("of a reading to decide on only, patterns that are not critical see nothing")
    func decideOnlyNotCritical() throws {
        var bench = try Bench()
        bench.step([try bench.temperature(35, in: 1, at: 10, flags: .decideOnly)], at: 10)
        bench.step([try bench.temperature(20, in: 1, at: 70)], at: 70)
        #expect(bench.transmissions == [])
    }
}

@Suite("What a definition may not say")
struct DefinitionTests {
    private func diagnostics(_ change: (inout Definition) -> Void) throws -> [Diagnostic] {
        var definition = try Bench.definition()
        change(&definition)
        var diagnostics: [Diagnostic] = []
        let plan = Plan(compiling: definition, diagnostics: &diagnostics)
        #expect(plan == nil)
        return diagnostics
    }

    @Test(
        "an unknown action is an error, with the nearest known one",
        arguments: [
            ("coool", "did you mean 'cool'?"), ("update_twins", "did you mean 'update_twin'?"),
            ("dance", "an action is update_twin, log_… or a command sequence"),
        ])
    func unknownAction(_ action: String, _ help: String) throws {
        let place = Place(file: "f.yaml", line: 3, column: 9)
        let found = try diagnostics {
            $0.streams[0].patterns[0].actions = [Located(action, at: place)]
        }
        #expect(found.map(\.code) == ["E0401"])
        #expect(found.first?.message == "no action is called '\(action)'")
        #expect(found.first?.help == [help])
        #expect(found.first?.place == place)
        #expect(found.first?.length == action.utf8.count)
    }

    @Test(
        "edge_distribution names a stream, an aggregation or a sequence",
        arguments: [("climat", ["did you mean 'climate'?"]), ("somewhere", [])])
    func edgeDistribution(_ name: String, _ help: [String]) throws {
        let found = try diagnostics {
            $0.edgeDistribution = [EdgeDistribution(name: Located(name), components: [])]
        }
        #expect(found.map(\.code) == ["E0402"])
        #expect(found.first?.help == help)
    }

    @Test("edge_distribution of each kind is taken", arguments: ["climate", "by_floor", "cool"])
    func knownEdgeDistribution(_ name: String) throws {
        var definition = try Bench.definition()
        definition.edgeDistribution = [EdgeDistribution(name: Located(name), components: [])]
        #expect(try Bench.plan(definition).edgeDistribution.count == 1)
    }
}
