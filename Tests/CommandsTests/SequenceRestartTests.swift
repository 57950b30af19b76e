import Commands
import Model
import Testing

/// A gateway that dies at any moment ends every run as one that never died.
@Suite struct SequenceRestartTests {
    private static let joined = [
        Works.step("clamp", after: []),
        Works.step("feed", "spin", after: ["clamp"]) {
            $0.target = Works.target(.any, 1, group: "feeders")
            $0.compensation = CompensationDefinition(command: Located("stop"))
        },
        Works.step("light", after: ["feed"]) {
            $0.timeout = .minute
            $0.errorHandling = ErrorHandling(strategy: .skip)
        },
    ]

    private static let shown = [
        Works.step("spin") {
            $0.waitFor = Located("speed > 1000 within 30s")
            $0.when = Located("temperature < 60")
            $0.compensation = CompensationDefinition(command: Located("stop"))
            $0.errorHandling = ErrorHandling(strategy: .retry, maxAttempts: 2)
        }, Works.step("light"),
    ]

    private static func works(_ kind: Int, _ policy: GroupPolicy, _ trouble: String) -> Works {
        let steps = [Works.clampAndSpin, joined, shown, Works.clampAndSpin][kind]
        let sequence = Works.sequence(steps, policy: policy) {
            if kind == 3 {
                $0.barrier = BarrierDefinition(
                    prepareTimeout: .seconds(10), within: .second, quorum: 1)
            }
        }
        var works = Works(
            [sequence], stations: 2, fates: trouble.isEmpty ? [:] : [trouble: .refused])
        works.report("temperature", .number(20), by: "s1")
        works.start()
        return works
    }

    /// Every event of every run is once the last before a crash.
    @Test(arguments: [
        GroupPolicy.allOrCompensate, .quorum(1), .bestEffort, .stopOnFirst,
    ])
    func aRestartAtAnyEventEndsInTheSameStates(policy: GroupPolicy) throws {
        for kind in 0..<4 {
            let troubles = [
                ["", "spin s1", "clamp s2", "unclamp"], ["spin", "light s2"], ["", "spin s1"],
                ["prepare s2", "clamp s2"],
            ]
            for trouble in troubles[kind] {
                var whole = SequenceRestartTests.works(kind, policy, trouble)
                whole.finish()
                for event in 0..<100 {
                    var broken = SequenceRestartTests.works(kind, policy, trouble)
                    var left = event
                    while left > 0, broken.step() { left -= 1 }
                    if left > 0 { break }
                    try broken.restart()
                    broken.finish()
                    let place = "kind \(kind) trouble \(trouble) event \(event)"
                    #expect(broken.end == whole.end, "\(place)")
                    SequenceRestartTests.check(broken, policy, place)
                    // Who got how far before the first failure is a matter of time.
                    guard policy == .bestEffort else { continue }
                    #expect(broken.steps == whole.steps, "\(place)")
                    #expect(broken.ran.sorted() == whole.ran.sorted(), "\(place)")
                }
            }
        }
    }

    /// What was done has been taken back once, or is told by an alarm.
    private static func check(_ works: Works, _ policy: GroupPolicy, _ place: String) {
        let undone = works.ran.filter { $0.hasPrefix("unclamp") }
        #expect(Set(undone).count == undone.count, "\(place)")
        guard works.end == "compensated" else { return }
        for done in works.ran where done.hasPrefix("clamp") {
            #expect(undone.contains("un" + done), "\(place)")
        }
    }

    @Test func aRunWhoseSequenceHasChangedIsTakenBack() throws {
        var works = Works([Works.sequence(Works.clampAndSpin)], stations: 2)
        works.start()
        while works.ran.count < 4, works.step() {}
        while works.steps.filter({ $0.hasSuffix("succeeded") }).count < 3, works.step() {}
        try works.restart(with: [Works.sequence([Works.step("light")])])
        works.finish()
        #expect(works.end == "compensated")
        #expect(works.records.last?.reason == "the sequence has changed")
        #expect(Set(works.ran.suffix(4)) == ["stop s1", "stop s2", "unclamp s1", "unclamp s2"])
        let clamps = works.ran.firstIndex(of: "unclamp s1") ?? 0
        #expect(works.ran.firstIndex(of: "stop s1") ?? .max < clamps)
    }

    @Test func damagedBytesAreRefusedAndNeverTrap() {
        var works = SequenceRestartTests.works(1, .allOrCompensate, "light s2")
        for _ in 0..<7 { _ = works.step() }
        var writer = ByteWriter()
        works.table.snapshot(into: &writer)
        for place in writer.bytes.indices {
            for flip: UInt8 in [1, 0x80, 0xff] {
                var bytes = writer.bytes
                bytes[place] ^= flip
                var table = works.table
                var reader = ByteReader(bytes)
                do throws(RecordError) {
                    try table.restore(from: &reader, registry: works.registry)
                } catch { #expect(table.records == works.table.records) }
                table.advance(
                    to: Instant(milliseconds: 1 << 40), commands: &works.scheduler,
                    twins: works.twins, registry: works.registry, into: &works.effects)
            }
            var cut = ByteReader(Array(writer.bytes[..<place]))
            #expect(throws: RecordError.self) {
                var table = works.table
                try table.restore(from: &cut, registry: works.registry)
            }
        }
    }
}
