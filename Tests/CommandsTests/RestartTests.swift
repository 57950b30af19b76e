import Commands
import Model
import Testing

/// A gateway that was killed goes on with the same commands under the same ids.
@Suite struct RestartTests {
    private let ok = CommandResponse.Outcome.acknowledged(code: 204)

    struct Case: CustomTestStringConvertible {
        var testDescription: String
        var verify: Milliseconds?
        var attempts = 3
        /// What becomes of the repeat after the restart, each followed by ten seconds.
        var outcomes: [CommandResponse.Outcome]
        /// From `sent` at the moment of the kill.
        var life: [String]
    }

    @Test(arguments: [
        Case(
            testDescription: "the repeat is answered", outcomes: [.acknowledged(code: 204)],
            life: ["sent", "reconciling", "succeeded"]),
        Case(
            testDescription: "the repeat is answered, the report is awaited",
            verify: .seconds(30), outcomes: [.acknowledged(code: 204)],
            life: ["sent", "reconciling", "verifying"]),
        Case(
            testDescription: "the repeat is refused for good",
            outcomes: [.refused(code: 400, diagnostic: "")],
            life: ["sent", "reconciling", "failed"]),
        Case(
            testDescription: "the repeat is refused for now",
            outcomes: [.refused(code: 503, diagnostic: ""), .acknowledged(code: 204)],
            life: [
                "sent", "reconciling", "backoff", "queued", "leased", "sent", "succeeded",
            ]),
        Case(
            testDescription: "the last attempt is refused for now", attempts: 1,
            outcomes: [.refused(code: 503, diagnostic: "")],
            life: ["sent", "reconciling", "failed"]),
        Case(
            testDescription: "the repeat is repeated until it is answered",
            outcomes: [.noResponse, .noResponse, .acknowledged(code: 204)],
            life: ["sent", "reconciling", "succeeded"]),
        Case(
            testDescription: "nothing is ever answered",
            outcomes: [.noResponse, .noResponse, .noResponse],
            life: ["sent", "reconciling", "indeterminate"]),
        Case(
            testDescription: "the address is gone, but it may have been sent before",
            attempts: 1, outcomes: [.unreachable],
            life: ["sent", "reconciling", "indeterminate"]),
    ])
    func whatWasSentIsSentAgain(_ row: Case) throws {
        var site = Site([Site.cooling(attempts: row.attempts)], verify: row.verify)
        site.start()
        let first = try #require(site.sent.first)
        try site.restart()
        #expect(site.sent.last == first)
        for outcome in row.outcomes {
            site.answer(outcome)
            site.wait(.seconds(10))
        }
        #expect(Array(site.life(of: first.command).dropFirst(3)) == row.life)
        #expect(site.sent.count { $0.command == first.command } == 1 + row.outcomes.count)
    }

    @Test func whatWaitsGoesOnWaiting() throws {
        var site = Site()
        site.start()
        site.answer(.noResponse)
        try site.restart()
        #expect(site.log == ["set_mode 1"])
        site.wait(.seconds(2))
        #expect(site.log == ["set_mode 1", "set_mode 2"])
        #expect(site.life(of: site.sent.first?.command).contains("reconciling") == false)
    }

    @Test func aReportIsAwaitedAfresh() throws {
        var site = Site(verify: .seconds(30))
        site.start()
        site.answer(ok)
        site.wait(.seconds(29))
        try site.restart()
        site.wait(.seconds(29))
        #expect(site.ends == [])
        site.report("mode", .text("cool"))
        #expect(site.ends == ["set_mode succeeded"])
    }

    @Test func whatEndedStaysKnown() throws {
        var site = Site()
        site.start()
        for _ in 0..<3 { site.answer(ok) }
        try site.restart()
        site.start()
        #expect(site.scheduler.counters.duplicates == 1)
    }

    @Test func aChangedConfigurationDoesNotChangeWhatWasBegun() throws {
        var site = Site()
        site.start()
        let first = try #require(site.sent.first)
        try site.restart(with: [Site.cooling(mode: "heat")])
        #expect(site.sent.last == first)
        site.answer(ok)
        #expect(site.sent.last?.name == "set_setpoint")
    }

    @Test func damagedSnapshotsAreRefusedAndChangeNothing() {
        var site = Site(verify: .seconds(30))
        site.start("cooling", "t1", isCritical: true)
        for _ in 0..<2 {
            site.answer(ok)
            site.report("mode", .text("cool"))
        }
        site.start("cooling", "t2", near: "sensor-2")
        site.answer(.noResponse)
        var writer = ByteWriter()
        site.scheduler.snapshot(into: &writer)
        let records = site.scheduler.records
        for length in 0..<writer.bytes.count {
            var reader = ByteReader(Array(writer.bytes[..<length]))
            #expect(throws: RecordError.self) {
                try site.scheduler.restore(from: &reader, registry: site.registry)
            }
            #expect(site.scheduler.records == records)
        }
        for place in writer.bytes.indices {
            for bit in 0..<8 {
                var damaged = writer.bytes
                damaged[place] ^= 1 << UInt8(bit)
                var other = Site()
                var reader = ByteReader(damaged)
                do {
                    try other.scheduler.restore(from: &reader, registry: other.registry)
                } catch { continue }
                other.scheduler.resume(at: other.now, into: &other.effects)
                for _ in 0..<20 { other.wait(.day) }
            }
        }
    }
}
