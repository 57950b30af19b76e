import Engine
import Model
import Testing
import Twins

@Suite("The engine keeps a history")
struct HistoryTests {
    @Test("off unless asked for")
    func off() throws {
        var bench = try Bench()
        bench.step([try bench.temperature(20, in: 1, at: 0)], at: 0)
        bench.engine.sealHistory()
        #expect(bench.engine.takeSealedHistory().isEmpty)
    }

    @Test("what twins say of a reading decides what is kept")
    func outcomes() throws {
        var bench = try Bench()
        bench.engine.keepHistory(HistoryTable.Limits())
        for (value, time) in [(20.0, 0.0), (21, 1), (21, 2), (22, 3), (15, 0.5)] {
            bench.step([try bench.temperature(value, in: 1, at: time)], at: 4)
        }
        bench.step([try bench.temperature(99, in: 1, at: 5, flags: .decideOnly)], at: 5)
        bench.engine.sealHistory()
        let samples = try bench.engine.takeSealedHistory().filter { $0.kind == .samples }
            .flatMap { try HistoryBlock($0.bytes).samples() }
        #expect(samples.map(\.value.double) == [20, 21, 22, 15])
        #expect(bench.engine.history.counters.recorded == 4)
    }

    @Test("a replay from a checkpoint seals the same blocks under the same keys")
    func replay() throws {
        let limits = HistoryTable.Limits(blockBytes: 256)
        var bench = try Bench()
        bench.engine.keepHistory(limits)
        var first = 0
        var checkpoint = ByteWriter()
        var sealed: [HistoryTable.SealedBlock] = []
        for second in 0..<2000 {
            if second == 700 {
                first = bench.turns.count
                bench.engine.snapshot(into: &checkpoint)
                sealed = []
            }
            let value = Double((second * 7919) % 83) / 10
            bench.step(
                [try bench.temperature(value, in: second % 4 + 1, at: Double(second))],
                at: Double(second))
            sealed += bench.engine.takeSealedHistory()
        }
        #expect(sealed.count > 4)
        var replayed = Engine(bench.plan)
        replayed.keepHistory(limits)
        var reader = ByteReader(checkpoint.bytes)
        try replayed.restore(from: &reader)
        var effects: [Effect] = []
        var again: [HistoryTable.SealedBlock] = []
        for turn in bench.turns[first...] {
            replayed.step(turn.inputs, at: turn.now, into: &effects)
            again += replayed.takeSealedHistory()
        }
        #expect(again == sealed)
        replayed.continueHistory(after: 1 << 40)
        replayed.sealHistory()
        #expect(replayed.takeSealedHistory().first?.sequence == 1 << 40 + 1)
    }
}
