import Commands
import Model
import Testing

/// Lines of devices with one state (ISA-TR88.00.02).
@Suite struct LineTests {
    private static let sequences = [
        Works.sequence([Works.step("clamp")], name: "go"),
        Works.sequence([Works.step("light")], name: "halt"),
        Works.sequence([Works.step("stop")], name: "off"),
    ]

    private static let line = LineDefinition(
        name: Located("packaging"), group: Located("stations"),
        sequences: [
            (.start, Located("go")), (.hold, Located("halt")), (.stop, Located("off")),
            (.abort, Located("off")),
        ])

    private static func works(_ fates: [String: Works.Fate] = [:]) -> Works {
        let sequences = LineTests.sequences.map { sequence in
            var sequence = sequence
            sequence.isAwaited = true
            return sequence
        }
        return Works(sequences, lines: [line], stations: 2, fates: fates)
    }

    private static func story(_ commands: [LineCommand], _ fates: [String: Works.Fate] = [:])
        -> (states: [String], taken: [Bool])
    {
        var works = works(fates)
        var taken: [Bool] = []
        for command in commands {
            taken.append(works.tell("packaging", command))
            works.finish()
        }
        return (works.states, taken)
    }

    @Test func aLineStartsOnceItsSequenceIsDone() {
        var works = LineTests.works()
        #expect(works.table.lineRecords.map(\.state) == [.idle])
        let isTaken = works.tell("packaging", .start)
        #expect(isTaken)
        #expect(works.states == ["Starting"])
        #expect(works.table.lineRecords.first?.run != nil)
        works.finish()
        #expect(works.states == ["Starting", "Execute"])
        #expect(works.ran == ["clamp s1", "clamp s2"])
        #expect(works.table.lineRecords.first?.run == nil)
        #expect(works.audit("packaging").map(\.to) == ["Starting", "Execute"])
    }

    @Test func theWholeRound() {
        let (states, taken) = LineTests.story([
            .start, .hold, .unhold, .suspend, .unsuspend, .complete, .reset, .start, .stop, .reset,
            .abort, .clear, .reset,
        ])
        #expect(taken.allSatisfy { $0 })
        #expect(
            states == [
                "Starting", "Execute", "Holding", "Held", "Unholding", "Execute", "Suspending",
                "Suspended", "Unsuspending", "Execute", "Completing", "Complete", "Resetting",
                "Idle", "Starting", "Execute", "Stopping", "Stopped", "Resetting", "Idle",
                "Aborting", "Aborted", "Clearing", "Stopped", "Resetting", "Idle",
            ])
    }

    @Test func aStateRefusesWhatItHasNoPlaceFor() {
        #expect(LineTests.story([.hold]).taken == [false])
        #expect(LineTests.story([.stop, .stop]).taken == [true, false])
        #expect(
            LineTests.story([.abort, .stop, .abort, .start]).taken == [true, false, false, false])
        var works = LineTests.works()
        let isTaken = works.tell("palletizing", .start)
        #expect(!isTaken)
        #expect(works.table.counters.ordersRefused == 1)
    }

    @Test func aFailureAborts() {
        let (states, _) = LineTests.story([.start], ["clamp s1": .refused])
        #expect(states == ["Starting", "Aborting", "Aborted"])
    }

    @Test func aFailedAbortIsAborted() {
        var works = LineTests.works(["stop": .refused])
        _ = works.tell("packaging", .abort)
        works.finish()
        #expect(works.states == ["Aborting", "Aborted"])
        #expect(works.alarms.map(\.step) == ["Aborting"])
    }

    @Test func stoppingEndsWhatIsUnderWay() {
        var works = LineTests.works(["clamp": .slow])
        _ = works.tell("packaging", .start)
        _ = works.tell("packaging", .stop)
        works.finish()
        #expect(works.states == ["Starting", "Stopping", "Stopped"])
        #expect(
            works.records.map(\.state).sorted { $0.rawValue < $1.rawValue } == [
                .succeeded, .cancelled,
            ])
    }

    @Test func aSequenceThatCannotStartAborts() {
        var works = LineTests.works(["clamp": .slow])
        works.start("go")
        _ = works.tell("packaging", .start)
        works.finish()
        #expect(works.states == ["Starting", "Aborting", "Aborted"])
    }

    @Test func aRestartGoesOnWithTheLine() throws {
        var works = LineTests.works(["clamp": .slow])
        _ = works.tell("packaging", .start)
        try works.restart()
        #expect(works.table.lineRecords.map(\.state) == [.starting])
        works.finish()
        #expect(works.states == ["Starting", "Execute"])
    }

    @Test func aLineThatIsGoneIsForgotten() throws {
        var works = LineTests.works()
        _ = works.tell("packaging", .start)
        var writer = ByteWriter()
        works.table.snapshot(into: &writer)
        var reader = ByteReader(writer.bytes)
        var table = Works(works.sequences, stations: 2).table
        try table.restore(from: &reader, registry: works.registry)
        #expect(table.lineRecords.isEmpty)
        #expect(reader.isAtEnd)
    }

    @Test(arguments: [
        ("packaging.hold", "packaging", LineCommand.hold), ("a.b.clear", "a.b", .clear),
    ])
    func ordersAreWritten(words: String, line: String, command: LineCommand) {
        let order = SequenceTable.order(words)
        #expect(order?.line == line)
        #expect(order?.command == command)
    }

    @Test(arguments: ["packaging", "packaging.jump", ""])
    func allElseIsNoOrder(words: String) {
        #expect(SequenceTable.order(words) == nil)
    }

    /// The standard's diagram: from each state, what each command leads to.
    @Test func everyPairOfStateAndCommand() {
        let taken: [(LineCommand, [LineState], LineState)] = [
            (.start, [.idle], .starting), (.hold, [.execute], .holding),
            (.unhold, [.held], .unholding), (.suspend, [.execute], .suspending),
            (.unsuspend, [.suspended], .unsuspending), (.complete, [.execute], .completing),
            (.reset, [.complete, .stopped], .resetting), (.clear, [.aborted], .clearing),
            (
                .stop,
                [
                    .idle, .starting, .execute, .holding, .held, .unholding, .suspending,
                    .suspended, .unsuspending, .completing, .complete, .resetting,
                ], .stopping
            ),
            (.abort, LineState.allCases.filter { $0 != .aborting && $0 != .aborted }, .aborting),
        ]
        for (command, states, target) in taken {
            for state in LineState.allCases {
                #expect(
                    state.state(after: command) == (states.contains(state) ? target : nil),
                    "\(state) \(command)")
            }
        }
    }
}
