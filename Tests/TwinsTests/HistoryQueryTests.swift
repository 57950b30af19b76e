import Model
import Testing
import Twins

@Suite("history is asked for by range and step")
struct HistoryQueryTests {
    private func block(_ samples: [(Int64, Value)]) -> [UInt8] {
        var builder = HistoryBuilder()
        for (seconds, value) in samples {
            _ = builder.add(HistorySample(time: .init(milliseconds: seconds * 1000), value: value))
        }
        return builder.sealed
    }

    private func range(_ start: Int64, _ end: Int64) -> Range<Instant> {
        Instant(milliseconds: start * 1000)..<Instant(milliseconds: end * 1000)
    }

    @Test("a range holds its beginning and not its end")
    func ranges() throws {
        let blocks = [
            block([(0, .number(1)), (10, .number(2))]),
            block([(20, .number(3)), (30, .number(4))]),
        ]
        func values(_ start: Int64, _ end: Int64) throws -> [Double] {
            try HistoryQuery(range: range(start, end)).samples(blocks).compactMap(\.value.double)
        }
        #expect(try values(0, 31) == [1, 2, 3, 4])
        #expect(try values(10, 30) == [2, 3])
        #expect(try values(11, 20) == [])
        #expect(try values(40, 50) == [])
        #expect(try values(-5, 1) == [1])
    }

    @Test("late samples come in their place, and what is in two blocks comes once")
    func merging() throws {
        let open = block([(20, .number(3)), (30, .number(4))])
        let blocks = [
            block([(0, .number(1)), (10, .number(2))]), open,
            block([(25, .number(9)), (5, .number(8)), (10, .number(7))]), open,
        ]
        let query = HistoryQuery(range: range(0, 100))
        #expect(try query.samples(blocks).compactMap(\.value.double) == [1, 8, 2, 7, 3, 9, 4])
        let buckets = try query.buckets(blocks, step: .seconds(100))
        #expect(buckets.map { $0.value(.count) } == [.integer(7)])
        #expect(buckets.map { $0.value(.max) } == [.number(9)])
    }

    @Test("each step gives its least, greatest, last, how many, and the mean over time")
    func buckets() throws {
        let blocks = [
            block([
                (0, .number(10)), (30, .number(20)), (65, .number(40)), (200, .number(5)),
                (210, .number(15)),
            ])
        ]
        let query = HistoryQuery(range: range(0, 220))
        let buckets = try query.buckets(blocks, step: .minute)
        #expect(buckets.map(\.start.milliseconds) == [0, 60_000, 180_000])
        func values(_ function: HistoryFunction) -> [Double?] {
            buckets.map { $0.value(function)?.double }
        }
        #expect(values(.min) == [10, 40, 5])
        #expect(values(.max) == [20, 40, 15])
        #expect(values(.last) == [20, 40, 15])
        #expect(buckets.map { $0.value(.count) } == [.integer(2), .integer(1), .integer(2)])
        // 10 and 20 for half a minute each; 20 for 5 s and 40 for 55 s; 40 for 20 s, 5 and 15 for
        // 10 s each.
        let means: [Double?] = [15, 2300.0 / 60, 1000.0 / 40]
        #expect(values(.avg) == means)
        #expect(try query.buckets([], step: .minute).isEmpty)
        #expect(HistoryBucket(start: .distantPast).value(.avg) == nil)
    }

    @Test("one sample at a range's end has a mean, too")
    func single() throws {
        let query = HistoryQuery(range: range(0, 60))
        let bucket = try query.buckets([block([(59, .integer(7))])], step: .minute).first
        #expect(bucket?.value(.avg) == .number(7))
        let late = try query.buckets(
            [block([(0, .boolean(true)), (0, .boolean(false))])], step: .minute)
        #expect(late.first?.value(.count) == .integer(2))
        #expect(late.first?.value(.avg) == .number(0))
    }

    @Test("texts and times have samples, and no numbers")
    func texts() throws {
        let blocks = [block([(0, .text("on")), (5, .text("off"))])]
        let query = HistoryQuery(range: range(0, 60))
        #expect(try query.samples(blocks).map(\.value) == [.text("on"), .text("off")])
        #expect(try query.buckets(blocks, step: .minute).isEmpty)
    }

    @Test("a mean over time is that of a straightforward reckoning")
    func reference() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix64(state: seed)
        for _ in 0..<50 {
            var second: Int64 = Int64(random.next() % 50)
            let samples = (0..<60).map { _ in
                second += 1 + Int64(random.next() % 20)
                return (second, Value.integer(Int64(random.next() % 100)))
            }
            let end = second + 3
            let buckets = try HistoryQuery(range: range(0, end))
                .buckets([block(samples)], step: .seconds(30))
            for bucket in buckets {
                let start = bucket.start.milliseconds / 1000
                var held: [Double] = []
                for second in start..<min(start + 30, end) {
                    if let last = samples.last(where: { $0.0 <= second }) {
                        held.append(last.1.double ?? 0)
                    }
                }
                let mean = held.reduce(0, +) / Double(held.count)
                let found = bucket.value(.avg)?.double ?? .nan
                #expect(abs(found - mean) < 1e-9, "seed \(seed)")
            }
        }
    }
}
