import Model
import Streams
import Testing

@Suite("Snapshots")
struct SnapshotTests {
    private let window = stream(
        [("spread", "range(max_t) > 5 within 1h"), ("held", "max_t > 5 for 1m")], window: "10s",
        measures: [("max_t", "max"), ("sum_t", "sum")], lateness: "30s")

    private var raw: StreamDefinition {
        var definition = stream(
            [("held", "t > 30 for 10s"), ("sum", "sum(t) > 5 within 1m"), ("now", "t > 3")],
            lateness: "30s")
        definition.name = Located("raw")
        return definition
    }

    private var datagrams: StreamDefinition {
        var definition = stream([("both", "t > 1 and n > 1")])
        definition.name = Located("datagrams")
        definition.sources = [
            source(topic: "telemetry/+", mapping: [("t", "payload.t"), ("n", "payload.n")])
        ]
        return definition
    }

    private func snapshot(_ story: Story) -> [UInt8] {
        var writer = ByteWriter()
        story.processor.snapshot(into: &writer)
        return writer.bytes
    }

    private func busy() -> Story {
        var story = Story([window, raw, datagrams])
        for line in ["1 a 31", "12 a 33", "14 b 1e300", "15 c 7", "31 a 40", "44 a 45"] {
            _ = story.step(line)
        }
        return story
    }

    @Test("what is written twice is the same, and read back and written again as well")
    func stable() throws {
        let story = busy()
        let bytes = snapshot(story)
        var second = Story([window, raw, datagrams])
        var reader = ByteReader(bytes)
        try second.processor.restore(from: &reader)
        #expect(snapshot(second) == bytes)
    }

    @Test("a datagram's row survives between two of its readings")
    func pendingRow() throws {
        var story = Story([datagrams])
        #expect(story.step("1 a t=5") == [])
        let bytes = snapshot(story)
        story = Story([datagrams])
        var reader = ByteReader(bytes)
        try story.processor.restore(from: &reader)
        story.play(
            """
            1 a +n=7 |
            @2 | both a 1-1 t=5.0 n=7
            """)
    }

    @Test("a stream that is gone or has changed is skipped; the others go on")
    func changed() throws {
        let bytes = snapshot(busy())
        var other = window
        other.sources[0].lateness = .seconds(31)
        var story = Story([other, raw])
        var reader = ByteReader(bytes)
        try story.processor.restore(from: &reader)
        #expect(reader.isAtEnd)
        // The window stream has forgotten what it had; the raw one fires the timer it had set.
        let heard = story.step("200 d 0")
        #expect(heard.contains("held b 14-24 id=b t=1e+300"))
        #expect(!heard.contains { $0.hasPrefix("[") })
    }

    /// Windows of several sizes and panes, all kept for revision, and rows that wait with what they
    /// carry.
    private func rolledUp() -> Story {
        var sizes = aggregation(
            ["avg", "p90", "integral", "stddev", "distinct", "last"].map { ($0, $0) },
            by: ["device_id"], windows: [("m", "10s"), ("h", "20s")],
            sources: [source(lateness: "15s")])
        sizes.retention = Located(.minute)
        var panes = stream(
            window: "10s", measures: [("avg", "avg"), ("p90", "p90")], lateness: "15s")
        panes.name = Located("panes")
        panes.window = WindowDefinition(.hopping(size: .seconds(10), every: .seconds(4)))
        panes.retention = Located(.minute)
        let follower = StreamDefinition(
            name: Located("f"),
            sources: [
                SourceDefinition(.stream(Located("panes"))),
                source(
                    topic: "telemetry/+/n", mapping: [("id", "topic[1]"), ("n", "payload.value")]),
            ],
            patterns: [
                PatternDefinition(
                    name: Located("p"), condition: Located("avg(avg) over 1m > 1 and n > 1"))
            ])
        var story = Story([panes, follower], [sizes])
        for line in ["1 a n=1i", "2 a 31", "12 a 33", "14 b 1e9", "15 c 7", "31 a 40", "44 a 45"] {
            _ = story.step(line)
        }
        return story
    }

    @Test("damaged roll-ups, panes and carried rows are refused too")
    func damagedWindows() throws {
        let bytes = snapshot(rolledUp())
        let empty = rolledUp()
        #expect(empty.diagnostics.isEmpty, "\(empty.diagnostics)")
        var whole = Story(empty.streams, empty.aggregations)
        var reader = ByteReader(bytes)
        try whole.processor.restore(from: &reader)
        #expect(reader.isAtEnd)
        #expect(snapshot(whole) == bytes)
        var random = SplitMix64(state: 11)
        var refused = 0
        for _ in 0..<2000 {
            var copy = bytes
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                copy[Int.random(in: 0..<copy.count, using: &random)] = UInt8.random(
                    in: 0...255, using: &random)
            }
            var story = Story(empty.streams, empty.aggregations)
            var reader = ByteReader(copy)
            do throws(RecordError) {
                try story.processor.restore(from: &reader)
                for line in ["50 a 3", "38 a 1 50", "300 a 1", "300 a n=2i", "400 a n=3i"] {
                    _ = story.step(line)
                }
            } catch {
                refused += 1
            }
        }
        #expect(refused > 50, "seed 11")
    }

    @Test("damaged bytes are refused and change nothing; they never trap")
    func damaged() {
        let bytes = snapshot(busy())
        var random = SplitMix64(state: 7)
        var refused = 0
        for length in stride(from: 0, to: bytes.count, by: 7) {
            var story = busy()
            var reader = ByteReader(Array(bytes[..<length]))
            #expect(throws: RecordError.self) { try story.processor.restore(from: &reader) }
            if length % 5 == 0 { #expect(snapshot(story) == bytes) }
        }
        for _ in 0..<1000 {
            var copy = bytes
            copy[Int.random(in: 0..<copy.count, using: &random)] = UInt8.random(
                in: 0...255, using: &random)
            var story = Story([window, raw, datagrams])
            var reader = ByteReader(copy)
            do throws(RecordError) {
                try story.processor.restore(from: &reader)
                _ = story.step("300 a 1")
            } catch {
                refused += 1
            }
        }
        #expect(refused > 50, "seed 7")
    }
}
