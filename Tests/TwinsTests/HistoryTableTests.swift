import Model
import Testing
import Twins

@Suite("what is kept of reports")
struct HistoryTableTests {
    private func reading(
        _ seconds: Double, _ value: Double, device: UInt32 = 0, property: UInt16 = 0
    ) -> Reading {
        Reading(
            device: Device(index: device), property: Property(index: property),
            time: Instant(milliseconds: 1_780_000_000_000 + Int64(seconds * 1000)),
            value: .number(value))
    }

    private func values(_ table: HistoryTable, device: UInt32 = 0) throws -> [Double] {
        try table.open(Device(index: device), Property(index: 0))
            .flatMap { try HistoryBlock($0).samples() }.compactMap(\.value.double)
    }

    @Test("what changed is kept; what did not, after the heartbeat; repeats never (CR1 to CR4)")
    func rules() throws {
        var table = HistoryTable(HistoryTable.Limits(heartbeat: .seconds(60)))
        table.note(reading(0, 1), .first)
        table.note(reading(10, 1.01), .unchanged)
        table.note(reading(20, 2), .changed)
        table.note(reading(20, 2), .duplicate)
        table.note(reading(30, 9), .refused)
        table.note(reading(79, 2.01), .unchanged)
        #expect(try values(table) == [1, 2])
        table.note(reading(80, 2.02), .unchanged)
        table.note(reading(139, 2), .unchanged)
        #expect(try values(table) == [1, 2, 2.02])
        #expect(table.counters.recorded == 3 && table.seriesCount == 1)
        #expect(table.open(Device(index: 3), Property(index: 0)).isEmpty)
        #expect(table.open(Device(index: 0), Property(index: 9)).isEmpty)
    }

    @Test("late reports are kept: within the open block in it, before it in one of their own (CR2)")
    func late() throws {
        var table = HistoryTable(HistoryTable.Limits())
        table.note(reading(-5, 0), .late)
        for second in stride(from: 0.0, to: 100, by: 10) {
            table.note(reading(second, second), .changed)
        }
        table.note(reading(55, 55), .late)
        table.note(reading(-100, -1), .late)
        table.note(reading(-50, -2), .late)
        // Later than all that is open, though the twin knows something later still.
        table.note(reading(1000, 3), .late)
        let (device, property) = (Device(index: 0), Property(index: 0))
        let blocks = table.open(device, property) + table.open(device, property, .late)
        #expect(blocks.count == 2)
        let query = HistoryQuery(range: reading(-1000, 0).time..<reading(2000, 0).time)
        let samples = try query.samples(blocks)
        #expect(
            samples.compactMap(\.value.double)
                == [-1, -2, 0, 0, 10, 20, 30, 40, 50, 55, 60, 70, 80, 90, 3])
        #expect(table.counters.late == 4 && table.counters.recorded == 11)
        // A late block does not span more than others may.
        table.note(reading(-200_000, 7), .late)
        let sealed = table.takeSealed()
        #expect(sealed.map(\.kind) == [.late] && sealed.first?.sequence == 1)
        #expect(table.takeSealed().isEmpty)
    }

    @Test("a block is sealed when it is full, spans a day, or the kind of the values changes")
    func sealing() throws {
        let limits = HistoryTable.Limits(blockBytes: 300)
        var table = HistoryTable(limits)
        var all: [Double] = []
        for second in 0..<5000 {
            let value = Double(second % 17) / 10
            all.append(value)
            table.note(reading(Double(second), value), .changed)
        }
        func takeSamples() -> [HistoryTable.SealedBlock] {
            table.takeSealed().filter { $0.kind == .samples }
        }
        let everything = table.takeSealed()
        #expect(everything.map(\.sequence) == (1...UInt64(everything.count)).map { $0 })
        #expect(table.counters.sealedBlocks == UInt64(everything.count))
        var sealed = everything.filter { $0.kind == .samples }
        #expect(sealed.count > 5)
        for block in sealed { #expect(block.bytes.count <= 300 && block.bytes.count > 200) }
        let stored = try sealed.flatMap { try HistoryBlock($0.bytes).samples() }
        #expect(try stored.compactMap(\.value.double) + values(table) == all)
        for (one, next) in zip(sealed, sealed.dropFirst()) { #expect(one.end < next.start) }
        table.note(reading(100_000, 1), .changed)
        #expect(takeSamples().count == 1)
        table.note(
            Reading(
                device: Device(index: 0), property: Property(index: 0),
                time: reading(100_001, 0).time, value: .text("on")), .changed)
        sealed = takeSamples()
        #expect(sealed.count == 1)
        #expect(try HistoryBlock(try #require(sealed.first).bytes).count == 1)
    }

    @Test("all can be sealed, and what comes later begins anew")
    func sealAll() throws {
        var table = HistoryTable(HistoryTable.Limits())
        table.sealAll()
        #expect(table.takeSealed().isEmpty)
        for device in 0..<3 as Range<UInt32> {
            table.note(reading(1, 1, device: device), .first)
            table.note(reading(-1, 2, device: device), .late)
        }
        table.sealAll()
        let sealed = table.takeSealed()
        let kinds: [HistoryTable.Kind] = [.samples, .late, .minutes, .hours]
        #expect(sealed.map(\.kind) == kinds + kinds + kinds)
        #expect(try values(table).isEmpty)
        table.note(reading(5, 3), .changed)
        #expect(try values(table) == [3])
    }

    @Test("many properties share the memory there is, and those past the limit are counted")
    func memory() {
        let limits = HistoryTable.Limits(memoryBytes: 64_000, series: 100)
        var table = HistoryTable(limits)
        for second in 0..<2000 {
            for device in 0..<120 {
                table.note(
                    reading(Double(second), Double(second % 9), device: UInt32(device)), .changed)
            }
        }
        #expect(table.seriesCount == 100)
        #expect(table.counters.refused == 20 * 2000)
        let open = (0..<100).reduce(0) {
            $0 + (table.open(Device(index: UInt32($1)), Property(index: 0)).first?.count ?? 0)
        }
        #expect(open <= 64_000)
        #expect(table.takeSealed().allSatisfy { $0.bytes.count <= 640 })
    }

    @Test("off, it keeps nothing and reads what another kept")
    func off() throws {
        var off = HistoryTable()
        off.note(reading(0, 1), .first)
        #expect(off.seriesCount == 0 && off.takeSealed().isEmpty)
        var on = HistoryTable(HistoryTable.Limits())
        on.note(reading(0, 1), .first)
        var writer = ByteWriter()
        on.snapshot(into: &writer)
        writer.byte(99)
        var reader = ByteReader(writer.bytes)
        try off.restore(from: &reader)
        #expect(off.seriesCount == 0)
        #expect(try reader.byte() == 99)
    }

    @Test("after a snapshot the same blocks are sealed under the same keys")
    func snapshot() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix64(state: seed)
        let limits = HistoryTable.Limits(blockBytes: 300, heartbeat: .seconds(30))
        var straight = HistoryTable(limits)
        var resumed = HistoryTable(limits)
        var (left, right): ([HistoryTable.SealedBlock], [HistoryTable.SealedBlock]) = ([], [])
        var time = 0.0
        for step in 0..<20_000 {
            time += Double(random.next() % 3000) / 1000
            let effect: ReportOutcome.Effect =
                switch random.next() % 10 {
                case 0: .late
                case 1: .unchanged
                default: .changed
                }
            let reading = reading(
                effect == .late ? time - Double(random.next() % 5000) : time,
                Double(random.next() % 50) / (random.next() % 300 == 0 ? 1000 : 10),
                device: UInt32(random.next() % 5), property: UInt16(random.next() % 2))
            straight.note(reading, effect)
            resumed.note(reading, effect)
            left += straight.takeSealed()
            right += resumed.takeSealed()
            if step % 997 == 0 {
                var writer = ByteWriter()
                resumed.snapshot(into: &writer)
                resumed = HistoryTable(limits)
                var reader = ByteReader(writer.bytes)
                try resumed.restore(from: &reader)
                #expect(reader.isAtEnd)
                var again = ByteWriter()
                resumed.snapshot(into: &again)
                #expect(again.bytes == writer.bytes, "seed \(seed)")
            }
        }
        #expect(left == right, "seed \(seed)")
        #expect(left.contains { $0.kind == .late } && left.count > 50)
        resumed.continueSequence(after: 1_000_000)
        resumed.note(reading(10_000_000, 1), .changed)
        #expect(resumed.takeSealed().first?.sequence == 1_000_001)
    }

    @Test("a damaged snapshot is told and leaves the table as it was")
    func damage() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix64(state: seed)
        var table = HistoryTable(HistoryTable.Limits())
        for second in 0..<300 {
            table.note(reading(Double(second), Double(second % 7) / 10, property: 3), .changed)
            table.note(reading(Double(-second), 1, property: 3), .late)
        }
        var writer = ByteWriter()
        table.snapshot(into: &writer)
        for count in stride(from: 0, to: writer.bytes.count, by: 3) {
            var reader = ByteReader(Array(writer.bytes.prefix(count)))
            var other = HistoryTable(HistoryTable.Limits())
            #expect(throws: RecordError.self) { try other.restore(from: &reader) }
            #expect(other.seriesCount == 0)
        }
        for _ in 0..<2000 {
            var bytes = writer.bytes
            bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(
                truncatingIfNeeded: random.next())
            var reader = ByteReader(bytes)
            var other = HistoryTable(HistoryTable.Limits())
            try? other.restore(from: &reader)
        }
        var bad = ByteWriter()
        for number in [UInt64(0), 1, 0, 70_000] { bad.unsigned(number) }
        var reader = ByteReader(bad.bytes)
        #expect(throws: RecordError.self) { try table.restore(from: &reader) }
    }
}
