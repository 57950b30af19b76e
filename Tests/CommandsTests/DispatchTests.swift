import Commands
import Model
import Testing

/// Which command has the device, and when.
@Suite struct DispatchTests {
    private let ok = CommandResponse.Outcome.acknowledged(code: 204)

    private func plant(_ words: String) throws -> Plant {
        var plant = Plant()
        for word in words.split(separator: " ") { try plant.play(String(word)) }
        return plant
    }

    @Test func classesGoInTheirOrderAndEachInItsOwn() {
        var plant = Plant()
        plant.submit(plant.request("resume", key: "first"))
        for (number, priority) in [
            CommandPriority.low, .normal, .critical, .high, .low, .normal, .critical, .high,
        ].enumerated() {
            plant.submit(plant.request("resume", key: "\(number)", priority: priority))
        }
        for _ in 0..<9 { plant.answer(ok) }
        let keys = plant.sent.compactMap { sent in
            plant.ids.first { $0.value == sent.command }?.key
        }
        #expect(keys == ["first", "2", "6", "3", "7", "1", "5", "0", "4"])
    }

    @Test func waitingMakesMoreUrgentButNeverCritical() {
        var plant = Plant()
        plant.submit(plant.request("resume", key: "first"))
        plant.submit(plant.request("resume", key: "low", priority: .low))
        plant.wait(.seconds(61))
        plant.submit(plant.request("resume", key: "normal"))
        plant.answer(ok)
        #expect(plant.state("low") == .sent)
        plant.submit(plant.request("resume", key: "low 2", priority: .low))
        plant.wait(.seconds(119))
        plant.submit(plant.request("resume", key: "critical", priority: .critical))
        plant.answer(ok)
        #expect(plant.state("critical") == .sent)
    }

    @Test func withoutAgeingClassesStay() {
        var limits = CommandLimits()
        limits.ageing = .zero
        var plant = Plant(limits: limits)
        plant.submit(plant.request("resume", key: "first"))
        plant.submit(plant.request("resume", key: "low", priority: .low))
        plant.wait(.seconds(110))
        plant.submit(plant.request("resume", key: "normal"))
        plant.answer(ok)
        #expect(plant.state("normal") == .sent)
    }

    @Test func theHolderInheritsTheWaitersUrgency() throws {
        var plant = try plant("submit:purge silence")
        #expect(plant.sent.last?.isCritical == false)
        plant.submit(plant.request("resume", key: "c", priority: .critical))
        plant.answer(.noResponse)
        // The search is cut short for it, and asks with its urgency.
        plant.wait(.seconds(5))
        #expect(plant.state("a") == .indeterminate)
        #expect(plant.state("c") == .sent)
        plant = try self.plant("submit:purge urgent silence")
        #expect(plant.log == ["purge 1", "probe purge 1"])
        #expect(plant.sent.last?.isCritical == true)
        plant.submit(plant.request("resume", key: "d", priority: .high))
        plant.answer(.completed(output: []))
        plant.report("mode", .text("off"))
        #expect(plant.state("a") == .succeeded)
        #expect(plant.state("c") == .sent)
    }

    @Test func aLeaseGivesWayOnlyToTheMoreUrgent() throws {
        var plant = try plant("submit:set_gate+prepared ok")
        plant.submit(plant.request("resume", key: "b"))
        #expect(plant.state("a") == .leased)
        plant.submit(plant.request("resume", key: "c", priority: .high))
        #expect(plant.log == ["prepare set_gate 1", "release set_gate 1", "resume 1"])
        #expect(plant.scheduler.counters.preempted == 1)
        plant.answer(ok)
        #expect(plant.log.last == "prepare set_gate 1")
        let fences = plant.sent.filter { $0.purpose != .release }.map(\.fence)
        #expect(fences == [1, 2, 3])
    }

    @Test func fencesGrowAcrossRestarts() throws {
        var plant = try plant("submit:set_gate 503 wait:2s restart unknown wait:2s")
        #expect(plant.sent.filter { $0.purpose == .execute }.map(\.fence) == [1, 2, 3])
        plant.answer(ok)
        plant.submit(plant.request("resume", key: "b", on: "station-2"))
        #expect(plant.sent.last?.fence == 4)
    }

    @Test func aConcurrentCommandLeavesTheDeviceOnceItIsTakenUp() throws {
        var plant = try plant("submit:record other:resume")
        #expect(plant.log == ["record 1"])
        plant.answer(.accepted(code: 204))
        #expect(plant.log == ["record 1", "resume 1"])
        plant.answer(ok)
        plant.told(.progress(percent: 250), of: "a")
        #expect(plant.record("a")?.percent == 100)
        plant.told(.progress(percent: 100), of: "a")
        #expect(plant.steps("a").count == 5)
        try plant.restart()
        #expect(plant.log.last == "probe record 1")
        plant.answer(.completed(output: [Field("frames", .integer(7))]))
        #expect(plant.record("a")?.output == [Field("frames", .integer(7))])
        #expect(plant.state("a") == .succeeded)
    }

    @Test func aSleepingDeviceGetsItsCommandsWhenItIsHeard() throws {
        var plant = try plant("submit:set_rate")
        #expect(plant.log == [])
        plant.awake(.seconds(30))
        #expect(plant.log == ["set_rate 1"])
        plant.wait(.seconds(31))
        plant.answer(.noResponse)
        plant.wait(.seconds(40))
        #expect(plant.state("a") == .queued)
        #expect(plant.log == ["set_rate 1"])
        plant.awake(.seconds(30))
        #expect(plant.log == ["set_rate 1", "set_rate 2"])
        try plant.restart()
        #expect(plant.log.last == "probe set_rate 2")
        plant.wait(.seconds(31))
        plant.answer(.noResponse)
        plant.wait(.seconds(600))
        let asked = plant.sent.count
        plant.awake(.seconds(30))
        #expect(plant.sent.count == asked + 1)
        plant.answer(.completed(output: []))
        #expect(plant.state("a") == .succeeded)
    }

    @Test func aSleepingDeviceThatIsPreparedAndFallsAsleepIsAskedAgain() throws {
        for way in ["ok wait:30s", "silence", "nowhere"] {
            var plant = try plant("awake submit:set_rate+prepared \(way)")
            #expect(plant.steps("a").last == "leased > queued", "\(way)")
            plant.awake(.seconds(30))
            #expect(plant.log.last == "prepare set_rate 1")
        }
    }

    @Test func aLeaseRunsOut() throws {
        let plant = try plant("submit:set_gate+prepared ok wait:60s")
        #expect(plant.state("a") == .backoff)
        #expect(plant.record("a")?.result == "lease ran out")
        #expect(plant.log == ["prepare set_gate 1", "release set_gate 1"])
    }

    @Test func aDeviceThatIsReadyWaitsForTheWord() throws {
        var plant = try plant("submit:set_gate+prepared operate")
        #expect(plant.log == ["prepare set_gate 1"])
        #expect(plant.scheduler.counters.ignoredEvents == 1)
        plant.answer(ok)
        #expect(plant.prepared == [plant.ids["a"]])
        try plant.play("operate")
        #expect(plant.log == ["prepare set_gate 1", "set_gate 1"])
        plant.answer(ok, to: plant.sent.first)
        #expect(plant.scheduler.counters.ignoredEvents == 2)
        plant.answer(ok)
        #expect(plant.state("a") == .succeeded)
    }

    @Test func conditionsTakeOnlyFreshValues() throws {
        var plant = try plant("cold wait:31s submit:set_gate+cool")
        #expect(plant.state("a") == .blocked)
        plant.report("load", .number(1))
        #expect(plant.state("a") == .blocked)
        plant.report("temperature", .number(50))
        #expect(plant.state("a") == .sent)
        // A condition that goes stale in the queue is looked at again.
        plant = try self.plant("cold other:resume submit:set_gate+cool wait:31s ok")
        #expect(plant.state("a") == .blocked)
        #expect(plant.steps("a").last == "queued > blocked")
        plant = try self.plant("hot submit:set_gate+cool")
        #expect(plant.state("a") == .blocked)
        plant.report("temperature", .number(50))
        #expect(plant.state("a") == .sent)
        try plant.restart()
        #expect(plant.state("a") == .reconciling)
    }

    @Test func aConditionThatDoesNotFitTheModelIsNeverTrue() throws {
        var diagnostics: [Diagnostic] = []
        var plant = Plant()
        var terms = CommandTerms()
        terms.condition = CommandCondition(
            Located("pressure > 3"), model: Plant.station, registry: plant.registry,
            diagnostics: &diagnostics)
        #expect(diagnostics.count == 1)
        plant.submit(plant.request("resume", key: "a"), terms)
        #expect(plant.state("a") == .blocked)
        try plant.restart()
        plant.wait(.hour)
        #expect(plant.state("a") == .expired)
        let modelless = CommandCondition(
            Located("pressure > 3"), model: nil, registry: plant.registry,
            diagnostics: &diagnostics)
        #expect(modelless.text == "pressure > 3")
        #expect(diagnostics.count == 2)
        #expect(NoTwins().reported(Property(index: 0), of: plant.device("free-1")) == nil)
    }

    @Test func approvalIsGivenOnceByName() throws {
        var plant = try plant("submit:set_mode")
        let decided1 = plant.decide(.approve, "a")
        #expect(decided1)
        #expect(plant.reasons("a").contains("approved by operator"))
        #expect(plant.state("a") == .sent)
        let decided2 = plant.decide(.approve, "a")
        #expect(!decided2)
        let decided3 = plant.decide(.cancel, "nobody")
        #expect(!decided3)
        #expect(plant.scheduler.counters.ignoredEvents == 2)
    }

    @Test func heldCommandsWaitForTheirWord() throws {
        var plant = try plant("submit:set_gate+held other:set_gate ok")
        #expect(plant.state("a") == .blocked)
        try plant.play("go")
        #expect(plant.state("a") == .sent)
        try plant.play("drop")
        #expect(plant.state("a") == .cancelling)
    }

    @Test func anAlwaysListeningDeviceHasNoWindow() {
        var plant = Plant()
        plant.awake(nil, "station-1")
        plant.submit(plant.request("resume", key: "a"))
        #expect(plant.log == ["resume 1"])
    }
}
