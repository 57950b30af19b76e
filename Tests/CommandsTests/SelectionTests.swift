import Commands
import Model
import Testing

/// Which devices are taken, whatever order they were numbered in.
@Suite struct SelectionTests {
    private static let permutations = [[1, 2, 3, 4], [4, 3, 2, 1], [2, 4, 1, 3]]

    private func chosen(
        _ selection: TargetDefinition.Selection, _ count: Int?, near: String? = nil,
        order: [Int], zones: ZoneGraph? = nil, _ change: (inout Works) -> Void = { _ in }
    ) -> [String] {
        let steps = [Works.step("clamp")]
        let sequences = [
            Works.sequence(steps, selection: selection, count: count) { $0.target.zones = zones },
            SequenceDefinition(
                name: Located("busy"), target: Works.target(.nearest),
                steps: [StepDefinition(command: Located("light"))]),
        ]
        var works = Works(sequences, stations: 4, order: order)
        change(&works)
        works.start(near: near)
        return works.sent.filter { $0.hasPrefix("clamp") }.map { String($0.suffix(2)) }
    }

    @Test(arguments: permutations)
    func allAndAny(order: [Int]) {
        #expect(chosen(.all, nil, order: order) == ["s1", "s2", "s3", "s4"])
        #expect(chosen(.all, 3, order: order) == ["s1", "s2", "s3"])
        #expect(chosen(.any, 2, order: order) == ["s1", "s2"])
    }

    @Test(arguments: permutations)
    func nearestByPosition(order: [Int]) {
        #expect(chosen(.nearest, 2, near: "s3", order: order) == ["s2", "s3"])
        #expect(chosen(.nearest, 1, near: "s4", order: order) == ["s4"])
        // A feeder has no position, and shares no tag with any.
        #expect(chosen(.nearest, 2, near: "f1", order: order) == ["s1", "s2"])
    }

    @Test(arguments: permutations)
    func nearestByZone(order: [Int]) {
        let zones = ZoneGraph(
            tag: "zone", adjacency: [("west", ["hall"]), ("hall", ["yard"]), ("yard", ["east"])])
        // 2 and 4 are in the east, 1 and 3 in the west: the own zone goes before metres.
        #expect(chosen(.nearest, 2, near: "s4", order: order, zones: zones) == ["s2", "s4"])
        #expect(chosen(.nearest, 3, near: "s4", order: order, zones: zones) == ["s2", "s3", "s4"])
        #expect(chosen(.nearest, nil, near: "f1", order: order, zones: zones) == ["s1"])
    }

    @Test(arguments: permutations)
    func freshestAndLeastLoaded(order: [Int]) {
        let fresh = chosen(.freshest, 2, order: order) { works in
            for (name, time) in [("s2", 50), ("s4", 90), ("s3", 50)] {
                guard let device = works.registry.device(named: name) else { continue }
                works.twins.seen[device] = Instant(milliseconds: Int64(time))
            }
        }
        #expect(fresh == ["s2", "s4"])
        let idle = chosen(.leastLoaded, 2, order: order) { works in
            for name in ["s1", "s3"] {
                guard let device = works.registry.device(named: name) else { continue }
                works.load(device)
            }
        }
        #expect(idle == ["s2", "s4"])
    }

    @Test func theSameInputGivesTheSameAuditWhateverTheOrder() {
        let audits = SelectionTests.permutations.map { order in
            var works = Works(
                [Works.sequence(Works.clampAndSpin, policy: .allOrCompensate)], stations: 4,
                order: order, fates: ["spin s3": .refused])
            works.start()
            works.finish()
            return works.audit("run").map { "\($0.time) \($0.to) \($0.reason) \($0.details)" }
                + works.steps + works.ran
        }
        #expect(audits[0] == audits[1])
        #expect(audits[0] == audits[2])
    }
}
