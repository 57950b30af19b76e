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
        /// What becomes of each transmission after the restart, each followed by twelve seconds.
        var outcomes: [CommandResponse.Outcome]
        /// From `sent` at the moment of the kill.
        var life: [String]
        var sent: [String]
    }

    @Test(arguments: [
        Case(
            testDescription: "the device has done it", outcomes: [.completed(output: [])],
            life: ["sent", "reconciling", "succeeded"], sent: ["probe set_mode 1"]),
        Case(
            testDescription: "the device has done it, the report is awaited",
            verify: .seconds(30), outcomes: [.completed(output: [])],
            life: ["sent", "reconciling", "verifying"], sent: ["probe set_mode 1"]),
        Case(
            testDescription: "the device has failed",
            outcomes: [.unsuccessful(isTransient: false, reason: "jammed")],
            life: ["sent", "reconciling", "failed"], sent: ["probe set_mode 1"]),
        Case(
            testDescription: "the device has failed for now",
            outcomes: [
                .unsuccessful(isTransient: true, reason: "busy"), .acknowledged(code: 204),
            ],
            life: ["sent", "reconciling", "backoff", "queued", "leased", "sent", "succeeded"],
            sent: ["probe set_mode 1", "set_mode 2"]),
        Case(
            testDescription: "the device is at it",
            outcomes: [.progress(percent: 40)],
            life: ["sent", "reconciling", "executing"], sent: ["probe set_mode 1"]),
        Case(
            testDescription: "the device does not know it: the attempt died with the process",
            attempts: 1, outcomes: [.unknown, .acknowledged(code: 204)],
            life: ["sent", "reconciling", "backoff", "queued", "leased", "sent", "succeeded"],
            sent: ["probe set_mode 1", "set_mode 1"]),
        Case(
            testDescription: "the device is asked until it answers",
            outcomes: [.noResponse, .unreachable, .completed(output: [])],
            life: ["sent", "reconciling", "succeeded"],
            sent: ["probe set_mode 1", "probe set_mode 1", "probe set_mode 1"]),
        Case(
            testDescription: "the device cannot be asked",
            outcomes: [.refused(code: 405, diagnostic: "")],
            life: ["sent", "reconciling"],
            sent: ["probe set_mode 1", "probe set_mode 1"]),
    ])
    func whatWasSentIsAskedAfter(_ row: Case) throws {
        var site = Site([Site.cooling(attempts: row.attempts)], verify: row.verify)
        site.start()
        let first = try #require(site.sent.first)
        try site.restart()
        for outcome in row.outcomes {
            site.answer(outcome)
            site.wait(.seconds(12))
        }
        #expect(Array(site.life(of: first.command).dropFirst(3)) == row.life)
        let sent = zip(site.sent, site.log).filter { $0.0.command == first.command }
        #expect(sent.dropFirst().map(\.1) == row.sent)
    }

    @Test func whatNobodyKnowsAfterTwoMinutesIsIndeterminate() throws {
        var site = Site()
        site.start()
        try site.restart()
        site.wait(.seconds(120))
        #expect(site.ends.first == "set_mode indeterminate")
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
        site.answer(.unknown)
        site.wait(.seconds(2))
        #expect(site.sent.last?.parameters == first.parameters)
        #expect(site.sent.last?.command == first.command)
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
