import Commands
import Model
import Testing

/// Which command goes first, which goes not at all.
@Suite struct QueueTests {
    private let ok = CommandResponse.Outcome.acknowledged(code: 204)

    @Test func theSameTriggerIsTheSameStart() {
        var site = Site([Site.single("purging", "purge")])
        site.start("purging", "t1")
        site.start("purging", "t1")
        site.answer(ok)
        site.start("purging", "t1")
        #expect(site.log == ["purge 1"])
        #expect(site.scheduler.counters.duplicates == 2)
        site.start("purging", "t2")
        #expect(site.log == ["purge 1", "purge 1"])
        #expect(Set(site.sent.map(\.command)).count == 2)
    }

    @Test func fiveHotSensorsNearOneUnitCoolItOnce() {
        var site = Site()
        for number in 1...5 { site.start("cooling", "sensor \(number)") }
        #expect(site.scheduler.records.count == 3)
        #expect(site.scheduler.counters.started == 1)
        #expect(site.scheduler.counters.coalesced == 4)
        site.start("cooling", "elsewhere", near: "sensor-2")
        #expect(site.scheduler.counters.started == 2)
    }

    @Test func oneCommandPerDeviceIsInFlight() {
        var site = Site([Site.single("a", "purge"), Site.single("b", "configure")])
        site.start("a")
        site.start("b")
        #expect(site.log == ["purge 1"])
        site.answer(ok)
        #expect(site.log == ["purge 1", "configure 1"])
    }

    @Test func criticalCommandsGoAheadOfOthers() {
        var site = Site([
            Site.cooling(), Site.single("stop", "purge"),
            Site.single("alarm", "configure", isCritical: true),
        ])
        site.start()
        site.start("stop", isCritical: true)
        site.start("alarm")
        for _ in 0..<5 { site.answer(ok) }
        #expect(
            site.log == [
                "set_mode 1", "purge 1", "configure 1", "set_setpoint 1", "set_fan_speed 1",
            ])
        #expect(site.sent.map(\.isCritical) == [false, true, true, false, false])
    }

    @Test func aCriticalCommandPassesOneThatBacksOff() {
        var site = Site([Site.cooling(), Site.single("stop", "purge", isCritical: true)])
        site.start()
        site.answer(.noResponse)
        site.start("stop")
        #expect(site.log == ["set_mode 1", "purge 1"])
        site.wait(.seconds(2))
        #expect(site.log == ["set_mode 1", "purge 1"])
        site.answer(ok)
        #expect(site.log == ["set_mode 1", "purge 1", "set_mode 2"])
    }

    @Test func orderIsKeptBehindACommandThatBacksOff() {
        var site = Site([Site.cooling(), Site.single("later", "purge")])
        site.start()
        site.start("later")
        site.answer(.noResponse)
        #expect(site.log == ["set_mode 1"])
        site.wait(.seconds(2))
        for _ in 0..<4 { site.answer(ok) }
        #expect(site.log.last == "purge 1")
    }

    @Test func aNewerSetReplacesAnUnsentOlderOne() {
        var site = Site([
            Site.single("busy", "purge"),
            Site.single("warm", "set_mode", [("mode", .text("heat"))]),
            Site.cooling(),
        ])
        site.start("busy")
        site.start("warm")
        site.start("cooling")
        #expect(site.ends == ["set_mode superseded"])
        for _ in 0..<4 { site.answer(ok) }
        #expect(site.log == ["purge 1", "set_mode 1", "set_setpoint 1", "set_fan_speed 1"])
        #expect(site.sent[1].parameters == [Field("mode", .text("cool"))])
    }

    @Test func whatWasSentOrActsOrIsCriticalIsNotReplaced() {
        let heat: [(String, Value)] = [("mode", .text("heat"))]
        var site = Site([
            Site.single("warm", "set_mode", heat), Site.single("a", "purge"),
            Site.single("b", "purge"), Site.single("urgent", "set_mode", heat, isCritical: true),
            Site.cooling(),
        ])
        for sequence in ["warm", "a", "b", "urgent", "cooling"] { site.start(sequence) }
        #expect(site.ends == [])
        for _ in 0..<7 { site.answer(ok) }
        #expect(site.scheduler.counters.succeeded == 7)
        #expect(site.scheduler.counters.superseded == 0)
    }

    @Test func aFullQueueRefusesTheNewestAndSaysSo() {
        var limits = CommandLimits()
        limits.commandsPerDevice = 4
        limits.liveCommands = 6
        let sequences = [
            Site.cooling(), Site.cooling("warming", mode: "heat"), Site.single("a", "purge"),
            Site.single("b", "configure"),
        ]
        var site = Site(sequences, limits: limits)
        site.start("cooling")
        site.start("warming", "t1")
        #expect(site.scheduler.counters.started == 2)
        #expect(site.scheduler.counters.superseded == 2)
        site.start("a")
        #expect(site.scheduler.counters.refused == 1)
        #expect(site.finished.last?.state == .rejected)
        #expect(site.finished.last?.result == "the device's queue is full")
        #expect(site.life(of: site.finished.last?.id) == ["created", "rejected"])
        site.start("b", near: "sensor-2")
        site.start("a", near: "sensor-2")
        site.start("cooling", "t2", near: "unit-3")
        #expect(site.finished.last?.result == "too many commands")
    }

    @Test func onlyTheLastEndedAreRemembered() {
        var limits = CommandLimits()
        limits.finishedRecords = 2
        var site = Site([Site.single("a", "purge")], limits: limits)
        for number in 1...5 {
            site.start("a", "t\(number)")
            site.answer(ok)
        }
        #expect(
            site.scheduler.records.map(\.id)
                == ["t4", "t5"].map { CommandID("a", $0, "unit-1", "0") })
    }

    struct Choice: CustomTestStringConvertible {
        var testDescription: String
        var context: String?
        var positions = true
        var tags = true
        var chosen: String
    }

    @Test(arguments: [
        Choice(
            testDescription: "the closest by position", context: "sensor-2", chosen: "unit-2"),
        Choice(
            testDescription: "without positions, the one that shares most tags",
            context: "sensor-2", positions: false, chosen: "unit-2"),
        Choice(
            testDescription: "without either, the first by name", context: "sensor-2",
            positions: false, tags: false, chosen: "unit-1"),
        Choice(
            testDescription: "without a context, the first by name", context: nil,
            chosen: "unit-1"),
    ])
    func nearest(_ row: Choice) {
        var site = Site()
        for device in site.registry.devices {
            guard var entry = site.registry.entry(device) else { continue }
            if !row.positions { entry.position = nil }
            if !row.tags { entry.tags = [:] }
            site.registry.add(entry)
        }
        site.scheduler = CommandScheduler(
            sequences: [Site.cooling()], sync: [], registry: site.registry,
            diagnostics: &site.diagnostics)
        site.start(near: row.context)
        #expect(site.sent.map { site.registry.name(of: $0.device) } == [row.chosen])
    }

    @Test func aTieGoesToTheFirstByName() throws {
        var site = Site()
        let sensor = try #require(site.registry.device(named: "sensor-1"))
        var entry = try #require(site.registry.entry(sensor))
        entry.position = Registry.Position(x: 15, y: 0)
        site.registry.add(entry)
        site.start()
        #expect(site.sent.map { site.registry.name(of: $0.device) } == ["unit-1"])
    }

    @Test func allMeansEachDeviceInOrderOfName() {
        var site = Site([Site.cooling(selection: .all)])
        site.start(near: nil)
        #expect(
            site.sent.map { site.registry.name(of: $0.device) } == ["unit-1", "unit-2", "unit-3"])
    }

    @Test func anUnknownSequenceIsCounted() {
        var site = Site()
        site.start("heating")
        #expect(site.effects.isEmpty)
        #expect(site.scheduler.counters.targetless == 1)
    }
}
