import Commands
import Model
import Testing

/// What a sequence would do, without doing it.
@Suite struct RehearsalTests {
    private static let steps = [
        Works.step("clamp", after: []),
        Works.step("set", "set_speed", after: ["clamp"]) {
            $0.parameters = [(name: "speed", value: Located(.number(1200)))]
            $0.when = Located("temperature < 60")
        },
        Works.step("light", after: []),
    ]

    private func rehearse(_ works: Works, _ name: String = "run") -> SequenceRehearsal? {
        works.table.rehearse(
            name, context: nil, commands: works.scheduler, twins: works.twins,
            registry: works.registry, at: works.now)
    }

    @Test func itTellsTargetsOrderAndAirtime() throws {
        var works = Works([Works.sequence(RehearsalTests.steps)], stations: 2)
        works.report("temperature", .number(20), by: "s2")
        let found = try #require(rehearse(works))
        #expect(found.targets.map { works.registry.name(of: $0) } == ["s1", "s2"])
        #expect(found.selection == "all")
        let order = found.steps.map {
            "\($0.wave) \($0.id) \(works.registry.name(of: $0.device)) \($0.wouldRun)"
        }
        #expect(
            order == [
                "1 clamp s1 true", "1 clamp s2 true", "1 light s1 true", "1 light s2 true",
                "2 set s1 false", "2 set s2 true",
            ])
        #expect(found.steps.first?.compensation == "unclamp")
        #expect(found.messages == 10)
        #expect(found.bytes == 2 * 102 + 2 * 102 + 119)
        #expect(found.airtime == Milliseconds(17))
        #expect(found.conflicts.isEmpty)
    }

    @Test func aBarrierTakesTwiceAsManyMessages() throws {
        let sequence = Works.sequence([Works.step("clamp")]) {
            $0.barrier = BarrierDefinition(prepareTimeout: .second, within: .second)
        }
        let found = try #require(rehearse(Works([sequence], stations: 1)))
        #expect(found.messages == 4)
        #expect(found.bytes == 204)
    }

    @Test func itTellsWhoElseIsAfterTheSameProperty() throws {
        let set = SequenceDefinition(
            name: Located("busy"), target: Works.target(.nearest),
            steps: [
                StepDefinition(
                    command: Located("set_speed"),
                    parameters: [(name: "speed", value: Located(.number(5)))])
            ])
        let other = Works.sequence(RehearsalTests.steps, name: "other")
        var works = Works([Works.sequence(RehearsalTests.steps), other, set], stations: 1)
        works.report("temperature", .number(20), by: "s1")
        works.load(Device(index: 0))
        works.start("other")
        if let speed = works.registry.property(named: "speed") {
            works.twins.wishes[speed] = .number(700)
        }
        let found = try #require(rehearse(works))
        #expect(
            found.conflicts.map { "\($0.step) \($0.other)" } == [
                "set sequence other", "set command set_speed", "set desired 700.0",
            ])
    }

    @Test func nothingIsWritten() {
        var works = Works([Works.sequence(RehearsalTests.steps)], stations: 2)
        works.start()
        var before = ByteWriter()
        works.table.snapshot(into: &before)
        works.scheduler.snapshot(into: &before)
        _ = rehearse(works)
        var after = ByteWriter()
        works.table.snapshot(into: &after)
        works.scheduler.snapshot(into: &after)
        #expect(before.bytes == after.bytes)
    }

    @Test func theOldFormIsRehearsedToo() {
        let old = SequenceDefinition(
            name: Located("old"), target: Works.target(),
            steps: [StepDefinition(command: Located("light"))])
        let works = Works([old], stations: 1)
        #expect(!works.table.has("old"))
        #expect(rehearse(works, "old")?.steps.map(\.command) == ["light"])
        #expect(rehearse(works, "new") == nil)
    }
}
