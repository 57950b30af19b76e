import Language
import Model
import Streams
import Testing

/// For any configuration, whatever is done to the arrival within what is promised, the outputs are
/// the same, byte for byte: another order within lateness, other turns, restarts, a faster clock,
/// and, where events have numbers, events that come again, at any time.
@Suite("Properties of streams")
struct PropertyTests {
    /// Cases in all; each compares one disturbed run with an undisturbed one.
    private static let cases = 10_000
    /// Disturbed runs of one configuration and one set of events.
    private static let runsPerWorld = 10

    @Test("ten thousand cases, the same bytes", arguments: 0..<10)
    func same(_ part: Int) throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("properties of streams, part \(part): seed \(seed)")
        var random = SplitMix64(state: seed)
        var heard = 0
        for number in 0..<(PropertyTests.cases / 10 / PropertyTests.runsPerWorld) {
            let world = RandomWorld(&random)
            #expect(world.isAvailable, "seed \(seed): \(world): \(world.story.diagnostics)")
            let expected = try world.run(Disturbance())
            heard += expected.count
            for _ in 0..<PropertyTests.runsPerWorld {
                let disturbance = Disturbance(&random)
                let actual = try world.run(disturbance)
                guard actual == expected else {
                    let place = "seed \(seed), world \(number): \(world) with \(disturbance)"
                    Issue.record("\(place) gives \(actual), not \(expected)")
                    return
                }
            }
        }
        #expect(heard > 100, "seed \(seed): hardly anything came out")
    }

    @Test("every form that the language has is in the table")
    func forms() {
        for form in RandomWorld.forms {
            let world = RandomWorld(form: form)
            #expect(world.isAvailable, "\(form): \(world.story.diagnostics)")
        }
    }
}

/// What happens to the events on their way.
struct Disturbance {
    /// Nil for none: events arrive in order.
    var order: UInt64?
    /// Events in a turn.
    var turn = 1
    /// A restart behind each so many events.
    var restart: Int?
    /// The clock runs so many times as fast as the events' time.
    var speed: Int64 = 1
    /// Nil where each event comes once.
    var duplicates: UInt64?

    init() {}

    init(_ random: inout SplitMix64) {
        if Int.random(in: 0..<4, using: &random) > 0 { order = random.next() }
        turn = Int.random(in: 1...9, using: &random)
        if Bool.random(using: &random) { restart = Int.random(in: 1...7, using: &random) }
        speed = [1, 1, 10, 1000].randomElement(using: &random) ?? 1
        if Int.random(in: 0..<4, using: &random) > 0 { duplicates = random.next() }
    }
}
