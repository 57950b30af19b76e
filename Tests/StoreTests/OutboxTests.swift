import Model
import Store
import Testing

@Suite struct OutboxTests {
    private func rows(
        _ lane: UInt8, _ sequences: ClosedRange<UInt64>, size: Int = 10
    ) -> WriteBatch {
        batch(.strict) { batch in
            batch.outbox = sequences.map { sequence in
                let value = [UInt8](repeating: UInt8(truncatingIfNeeded: sequence), count: size)
                return (lane, sequence, value)
            }
        }
    }

    private func batch(
        _ urgency: WriteBatch.Urgency, _ fill: (inout WriteBatch) -> Void
    ) -> WriteBatch {
        StoreTests.batch([], urgency, fill)
    }

    private func sequences(
        _ store: Store, _ lane: UInt8, after sequence: UInt64 = 0
    ) throws -> [UInt64] {
        try store.readOutbox(after: sequence, lane: lane, countMax: 1000, bytesMax: 1 << 20)
            .map(\.sequence)
    }

    @Test func recordsAreReadInOrderByCursorAndWithinLimits() throws {
        let directory = TemporaryDirectory()
        let signal = CommitSignal()
        let store = try Store.open(configuration(directory))
        try store.start { signal.notify() }
        #expect(store.commit([rows(0, 1...5), rows(1, 6...7), rows(0, 300...301)], signal: signal))
        #expect(try sequences(store, 0) == [1, 2, 3, 4, 5, 300, 301])
        #expect(try sequences(store, 0, after: 4) == [5, 300, 301])
        #expect(try sequences(store, 1) == [6, 7])
        #expect(try sequences(store, 2) == [])
        #expect(try sequences(store, 0, after: .max) == [])
        func count(_ countMax: Int, _ bytesMax: Int) throws -> Int {
            try store.readOutbox(after: 0, lane: 0, countMax: countMax, bytesMax: bytesMax).count
        }
        #expect(try count(3, 1000) == 3)
        #expect(try count(100, 35) == 3)
        #expect(try count(100, 1) == 1, "one record always comes, however large")
        let row = try store.readOutbox(after: 4, lane: 0, countMax: 1, bytesMax: 100).first
        #expect(row?.value == [UInt8](repeating: 5, count: 10))
        store.stop()
    }

    @Test func aRecordPutTwiceStaysAsItWas() throws {
        let directory = TemporaryDirectory()
        let signal = CommitSignal()
        let store = try Store.open(configuration(directory))
        try store.start { signal.notify() }
        #expect(store.commit([rows(0, 1...3), rows(0, 2...4, size: 99)], signal: signal))
        let read = try store.readOutbox(after: 0, lane: 0, countMax: 9, bytesMax: 999)
        #expect(read.map(\.value.count) == [10, 10, 10, 99])
        #expect(store.statistics.lanes[0].bytes == 129)
        store.stop()
    }

    @Test func aRecordIsTrimmedWhenTheLastSinkHasPassedIt() throws {
        let directory = TemporaryDirectory()
        let signal = CommitSignal()
        var configuration = configuration(directory)
        configuration.sinks = ["mqtt", "file"]
        configuration.schedule.relaxedDelay = .zero
        do {
            let store = try Store.open(configuration)
            try store.start { signal.notify() }
            #expect(store.commit([rows(0, 1...10), rows(1, 11...12)], signal: signal))
            store.advanceCursor(sink: "mqtt", lane: 0, sequence: 8)
            #expect(signal.wait { (try? store.cursors().first?.sequence) == 8 })
            #expect(try sequences(store, 0) == Array(1...10), "the other sink has seen nothing")
            store.advanceCursor(sink: "file", lane: 0, sequence: 3)
            #expect(signal.wait { (try? sequences(store, 0)) == Array(4...10) })
            store.advanceCursor(sink: "file", lane: 0, sequence: 10)
            #expect(signal.wait { (try? sequences(store, 0)) == [9, 10] })
            #expect(try sequences(store, 1) == [11, 12], "lanes have cursors of their own")
            store.advanceCursor(sink: "mqtt", lane: 0, sequence: 2)
            store.advanceCursor(sink: "mqtt", lane: 1, sequence: 12)
            store.advanceCursor(sink: "file", lane: 1, sequence: 12)
            #expect(signal.wait { (try? sequences(store, 1)) == [] })
            store.stop()
            #expect(store.statistics.lanes.map(\.records) == [2, 0, 0])
            #expect(store.statistics.lanes.map(\.dropped) == [0, 0, 0])
        }
        let recovery = try Store.open(configuration).recover()
        #expect(recovery.outboxSequence == 12, "known although the record is gone")
        #expect(
            recovery.cursors == [
                OutboxCursor(sink: "file", lane: 0, sequence: 10),
                OutboxCursor(sink: "file", lane: 1, sequence: 12),
                OutboxCursor(sink: "mqtt", lane: 0, sequence: 8),
                OutboxCursor(sink: "mqtt", lane: 1, sequence: 12),
            ], "a cursor never goes back")
    }

    @Test func withoutSinksRecordsWait() throws {
        let directory = TemporaryDirectory()
        let store = try Store.open(configuration(directory))
        try store.start {}
        _ = store.submit(rows(0, 1...3))
        store.advanceCursor(sink: "gone", lane: 0, sequence: 3)
        store.stop()
        #expect(try sequences(store, 0) == [1, 2, 3])
    }

    struct Row: CustomTestStringConvertible, Sendable {
        var testDescription: String
        /// Records of 100 bytes per lane, put in the order of the lanes.
        var put: [UInt64]
        var kept: [Int]

        init(_ name: String, put: [UInt64], kept: [Int]) {
            testDescription = name
            self.put = put
            self.kept = kept
        }
    }

    /// Limits of 10, 20 and 30 records.
    @Test(arguments: [
        Row("within its limit nothing goes", put: [10, 20, 30], kept: [10, 20, 30]),
        Row("aggregates over their limit lose their oldest", put: [0, 0, 50], kept: [0, 0, 30]),
        Row("commands may use the aggregates' room", put: [0, 45, 0], kept: [0, 45, 0]),
        Row("and push them out", put: [0, 45, 30], kept: [0, 45, 5]),
        Row("but not more than there is", put: [0, 60, 30], kept: [0, 50, 0]),
        Row("alarms push out all others", put: [55, 20, 30], kept: [55, 5, 0]),
        Row("and go last", put: [70, 20, 30], kept: [60, 0, 0]),
    ])
    func lanesKeepTheirLimits(_ row: Row) throws {
        let directory = TemporaryDirectory()
        let signal = CommitSignal()
        var configuration = configuration(directory)
        configuration.outboxLimits = [1000, 2000, 3000]
        var last: UInt64 = 0
        do {
            let store = try Store.open(configuration)
            try store.start { signal.notify() }
            for (lane, count) in row.put.enumerated() where count > 0 {
                let batch = rows(UInt8(lane), last + 1...last + count, size: 100)
                #expect(store.commit([batch], signal: signal))
                last += count
            }
            store.stop()
            let lanes = store.statistics.lanes
            #expect(lanes.map(\.records) == row.kept)
            #expect(lanes.map(\.bytes) == row.kept.map { $0 * 100 })
            for lane in lanes.indices {
                #expect(lanes[lane].dropped == row.put[lane] - UInt64(row.kept[lane]))
                let first = try sequences(store, UInt8(lane)).first
                if lanes[lane].dropped > 0, let first {
                    #expect(first == lanes[lane].lastDropped + 1, "the oldest went")
                }
            }
        }
        let store = try Store.open(configuration)
        #expect(try store.recover().outboxSequence == last, "known although records were dropped")
        #expect(store.statistics.lanes.map(\.records) == row.kept)
        #expect(
            store.statistics.lanes.map(\.dropped).reduce(0, +) == last
                - UInt64(row.kept.reduce(0, +)))
    }
}
