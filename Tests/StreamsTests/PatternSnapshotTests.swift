import Language
import Model
import Testing

@testable import Streams

/// What is read back was written by the same pattern, if nothing is damaged. Two keys are known.
@Suite("Patterns written down and read back")
struct PatternSnapshotTests {
    /// Bytes of a pattern's state, part by part; all that is not given is as a small state has it.
    private struct Bytes {
        var isPartitioned = false
        /// Each with its key, where it has one, its tag and its values.
        var places: [(key: Int?, tag: Value?, values: [Value?])] = []
        var trailing = 0
        var slots = 1
        var ordinal: Int64 = 3
        var key = 1
        var step = 1
        /// Behind the slots.
        var rest: (inout ByteWriter) -> Void = { _ in }

        var all: [UInt8] {
            var writer = ByteWriter()
            writer.bool(isPartitioned)
            if isPartitioned {
                writer.list(places) { writer, place in
                    if let key = place.key { writer.unsigned(key) }
                    writer.value(place.tag)
                    for value in place.values { writer.value(value) }
                }
            }
            writer.unsigned(trailing)
            writer.unsigned(slots)
            for _ in 0..<min(slots, 1) { slot(&writer) }
            rest(&writer)
            return writer.bytes
        }

        private func slot(_ writer: inout ByteWriter) {
            writer.signed(ordinal)
            for _ in 0..<2 { writer.instant(seconds("1")) }
            writer.signed(1)
            writer.instant(seconds("0"))
            writer.bool(false)
            writer.unsigned(key)
            writer.unsigned(1)
            for _ in 0..<3 { writer.instant(seconds("1")) }
            for _ in 0..<2 { writer.signed(1) }
            writer.unsigned(1)
            writer.unsigned(step)
        }
    }

    /// Whether it is read to its end, or refused.
    private func isRead(
        _ text: String, keys limit: Int = 9, _ change: (inout Bytes) -> Void = { _ in }
    ) -> Bool {
        var limits = StreamLimits()
        limits.keys = limit
        let plan = PatternPlan(name: "m", rule: rule(text), actions: [], isCritical: false)
        var state = PatternState(plan, width: PatternStory.columns.count, limits: limits)
        var bytes = Bytes()
        change(&bytes)
        var reader = ByteReader(bytes.all)
        guard (try? state.restore(from: &reader, keys: 2)) != nil else { return false }
        #expect(state.partialCount == 1)
        return reader.isAtEnd
    }

    @Test("slots: none beyond the keys there are, at steps that the rule has")
    func slots() {
        let text = "a then b"
        #expect(isRead(text))
        #expect(!isRead(text) { $0.slots = 3 })
        #expect(!isRead(text) { $0.key = 2 })
        #expect(!isRead(text) { $0.step = 2 })
        #expect(!isRead(text) { $0.ordinal = 1 << 60 })
        #expect(!isRead(text) { $0.ordinal = .min })
        #expect(!isRead(text) { $0.isPartitioned = true })
    }

    @Test("aggregates: as many as the rule has, for each of the keys")
    func aggregates() {
        #expect(!isRead("a then b") { $0.trailing = 1 })
        #expect(!isRead("avg(v) over 1m > 1 then sum(v) over 1m > 1") { $0.trailing = 3 })
        #expect(!isRead("avg(v) over 1m > 1 then sum(v) over 1m > 1") { $0.trailing = 6 })
    }

    @Test("partitions: of keys that are there, each once, no more than may be")
    func partitions() {
        let text = "a then b per line"
        func read(_ keys: [Int], _ slots: Int = 1, limit: Int = 9) -> Bool {
            isRead(text, keys: limit) { bytes in
                bytes.isPartitioned = true
                bytes.places = keys.map { ($0, nil, [.text("one")]) }
                bytes.slots = slots
            }
        }
        #expect(read([1]))
        #expect(read([1, 0]))
        #expect(!read([2]))
        #expect(!read([1, 1]))
        #expect(!read([1, 0], limit: 1))
        #expect(!read([1], 2))
        #expect(!isRead(text))
    }

    @Test("groups: members are keys that are there, each once, in a state that there is")
    func groups() {
        func read(_ members: [(key: Int, state: Int)]) -> Bool {
            isRead("any devices: a then b") { bytes in
                bytes.isPartitioned = true
                bytes.places = [(nil, nil, [])]
                bytes.rest = { writer in
                    writer.bool(true)
                    for _ in 0..<2 { writer.instant(seconds("1")) }
                    writer.list(members) { writer, member in
                        writer.unsigned(member.key)
                        writer.unsigned(member.state)
                        writer.instant(seconds("1"))
                    }
                }
            }
        }
        #expect(read([]))
        #expect(read([(0, 1), (1, 0)]))
        #expect(read([(0, 2)]))
        #expect(!read([(2, 1)]))
        #expect(!read([(0, 1), (0, 1)]))
        #expect(!read([(0, 3)]))
    }

    @Test("rows that may turn stale: of keys that are there, in slots that are there")
    func stale() {
        func read(keys: Int, slot: Int) -> Bool {
            isRead("a then v is stale after 10s") { bytes in
                // The calls come before the slots, so all is written behind no aggregates.
                bytes.slots = 0
                bytes.rest = { writer in
                    // The slots that were announced are the calls' keys; here are the slots.
                    writer.unsigned(0)
                    writer.unsigned(keys)
                    for _ in 0..<keys {
                        writer.unsigned(slot + 1)
                        writer.instant(seconds("1"))
                        for _ in 0..<8 { writer.value(nil) }
                    }
                }
            }
        }
        #expect(!read(keys: 3, slot: -1))
        #expect(!read(keys: 1, slot: 0))
    }

    @Test(
        "the state of one pattern is not that of another",
        arguments: [
            ("a then b", "a then b per line"), ("a then b per line", "a then b"),
            ("a then b then c", "a then b"), ("a then b", "any devices: a then b"),
            ("a 3 times then b", "a then v is stale after 10s"),
        ])
    func otherShape(_ written: String, _ read: String) {
        var story = PatternStory(rule(written))
        _ = story.play("1 p a 5 one;2 p b 5 one;3 q a 5 two;4 q b 5 two;5 q a 5 one;6 q ab 5 one")
        var writer = ByteWriter()
        story.stream.ordered[0].write(into: &writer)
        var reader = ByteReader(writer.bytes)
        var other = PatternStory(rule(read)).stream.ordered[0]
        let wakes = try? other.restore(from: &reader, keys: 2)
        #expect(wakes == nil || !reader.isAtEnd)
    }
}
