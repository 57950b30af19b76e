import Commands
import Model
import Testing

/// What one device's trouble means for the others, and how what was done is taken back.
@Suite struct SequencePolicyTests {
    struct Row: CustomTestStringConvertible {
        var policy: GroupPolicy
        var fate: Works.Fate
        /// The gateway dies once while the troubled step is under way.
        var crashes = false
        var end: String
        /// What is taken back: which of the clamps.
        var undone: [String]
        var testDescription: String { "\(policy) \(fate.rawValue)\(crashes ? " crash" : "")" }
    }

    /// One of three spins has trouble; each device has clamped before.
    @Test(arguments: [
        Row(
            policy: .allOrCompensate, fate: .refused, end: "compensated",
            undone: ["s1", "s2", "s3"]),
        Row(policy: .allOrCompensate, fate: .lost, end: "compensated", undone: ["s1", "s2", "s3"]),
        Row(
            policy: .allOrCompensate, fate: .mute, end: "compensated",
            undone: ["s1", "s2", "s3"]),
        Row(
            policy: .allOrCompensate, fate: .refused, crashes: true, end: "compensated",
            undone: ["s1", "s2", "s3"]),
        Row(policy: .quorum(2), fate: .refused, end: "succeeded", undone: []),
        Row(policy: .quorum(2), fate: .lost, end: "succeeded", undone: []),
        Row(policy: .quorum(2), fate: .mute, end: "succeeded", undone: []),
        Row(policy: .allOrCompensate, fate: .unheard, end: "succeeded", undone: []),
        Row(policy: .quorum(2), fate: .unheard, end: "succeeded", undone: []),
        Row(policy: .quorum(2), fate: .refused, crashes: true, end: "succeeded", undone: []),
        Row(policy: .quorum(3), fate: .lost, end: "compensated", undone: ["s1", "s2", "s3"]),
        Row(policy: .bestEffort, fate: .refused, end: "partial", undone: []),
        Row(policy: .bestEffort, fate: .lost, end: "partial", undone: []),
        Row(policy: .bestEffort, fate: .mute, end: "partial", undone: []),
        Row(policy: .bestEffort, fate: .unheard, end: "succeeded", undone: []),
        Row(policy: .bestEffort, fate: .refused, crashes: true, end: "partial", undone: []),
        Row(policy: .stopOnFirst, fate: .refused, end: "failed", undone: []),
        Row(policy: .stopOnFirst, fate: .lost, end: "failed", undone: []),
        Row(policy: .stopOnFirst, fate: .mute, end: "failed", undone: []),
        Row(policy: .stopOnFirst, fate: .unheard, end: "succeeded", undone: []),
        Row(policy: .stopOnFirst, fate: .refused, crashes: true, end: "failed", undone: []),
    ])
    func matrix(row: Row) throws {
        var works = Works(
            [Works.sequence(Works.clampAndSpin, policy: row.policy)],
            fates: ["spin s2": row.fate])
        works.start()
        if row.crashes {
            while !works.sent.contains("spin s2"), works.step() {}
            try works.restart()
        }
        works.finish()
        #expect(works.end == row.end)
        let undone = works.ran.filter { $0.hasPrefix("unclamp") }.map { $0.suffix(2) }
        #expect(undone.sorted() == row.undone.map { $0[...] })
        #expect(Set(works.ran).count == works.ran.count)
        #expect(works.alarms.isEmpty)
    }

    @Test func whatNobodyKnowsTheEndOfIsTakenBackToo() {
        var works = Works(
            [Works.sequence(Works.clampAndSpin, policy: .allOrCompensate)], stations: 1,
            fates: ["spin": .mute])
        works.start()
        works.finish()
        #expect(works.ran == ["clamp s1", "spin s1", "stop s1", "unclamp s1"])
        #expect(
            works.steps == ["clamp s1 succeeded compensated", "spin s1 indeterminate compensated"])
    }

    @Test func theLastIsTakenBackFirst() {
        let steps =
            Works.clampAndSpin + [
                Works.step("light") {
                    $0.compensation = CompensationDefinition(command: Located("stop"))
                },
                Works.step("end", "set_speed"),
            ]
        var works = Works(
            [Works.sequence(steps, policy: .allOrCompensate)], stations: 1,
            fates: ["set_speed": .refused])
        works.start()
        works.finish()
        #expect(
            works.ran == [
                "clamp s1", "spin s1", "light s1", "stop s1", "stop s1", "unclamp s1",
            ])
        let undone = works.audit("run/light") + works.audit("run/spin") + works.audit("run/clamp")
        #expect(undone.map(\.to).filter { $0 == "compensated" }.count == 3)
    }

    @Test func whatDependsOnADeviceIsTakenBackBeforeIt() {
        let steps = [
            Works.step("clamp", after: []),
            Works.step("feed", "spin", after: ["clamp"]) {
                $0.target = Works.target(.any, 1, group: "feeders")
                $0.compensation = CompensationDefinition(command: Located("stop"))
            },
            Works.step("light", after: ["feed"]),
        ]
        var works = Works(
            [Works.sequence(steps, policy: .allOrCompensate)], stations: 2,
            fates: ["light s2": .refused, "stop": .slow])
        works.start()
        works.finish()
        #expect(works.end == "compensated")
        let back = works.sent.filter { $0.hasPrefix("stop") || $0.hasPrefix("unclamp") }
        #expect(back == ["stop f1", "unclamp s1", "unclamp s2"])
    }

    @Test func aFailedCompensationRaisesAnAlarm() {
        var works = Works(
            [Works.sequence(Works.clampAndSpin, policy: .allOrCompensate)], stations: 2,
            fates: ["spin s2": .refused, "unclamp s1": .refused])
        works.start()
        works.finish()
        #expect(works.end == "compensationFailed")
        #expect(works.alarms.map(\.step) == ["clamp"])
        #expect(works.alarms.map { works.registry.name(of: $0.device) } == ["s1"])
        #expect(works.table.counters.compensationsFailed == 1)
        #expect(works.ran.contains("unclamp s2"))
    }

    @Test func compensationsAreTriedAgain() {
        var works = Works(
            [Works.sequence(Works.clampAndSpin, policy: .allOrCompensate)], stations: 1,
            fates: ["spin": .refused, "unclamp": .lost])
        works.start()
        while works.sent.filter({ $0 == "unclamp s1" }).count < 2, works.step() {}
        works.fates["unclamp"] = .done
        works.finish()
        #expect(works.end == "compensated")
        #expect(works.alarms.isEmpty)
    }

    @Test func commandsUnderWayAreWithdrawnBeforeAnythingIsTakenBack() {
        var works = Works(
            [Works.sequence(Works.clampAndSpin, policy: .allOrCompensate)], stations: 2,
            fates: ["spin s1": .slow, "spin s2": .refused])
        works.start()
        works.finish()
        #expect(works.end == "compensated")
        #expect(
            works.ran == [
                "clamp s1", "clamp s2", "spin s1", "unclamp s2", "stop s1", "unclamp s1",
            ])
    }

    @Test func cancellingTakesBackWhereAllOrNothingIsTheRule() {
        var works = Works(
            [Works.sequence(Works.clampAndSpin, policy: .allOrCompensate)], stations: 1)
        works.start()
        while works.ran.count < 2, works.step() {}
        _ = works.cancel()
        works.finish()
        #expect(works.end == "compensated")
        #expect(works.ran == ["clamp s1", "spin s1", "stop s1", "unclamp s1"])
    }

    @Test func aSharedStepThatFailsFailsTheQuorum() {
        let steps = [
            Works.step("clamp", after: []),
            Works.step("feed", "spin", after: ["clamp"]) {
                $0.target = Works.target(.any, 1, group: "feeders")
            },
        ]
        var works = Works(
            [Works.sequence(steps, policy: .quorum(1))], stations: 2, fates: ["spin": .refused])
        works.start()
        works.finish()
        #expect(works.end == "compensated")
    }

    @Test(arguments: [
        (GroupPolicy.bestEffort, "partial", 4), (.quorum(2), "succeeded", 4),
    ])
    func aJoinNeedsAsManyAsThePolicyDoes(policy: GroupPolicy, end: String, ran: Int) {
        let steps = [
            Works.step("clamp", after: []),
            Works.step("feed", "spin", after: ["clamp"]) {
                $0.target = Works.target(.any, 1, group: "feeders")
            },
            Works.step("light", "light", after: ["feed"]) {
                $0.target = Works.target(.any, 1, group: "feeders")
            },
        ]
        var works = Works([Works.sequence(steps, policy: policy)], fates: ["clamp s1": .refused])
        works.start()
        works.finish()
        #expect(works.end == end)
        #expect(works.ran.count == ran)
    }

    @Test func aJoinThatCanNoLongerComeIsGivenUp() {
        let steps = [
            Works.step("clamp", after: []),
            Works.step("feed", "spin", after: ["clamp"]) {
                $0.target = Works.target(.any, 1, group: "feeders")
            },
        ]
        var works = Works([Works.sequence(steps)], fates: ["clamp": .refused])
        works.start()
        works.finish()
        #expect(works.end == "failed")
        #expect(works.steps.last == "feed f1 cancelled")
    }

    // MARK: Another device

    private static func rebinding(_ attempts: Int = 3) -> SequenceDefinition {
        Works.sequence(Works.clampAndSpin, selection: .any, count: 1) {
            $0.target.rebindsOnRetry = true
            $0.errorHandling = ErrorHandling(strategy: .retry, maxAttempts: attempts)
        }
    }

    @Test func aRetryMayGoToTheNextDevice() {
        var works = Works([SequencePolicyTests.rebinding()], fates: ["clamp s1": .refused])
        works.start()
        works.finish()
        #expect(works.end == "succeeded")
        #expect(works.ran == ["clamp s2", "spin s2"])
    }

    @Test(arguments: ["clamp", "spin s1", "unheard"])
    func otherwiseItStaysWhereItIs(trouble: String) {
        let fates: [String: Works.Fate] =
            trouble == "unheard" ? ["clamp s1": .mute] : [trouble: .refused]
        var works = Works([SequencePolicyTests.rebinding()], fates: fates)
        works.start()
        works.finish()
        #expect(works.end == "failed")
        #expect(works.sent.contains("clamp s2") == (trouble == "clamp"))
    }

    @Test func attemptsEndEvenWithDevicesLeft() {
        var works = Works([SequencePolicyTests.rebinding(2)], fates: ["clamp": .refused])
        works.start()
        works.finish()
        #expect(works.sent == ["clamp s1", "clamp s2"])
    }
}
