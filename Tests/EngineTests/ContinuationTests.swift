import Engine
import Model
import Streams
import Testing
import Twins

@Suite("Going on after a wait, a restart or another plan")
struct ContinuationTests {
    /// A command sent and not answered.
    private func cooling() throws -> Bench {
        var bench = try Bench()
        bench.step([try bench.temperature(35, in: 1, at: 10)], at: 10)
        bench.step([try bench.temperature(20, in: 1, at: 70)], at: 70)
        #expect(bench.transmissions.count == 1)
        return bench
    }

    @Test("an idle engine waits for nothing")
    func idle() throws { #expect(try Bench().engine.nextDeadline == nil) }

    @Test("stepping at deadlines alone closes every window and then ends")
    func deadlines() throws {
        var bench = try Bench()
        bench.step([try bench.temperature(25, in: 1, at: 10)], at: 10)
        var last = Bench.instant(10)
        var steps = 0
        while let due = bench.engine.nextDeadline, steps < 100 {
            #expect(due > last, "a deadline that was stepped is not due again")
            bench.step([], now: due)
            last = due
            steps += 1
        }
        #expect(bench.engine.nextDeadline == nil)
        #expect(bench.records.map(\.name).sorted() == ["by_floor/minutely", "climate"])
        #expect(bench.records.allSatisfy { $0.start == Bench.start })
    }

    @Test("a command whose answer was lost with the process is asked after, then sent again")
    func resume() throws {
        let lost = try cooling()
        var bench = Bench(lost.plan)
        var reader = ByteReader(lost.snapshot)
        try bench.engine.restore(from: &reader)
        bench.engine.resume(at: Bench.instant(80), into: &bench.effects)
        let (sent, question) = (lost.transmissions[0], try #require(bench.transmissions.first))
        #expect(bench.transmissions.count == 1)
        #expect(question.purpose == .probe)
        #expect(question.command == sent.command)
        bench.step(
            [
                .response(
                    CommandResponse(
                        command: sent.command, attempt: question.attempt, purpose: .probe,
                        outcome: .unknown))
            ], at: 81)
        while bench.transmissions.count == 1, let due = bench.engine.nextDeadline {
            bench.step([], now: due)
        }
        let again = try #require(bench.transmissions.last)
        #expect(again.purpose == .execute)
        #expect(again.command == sent.command)
        #expect(again.device == sent.device)
        #expect(again.parameters == sent.parameters)
    }

    @Test("an answer to a command that nobody sent changes nothing")
    func strangeAnswer() throws {
        var bench = try cooling()
        let before = bench.snapshot
        bench.step(
            [
                .response(
                    CommandResponse(
                        command: CommandID("nobody"), attempt: 1,
                        outcome: .acknowledged(code: 204)))
            ], at: 70)
        #expect(bench.snapshot == before)
        #expect(bench.transmissions.count == 1)
    }

    @Test("records go on with the number after the newest, whichever side knows it")
    func outbox() throws {
        let old = try cooling()
        var bench = Bench(old.plan)
        var reader = ByteReader(old.snapshot)
        try bench.engine.restore(from: &reader)
        bench.engine.continueOutbox(after: 1)
        #expect(bench.engine.outboxSequence == old.engine.outboxSequence)
        bench.engine.continueOutbox(after: 500)
        bench.step([try bench.temperature(61, in: 2, at: 75)], at: 75)
        #expect(bench.records.first?.sequence == 501)
    }

    @Test("another version's state is told as such, and can be taken without its streams")
    func otherVersion() throws {
        let old = try cooling()
        var newer = old.snapshot
        newer[0] += 1
        var bench = Bench(old.plan)
        var reader = ByteReader(newer)
        let found = Int(newer[0])
        #expect(throws: RecordError.otherVersion(found: found, known: found - 1)) {
            try bench.engine.restore(from: &reader)
        }
        reader = ByteReader(old.snapshot)
        try bench.engine.restore(from: &reader, emptyStreams: true)
        #expect(bench.engine.outboxSequence == old.engine.outboxSequence)
        bench.engine.resume(at: Bench.instant(80), into: &bench.effects)
        #expect(bench.transmissions.map(\.command) == old.transmissions.map(\.command))
        #expect(
            RecordError.otherVersion(found: 1, known: 2).description
                == "an older version of iotflow wrote it, in layout 1; this one reads layout 2")
    }

    @Test("another plan takes over twins, and windows of streams that stayed the same")
    func otherPlan() throws {
        var old = try Bench()
        old.step([try old.temperature(24, in: 1, at: 10)], at: 10)
        var definition = try Bench.definition()
        definition.streams.removeAll { $0.name.value == "alarm" }
        var bench = Bench(try Bench.plan(definition))
        var reader = ByteReader(old.snapshot)
        try bench.engine.restore(from: &reader)
        try bench.engine.adoptTwins(of: old.engine)
        #expect(bench.twins == old.twins)
        bench.step([try bench.temperature(26, in: 1, at: 20)], at: 20)
        bench.step([try bench.temperature(61, in: 1, at: 70)], at: 70)
        let row = try #require(bench.records.first { $0.name == "climate" })
        #expect(row.fields == [Field("avg_temp", .number(25))])
        #expect(bench.transmissions == [], "there is no alarm any more")
    }

    @Test("a damaged snapshot is refused at any byte, and never traps")
    func damaged() throws {
        let bytes = try cooling().snapshot
        for length in 0..<bytes.count {
            var engine = try Bench().engine
            var reader = ByteReader(Array(bytes[..<length]))
            #expect(throws: RecordError.self, "cut at \(length)") {
                try engine.restore(from: &reader)
            }
        }
    }

    @Test("changed twins are told once")
    func changedTwins() throws {
        var bench = try Bench()
        bench.step([try bench.temperature(24, in: 1, at: 10)], at: 10)
        bench.step([try bench.temperature(25, in: 1, at: 11)], at: 11)
        #expect(bench.engine.takeChangedTwins() == [try bench.device("room-1")])
        #expect(bench.engine.takeChangedTwins() == [])
    }
}
