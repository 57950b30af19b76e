import Config
import Engine
import Model
import Simulation
import Testing

@Suite("A recorded journal, run again")
struct RerunTests {
    private static let text = """
        devices:
          groups:
            rooms: {range: "room-{1..2}", model: room}
            fans: {range: "fan-{1..1}", model: fan}
        models:
          room: {properties: {t: {type: float}}}
          fan: {properties: {mode: {type: enum, values: ["off", "on"]}}, commands: [set_mode]}
        workflow: w
        streams:
          heat:
            sources:
              - group: rooms
                topic: telemetry/+/t
                mapping: {device_id: "topic[1]", t: payload.value}
            window: {type: tumbling, size: 1m}
            processing:
              - {type: aggregate, by: [device_id], functions: [{name: hi, function: max, field: t}]}
            patterns: [{name: hot, condition: hi > 30, actions: [cool]}]
        commands:
          cool:
            target: {group: fans, selection: all}
            steps: [{command: set_mode, parameters: {mode: "on"}}]
        """

    private func plan(_ text: String = text, known: [String] = []) throws -> Plan {
        let (configuration, diagnostics) = Configuration.load(
            texts: [("w.yaml", text)], known: KnownNames(devices: known))
        #expect(diagnostics.map(\.message) == [])
        var found: [Diagnostic] = []
        let plan = Plan(
            compiling: try #require(configuration).definition, diagnostics: &found)
        #expect(found.map(\.message) == [])
        return try #require(plan)
    }

    private let start = Instant(milliseconds: 1_767_225_600_000)

    private func reading(
        _ registry: Registry, _ device: Device, at second: Int64, _ value: Double
    ) throws -> Input {
        .reading(
            Reading(
                device: device, property: try #require(registry.property(named: "t")),
                time: start + .seconds(second), value: .number(value)))
    }

    /// A turn each ten seconds; the room is hot in the second minute.
    private func run(_ text: String = text, upTo last: Int64 = 300) throws -> [Decision] {
        let plan = try plan(text)
        var run = Rerun(plan, acceptsUnknownDevices: false)
        let room = try #require(plan.registry.device(named: "room-1"))
        for second in stride(from: Int64(0), through: last, by: 10) {
            let value = (60..<120).contains(second) ? 31.0 : 20
            run.take(
                [try reading(plan.registry, room, at: second, value)],
                at: start + .seconds(second))
        }
        return run.decisions
    }

    @Test("rows, matches and commands come in the order in which they are decided")
    func decisions() throws {
        let decisions = try run()
        #expect(
            decisions.prefix(4).map(\.kind.rawValue) == ["row", "row", "match", "command"])
        #expect(decisions[2].time == start + .minute * 2)
        #expect(decisions[2].key == [Field("device_id", .text("room-1"))])
        #expect(decisions[2].values == [Field("hi", .number(31))])
        #expect(decisions[3].name == "set_mode")
        #expect(decisions[3].key == [Field("device_id", .text("fan-1"))])
        #expect(decisions[3].values == [Field("mode", .text("on"))])
    }

    @Test("a command is told of once: what has no recorded answer is taken as obeyed")
    func commands() throws {
        #expect(try run(upTo: 3000).count { $0.kind == .command } == 1)
    }

    @Test("the same record gives the same decisions, and none differ")
    func same() throws {
        let (one, other) = (try run(), try run())
        #expect(one == other)
        var difference = Difference()
        for decision in one { difference.add(decision, .before) }
        #expect(!difference.isEmpty)
        for decision in other.reversed() { difference.add(decision, .after) }
        #expect(difference.isEmpty)
        #expect(difference.changes.isEmpty)
    }

    @Test("a lower threshold finds more: what is new comes with +, in the order of time")
    func difference() throws {
        var difference = Difference()
        for decision in try run() { difference.add(decision, .before) }
        let lower = Self.text.replacing("hi > 30", with: "hi > 15")
        for decision in try run(lower) { difference.add(decision, .after) }
        #expect(difference.count(.match) == (more: 3, less: 0))
        #expect(difference.count(.row) == (more: 0, less: 0))
        let matches = difference.changes.filter { $0.decision.kind == .match }
        #expect(matches.map(\.side) == [.after, .after, .after])
        #expect(
            matches.map(\.decision.time) == [1, 3, 4].map { start + .minute * $0 })
        var back = Difference()
        for decision in try run(lower) { back.add(decision, .before) }
        for decision in try run() { back.add(decision, .after) }
        #expect(back.count(.match) == (more: 0, less: 3))
        #expect(back.changes.map(\.decision) == difference.changes.map(\.decision))
    }

    @Test("windows close at their time, though no turn was recorded then")
    func deadlines() throws {
        let plan = try plan()
        var run = Rerun(plan, acceptsUnknownDevices: false)
        let room = try #require(plan.registry.device(named: "room-1"))
        run.take([try reading(plan.registry, room, at: 0, 40)], at: start)
        #expect(run.decisions.isEmpty)
        run.take([], at: start + .hour)
        #expect(run.decisions.map(\.kind.rawValue) == ["row", "match", "command"])
        let sent = try #require(run.decisions.last).time
        #expect(sent > start + .minute)
        #expect(sent < start + .minute * 3, "when its window closed, not with the next turn")
    }

    @Test("readings of devices that the configuration does not know are left out, or accepted")
    func strangers() throws {
        for accepts in [false, true] {
            let open = Self.text.replacing("- group: rooms\n        topic", with: "- topic")
            #expect(open != Self.text)
            let plan = try plan(open, known: ["attic"])
            var run = Rerun(plan, acceptsUnknownDevices: accepts)
            let attic = Device(index: 0)
            run.take([try reading(plan.registry, attic, at: 0, 40)], at: start)
            run.take([], at: start + .hour)
            #expect(run.strangeReadings == (accepts ? 0 : 1))
            #expect(run.decisions.contains { $0.kind == .match } == accepts)
        }
    }
}
