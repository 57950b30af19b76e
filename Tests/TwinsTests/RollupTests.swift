import Model
import Testing
import Twins

@Suite("what values come to by the minute and by the hour")
struct RollupTests {
    private static let start = Instant(milliseconds: 1_780_000_000_000).floored(to: .day)
    private let device = Device(index: 0)
    private let property = Property(index: 0)

    private func note(
        _ table: inout HistoryTable, _ seconds: Double, _ value: Value,
        _ effect: ReportOutcome.Effect = .changed
    ) {
        let time = RollupTests.start + Milliseconds(Int64((seconds * 1000).rounded()))
        table.note(
            Reading(device: device, property: property, time: time, value: value), effect)
    }

    /// All blocks of a kind, sealed and open.
    private func blocks(
        _ table: HistoryTable, _ sealed: [HistoryTable.SealedBlock], _ kind: HistoryTable.Kind
    ) -> [[UInt8]] {
        sealed.filter { $0.kind == kind }.map(\.bytes) + table.open(device, property, kind)
    }

    private func isClose(_ left: Value?, _ right: Value?) -> Bool {
        guard let left = left?.double, let right = right?.double else { return left == right }
        return abs(left - right) <= 1e-9 * max(1, abs(left))
    }

    /// Roll-ups tell what the samples themselves do, for every step that they divide.
    private func expectSame(
        _ table: HistoryTable, _ sealed: [HistoryTable.SealedBlock], end: Instant,
        _ comment: Comment
    ) throws {
        let samples = blocks(table, sealed, .samples) + blocks(table, sealed, .late)
        for (kind, steps) in [
            (HistoryTable.Kind.minutes, [Milliseconds.minute, .minute * 7, .hour]),
            (.hours, [.hour, .hour * 6]),
        ] {
            for step in steps {
                let query = HistoryQuery(range: RollupTests.start..<end)
                let expected = try query.buckets(samples, step: step)
                let found = try query.buckets(rolled: blocks(table, sealed, kind), step: step)
                try #require(found.map(\.start) == expected.map(\.start), comment)
                for (one, other) in zip(found, expected) {
                    for function in HistoryFunction.allCases {
                        try #require(
                            isClose(one.value(function), other.value(function)),
                            "\(comment), \(kind) \(step) \(function) at \(one.start)")
                    }
                }
            }
        }
    }

    @Test("seeded series come to the same, whether asked by sample, minute or hour")
    func random() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix64(state: seed)
        for round in 0..<12 {
            var table = HistoryTable(HistoryTable.Limits(blockBytes: 400))
            var sealed: [HistoryTable.SealedBlock] = []
            let scale: Double = [1, 10, 1000, 3][round % 4]
            var time = 0.0
            for _ in 0..<1500 {
                time += Double(random.next() % 40_000) / 1000
                if random.next() % 100 == 0 { time += Double(random.next() % 20_000) }
                note(&table, time, .number(Double(Int64(random.next() % 900)) / scale))
                sealed += table.takeSealed()
            }
            let end = RollupTests.start + Milliseconds(Int64(time) * 1000 + 500_000)
            try expectSame(table, sealed, end: end, "seed \(seed), round \(round)")
            // What is sealed before its time goes on where it was.
            table.sealAll()
            for step in 1...50 { note(&table, time + Double(step) * 20, .number(Double(step))) }
            sealed += table.takeSealed()
            try expectSame(
                table, sealed, end: end + .seconds(2000), "seed \(seed), round \(round), sealed")
        }
    }

    @Test("late samples are added to their span, however long ago")
    func late() throws {
        var table = HistoryTable(HistoryTable.Limits())
        for minute in 0..<180 { note(&table, Double(minute) * 60 + 10, .integer(5)) }
        note(&table, 30, .integer(9), .late)
        note(&table, 90 * 60 + 30, .integer(1), .late)
        note(&table, 179 * 60 + 5, .integer(2), .late)
        let query = HistoryQuery(range: RollupTests.start..<RollupTests.start + .hour * 3)
        for (kind, step) in [(HistoryTable.Kind.minutes, Milliseconds.hour), (.hours, .hour)] {
            let buckets = try query.buckets(rolled: blocks(table, [], kind), step: step)
            #expect(buckets.map { $0.value(.count) } == [.integer(61), .integer(61), .integer(61)])
            #expect(buckets.map { $0.value(.max)?.double } == [9, 5, 5])
            #expect(buckets.map { $0.value(.min)?.double } == [5, 1, 2])
            #expect(buckets.map { $0.value(.last)?.double } == [5, 5, 5])
            #expect(buckets.map { $0.value(.avg)?.double } == [5, 5, 5], "they never held")
            #expect(buckets.first?.value(.mean) == .number(309.0 / 61))
        }
    }

    @Test("texts come to nothing, booleans to how long they were true")
    func kinds() throws {
        var table = HistoryTable(HistoryTable.Limits())
        note(&table, 0, .text("on"))
        #expect(table.open(device, property, .minutes).isEmpty)
        #expect(table.open(device, property, .hours).isEmpty)
        note(&table, 60, .boolean(true))
        note(&table, 75, .boolean(false))
        note(&table, 120, .boolean(true))
        let query = HistoryQuery(range: RollupTests.start..<RollupTests.start + .minute * 2)
        let buckets = try query.buckets(rolled: blocks(table, [], .minutes), step: .minute)
        #expect(buckets.map { $0.value(.avg) } == [.number(0.25)])
        #expect(table.open(Device(index: 7), property, .minutes).isEmpty)
    }

    @Test("blocks of minutes span a week at most, those of hours sixty days")
    func spans() throws {
        var table = HistoryTable(HistoryTable.Limits())
        for hour in 0..<24 * 70 { note(&table, Double(hour) * 3600, .number(Double(hour % 9))) }
        let sealed = table.takeSealed()
        for kind in [HistoryTable.Kind.minutes, .hours] {
            let own = sealed.filter { $0.kind == kind }
            #expect(!own.isEmpty)
            for block in own {
                #expect(block.end - block.start <= kind.span)
                let read = try RollupBlock(block.bytes)
                #expect(read.start == block.start && read.end == block.end)
                #expect(try read.buckets().count == read.count)
            }
        }
    }

    @Test("damaged blocks are told or read as something else, and never trap")
    func damage() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix64(state: seed)
        for scale in [10.0, 3] {
            var table = HistoryTable(HistoryTable.Limits())
            for second in 0..<2000 {
                note(&table, Double(second) * 7, .number(Double(random.next() % 99) / scale))
            }
            let bytes = try #require(table.open(device, property, .minutes).first)
            for count in stride(from: 0, to: bytes.count, by: 7) {
                #expect(throws: RecordError.self, "seed \(seed)") {
                    try RollupBlock(Array(bytes.prefix(count))).buckets()
                }
            }
            for _ in 0..<2000 {
                var other = bytes
                other[Int(random.next() % UInt64(bytes.count))] = UInt8(
                    truncatingIfNeeded: random.next())
                _ = try? RollupBlock(other).buckets()
            }
        }
        for bytes: [UInt8] in [[0x81, 5, 1, 1, 0, 0, 0], [0x81, 4, 1, 0, 0, 0, 0], [1]] {
            #expect(throws: RecordError.self) { try RollupBlock(bytes) }
        }
    }

    @Test("numbers too large for sums of whole multiples are written as they are")
    func large() throws {
        var table = HistoryTable(HistoryTable.Limits())
        let values = [1e15, 123_456_789_012, 2.5, -1e300]
        for (minute, value) in values.enumerated() {
            note(&table, Double(minute) * 60, .number(value))
        }
        let query = HistoryQuery(range: RollupTests.start..<RollupTests.start + .hour)
        let buckets = try query.buckets(rolled: blocks(table, [], .minutes), step: .minute)
        #expect(buckets.map { $0.value(.last)?.double } == values)
    }
}
