import Commands
import Model
import Testing

/// Invariants among misbehaving devices, and across crashes.
@Suite struct WorldTests {
    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func whatMustAlwaysHold(seed: UInt64) {
        var world = World.crowded(seed: seed)
        while world.step() {
            var busy: Set<Device> = []
            for record in world.site.scheduler.records where record.state.isInFlight {
                #expect(busy.insert(record.device).inserted, "seed \(seed)")
            }
            guard world.steps < 5000 else {
                Issue.record("seed \(seed) does not end")
                return
            }
        }
        #expect(world.site.scheduler.records.allSatisfy { $0.state.isFinal }, "seed \(seed)")
        let ends = world.site.finished
        #expect(Set(ends.map(\.id)).count == ends.count)
        for end in ends { check(end, in: world) }
        checkOrder(of: world)
        #expect(world.executions.values.allSatisfy { $0 == 1 })
    }

    /// An outcome claims no more than the gateway can know.
    private func check(_ end: CommandRecord, in world: World) {
        let context: Comment = "seed \(world.seed): \(end)"
        let sent = world.site.sent.filter { $0.command == end.id && $0.purpose == .execute }
        switch end.state {
        case .succeeded:
            #expect(world.executions[end.id] != nil, context)
        case .failed:
            let wasUnsent = !world.maybeSent.contains(end.id)
            let wasUnreported = end.result == "no report"
            let wasUnknown = end.result == "unknown there" && world.executions[end.id] == nil
            #expect(
                world.refused.contains(end.id) || wasUnsent || wasUnreported || wasUnknown, context)
        case .indeterminate:
            #expect(world.maybeSent.contains(end.id), context)
            #expect(!world.acknowledged.contains(end.id) || world.verify != nil, context)
        case .cancelled, .superseded, .rejected:
            #expect(sent.isEmpty, context)
        default:
            Issue.record(context)
        }
        #expect(sent.map(\.attempt).elementsEqual(1..<(sent.count + 1)), context)
    }

    /// First transmissions to one device follow the order of making, for each priority by itself.
    private func checkOrder(of world: World) {
        var made: [CommandID] = []
        for case .audit(let entry) in world.site.effects where entry.from == "created" {
            made.append(entry.command)
        }
        let firsts = world.site.sent.filter { $0.attempt == 1 && $0.purpose == .execute }
        for device in world.site.registry.devices {
            for isCritical in [true, false] {
                let sent = firsts.filter { $0.device == device && $0.isCritical == isCritical }
                    .map(\.command)
                #expect(sent == made.filter { sent.contains($0) }, "seed \(world.seed)")
            }
        }
    }

    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func aCrashAnywhereChangesNoOutcome(seed: UInt64) throws {
        var calm = World.orderly(seed: seed)
        while calm.step() {}
        let expected = outcomes(of: calm)
        #expect(!expected.isEmpty)
        for crashAt in 0..<calm.steps {
            var world = World.orderly(seed: seed)
            for _ in 0..<crashAt { _ = world.step() }
            try world.crash()
            while world.step() {}
            #expect(world.site.scheduler.records.allSatisfy { $0.state.isFinal })
            for end in world.site.finished where expected[end.id] != end.state {
                let lives = (calm.site.life(of: end.id), world.site.life(of: end.id))
                Issue.record("seed \(seed), crash at \(crashAt), \(end.name): \(lives)")
            }
            #expect(world.site.finished.count == expected.count)
            // The same things are done under the same ids.
            #expect(Set(world.executions.keys) == Set(calm.executions.keys))
            #expect(Set(world.site.sent.map(\.command)) == Set(calm.site.sent.map(\.command)))
        }
    }

    /// The worlds would prove little if they missed a way.
    @Test func theWorldsGoEveryWayThereIs() throws {
        var ways: Set<String> = []
        for seed in 1...12 as ClosedRange<UInt64> {
            var crowded = World.crowded(seed: seed)
            while crowded.step() { if crowded.steps % 9 == 0 { try crowded.crash() } }
            var orderly = World.orderly(seed: seed)
            while orderly.step() {}
            for world in [crowded, orderly] {
                for case .audit(let entry) in world.site.effects {
                    ways.insert("\(entry.from) > \(entry.to)")
                }
            }
        }
        // Those of plain commands; all others have scripts of their own.
        let plain = [
            "C03", "C11", "C14", "C15", "C16", "C24", "C25", "C27", "C28", "C29", "C30", "C31",
            "C34", "C53", "C54", "C55", "C58", "C65", "C66", "C67", "C68",
        ]
        let expected = CommandLife.table.filter { plain.contains($0.id) }
            .map { "\($0.from) > \($0.to)" }
        #expect(Set(expected).subtracting(ways) == [])
    }

    private func outcomes(of world: World) -> [CommandID: CommandState] {
        Dictionary(
            world.site.finished.map { ($0.id, $0.state) }, uniquingKeysWith: { first, _ in first })
    }
}
