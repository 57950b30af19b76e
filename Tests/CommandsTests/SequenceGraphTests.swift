import Commands
import Model
import Testing

/// Steps that wait for each other, for conditions and for time.
@Suite struct SequenceGraphTests {
    private static let back = CompensationDefinition(command: Located("stop"))

    @Test func stepsWithoutDependenciesRunOneAfterTheOther() {
        var works = Works([Works.sequence(Works.clampAndSpin)], stations: 1)
        works.start()
        #expect(works.sent == ["clamp s1"])
        works.finish()
        #expect(works.end == "succeeded")
        #expect(works.ran == ["clamp s1", "spin s1"])
    }

    @Test func devicesGoOnWithoutWaitingForEachOther() {
        var works = Works(
            [Works.sequence(Works.clampAndSpin)], stations: 2, fates: ["clamp s1": .slow])
        works.start()
        works.finish()
        #expect(works.end == "succeeded")
        #expect(works.ran == ["clamp s1", "clamp s2", "spin s2", "spin s1"])
    }

    @Test func branchesRunBesideEachOtherAndMeetAgain() {
        let steps = [
            Works.step("clamp", after: []),
            Works.step("spin", after: ["clamp", "light"]), Works.step("light", after: []),
        ]
        var works = Works([Works.sequence(steps)], stations: 1, fates: ["light": .slow])
        works.start()
        works.finish()
        #expect(works.end == "succeeded")
        #expect(works.ran == ["clamp s1", "light s1", "spin s1"])
    }

    @Test func aStepOfItsOwnDevicesJoinsAllOfThem() {
        let steps = [
            Works.step("clamp", after: []),
            Works.step("feed", "spin", after: ["clamp"]) {
                $0.target = Works.target(.any, 1, group: "feeders")
            },
            Works.step("light", after: ["feed"]),
        ]
        var works = Works([Works.sequence(steps)], stations: 2, fates: ["clamp s2": .slow])
        works.start()
        works.finish()
        #expect(works.end == "succeeded")
        #expect(works.ran == ["clamp s1", "clamp s2", "spin f1", "light s1", "light s2"])
        let started = works.audit("run").first
        #expect(started?.details.map(\.name) == ["selection", "devices", "devices of feed"])
        #expect(
            started?.details.map(\.value) == [.text("all"), .text("s1 s2"), .text("any 1: f1")])
    }

    @Test(arguments: [
        (nil, "skipped"), (Value.number(70), "skipped"), (.number(20), "succeeded"),
    ])
    func whenDecidesOnFreshValues(temperature: Value?, state: String) {
        let steps = [
            Works.step("clamp") { $0.when = Located("temperature < 60") }, Works.step("light"),
        ]
        var works = Works([Works.sequence(steps)], stations: 1)
        if let temperature { works.report("temperature", temperature, by: "s1") }
        works.start()
        works.finish()
        #expect(works.end == "succeeded")
        #expect(works.steps == ["clamp s1 \(state)", "light s1 succeeded"])
    }

    @Test func staleValuesDecideNothing() {
        let steps = [Works.step("clamp") { $0.when = Located("temperature < 60") }]
        var works = Works([Works.sequence(steps)], stations: 1)
        works.report("temperature", .number(20), by: "s1")
        works.advance(to: Instant(milliseconds: 300_001))
        works.start()
        #expect(works.steps == ["clamp s1 skipped"])
    }

    private static func waiting(_ change: (inout StepDefinition) -> Void = { _ in })
        -> SequenceDefinition
    {
        Works.sequence([
            Works.step("spin") {
                $0.waitFor = Located("speed > 1000 within 30s")
                $0.compensation = back
                change(&$0)
            }, Works.step("light"),
        ])
    }

    @Test func aStepThatWaitsIsDoneOnceItsDeviceShowsIt() {
        var works = Works([SequenceGraphTests.waiting()], stations: 1)
        works.start()
        while works.steps.first != "spin s1 awaiting", works.step() {}
        #expect(works.table.nextDeadline == Instant(milliseconds: 30_050))
        works.report("speed", .number(900), by: "s1")
        works.report("temperature", .number(900), by: "s1")
        #expect(works.steps.first == "spin s1 awaiting")
        works.report("speed", .number(1100), by: "s1")
        works.finish()
        #expect(works.end == "succeeded")
        #expect(!works.table.isConcerned(Device(index: 0)))
    }

    @Test func whatTheDeviceNeverShowsHasFailed() {
        var works = Works([SequenceGraphTests.waiting()], stations: 1)
        works.start()
        works.finish()
        #expect(works.end == "failed")
        #expect(works.steps == ["spin s1 failed", "light s1 cancelled"])
        #expect(works.records.last?.reason == "step spin on s1 failed: wait_for is not true")
    }

    @Test func aRetryMakesAnotherCommandAfterAWait() {
        let retry = ErrorHandling(
            strategy: .retry, maxAttempts: 3, backoff: .fixed, initialDelay: .second)
        var works = Works([SequenceGraphTests.waiting { $0.errorHandling = retry }], stations: 1)
        works.start()
        while works.ran.count < 2, works.step() {}
        #expect((31_050...31_150).contains(works.now.milliseconds))
        works.report("speed", .number(1100), by: "s1")
        works.finish()
        #expect(works.end == "succeeded")
        #expect(works.ran == ["spin s1", "spin s1", "light s1"])
    }

    @Test func retriesEnd() {
        let retry = ErrorHandling(strategy: .retry, maxAttempts: 2)
        var works = Works([SequenceGraphTests.waiting { $0.errorHandling = retry }], stations: 1)
        works.start()
        works.finish()
        #expect(works.end == "failed")
        #expect(works.ran == ["spin s1", "spin s1"])
    }

    @Test func aTimeoutEndsRetries() {
        let retry = ErrorHandling(strategy: .retry, maxAttempts: 9, initialDelay: .minute)
        var works = Works(
            [
                SequenceGraphTests.waiting {
                    $0.errorHandling = retry
                    $0.timeout = .seconds(40)
                }
            ], stations: 1)
        works.start()
        works.finish()
        #expect(works.end == "failed")
        #expect(works.records.last?.updated == Instant(milliseconds: 40_000))
        #expect(works.records.last?.reason == "step spin on s1 failed: timeout")
    }

    @Test func aTimeoutWaitsForTheEndOfItsCommand() {
        let steps = [Works.step("spin") { $0.timeout = .seconds(10) }, Works.step("light")]
        var works = Works([Works.sequence(steps)], stations: 1, fates: ["spin": .slow])
        works.start()
        works.finish()
        #expect(works.end == "failed")
        #expect(works.ran == ["spin s1"])
        #expect(works.steps == ["spin s1 failed", "light s1 cancelled"])
    }

    @Test func skippedFailuresHoldNobodyUp() {
        let steps = [
            Works.step("clamp") { $0.errorHandling = ErrorHandling(strategy: .skip) },
            Works.step("light"),
        ]
        var works = Works([Works.sequence(steps)], stations: 1, fates: ["clamp": .refused])
        works.start()
        works.finish()
        #expect(works.end == "succeeded")
        #expect(works.steps == ["clamp s1 failed", "light s1 succeeded"])
    }

    @Test func onErrorCompensateTakesBackWhatTheDeviceDid() {
        let steps =
            Works.clampAndSpin + [
                Works.step("light") { $0.errorHandling = ErrorHandling(strategy: .compensate) }
            ]
        var works = Works([Works.sequence(steps)], stations: 2, fates: ["light s1": .refused])
        works.start()
        works.finish()
        #expect(works.end == "partial")
        #expect(
            works.ran.filter { $0.hasSuffix("s1") } == [
                "clamp s1", "spin s1", "stop s1", "unclamp s1",
            ])
        #expect(works.ran.filter { $0.hasSuffix("s2") } == ["clamp s2", "spin s2", "light s2"])
    }

    @Test func parametersOfTheSequenceStandInItsSteps() {
        let steps = [
            Works.step("set", "set_speed") {
                $0.parameters = [(name: "speed", value: Located(.text("{speed}")))]
            }
        ]
        let sequence = Works.sequence(steps) {
            $0.parameters = [(name: "speed", value: Located(.integer(1200)))]
        }
        var works = Works([sequence], stations: 1)
        works.start()
        #expect(works.diagnostics.isEmpty)
        let sent = works.effects.compactMap {
            if case .transmit(let sent) = $0 { sent } else { nil }
        }
        #expect(sent.first?.parameters == [Field("speed", .integer(1200))])
    }

    @Test func theSameTriggerIsTheSameRun() {
        var works = Works([Works.sequence(Works.clampAndSpin)], stations: 2)
        works.start()
        works.start()
        works.start("run", "other")
        works.finish()
        works.start()
        #expect(works.table.counters.started == 1)
        #expect(works.table.counters.duplicates == 2)
        #expect(works.table.counters.coalesced == 1)
        #expect(works.ran.count == 4)
    }

    @Test func startsOfNothingAndTooManyAreCounted() {
        var limits = SequenceLimits()
        limits.liveRuns = 1
        limits.finishedRuns = 1
        let sequences = [
            Works.sequence(Works.clampAndSpin),
            Works.sequence(Works.clampAndSpin, name: "none") {
                $0.target.group = Located("feeders")
            },
            Works.sequence(Works.clampAndSpin, name: "two") {
                $0.target.group = Located("feeders")
            },
        ]
        var works = Works(sequences, stations: 1, limits: limits)
        works.start("unknown")
        works.start()
        works.start("two")
        #expect(works.table.counters.targetless == 1)
        #expect(works.table.counters.refused == 1)
        #expect(works.records.map(\.state) == [.running, .rejected])
        works.finish()
        #expect(works.records.map(\.state) == [.succeeded])
        var empty = Works(sequences, stations: 0)
        empty.start()
        #expect(empty.table.counters.targetless == 1)
    }

    @Test func aCancelledRunEndsWithoutFurtherSteps() {
        var works = Works([Works.sequence(Works.clampAndSpin)], stations: 1)
        let early = works.cancel()
        works.start()
        let cancelled = works.cancel()
        works.finish()
        #expect(works.end == "cancelled")
        #expect(works.ran == ["clamp s1"])
        let late = works.cancel()
        #expect([early, cancelled, late] == [false, true, false])
    }

    @Test func aCriticalStartMakesCriticalCommands() {
        var works = Works([Works.sequence(Works.clampAndSpin)], stations: 1)
        works.start(isCritical: true)
        let sent = works.effects.compactMap {
            if case .transmit(let sent) = $0 { sent } else { nil }
        }
        #expect(sent.map(\.isCritical) == [true])
    }

    @Test func aFullQueueIsAFailure() {
        var commands = CommandLimits()
        commands.commandsPerDevice = 1
        let steps = [Works.step("clamp", after: []), Works.step("light", after: [])]
        var works = Works([Works.sequence(steps)], stations: 1, commands: commands)
        works.start()
        works.finish()
        #expect(works.end == "failed")
        #expect(works.records.last?.reason.hasSuffix("the device's queue is full") == true)
    }

    @Test(arguments: [("light", "failed"), ("clamp", "succeeded")])
    func aCommandOfTheSameKeyIsThatOne(name: String, end: String) {
        var works = Works([Works.sequence([Works.step("clamp")])], stations: 1)
        works.submit(
            CommandRequest(
                principal: "sequence", key: "run/t/s1/clamp/1", device: Device(index: 0),
                name: name))
        works.finish()
        works.start()
        #expect(works.end == end)
        #expect(works.ran == ["\(name) s1"])
    }

    @Test func aCommandOfTheSameKeyUnderWayIsAwaited() {
        var works = Works([Works.sequence([Works.step("clamp")])], stations: 1)
        works.submit(
            CommandRequest(
                principal: "sequence", key: "run/t/s1/clamp/1", device: Device(index: 0),
                name: "clamp"))
        works.start()
        #expect(works.end == "running")
        works.finish()
        #expect(works.end == "succeeded")
    }
}
