import Commands
import Config
import Engine
import Model
import Testing

@Suite("Sequences as graphs, lines and zones, as they are written")
struct SequenceSectionTests {
    static let site = """
        devices:
          groups:
            stations: {range: "s-{1..8}", model: station, tags: {zone: hall}}
        models:
          station:
            properties:
              speed: {type: float, range: [0, 3000], writable: true}
              temperature: {type: float}
            commands:
              clamp: {}
              unclamp: {}
              set_speed: {}

        """

    private static let whole = """
        commands:
          start_line:
            target:
              group: stations
              selection: nearest
              count: 3
              rebind: on_retry
              parameters: {to_device: context.device_id}
            policy: quorum
            quorum: 6
            barrier: {prepare_timeout: 10s, within: 500ms, quorum: 7}
            priority: high
            ttl: 30s
            parameters: {speed: 1200}
            steps:
              - id: clamp
                command: clamp
                parameters: {force: 40}
                compensate: {command: unclamp, parameters: {slowly: true}}
                timeout: 10s
              - id: spin
                command: set_speed
                parameters: {speed: "{speed}"}
                depends_on: [clamp]
                when: temperature < 60
                wait_for: speed > 1000 within 30s
                target: {group: stations, selection: freshest}
                on_error: {strategy: compensate, max_attempts: 3, backoff: fixed}
        lines:
          packaging: {group: stations, start: start_line, abort: start_line}
        zones: {adjacent: {hall: [yard]}}
        """

    private func definition() throws -> Definition {
        let text = SequenceSectionTests.site + SequenceSectionTests.whole
        let (configuration, diagnostics) = Configuration.load(texts: [("test.yaml", text)])
        #expect(diagnostics.map(line) == [])
        return try #require(configuration).definition
    }

    @Test("everything of a sequence is read")
    func sequence() throws {
        let sequence = try #require(definition().sequences.first)
        #expect(sequence.isGraph)
        #expect(sequence.isAwaited)
        #expect(sequence.policy == .quorum(6))
        #expect(sequence.priority == .high)
        #expect(sequence.timeToLive == .seconds(30))
        #expect(sequence.parameters.map(\.value.value) == [.integer(1200)])
        #expect(sequence.target.count == 3)
        #expect(sequence.target.rebindsOnRetry)
        #expect(
            sequence.target.zones
                == ZoneGraph(tag: "zone", adjacency: [("yard", ["hall"])]))
        let barrier = try #require(sequence.barrier)
        #expect(barrier.prepareTimeout == .seconds(10))
        #expect(barrier.span == Milliseconds(500))
        #expect(barrier.quorum == 7)
    }

    @Test("everything of its steps is read")
    func steps() throws {
        let steps = try #require(definition().sequences.first).steps
        #expect(steps.map { $0.id?.value } == ["clamp", "spin"])
        #expect(steps[0].dependsOn == nil)
        #expect(steps[0].timeout == .seconds(10))
        #expect(steps[0].compensation?.command.value == "unclamp")
        #expect(steps[0].compensation?.parameters.map(\.name) == ["slowly"])
        #expect(steps[1].dependsOn?.map(\.value) == ["clamp"])
        #expect(steps[1].when?.value == "temperature < 60")
        #expect(steps[1].waitFor?.value == "speed > 1000 within 30s")
        #expect(steps[1].target?.selection == .freshest)
        #expect(steps[1].target?.zones != nil)
        #expect(steps[1].errorHandling?.strategy == .compensate)
        #expect(steps[1].errorHandling?.maxAttempts == 3)
    }

    @Test("a line has a sequence for each command that is written")
    func lines() throws {
        let line = try #require(definition().lines.first)
        #expect(line.name.value == "packaging")
        #expect(line.sequences.map(\.command) == [.start, .abort])
        #expect(line.sequences.map(\.sequence.value) == ["start_line", "start_line"])
    }

    @Test("it compiles, and patterns may tell lines")
    func compiles() throws {
        let text =
            SequenceSectionTests.site + SequenceSectionTests.whole + """

                streams:
                  s:
                    sources:
                      - group: stations
                        topic: telemetry/+/temperature
                        mapping: {temperature: payload.value}
                    patterns:
                      - {name: hot, condition: temperature > 90, actions: [packaging.abort]}
                """
        let (configuration, diagnostics) = Configuration.load(texts: [("test.yaml", text)])
        #expect(diagnostics.map(line) == [])
        var found: [Diagnostic] = []
        let definition = try #require(configuration).definition
        #expect(Plan(compiling: definition, diagnostics: &found) != nil)
        #expect(found.isEmpty)
    }

    @Test(
        "priorities and policies are words",
        arguments: [
            (
                "critical", "all_or_compensate", CommandPriority.critical,
                GroupPolicy.allOrCompensate
            ),
            ("low", "best_effort", .low, .bestEffort),
            ("normal", "stop_on_first", .normal, .stopOnFirst),
        ])
    func words(
        priority: String, policy: String, value: CommandPriority, meaning: GroupPolicy
    ) throws {
        let text =
            SequenceSectionTests.site
            + "commands: {a: {target: {group: stations}, priority: \(priority), "
            + "policy: \(policy), steps: [{command: clamp}]}}"
        let (configuration, _) = Configuration.load(texts: [("test.yaml", text)])
        let sequence = try #require(configuration?.definition.sequences.first)
        #expect(sequence.priority == value)
        #expect(sequence.policy == meaning)
    }

    private static func one(_ rest: String) -> String {
        "commands: {a: {target: {group: stations}, steps: [{command: clamp}], \(rest)}}"
    }

    private static func step(_ rest: String) -> String {
        "commands: {a: {target: {group: stations}, steps: [{command: clamp, \(rest)}]}}"
    }

    @Test(
        "one mistake, one diagnostic",
        arguments: [
            Mistake(
                one("policy: quorum"),
                "13:70 E0105 a quorum of how many? `quorum` is missing (add `quorum: 2`)"),
            Mistake(
                one("quorum: 2"),
                "13:70 E0119 `quorum` has no meaning without `policy: quorum`"),
            Mistake(
                one("barrier: 5"),
                "13:79 E0106 a barrier must be a mapping, not `5` "
                    + "(write its keys: `prepare_timeout: ...`)"),
            Mistake(
                step("compensate: {command: unclmp}"),
                "13:90 E0118 there is no command of station `unclmp` (did you mean `unclamp`?)"),
            Mistake(
                step("compensate: {}"),
                "13:80 E0105 `compensate` needs `command` "
                    + "(`command`: A command of the devices' model.)"),
            Mistake(
                step("compensate: 7"),
                "13:80 E0106 `compensate` must be a mapping, not `7` "
                    + "(write its keys: `command: ...`)"),
            Mistake(
                step("target: {group: station}"),
                "13:84 E0118 there is no group `station` (did you mean `stations`?)"),
            Mistake(
                "lines: {l: {group: station}}",
                "13:20 E0118 there is no group `station` (did you mean `stations`?)"),
            Mistake(
                "lines: {l: {group: stations, start: go}}",
                "13:37 E0118 there is no command sequence `go`"),
            Mistake("lines: {l: {}}", "13:12 E0105 a line needs `group` (`group`: Its devices.)"),
            Mistake(
                "lines: {l: 5}",
                "13:12 E0106 a line must be a mapping, not `5` (write its keys: `group: ...`)"),
            Mistake(
                "zones: {adjacent: {hall: yard}}",
                "13:26 E0106 `hall` must be a list, not `yard` (write `hall: [...]`)"),
            Mistake(
                "zones: 5",
                "13:8 E0106 `zones` must be a mapping, not `5` (write its keys: `tag: ...`)"),
        ])
    func mistakes(mistake: Mistake) {
        let text = SequenceSectionTests.site + mistake.text
        let (configuration, diagnostics) = Configuration.load(texts: [("test.yaml", text)])
        #expect(configuration == nil)
        #expect(diagnostics.map(line) == [mistake.said])
    }
}
