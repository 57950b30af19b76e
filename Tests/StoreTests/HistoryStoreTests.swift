import Foundation
import Model
import Store
import Testing

@Suite("history in the store")
struct HistoryStoreTests {
    private func row(
        _ sequence: UInt64, device: UInt32 = 1, property: UInt16 = 2, kind: UInt8 = 0,
        start: Int64, end: Int64? = nil, size: Int = 100
    ) -> HistoryRow {
        HistoryRow(
            device: device, property: property, kind: kind,
            start: Instant(milliseconds: start), end: Instant(milliseconds: end ?? start + 9),
            sequence: sequence,
            value: Array(repeating: UInt8(truncatingIfNeeded: sequence), count: size))
    }

    private func read(
        _ directory: TemporaryDirectory, device: UInt32 = 1, property: UInt16 = 2,
        kind: UInt8 = 0, from: Int64 = .min / 4, to: Int64 = .max / 4, span: Int64 = 10
    ) throws -> [UInt8] {
        try Store.openReadOnly(directory.path).history(
            device: device, property: property, kind: kind, from: Instant(milliseconds: from),
            to: Instant(milliseconds: to), span: Milliseconds(span)
        ).compactMap(\.first)
    }

    @Test("blocks are found by property, kind and time")
    func ranges() throws {
        let directory = TemporaryDirectory()
        let signal = CommitSignal()
        let store = try Store.open(configuration(directory))
        try store.start { signal.notify() }
        let rows = [
            row(1, start: -20), row(2, start: 0), row(3, start: 10), row(4, start: 10),
            row(5, kind: 1, start: 5), row(6, property: 3, start: 0),
            row(7, device: 2, start: 0), row(8, start: 1 << 40),
        ]
        #expect(store.commit([batch { $0.history = rows }], signal: signal))
        #expect(try read(directory) == [1, 2, 3, 4, 8])
        #expect(try read(directory, from: 5, to: 9) == [2], "it began before, within its span")
        #expect(try read(directory, from: 12, to: 20) == [3, 4])
        #expect(try read(directory, from: -100, to: -1) == [1])
        #expect(try read(directory, kind: 1) == [5])
        #expect(try read(directory, property: 3) == [6])
        #expect(try read(directory, device: 2) == [7])
        #expect(try read(directory, device: 9) == [])
        // After a replay the same blocks come again.
        let size = store.statistics.historyBytes
        #expect(store.commit([batch { $0.history = rows }], signal: signal))
        #expect(store.statistics.historyBytes == size && store.statistics.historyBlocks == 8)
        #expect(try store.recover().historySequence == 8)
        store.stop()
        let after = try Store.openReadOnly(directory.path).statistics()
        #expect(after.historyBytes == size && after.historyBlocks == 8)
    }

    @Test("the oldest blocks go when there are too many, whosever they are")
    func bytes() throws {
        let directory = TemporaryDirectory()
        let signal = CommitSignal()
        var configuration = configuration(directory)
        configuration.historyLimit = 20_000
        let store = try Store.open(configuration)
        try store.start { signal.notify() }
        for number in 1...100 as ClosedRange<UInt64> {
            let row = row(
                number, device: UInt32(100 - number), start: Int64(number) * 1000, size: 900)
            #expect(store.commit([batch { $0.history = [row] }], signal: signal))
        }
        let kept = try (0..<100 as Range<UInt32>).flatMap { try read(directory, device: $0) }
        #expect(store.statistics.historyBytes <= 20_000)
        #expect(store.statistics.historyBytes > 18_000)
        #expect(kept.sorted() == (UInt8(101 - kept.count)...100).map { $0 })
        #expect(store.statistics.historyBlocks == kept.count)
        store.stop()
        let after = try Store.openReadOnly(directory.path).statistics()
        #expect(after.historyBlocks == kept.count && after.historyBytes <= 20_000)
    }

    @Test("blocks that are too old go")
    func age() throws {
        let directory = TemporaryDirectory()
        let signal = CommitSignal()
        var configuration = configuration(directory)
        configuration.historyAge = .seconds(60)
        let store = try Store.open(configuration)
        try store.start { signal.notify() }
        for number in 1...10 as ClosedRange<UInt64> {
            let time = Int64(number) * 20_000
            let row = row(number, start: time - 1000, end: time)
            #expect(
                store.commit([batch(at: time) { $0.history = [row] }], signal: signal))
        }
        #expect(try read(directory) == [7, 8, 9, 10])
        store.stop()
    }
}
