import Commands
import Model
import Testing

/// All get ready, then all begin; or none does.
@Suite struct BarrierTests {
    private static func sequence(
        quorum: Int? = nil, policy: GroupPolicy = .allOrCompensate,
        steps: [StepDefinition] = Works.clampAndSpin
    ) -> SequenceDefinition {
        Works.sequence(steps, policy: policy) {
            $0.barrier = BarrierDefinition(
                prepareTimeout: .seconds(10), within: Milliseconds(500), quorum: quorum)
        }
    }

    @Test func nobodyBeginsBeforeAllAreReady() {
        var works = Works(
            [BarrierTests.sequence()], stations: 8, fates: ["prepare": .done, "s3": .done])
        works.start()
        #expect(works.sent == (1...8).map { "prepare clamp s\($0)" })
        works.finish()
        #expect(works.end == "succeeded")
        #expect(works.sent[8..<16] == (1...8).map { "clamp s\($0)" }[...])
    }

    @Test func oneOfEightRefuses() {
        var works = Works(
            [BarrierTests.sequence()], stations: 8, fates: ["prepare s5": .refused])
        works.start()
        works.finish()
        #expect(works.end == "failed")
        #expect(works.ran.isEmpty)
        let released = works.sent.filter { $0.hasPrefix("release") }
        #expect(released.sorted() == [1, 2, 3, 4, 6, 7, 8].map { "release clamp s\($0)" })
        #expect(works.records.last?.reason.contains("s5 is not ready: ") == true)
    }

    @Test(arguments: [Works.Fate.refused, .lost])
    func aQuorumBeginsWithoutTheRest(fate: Works.Fate) {
        var works = Works(
            [BarrierTests.sequence(quorum: 2)], stations: 3, fates: ["prepare s2": fate])
        works.start()
        works.finish()
        #expect(works.end == "succeeded")
        #expect(works.ran == ["clamp s1", "clamp s3", "spin s1", "spin s3"])
        #expect(works.steps.filter { $0.contains("s2") }.allSatisfy { $0.hasSuffix("cancelled") })
    }

    @Test func tooFewInTimeBeginNothing() {
        var works = Works([BarrierTests.sequence(quorum: 2)], fates: ["prepare": .lost])
        works.start()
        works.finish()
        #expect(works.end == "failed")
        #expect(works.ran.isEmpty)
        #expect(works.records.last?.updated == Instant(milliseconds: 10_000))
    }

    @Test func oneThatFailsAfterTheBarrierIsTakenBackWithAll() {
        var works = Works([BarrierTests.sequence()], fates: ["clamp s2": .refused])
        works.start()
        works.finish()
        #expect(works.end == "compensated")
        let undone = works.ran.filter { $0.hasPrefix("unclamp") }
        #expect(undone.sorted() == ["unclamp s1", "unclamp s3"])
    }

    @Test func aRestartAsksAgain() throws {
        var works = Works([BarrierTests.sequence()], stations: 2)
        works.start()
        try works.restart()
        works.finish()
        #expect(works.end == "succeeded")
        #expect(works.sent.filter { $0.hasPrefix("prepare") }.count == 4)
    }

    @Test func cancellingReleasesThemAll() {
        var works = Works([BarrierTests.sequence()], stations: 2)
        works.start()
        _ = works.cancel()
        works.finish()
        #expect(works.end == "compensated")
        #expect(works.sent.filter { $0.hasPrefix("release") }.count == 2)
        #expect(works.ran.isEmpty)
    }

    /// The device of one is still at another command when all are to begin.
    @Test(arguments: [(nil, "compensated"), (1, "partial")])
    func whoIsNotSentInTimeIsWithdrawn(quorum: Int?, end: String) {
        let busy = SequenceDefinition(
            name: Located("busy"), target: Works.target(.nearest),
            steps: [StepDefinition(command: Located("light"))])
        var works = Works(
            [BarrierTests.sequence(quorum: quorum, policy: .bestEffort), busy], stations: 2,
            fates: ["light": .slow])
        works.load(Device(index: 0))
        works.start()
        works.finish()
        #expect(works.end == end)
        #expect(!works.ran.contains("clamp s1"))
        #expect(works.ran.contains("unclamp s2") == (end == "compensated"))
    }
}
