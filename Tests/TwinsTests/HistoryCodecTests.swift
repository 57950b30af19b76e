import Model
import Testing
import Twins

@Suite("blocks of history")
struct HistoryCodecTests {
    private func samples(_ values: [Value], step: Int64 = 1000) -> [HistorySample] {
        values.enumerated().map {
            HistorySample(
                time: Instant(milliseconds: 1_780_000_000_000 + Int64($0.offset) * step),
                value: $0.element)
        }
    }

    private func block(_ samples: [HistorySample]) throws -> [UInt8] {
        var builder = HistoryBuilder()
        for sample in samples { try #require(builder.add(sample) == .added) }
        #expect(builder.count == samples.count)
        #expect(builder.sealed.count <= builder.size)
        return builder.sealed
    }

    private func isSame(_ left: Value, _ right: Value) -> Bool {
        if case .number(let left) = left, case .number(let right) = right {
            return left.bitPattern == right.bitPattern
        }
        return left == right
    }

    /// All comes back, to the bit.
    private func expectLossless(_ samples: [HistorySample], _ comment: Comment) throws {
        let bytes = try block(samples)
        let block = try HistoryBlock(bytes)
        let read = try block.samples()
        try #require(read.count == samples.count, comment)
        for (one, other) in zip(read, samples) {
            try #require(one.time == other.time && isSame(one.value, other.value), comment)
        }
        #expect(block.start == samples.map(\.time).min())
        #expect(block.end == samples.map(\.time).max())
        var numbers: [Double] = []
        try block.forEachNumber { numbers.append($1) }
        #expect(numbers == (block.isNumeric ? samples.compactMap(\.value.double) : []), comment)
    }

    @Test(
        "values of every kind are the same to the bit",
        arguments: [
            [.number(21.3)], [.number(0), .number(-0.0)], [.number(0.1 + 0.2), .number(0.3)],
            [.number(21), .number(21.5), .number(21.55), .number(21.555)],
            [.number(1e300), .number(-1e300), .number(.leastNonzeroMagnitude), .number(.pi)],
            [.number(9_007_199_254_740_991), .number(-9_007_199_254_740_994), .number(1)],
            [.integer(.max), .integer(.min), .integer(0), .integer(-1)],
            [.boolean(true), .boolean(false), .boolean(false), .boolean(true)],
            [.text("cool"), .text("heat"), .text("cool"), .text(""), .text("ä")],
            [
                .timestamp(Instant(milliseconds: 5)), .timestamp(.distantPast),
                .timestamp(.distantFuture),
            ],
        ] as [[Value]])
    func kinds(_ values: [Value]) throws { try expectLossless(samples(values), "\(values)") }

    @Test("places are the same to the unit, and a slow walk takes little")
    func places() throws {
        let far: [(Int32, Int32, Int32?)] = [
            (0, 0, nil), (900_000_000, -1_800_000_000, .max), (-900_000_000, 1_800_000_000, 0),
            (1, 1, -1), (1, 1, nil),
        ]
        let extremes = try far.map {
            Value.position(
                try #require(GeoPosition(latitude: $0.0, longitude: $0.1, altitude: $0.2)))
        }
        try expectLossless(samples(extremes), "extremes")
        var random = SplitMix64(state: 5)
        var (north, east): (Int32, Int32) = (525_200_000, 134_050_000)
        let walk = try (0..<500).map { _ in
            north += Int32(random.next() % 41) - 20
            east += Int32(random.next() % 41) - 20
            return Value.position(
                try #require(GeoPosition(latitude: north, longitude: east, altitude: 3400)))
        }
        try expectLossless(samples(walk), "walk")
        #expect(try block(samples(walk)).count < 500 * 2)
    }

    @Test("times may be uneven, equal, backwards and as far apart as there are")
    func times() throws {
        for times: [Int64] in [
            [0, 0, 0], [5, 3, 9, -100, 1_000_000_000_000], [.max, .min, 0, .min, .max],
            [1, 1001, 2001, 3002, 4000, 90_000_000, 90_001_000],
        ] {
            let samples = times.map {
                HistorySample(time: Instant(milliseconds: $0), value: .integer($0))
            }
            var builder = HistoryBuilder()
            for sample in samples { #expect(builder.add(sample) == .added) }
            #expect(try HistoryBlock(builder.sealed).samples() == samples)
        }
    }

    @Test("seeded series of all resolutions, with gaps and jumps, are the same to the bit")
    func random() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix64(state: seed)
        for round in 0..<300 {
            let digits = Int(random.next() % 9)
            let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
            var time = Int64(truncatingIfNeeded: random.next() >> 20)
            var whole = Double(Int64(truncatingIfNeeded: random.next() % 100_000))
            let noise = 1 + random.next() % (1 << (random.next() % 30))
            let samples = (0..<Int(1 + random.next() % 400)).map { _ in
                let isJump = random.next() % 50 == 0
                time += isJump ? Int64(random.next() % 100_000_000) : Int64(random.next() % 3000)
                whole += Double(Int64(random.next() % noise)) - Double(noise / 2)
                let value =
                    random.next() % 200 == 0
                    ? Double(bitPattern: random.next() >> 2) : whole / scale
                return HistorySample(
                    time: Instant(milliseconds: time), value: .number(value.isFinite ? value : 0))
            }
            try expectLossless(samples, "seed \(seed), round \(round)")
        }
    }

    @Test("a block takes values of one kind, and so many texts")
    func misfits() throws {
        let time = Instant(milliseconds: 0)
        let values: [Value] = [
            .boolean(true), .integer(1), .number(1), .text("x"), .timestamp(time),
        ]
        for first in values {
            for second in values where first != second {
                var builder = HistoryBuilder()
                #expect(builder.add(HistorySample(time: time, value: first)) == .added)
                #expect(builder.add(HistorySample(time: time, value: second)) == .misfit)
                #expect(builder.count == 1)
                builder.removeAll()
                #expect(builder.add(HistorySample(time: time, value: second)) == .added)
                #expect(try HistoryBlock(builder.sealed).samples().map(\.value) == [second])
            }
        }
        var builder = HistoryBuilder()
        for number in 0..<64 {
            #expect(builder.add(HistorySample(time: time, value: .text("\(number)"))) == .added)
        }
        #expect(builder.add(HistorySample(time: time, value: .text("64"))) == .misfit)
        #expect(builder.add(HistorySample(time: time, value: .text("63"))) == .added)
        builder.removeAll()
        let long = String(repeating: "x", count: 5000)
        #expect(builder.add(HistorySample(time: time, value: .text(long))) == .added)
        #expect(builder.add(HistorySample(time: time, value: .text("y"))) == .misfit)
    }

    @Test("a block has a limit of its own")
    func limit() {
        var builder = HistoryBuilder()
        let sample = HistorySample(time: Instant(milliseconds: 0), value: .boolean(true))
        for _ in 0..<HistoryBuilder.countMax { _ = builder.add(sample) }
        #expect(builder.count == HistoryBuilder.countMax)
        #expect(builder.add(sample) == .misfit)
    }

    @Test("damaged blocks are told or read as something else, and never trap")
    func damage() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix64(state: seed)
        let series: [[Value]] = [
            (0..<40).map { .number(Double($0 % 7) / 10) },
            (0..<40).map { .number(.pi / Double($0 + 1)) },
            (0..<40).map { .text("t\($0 % 5)") }, (0..<40).map { .boolean($0 % 3 == 0) },
            (0..<40).map { .integer(Int64($0) << 40) },
            (0..<40).compactMap {
                GeoPosition(latitude: $0, longitude: -$0, altitude: $0 % 3 == 0 ? nil : $0)
                    .map { .position($0) }
            },
        ]
        for values in series {
            let bytes = try block(samples(values))
            for count in 0..<bytes.count {
                #expect(throws: RecordError.self, "seed \(seed)") {
                    try HistoryBlock(Array(bytes.prefix(count))).samples()
                }
            }
            for _ in 0..<2000 {
                var other = bytes
                let index = Int(random.next() % UInt64(bytes.count))
                other[index] = UInt8(truncatingIfNeeded: random.next())
                _ = try? HistoryBlock(other).samples()
                try? HistoryBlock(other).forEachNumber { _, _ in }
            }
        }
        for code: UInt8 in [5, 7, 15, 255] {
            #expect(throws: RecordError.self) { try HistoryBlock([1, code, 1, 0, 0, 0, 0]) }
        }
        #expect(throws: RecordError.otherVersion(found: 2, known: 1)) { try HistoryBlock([2, 0]) }
        #expect(throws: RecordError.self) { try HistoryBlock([1, 0, 0, 0, 0, 0, 0]) }
    }

    /// A day of a room: a slow wave and noise, as a sensor of 0.1 degrees shows it.
    private func temperatures(_ random: inout SplitMix64, jitter: Int64) -> [HistorySample] {
        var drift = 0.0
        return (0..<86_400).map { second in
            drift += (Double(random.next() % 2001) - 1000) / 100_000
            let wave = Double((second + 21_600) % 86_400 - 43_200).magnitude / 43_200 * 8
            // The sum of four is near enough to normal: a deviation of 0.12 degrees.
            let noise = (0..<4).reduce(0.0) { sum, _ in
                sum + (Double(random.next() % 2001) - 1000) / 1000 * 0.1
            }
            let late = jitter == 0 ? 0 : Int64(random.next() % UInt64(2 * jitter + 1)) - jitter
            return HistorySample(
                time: Instant(milliseconds: 1_780_000_000_000 + Int64(second) * 1000 + late),
                value: .number(((18 + wave + drift + noise) * 10).rounded() / 10))
        }
    }

    @Test("a temperature of 0.1 degrees each second takes less than a byte; jitter costs one more")
    func size() throws {
        let seed: UInt64 = 4
        var random = SplitMix64(state: seed)
        for (jitter, limit): (Int64, Double) in [(0, 0.7), (20, 1.6)] {
            var table = HistoryTable(HistoryTable.Limits())
            var bytes = 0
            let samples = temperatures(&random, jitter: jitter)
            for sample in samples {
                table.note(
                    Reading(
                        device: Device(index: 0), property: Property(index: 0), time: sample.time,
                        value: sample.value), .changed)
            }
            let blocks = table.takeSealed().filter { $0.kind == .samples }
            for block in blocks {
                bytes += block.bytes.count
                #expect(block.bytes.count <= 4080 && block.bytes.count > 4000)
            }
            let count = try blocks.reduce(0) { try $0 + HistoryBlock($1.bytes).count }
            let share = Double(bytes) / Double(count)
            #expect(share <= limit, "seed \(seed), jitter \(jitter): \(share) bytes a sample")
            // With a page for each block, which is what the store needs.
            #expect(Double(blocks.count * 4096) / Double(count) <= 1.6)
            print(
                "history: jitter \(jitter) ms: \(share) bytes a sample, with pages "
                    + "\(Double(blocks.count * 4096) / Double(count))")
        }
    }
}
