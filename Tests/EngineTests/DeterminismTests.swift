import Engine
import Model
import Testing
import Wire

@Suite("The same inputs give the same decisions")
struct DeterminismTests {
    /// Ten minutes of readings about the limit, and fans that answer, refuse or keep silent, and
    /// register now and then.
    private func run(seed: UInt64) throws -> Bench {
        var random = SplitMix64(state: seed)
        var bench = try Bench()
        var seen = 0
        for second in stride(from: 1.0, through: 600, by: 5) {
            var inputs: [Input] = []
            for room in 1...4 where Int.random(in: 0..<10, using: &random) > 0 {
                let value = Double(Int.random(in: 250...360, using: &random)) / 10
                let isFire = Int.random(in: 0..<60, using: &random) == 0
                let age = Double(Int.random(in: 0...3, using: &random))
                inputs.append(
                    try bench.temperature(isFire ? 70 : value, in: room, at: second - age))
            }
            for sent in bench.transmissions[seen...] {
                inputs += try answers(to: sent, bench, at: second, using: &random)
            }
            seen = bench.transmissions.count
            if Int.random(in: 0..<10, using: &random) == 0 {
                inputs.append(
                    .registered(
                        try bench.device("fan-2"), address: "coap://192.0.2.2:\(Int(second))",
                        lifetime: .minute))
            }
            bench.step(inputs, at: second)
        }
        bench.step([], at: 2000)
        return bench
    }

    private func answers(
        to sent: Transmission, _ bench: Bench, at second: Double, using random: inout SplitMix64
    ) throws -> [Input] {
        func response(_ outcome: CommandResponse.Outcome) -> Input {
            .response(
                CommandResponse(
                    command: sent.command, attempt: sent.attempt, outcome: outcome))
        }
        switch Int.random(in: 0..<6, using: &random) {
        case 0: return [response(.refused(code: 503, diagnostic: "busy"))]
        case 1: return [response(.noResponse)]
        case 2: return []
        default:
            return [
                response(.acknowledged(code: 204)),
                .reading(
                    Reading(
                        device: sent.device, property: try bench.property("mode"),
                        time: Bench.instant(second), value: .text("on"))),
            ]
        }
    }

    @Test("a run has something to decide", arguments: [UInt64(1), 2])
    func isInteresting(seed: UInt64) throws {
        let bench = try run(seed: seed)
        #expect(bench.transmissions.count > 10, "seed \(seed)")
        #expect(Set(bench.records.map(\.kind)) == [.match, .command, .aggregate], "seed \(seed)")
        #expect(bench.records.map(\.sequence) == (1...UInt64(bench.records.count)).map { $0 })
    }

    @Test(
        "restored after any turn, it goes on as if nothing had happened", arguments: [UInt64(1), 7])
    func snapshots(seed: UInt64) throws {
        let live = try run(seed: seed)
        var prefix = Bench(live.plan)
        for (index, turn) in live.turns.enumerated() {
            prefix.step(turn.inputs, now: turn.now)
            guard index % 7 == 3 || index + 2 == live.turns.count else { continue }
            var restored = Bench(live.plan)
            var reader = ByteReader(prefix.snapshot)
            try restored.engine.restore(from: &reader)
            #expect(reader.isAtEnd)
            for (device, row) in zip(restored.engine.registry.devices, prefix.twins) {
                var reader = ByteReader(row)
                try restored.engine.decodeTwin(of: device, from: &reader)
            }
            #expect(restored.snapshot == prefix.snapshot, "seed \(seed), turn \(index)")
            for turn in live.turns[(index + 1)...] { restored.step(turn.inputs, now: turn.now) }
            let rest = Array(live.effects[prefix.effects.count...])
            #expect(restored.effects == rest, "seed \(seed), turn \(index)")
            #expect(restored.snapshot == live.snapshot, "seed \(seed), turn \(index)")
            #expect(restored.twins == live.twins, "seed \(seed), turn \(index)")
        }
    }

    @Test("a journal replayed is the live run", arguments: [UInt64(3), 11])
    func journal(seed: UInt64) throws {
        let live = try run(seed: seed)
        var writer = ByteWriter()
        for turn in live.turns { TurnCodec.append(now: turn.now, inputs: turn.inputs, to: &writer) }
        var replayed = Bench(live.plan)
        try TurnCodec.decode(writer.bytes) { (now, inputs) throws(WireError) in
            replayed.step(inputs, now: now)
        }
        #expect(replayed.turns.count == live.turns.count, "seed \(seed)")
        #expect(replayed.effects == live.effects, "seed \(seed)")
        #expect(replayed.snapshot == live.snapshot, "seed \(seed)")
        #expect(replayed.twins == live.twins, "seed \(seed)")
    }

    @Test("divided into other turns, readings give the same rows", arguments: [UInt64(5), 13, 99])
    func splits(seed: UInt64) throws {
        var random = SplitMix64(state: seed)
        let bench = try Bench()
        var readings: [(second: Double, input: Input)] = []
        for tick in 0..<1200 {
            let second = Double(tick) / 4
            let value = Double(Int.random(in: 200...400, using: &random)) / 10
            let room = Int.random(in: 1...4, using: &random)
            readings.append((second, try bench.temperature(value, in: room, at: second)))
        }
        func rows(_ size: (inout SplitMix64) -> Int) throws -> [String] {
            var random = SplitMix64(state: seed &+ 1)
            var bench = Bench(bench.plan)
            var rest = readings[...]
            while !rest.isEmpty {
                let turn = rest.prefix(size(&random))
                rest = rest.dropFirst(turn.count)
                bench.step(turn.map(\.input), at: turn.last?.second ?? 0)
            }
            bench.step([], at: 4000)
            return bench.records.filter { $0.kind != .command }
                .map { "\($0.kind) \($0.name) \($0.time) \($0.key) \($0.fields)" }.sorted()
        }
        let single = try rows { _ in 1 }
        #expect(single.count > 20, "seed \(seed)")
        #expect(try rows { Int.random(in: 1...20, using: &$0) } == single, "seed \(seed)")
        #expect(try rows { _ in 1200 } == single, "seed \(seed)")
    }
}
