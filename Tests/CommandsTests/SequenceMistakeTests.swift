import Commands
import Model
import Testing

/// What is told of a graph that cannot be, with its place.
@Suite struct SequenceMistakeTests {
    private static let place = Place(file: "a.yaml", line: 7, column: 9)

    private static func at(_ text: String) -> Located<String> { Located(text, at: place) }

    struct Mistake: CustomTestStringConvertible {
        var sequence: SequenceDefinition
        var code: String
        var message: String
        var length: Int
        var help: [String] = []
        var testDescription: String { message }
    }

    private static func depending(_ steps: [(String, [String])]) -> SequenceDefinition {
        Works.sequence(
            steps.map { id, names in
                Works.step(id, "light") { $0.dependsOn = names.map { at($0) } }
            })
    }

    private static func one(_ change: (inout StepDefinition) -> Void) -> SequenceDefinition {
        Works.sequence([Works.step("a", "light", change)])
    }

    private static func whole(_ change: (inout SequenceDefinition) -> Void) -> SequenceDefinition {
        Works.sequence([Works.step("a", "light")]) {
            $0.name = at("run")
            $0.target.group = at("stations")
            change(&$0)
        }
    }

    @Test(arguments: [
        Mistake(
            sequence: depending([("a", ["c"]), ("b", ["a"]), ("c", ["b"]), ("d", ["a"])]),
            code: "E0505", message: "steps wait for each other: a -> c -> b -> a", length: 1,
            help: ["each step may only depend on steps that do not depend on it"]),
        Mistake(
            sequence: depending([("a", ["a"])]), code: "E0505",
            message: "steps wait for each other: a -> a", length: 1,
            help: ["each step may only depend on steps that do not depend on it"]),
        Mistake(
            sequence: depending([("clamp", []), ("b", ["clmp"])]), code: "E0504",
            message: "there is no step 'clmp'", length: 4, help: ["did you mean 'clamp'?"]),
        Mistake(
            sequence: Works.sequence([
                Works.step("a", "light"), Works.step("a", "light") { $0.id = at("a") },
            ]), code: "E0503", message: "there is another step 'a'", length: 1),
        Mistake(
            sequence: one { $0.waitFor = at("speed > 1000") }, code: "E0506",
            message: "`wait_for` does not say how long", length: 12,
            help: ["add the time: speed > 1000 within 30s"]),
        Mistake(
            sequence: one { $0.waitFor = at("speed > 1000 within soon") }, code: "E0506",
            message: "`wait_for` does not say how long", length: 24,
            help: ["add the time: speed > 1000 within soon within 30s"]),
        Mistake(
            sequence: one { $0.when = at("sped > 1000") }, code: "E0313",
            message: "there is no `sped` here", length: 4, help: ["did you mean `speed`?"]),
        Mistake(
            sequence: one {
                $0.parameters = [(name: "x", value: Located(.text("{speed}"), at: place))]
            }, code: "E0507", message: "there is no parameter of the sequence 'speed'", length: 5),
        Mistake(
            sequence: one { $0.compensation = CompensationDefinition(command: at("unlight")) },
            code: "E0313", message: "there is no command of model 'station' named 'unlight'",
            length: 7, help: ["did you mean 'light'?"]),
        Mistake(
            sequence: one {
                $0.target = Works.target()
                $0.target?.group = at("station")
            }, code: "E0311", message: "there is no group 'station'", length: 7,
            help: ["did you mean 'stations'?"]),
        Mistake(
            sequence: whole {
                $0.target.group = at("station")
                $0.policy = .bestEffort
            }, code: "E0311", message: "there is no group 'station'", length: 7,
            help: ["did you mean 'stations'?"]),
        Mistake(
            sequence: whole { $0.target.count = 0 }, code: "E0501",
            message: "`count` must be at least 1", length: 8),
        Mistake(
            sequence: whole { $0.target.selection = .any }, code: "E0501",
            message: "any of how many? `count` is missing", length: 8, help: ["add `count: 1`"]),
        Mistake(
            sequence: whole { $0.policy = .quorum(4) }, code: "E0502",
            message: "a quorum of 4 cannot be: group 'stations' has 3 devices", length: 3),
        Mistake(
            sequence: whole {
                $0.barrier = BarrierDefinition(
                    prepareTimeout: .second, within: .second, quorum: 0)
            }, code: "E0502", message: "a quorum of 0 cannot be: group 'stations' has 3 devices",
            length: 3),
        Mistake(
            sequence: whole { sequence in
                sequence.steps = (1...65).map { Works.step("s\($0)", "light") }
            }, code: "E0502", message: "sequence 'run' has 65 steps; a graph has at most 64",
            length: 3),
    ])
    func isTold(mistake: Mistake) {
        let works = Works([mistake.sequence])
        let found = works.diagnostics.first
        #expect(works.diagnostics.count == 1)
        #expect(found?.code == mistake.code)
        #expect(found?.message == mistake.message)
        #expect(found?.help == mistake.help)
        #expect(found?.length == mistake.length)
        #expect(found?.place.line == 7)
    }

    @Test func aLineNamesWhatThereIs() {
        let at = SequenceMistakeTests.at
        let line = LineDefinition(
            name: at("packaging"), group: at("station"), sequences: [(.start, at("rum"))])
        let works = Works([Works.sequence([Works.step("light")])], lines: [line, line])
        #expect(works.diagnostics.map(\.code) == ["E0311", "E0508", "E0310"])
        #expect(
            works.diagnostics.map(\.help) == [
                ["did you mean 'stations'?"], ["did you mean 'run'?"], [],
            ])
        #expect(works.diagnostics.map(\.message).last == "there is another line 'packaging'")
    }

    @Test func stepsWithoutIdsGoByTheirCommands() {
        let steps = ["light", "light", "clamp"].map { StepDefinition(command: Located($0)) }
        var works = Works([Works.sequence(steps, policy: .bestEffort)], stations: 1)
        works.start()
        works.finish()
        #expect(works.records.last?.steps.map(\.id) == ["light", "light-2", "clamp"])
    }
}
