import Model
import Store
import Testing

@Suite struct RecoveryTests {
    @Test func everythingComesBackAsItWasCommitted() throws {
        let directory = TemporaryDirectory()
        do {
            let store = try Store.open(configuration(directory))
            _ = store.submit(
                batch([1]) { batch in
                    batch.deviceNames = [(0, "a"), (1, "b")]
                    batch.propertyNames = [(0, "temperature"), (1, "mode")]
                    batch.commands = [(key: [1], value: [11]), (key: [2], value: [22])]
                    batch.twins = [(key: 300, value: [3]), (key: 2, value: [])]
                    batch.outbox = [(0, 1, [1]), (2, 2, [2]), (1, 3, [3])]
                })
            _ = store.submit(
                batch([2]) { batch in
                    batch.deviceNames = [(2, "ü")]
                    batch.commands = [(key: [1], value: nil), (key: [2], value: [23])]
                })
            try store.start {}
            store.advanceCursor(sink: "mqtt", lane: 2, sequence: 2)
            store.stop()
        }
        let recovery = try Store.open(configuration(directory)).recover()
        #expect(recovery.deviceNames == ["a", "b", "ü"])
        #expect(recovery.propertyNames == ["temperature", "mode"])
        #expect(recovery.commands.map(\.key) == [[2]])
        #expect(recovery.commands.map(\.value) == [[23]])
        #expect(recovery.twins.map(\.key) == [2, 300])
        #expect(recovery.twins.map(\.value) == [[], [3]])
        #expect(recovery.outboxSequence == 3)
        #expect(recovery.cursors == [OutboxCursor(sink: "mqtt", lane: 2, sequence: 2)])
        #expect(recovery.checkpoint == nil)
    }

    /// Checkpoint and the blocks after it hold each turn exactly once, wherever the commits fell.
    @Test(arguments: 0..<8) func checkpointAndReplayMeetExactly(seed: Int) throws {
        let directory = TemporaryDirectory()
        var random = SplitMix64(state: UInt64(seed))
        var turns: [UInt8] = []
        var checkpointed: [UInt8] = []
        var uncovered = 0
        for _ in 0..<3 {
            let signal = CommitSignal()
            let store = try Store.open(configuration(directory))
            #expect(store.statistics.uncoveredJournalBytes == uncovered, "seed \(seed)")
            try store.start { signal.notify() }
            var batches: [WriteBatch] = []
            for _ in 0..<40 {
                let turn = UInt8(truncatingIfNeeded: random.next())
                turns.append(turn)
                let urgency: WriteBatch.Urgency = random.next() % 3 == 0 ? .strict : .group
                let isCheckpoint = random.next() % 8 == 0
                if isCheckpoint { checkpointed = turns }
                let state = checkpointed
                batches.append(
                    batch([turn], urgency) { if isCheckpoint { $0.checkpoint = state } })
            }
            #expect(store.commit(batches, signal: signal))
            store.stop()
            let recovery = try store.recover()
            let covered = recovery.checkpoint?.covered ?? 0
            #expect((recovery.checkpoint?.bytes ?? []) == checkpointed, "seed \(seed)")
            let blocks = try store.blocks(from: .after(covered))
            #expect(checkpointed + blocks.flatMap(\.turns) == turns, "seed \(seed)")
            // Each block begins with eight bytes of time.
            uncovered = blocks.reduce(0) { $0 + $1.turns.count + 8 }
            #expect(store.statistics.uncoveredJournalBytes == uncovered, "seed \(seed)")
        }
    }

    @Test func aLargeCheckpointIsReplacedByASmallerOne() throws {
        let directory = TemporaryDirectory()
        let signal = CommitSignal()
        let store = try Store.open(configuration(directory))
        try store.start { signal.notify() }
        for size in [1_000_000, 65_536, 65_537, 10, 0, 300_000] {
            let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            #expect(store.commit([batch([1]) { $0.checkpoint = bytes }], signal: signal))
            #expect(try store.recover().checkpoint?.bytes == bytes)
        }
        store.stop()
    }

    @Test func coveredJournalIsKeptUpToItsLimitAndTheRestAlways() throws {
        let directory = TemporaryDirectory()
        let signal = CommitSignal()
        var configuration = configuration(directory)
        configuration.journalLimit = 10_000
        let store = try Store.open(configuration)
        try store.start { signal.notify() }
        let turn = [UInt8](repeating: 5, count: 1000)
        for _ in 0..<50 { #expect(store.commit([batch(turn, .strict)], signal: signal)) }
        #expect(try store.blocks().count == 50, "no checkpoint, nothing may go")
        #expect(store.commit([batch([6]) { $0.checkpoint = [1] }], signal: signal))
        #expect(store.statistics.uncoveredJournalBytes == 0)
        let blocks = try store.blocks()
        #expect(blocks.last?.turns == [6])
        #expect((8...10).contains(blocks.count))
        #expect(store.statistics.journalBytes <= 10_000)
        store.stop()
    }

    @Test func journalOlderThanItsAgeGoesOnceTheCheckpointCoversIt() throws {
        let directory = TemporaryDirectory()
        let signal = CommitSignal()
        var configuration = configuration(directory)
        configuration.journalAge = .minute
        do {
            let store = try Store.open(configuration)
            try store.start { signal.notify() }
            for second: Int64 in 0..<100 {
                let turn = batch([UInt8(second)], at: second * 1000, .strict)
                #expect(store.commit([turn], signal: signal))
            }
            #expect(try store.blocks().count == 100, "no checkpoint, nothing may go")
            let last = batch([100], at: 100_000, .strict) { $0.checkpoint = [1] }
            #expect(store.commit([last], signal: signal))
            #expect(try store.blocks().map(\.turns) == (40...100).map { [$0] })
            #expect(store.statistics.journalBlocks == 61)
            #expect(store.statistics.journalSince == Instant(milliseconds: 40_000))
            store.stop()
        }
        let reader = try Store.openReadOnly(directory.path)
        #expect(try reader.statistics().journalSince == Instant(milliseconds: 40_000))
        #expect(try reader.statistics().journalBlocks == 61)
    }

    /// What is kept for other readers is not what recovery begins with.
    @Test func recoveryBeginsBehindTheCheckpointHoweverMuchIsKept() throws {
        let directory = TemporaryDirectory()
        let signal = CommitSignal()
        do {
            let store = try Store.open(configuration(directory))
            try store.start { signal.notify() }
            for turn: UInt8 in 0..<10 {
                #expect(store.commit([batch([turn], .strict)], signal: signal))
            }
            #expect(store.commit([batch([10], .strict) { $0.checkpoint = [7] }], signal: signal))
            #expect(store.commit([batch([11], .strict)], signal: signal))
            store.stop()
        }
        let store = try Store.open(configuration(directory))
        let checkpoint = try #require(try store.recover().checkpoint)
        #expect(checkpoint.bytes == [7])
        #expect(try store.blocks(from: .after(checkpoint.covered)).map(\.turns) == [[11]])
        #expect(try store.blocks().count == 12)
    }

    @Test func theConfigurationInForceIsKeptUntilAnotherIs() throws {
        let directory = TemporaryDirectory()
        let signal = CommitSignal()
        do {
            let store = try Store.open(configuration(directory))
            try store.start { signal.notify() }
            #expect(store.commit([batch([1])], signal: signal))
            #expect(try store.recover().configuration == nil)
            #expect(store.commit([batch([2]) { $0.configuration = [1, 2] }], signal: signal))
            #expect(store.commit([batch([3])], signal: signal))
            #expect(try store.recover().configuration == [1, 2])
            #expect(store.commit([batch([4]) { $0.configuration = [3] }], signal: signal))
            store.stop()
        }
        #expect(try Store.openReadOnly(directory.path).configuration() == [3])
    }

    @Test func aReaderTakesTheJournalPieceByPiece() throws {
        let directory = TemporaryDirectory()
        let signal = CommitSignal()
        do {
            let store = try Store.open(configuration(directory))
            try store.start { signal.notify() }
            for turn: UInt8 in 1...5 {
                let turn = [UInt8](repeating: turn, count: 10)
                #expect(store.commit([batch(turn, .strict)], signal: signal))
            }
            store.stop()
        }
        let reader = try Store.openReadOnly(directory.path)
        #expect(try reader.journalRange() == 1...5)
        #expect(try reader.journal(after: 0, bytesMax: 25).map(\.sequence) == [1, 2, 3])
        #expect(try reader.journal(after: 3, bytesMax: 1).map(\.sequence) == [4])
        #expect(try reader.journal(after: 5, bytesMax: 25).isEmpty)
    }

    @Test func theDeduplicationWindowIsReadBackFromTheNewest() throws {
        let directory = TemporaryDirectory()
        let signal = CommitSignal()
        let store = try Store.open(configuration(directory))
        try store.start { signal.notify() }
        #expect(try store.blocks(from: .within(.second)).isEmpty)
        for (number, time): (UInt8, Int64) in [(1, 0), (2, 1000), (3, 1500), (4, 2000)] {
            #expect(store.commit([batch([number], at: time, .strict)], signal: signal))
        }
        func recent(_ span: Int64) throws -> [UInt8] {
            try store.blocks(from: .within(Milliseconds(span))).flatMap(\.turns)
        }
        #expect(try recent(0) == [4])
        #expect(try recent(500) == [3, 4])
        #expect(try recent(1000) == [2, 3, 4])
        #expect(try recent(90_000) == [1, 2, 3, 4])
        var first: [UInt64] = []
        try store.readJournal(from: .after(0)) { block in
            first.append(block.sequence)
            return first.count < 2
        }
        #expect(first == [1, 2], "the reader may stop early")
        #expect(try store.blocks(from: .after(.max)).isEmpty)
        store.stop()
    }
}

/// A small generator whose seed the tests print.
struct SplitMix64 {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = (state ^ state >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}
