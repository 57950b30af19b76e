import Foundation
import Model
import Store
import Testing

@Suite struct CommitTests {
    @Test func batchesThatWaitTogetherShareOneCommitAndOneBlock() throws {
        let directory = TemporaryDirectory()
        let signal = CommitSignal()
        let store = try Store.open(configuration(directory))
        for number: UInt8 in 1...100 {
            let ticket = store.submit(
                batch([number], at: Int64(number)) { $0.twins = [(key: 7, value: [number])] })
            #expect(ticket == UInt64(number))
        }
        try store.start { signal.notify() }
        #expect(signal.wait { store.committedTicket == 100 })
        #expect(store.statistics.commits == 1)
        #expect(store.statistics.batches == 100)
        let blocks = try store.blocks()
        #expect(blocks.count == 1)
        #expect(blocks.first?.turns == Array(1...100))
        #expect(blocks.first?.time == Instant(milliseconds: 100))
        let twins = try store.recover().twins
        #expect(twins.count == 1 && twins.first?.value == [100], "the last value wins")
        store.stop()
    }

    @Test func aStrictTurnIsCommittedWithoutWaitingForOthers() throws {
        let directory = TemporaryDirectory()
        let signal = CommitSignal()
        var configuration = configuration(directory)
        // Neither delay nor credit would commit within this test.
        configuration.schedule.maxDelay = .hour
        configuration.schedule.relaxedDelay = .hour
        configuration.schedule.wearBudgetPerDay = 1
        let store = try Store.open(configuration)
        try store.start { signal.notify() }
        for number: UInt8 in 1...5 {
            #expect(store.commit([batch([number], .strict)], signal: signal))
        }
        #expect(store.statistics.commits == 5)
        #expect(try store.blocks().map(\.turns) == [[1], [2], [3], [4], [5]])
        _ = store.submit(batch([6], .relaxed))
        #expect(store.commit([batch([7], .critical)], signal: signal))
        #expect(try store.turns == [1, 2, 3, 4, 5, 6, 7], "order is kept whatever the urgency")
        store.stop()
    }

    @Test func blocksAreCutAtTheBlockSizeAndHoldWholeTurns() throws {
        let directory = TemporaryDirectory()
        let store = try Store.open(configuration(directory))
        let turn = [UInt8](repeating: 1, count: 30_000)
        for _ in 0..<7 { _ = store.submit(batch(turn)) }
        try store.start {}
        store.stop()
        #expect(try store.blocks().map(\.turns.count) == [90_000, 90_000, 30_000])
    }

    @Test func stopCommitsWhatIsQueuedAndRefusesTheRest() throws {
        let directory = TemporaryDirectory()
        do {
            var configuration = configuration(directory)
            configuration.schedule.maxDelay = .hour
            configuration.schedule.wearBudgetPerDay = 1
            let store = try Store.open(configuration)
            try store.start {}
            for number: UInt8 in 1...50 { _ = store.submit(batch([number], .relaxed)) }
            store.stop()
            #expect(store.committedTicket == 50)
            #expect(store.submit(batch([51])) == nil)
        }
        #expect(try Store.open(configuration(directory)).turns == Array(1...50))
    }

    @Test func aFullQueueRefusesAndCountsNothingTwice() throws {
        let directory = TemporaryDirectory()
        var configuration = configuration(directory)
        configuration.queueBatches = 3
        let store = try Store.open(configuration)
        #expect((0..<5).map { _ in store.submit(batch([1])) } == [1, 2, 3, nil, nil])
        #expect(store.statistics.queuedBatches == 3)
        try store.start {}
        store.stop()
        #expect(try store.turns == [1, 1, 1])
        #expect(store.statistics.queuedBatches == 0)
        #expect(store.statistics.queuedBytes == 0)
    }

    @Test func aStalledDiskDelaysTheTicketNotTheSubmission() throws {
        let directory = TemporaryDirectory()
        var configuration = configuration(directory)
        configuration.commitDelay = Milliseconds(300)
        let signal = CommitSignal()
        let store = try Store.open(configuration)
        try store.start { signal.notify() }
        let first = store.submit(batch([1], .strict))
        var latest: UInt64?
        for number: UInt8 in 2...200 { latest = store.submit(batch([number])) }
        #expect(first == 1 && latest == 200)
        #expect(store.committedTicket == 0, "all were taken while the first commit hung")
        #expect(signal.wait { store.committedTicket == 200 })
        #expect(store.statistics.commits <= 3)
        store.stop()
    }

    @Test func everyCommitLeavesExactlyACommittedPrefixOnDisk() throws {
        let directory = TemporaryDirectory()
        let copies = TemporaryDirectory()
        let copied = Recorder<(UInt64, String)>()
        let signal = CommitSignal()
        let store = try Store.open(configuration(directory))
        try store.start { [path = directory.path] in
            let committed = store.committedTicket
            let copy = copies.path + "/\(committed)"
            try? FileManager.default.createDirectory(
                atPath: copy, withIntermediateDirectories: false)
            try? FileManager.default.copyItem(
                atPath: path + "/data.mdb", toPath: copy + "/data.mdb")
            copied.record((committed, copy))
            signal.notify()
        }
        for number: UInt8 in 1...20 {
            _ = store.submit(
                batch([number], .strict) { batch in
                    batch.twins = [(key: 1, value: [number])]
                    batch.outbox = [(lane: 0, sequence: UInt64(number), value: [number])]
                    batch.audit = [[number]]
                })
        }
        #expect(signal.wait { store.committedTicket == 20 })
        store.stop()
        #expect(!copied.values.isEmpty)
        for (committed, copy) in copied.values {
            let directory = copy
            let reopened = try Store.open(StoreConfiguration(path: directory, mapSize: 64 << 20))
            #expect(try reopened.turns == Array(1...UInt8(committed)))
            let recovery = try reopened.recover()
            #expect(recovery.twins.first?.value == [UInt8(committed)])
            #expect(recovery.outboxSequence == committed)
        }
    }
}
