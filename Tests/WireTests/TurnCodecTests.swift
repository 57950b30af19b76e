import Model
import Testing
import Wire

@Suite("Turns in the journal")
struct TurnCodecTests {
    struct Turn: Equatable {
        var now: Instant
        var inputs: [Input]
    }

    private func encode(_ turns: [Turn]) -> [UInt8] {
        var writer = ByteWriter()
        for turn in turns {
            TurnCodec.append(now: turn.now, inputs: turn.inputs, to: &writer)
        }
        return writer.bytes
    }

    private func decode(_ bytes: [UInt8]) throws(WireError) -> [Turn] {
        var turns: [Turn] = []
        try TurnCodec.decode(bytes) { turns.append(Turn(now: $0, inputs: $1)) }
        return turns
    }

    private func reading(
        _ device: UInt32, _ property: UInt16, _ time: Int64, _ value: Value,
        _ flags: Reading.Flags = []
    ) -> Input {
        .reading(
            Reading(
                device: Device(index: device), property: Property(index: property),
                time: Instant(milliseconds: time), value: value, flags: flags))
    }

    private let now = Instant(milliseconds: 1_783_944_000_000)

    /// One input of every kind, at the ends of what each holds.
    private var everything: [Turn] {
        let command = CommandID("pattern", "hot", "sensor-1")
        return [
            Turn(now: now, inputs: []),
            Turn(
                now: now,
                inputs: [
                    reading(7, 3, 1_783_943_999_990, .number(21.37)),
                    reading(7, 4, 1_783_943_999_990, .number(0.1 + 0.2), .sameRow),
                    reading(.max, .max, .max, .integer(.min), [.sameRow, .clockSuspect]),
                    reading(0, 0, .min, .integer(.max)), reading(0, 0, .min, .boolean(true)),
                    reading(1, 0, 0, .boolean(false)), reading(1, 0, 0, .text("cool")),
                    reading(1, 0, 1, .text("cool")), reading(1, 0, 1, .text("")),
                    reading(1, 0, 1, .timestamp(now)), reading(1, 0, 1, .timestamp(now)),
                    reading(1, 0, 1, .timestamp(.distantFuture)), reading(1, 0, 1, .number(-0.0)),
                    reading(1, 0, 1, .number(0)), reading(1, 0, 1, .integer(0)),
                    reading(1, 0, 1, .number(.greatestFiniteMagnitude)),
                    reading(1, 0, 1, .number(.leastNonzeroMagnitude)),
                ]),
            Turn(
                now: .distantPast,
                inputs: [
                    .exchange(.max), .deviceAccepted(Device(index: .max)),
                    .registered(Device(index: 5), address: "coap://[::1]:5683", lifetime: .hour),
                    .registered(Device(index: 5), address: "", lifetime: nil),
                    .response(
                        CommandResponse(
                            command: command, attempt: 1, outcome: .acknowledged(code: 204))),
                    .response(
                        CommandResponse(
                            command: command, attempt: 2,
                            outcome: .refused(code: 400, diagnostic: "no such mode"))),
                    .response(
                        CommandResponse(command: command, attempt: 3, outcome: .noResponse)),
                    .response(
                        CommandResponse(command: command, attempt: 4, outcome: .unreachable)),
                ]),
            Turn(now: now, inputs: requests),
        ]
    }

    /// What people and programs ask for, and every answer there is.
    private var requests: [Input] {
        let device = Device(index: 1)
        let command = CommandID("request", "ann", "42")
        let outcomes: [CommandResponse.Outcome] = [
            .accepted(code: 204), .progress(percent: nil), .progress(percent: 40),
            .completed(output: [Field("grams", .number(12.5)), Field("note", nil)]),
            .unsuccessful(isTransient: true, reason: "busy"), .cancelled, .unknown,
        ]
        return outcomes.flatMap { outcome in
            Transmission.Purpose.allCases.map { purpose in
                .response(
                    CommandResponse(
                        command: command, attempt: 1, purpose: purpose, outcome: outcome))
            }
        } + [
            .desired(
                DesiredWrite(
                    device, Property(index: .max), .text("cool"), source: .operatorRequest,
                    slot: .lifeSafety, expires: now, stamp: Stamp(clock: .max, origin: .max))),
            .desired(DesiredWrite(device, Property(index: 2), nil, source: .pattern)),
            .twin(
                TwinOrder(principal: "ann", device: device, property: nil, decision: .delete)),
            .twin(
                TwinOrder(
                    principal: "", device: device, property: Property(index: 7),
                    decision: .acceptReported)),
            .command(
                CommandRequest(
                    principal: "ann", key: "42", device: device, name: "purge",
                    parameters: [Field("minutes", .integer(5))], priority: .low,
                    timeToLive: .minute)),
            .command(CommandRequest(principal: "", key: "", device: device, name: "stop")),
            .sequence(
                SequenceRequest(principal: "ann", key: "43", name: "cool", context: device)),
            .sequence(SequenceRequest(principal: "ann", key: "44", name: "cool")),
            .order(CommandOrder(principal: "ann", command: command, decision: .approve)),
        ]
    }

    @Test("every kind of input comes back from a block of several turns")
    func everyInput() throws {
        #expect(try decode(encode(everything)) == everything)
        #expect(try decode([]) == [])
    }

    @Test("a reading costs few bytes, a repeated one almost none")
    func size() {
        func bytes(_ readings: [Input]) -> Int {
            encode([Turn(now: now, inputs: readings)]).count
                - encode([Turn(now: now, inputs: [])]).count
        }
        let devices = (0..<100).map { UInt32($0) }
        let doubles = devices.map {
            reading($0, 3, now.milliseconds - 20, .number(1 / 3.0 + Double($0)))
        }
        #expect(bytes(doubles) <= 100 * 12)
        let hundredths = devices.map { reading($0, 3, now.milliseconds - 20, .number(21.37)) }
        #expect(bytes(hundredths) <= 100 * 2 + 8)
        let rows = (0..<100).map {
            reading(1, UInt16($0 % 4), now.milliseconds, .number(21.37 + Double($0)), .sameRow)
        }
        #expect(bytes(rows) <= 100 * 8)
    }

    @Test("doubles keep their bits whichever form they take")
    func bits() throws {
        try withSeed("turn doubles") { (generator) throws in
            var numbers = (0..<5000).map { _ in Double(bitPattern: generator.next()) }
            numbers += (0..<5000).map { _ in
                Double(Int.random(in: -3_000_000_00...3_000_000_00, using: &generator)) / 100
            }
            numbers += (0..<5000).map { _ in Double.random(in: -50...50, using: &generator) }
            numbers = numbers.filter { $0.isFinite }
            let inputs = numbers.map { reading(1, 1, 0, .number($0)) }
            var again: [UInt64] = []
            for turn in try decode(encode([Turn(now: now, inputs: inputs)])) {
                for case .reading(let reading) in turn.inputs {
                    if case .number(let number) = reading.value { again.append(number.bitPattern) }
                }
            }
            #expect(again == numbers.map(\.bitPattern))
        }
    }

    @Test("texts that look the same keep their own scalars")
    func scalars() throws {
        let texts = ["é", "e\u{301}", "é"]
        let turn = Turn(now: now, inputs: texts.map { reading(1, 1, 0, .text($0)) })
        var again: [[UInt8]] = []
        for case .reading(let reading) in try decode(encode([turn])).flatMap(\.inputs) {
            if case .text(let text) = reading.value { again.append(Array(text.utf8)) }
        }
        #expect(again == texts.map { Array($0.utf8) })
    }

    @Test("random turns come back")
    func roundTrip() throws {
        try withSeed("turns") { (generator) throws in
            for _ in 0..<200 {
                let turns = (0..<Int.random(in: 1...4, using: &generator)).map { _ in
                    Turn(
                        now: Instant(milliseconds: Int64(bitPattern: generator.next())),
                        inputs: (0..<Int.random(in: 0...20, using: &generator)).map { _ in
                            random(&generator)
                        })
                }
                #expect(try decode(encode(turns)) == turns)
            }
        }
    }

    private func random(_ generator: inout SplitMix64) -> Input {
        func small() -> UInt64 { generator.next() >> (generator.next() & 63) }
        let value: Value
        switch generator.next() % 5 {
        case 0: value = .boolean(generator.next() & 1 == 0)
        case 1: value = .integer(Int64(bitPattern: small()))
        case 2: value = .number(Double(small() >> 12) / 100)
        case 3: value = .text(String(small() % 1000))
        default: value = .timestamp(Instant(milliseconds: Int64(bitPattern: small())))
        }
        let device = UInt32(truncatingIfNeeded: small())
        let property = UInt16(truncatingIfNeeded: small())
        if generator.next() & 7 == 0 {
            return .desired(
                DesiredWrite(
                    Device(index: device), Property(index: property), value, source: .command))
        }
        return reading(
            device, property, Int64(bitPattern: small()), value,
            Reading.Flags(rawValue: UInt8(truncatingIfNeeded: small() & 3)))
    }

    @Test("any flipped bit and any cut is noticed, and the turns before it are still handed out")
    func damage() throws {
        let first = encode(Array(everything.prefix(2)))
        let bytes = encode(everything)
        let ends = (0..<everything.count).map { encode(Array(everything.prefix($0))).count }
        for length in 0..<bytes.count {
            var handed = 0
            do throws(WireError) {
                try TurnCodec.decode(Array(bytes[..<length])) { _, _ in handed += 1 }
                // Nothing is missing only where a turn ends.
                #expect(ends.contains(length))
            } catch {
                #expect(error == .truncated(at: length))
            }
        }
        for index in bytes.indices {
            for bit in 0..<8 {
                var variant = bytes
                variant[index] ^= 1 << UInt8(bit)
                #expect(throws: WireError.self) { try decode(variant) }
            }
        }
        var variant = bytes
        variant[first.count + 12] ^= 1
        var handed: [Turn] = []
        #expect(throws: WireError.damaged(at: first.count)) {
            try TurnCodec.decode(variant) { handed.append(Turn(now: $0, inputs: $1)) }
        }
        #expect(handed == Array(everything.prefix(2)))
    }

    @Test("bytes with a right checksum and a senseless content are refused")
    func forged() {
        withSeed("forged turns") { generator in
            var refused = 0
            for _ in 0..<5000 {
                let count = Int.random(in: 1...30, using: &generator)
                var body: [UInt8] = [0, UInt8(truncatingIfNeeded: generator.next() & 7)]
                body += (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
                var writer = ByteWriter()
                let checksum = UInt64(Checksum.crc32c(body.span))
                writer.fixed(checksum << 32 | UInt64(body.count))
                do throws(WireError) {
                    try TurnCodec.decode(writer.bytes + body) { _, _ in }
                } catch { refused += 1 }
            }
            #expect(refused > 4000)
        }
    }
}

@Suite("CRC-32C")
struct ChecksumTests {
    @Test(
        "the known answers of RFC 3720 appendix B.4",
        arguments: [
            (Array("123456789".utf8), 0xe306_9283), ([], 0),
            ([UInt8](repeating: 0, count: 32), 0x8a91_36aa),
            ([UInt8](repeating: 0xff, count: 32), 0x62a8_ab43),
            (Array(0..<32), 0x46dd_794e), (Array((0..<32).reversed()), 0x113f_db5c),
        ] as [([UInt8], UInt32)])
    func knownAnswers(_ bytes: [UInt8], _ expected: UInt32) {
        #expect(Checksum.crc32c(bytes.span) == expected)
    }

    @Test("eight bytes a step agree with one bit a step, at every length")
    func bitwise() {
        let bytes = (0..<100).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
        for length in 0...bytes.count {
            var remainder: UInt32 = .max
            for byte in bytes[..<length] {
                remainder ^= UInt32(byte)
                for _ in 0..<8 {
                    remainder = remainder >> 1 ^ (remainder & 1 == 0 ? 0 : 0x82f6_3b78)
                }
            }
            #expect(Checksum.crc32c(bytes.span.extracting(0..<length)) == ~remainder)
        }
    }
}
