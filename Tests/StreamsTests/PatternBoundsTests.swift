import Language
import Model
import Testing

@testable import Streams

@Suite("A pattern that would hold a million partial matches")
struct PatternBoundsTests {
    @Test("what it can come to hold is known when it is loaded, part by part")
    func arithmetic() throws {
        let story = Story([
            stream([
                ("all", "t > 0 then t < 0 overlapping"), ("first", "t > 0 then t < 0"),
                ("times", "t > 0 100000 times within 30d"),
                ("some", "t > 9 then t > 0 for 50000 of 100000 events within 30d"),
                ("plain", "t > 0"), ("stale", "t is stale after 5m"),
            ])
        ])
        let bound = try #require(
            story.processor.memoryBounds(registry: story.registry).first)
        func part(_ what: String) -> StreamMemory.Part? { bound.parts.first { $0.what == what } }
        // Four devices, and 256 starts of each.
        let all = try #require(part("partials all"))
        #expect(all.count == 4 * 256)
        #expect(all.bytes == all.count * all.bytesEach)
        // Only the earliest start at each step matters.
        #expect(part("partials first")?.count == 4 * 3)
        // As many as must be counted, within what the whole pattern may hold.
        #expect(part("partials times")?.count == 100_000)
        // With one bit of each event that it remembers.
        let some = try #require(part("partials some"))
        #expect(some.bytesEach >= 100_000 / 8)
        #expect(part("partials plain") == nil)
        // The latest row of each device, twice as long for what a value turning stale needs.
        let plain = try #require(part("pattern plain"))
        #expect(try #require(part("pattern stale")).bytesEach > plain.bytesEach + 2 * 16)
        #expect(bound.bytes >= bound.parts.reduce(0) { max($0, $1.bytes) })
    }

    @Test("when it runs, each key holds its share, and what is given up is counted")
    func keys() {
        var story = PatternStory(rule("a then b within 30d overlapping"))
        let count = 20_000
        _ = story.play((1...count).map { "\($0) p a" }.joined(separator: ";") + ";@30000")
        #expect(story.stream.ordered[0].partialCount == 256)
        #expect(story.stream.ordered[0].slots[0].partials.count <= 2 * 256)
        #expect(story.stream.counters.partialsDropped == UInt64(count - 256))
        let heard = story.play("30001 p b;@30002")
        #expect(heard.count == 256)
        #expect(heard.first == "p \(count - 255)-30001")
    }

    @Test("parts of a key share what the pattern may hold; the earliest are given up")
    func parts() {
        var limits = StreamLimits()
        limits.partialsPerRule = 640
        var story = PatternStory(rule("a then b within 30d per line"), limits: limits)
        let count = 5000
        let script = (1...count).map { "\($0) p a 0 line\($0)" }
        _ = story.play(script.joined(separator: ";") + ";@9000")
        let held = story.stream.ordered[0].partialCount
        #expect((630...640).contains(held))
        #expect(story.stream.counters.partialsDropped == UInt64(count - held))
        #expect(
            story.play("9001 p b 0 line1;9002 p b 0 line5000;@9003") == ["p,line5000 5000-9002"])
    }

    @Test("keys beyond their number are dropped, and counted")
    func keyExplosion() {
        var limits = StreamLimits()
        limits.keys = 100
        var story = PatternStory(rule("a then b per line"), limits: limits)
        let script = (1...1000).map { "\($0) p a 0 line\($0)" }
        _ = story.play(script.joined(separator: ";") + ";@2000")
        #expect(story.stream.ordered[0].slots.count == 100)
        #expect(story.stream.counters.droppedByLimit == 900)
        #expect(story.play("2001 p b 0 line100;2002 p b 0 line101;@3000") == ["p,line100 100-2001"])
    }
}
