import Commands
import Model
import Testing

/// What a device's answers, and its silence, do to a command and to the steps after it.
@Suite struct AttemptTests {
    private let ok = CommandResponse.Outcome.acknowledged(code: 204)

    @Test func stepsRunOneAfterTheOther() {
        var site = Site()
        site.start()
        #expect(site.log == ["set_mode 1"])
        site.answer(ok)
        #expect(site.log == ["set_mode 1", "set_setpoint 1"])
        site.answer(ok)
        site.answer(ok)
        #expect(site.log == ["set_mode 1", "set_setpoint 1", "set_fan_speed 1"])
        #expect(
            site.ends == [
                "set_mode succeeded", "set_setpoint succeeded", "set_fan_speed succeeded",
            ])
        #expect(
            site.life(of: site.sent.first?.command)
                == ["created", "queued", "leased", "sent", "succeeded"])
        #expect(site.scheduler.nextDeadline == nil)
        #expect(site.scheduler.counters.succeeded == 3)
    }

    @Test func aTransmissionSaysEverything() {
        var site = Site([
            Site.single("opening", "open", [("zone", .integer(7)), ("to", .integer(2))])
        ])
        site.start("opening")
        let sent = site.sent.first
        #expect(sent?.method == .put)
        #expect(sent?.path == ["zone", "7"])
        #expect(sent?.query == ["to=2"])
        #expect(
            sent?.parameters == [Field("zone", .integer(7)), Field("to", .integer(2))])
        #expect(sent?.command == CommandID("opening", "t1", "unit-1", "0"))
        #expect(sent?.isCritical == false)
    }

    @Test func whatACommandSetsIsDesiredOnceBeforeItIsSent() throws {
        var site = Site()
        site.start()
        let unit = try #require(site.registry.device(named: "unit-1"))
        let mode = try #require(site.registry.property(named: "mode"))
        let transmitted = try #require(site.sent.first)
        let wish = CommandEffect.desire(
            unit, mode, .text("cool"), command: transmitted.command)
        let wished = try #require(site.effects.firstIndex(of: wish))
        let transmission = try #require(site.effects.firstIndex(of: .transmit(transmitted)))
        #expect(wished < transmission)
        site.answer(.noResponse)
        site.wait(.seconds(2))
        #expect(site.log == ["set_mode 1", "set_mode 2"])
        #expect(site.effects.count { $0 == wish } == 1)
    }

    struct Answer: CustomTestStringConvertible {
        var testDescription: String
        var outcomes: [CommandResponse.Outcome]
        var life: [String]
        var result: String
        /// The last of the states is followed by the next step.
        var goesOn = false
    }

    @Test(arguments: [
        Answer(
            testDescription: "4.04 fails at once",
            outcomes: [.refused(code: 404, diagnostic: "no such mode")],
            life: ["sent", "failed"], result: "4.04 no such mode"),
        Answer(
            testDescription: "4.29 is tried again, and a success ends it",
            outcomes: [.refused(code: 429, diagnostic: ""), .acknowledged(code: 204)],
            life: ["sent", "backoff", "queued", "leased", "sent", "succeeded"], result: "2.04",
            goesOn: true),
        Answer(
            testDescription: "5.03 until the attempts are spent fails",
            outcomes: Array(repeating: .refused(code: 503, diagnostic: ""), count: 3),
            life: [
                "sent", "backoff", "queued", "leased", "sent", "backoff", "queued", "leased",
                "sent", "failed",
            ], result: "5.03"),
        Answer(
            testDescription: "silence until the attempts are spent proves nothing",
            outcomes: Array(repeating: .noResponse, count: 3),
            life: [
                "sent", "backoff", "queued", "leased", "sent", "backoff", "queued", "leased",
                "sent", "reconciling", "indeterminate",
            ], result: "no answer"),
        Answer(
            testDescription: "without an address nothing was ever sent",
            outcomes: Array(repeating: .unreachable, count: 3),
            life: [
                "sent", "backoff", "queued", "leased", "sent", "backoff", "queued", "leased",
                "sent", "reconciling", "failed",
            ], result: "no address"),
        Answer(
            testDescription: "one silence among missing addresses leaves it open",
            outcomes: [.unreachable, .noResponse, .unreachable],
            life: [
                "sent", "backoff", "queued", "leased", "sent", "backoff", "queued", "leased",
                "sent", "reconciling", "indeterminate",
            ], result: "no address"),
        Answer(
            testDescription: "a refusal after silence is evidence",
            outcomes: [.noResponse, .refused(code: 400, diagnostic: "")],
            life: ["sent", "backoff", "queued", "leased", "sent", "failed"], result: "4.00"),
    ])
    func answersDecide(_ row: Answer) {
        var site = Site()
        site.start()
        let id = site.sent.first?.command
        for outcome in row.outcomes {
            site.answer(outcome)
            site.wait(.seconds(10))
        }
        site.wait(.seconds(120))
        #expect(Array(site.life(of: id).dropFirst(3)) == row.life)
        #expect(site.finished.first?.result == row.result)
        #expect(
            site.sent.count { $0.command == id && $0.purpose == .execute } == row.outcomes.count)
        if row.goesOn {
            #expect(site.sent.last?.name == "set_setpoint")
        } else {
            #expect(
                site.ends.dropFirst() == ["set_setpoint cancelled", "set_fan_speed cancelled"])
            #expect(site.scheduler.nextDeadline == nil)
        }
    }

    @Test func skippingGoesOnAfterAFailure() {
        var site = Site([Site.cooling(strategy: .skip, attempts: 1)])
        site.start()
        site.answer(.refused(code: 400, diagnostic: ""))
        site.answer(.noResponse)
        site.wait(.seconds(120))
        site.answer(ok)
        #expect(
            site.ends == [
                "set_mode failed", "set_setpoint indeterminate", "set_fan_speed succeeded",
            ])
    }

    @Test func anAnswerThatNeverComesIsSilence() {
        var site = Site([Site.cooling(attempts: 1)])
        site.start()
        #expect(site.scheduler.nextDeadline == Instant(milliseconds: 120_000))
        site.wait(.seconds(120))
        #expect(site.log == ["set_mode 1", "probe set_mode 1"])
        site.wait(.seconds(120))
        #expect(site.ends.first == "set_mode indeterminate")
    }

    @Test func answersOutOfPlaceChangeNothingAndAreCounted() throws {
        var site = Site()
        site.start()
        let first = try #require(site.sent.first)
        site.answer(.noResponse)
        let records = site.scheduler.records
        for outcome in [ok, .refused(code: 400, diagnostic: ""), .noResponse, .unreachable] {
            site.answer(first, outcome)  // While backing off.
        }
        #expect(site.scheduler.records == records)
        #expect(site.scheduler.counters.ignoredEvents == 4)
        site.wait(.seconds(2))
        site.answer(first, .refused(code: 400, diagnostic: ""))  // Of the attempt before.
        #expect(site.scheduler.counters.ignoredEvents == 5)
        site.answer(first, ok)  // A success counts, whichever attempt it answers.
        #expect(site.ends == ["set_mode succeeded"])
        site.answer(first, ok)
        #expect(site.scheduler.counters.unknownResponses == 1)
    }

    @Test func aLongDiagnosticIsCut() {
        var site = Site()
        site.start()
        site.answer(.refused(code: 400, diagnostic: String(repeating: "x", count: 60_000)))
        #expect(site.finished.first?.result.count == 205)
    }
}
