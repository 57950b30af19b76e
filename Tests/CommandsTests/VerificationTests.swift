import Commands
import Model
import Testing

/// Commands that only count as done once the device reports what they set.
@Suite struct VerificationTests {
    private let ok = CommandResponse.Outcome.acknowledged(code: 204)

    private func site(attempts: Int = 2) -> Site {
        Site([Site.cooling(attempts: attempts)], verify: .seconds(30))
    }

    private func unit(of site: Site) throws -> Device {
        try #require(site.registry.device(named: "unit-1"))
    }

    @Test func theReportAfterTheAnswerEndsIt() throws {
        var site = site()
        #expect(!site.scheduler.isConcerned(try unit(of: site)))
        site.start()
        #expect(site.scheduler.isConcerned(try unit(of: site)))
        site.answer(ok)
        #expect(site.ends == [])
        site.report("mode", .text("heat"))
        site.report("setpoint", .number(23.5))
        site.report("mode", .text("cool"), by: "unit-2")
        #expect(site.ends == [])
        site.report("mode", .text("cool"))
        #expect(site.ends == ["set_mode succeeded"])
        #expect(
            site.life(of: site.sent.first?.command).suffix(3)
                == ["sent", "verifying", "succeeded"])
        #expect(site.log == ["set_mode 1", "set_setpoint 1"])
    }

    @Test func theReportMayComeBeforeTheAnswer() {
        var site = site()
        site.start()
        site.report("mode", .text("cool"))
        site.answer(ok)
        #expect(site.ends == ["set_mode succeeded"])
    }

    @Test func aReportThatTurnsAwayAgainDoesNotCount() {
        var site = site()
        site.start()
        site.report("mode", .text("cool"))
        site.report("mode", .text("off"))
        site.answer(ok)
        #expect(site.ends == [])
    }

    @Test func toleranceCounts() {
        var site = site()
        site.start()
        site.report("mode", .text("cool"))
        site.answer(ok)
        site.answer(ok)
        site.report("setpoint", .number(23))
        #expect(site.ends == ["set_mode succeeded"])
        site.report("setpoint", .number(23.25))
        #expect(site.ends == ["set_mode succeeded", "set_setpoint succeeded"])
    }

    @Test func aMissingReportIsTriedAgainThenFails() {
        var site = site()
        site.start()
        let id = site.sent.first?.command
        site.answer(ok)
        site.wait(.seconds(30))
        site.wait(.seconds(2))
        #expect(site.log == ["set_mode 1", "set_mode 2"])
        site.answer(ok)
        site.wait(.seconds(30))
        #expect(
            site.life(of: id).suffix(7)
                == ["verifying", "backoff", "queued", "leased", "sent", "verifying", "failed"])
        #expect(site.finished.first?.result == "no report")
    }

    @Test func aLostAnswerIsMadeUpForByTheReport() {
        var site = site(attempts: 1)
        site.start()
        site.answer(.noResponse)
        #expect(site.ends == [])
        site.report("mode", .text("cool"))
        #expect(
            site.life(of: site.sent.first?.command).suffix(4)
                == ["sent", "reconciling", "verifying", "succeeded"])
    }

    @Test func aReportBeforeTheLostAnswerDoesToo() {
        var site = site(attempts: 1)
        site.start()
        site.report("mode", .text("cool"))
        site.answer(.noResponse)
        #expect(site.ends == ["set_mode succeeded"])
    }

    @Test func withNeitherAnswerNorReportNobodyKnows() {
        var site = site(attempts: 1)
        site.start()
        site.answer(.noResponse)
        site.wait(.seconds(120))
        #expect(site.ends.first == "set_mode indeterminate")
    }

    @Test func aCommandThatSetsNothingIsDoneWithItsAnswer() {
        var site = Site([Site.single("purging", "purge")], verify: .seconds(30))
        site.start("purging")
        site.answer(ok)
        #expect(site.ends == ["purge succeeded"])
    }
}
