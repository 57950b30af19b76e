import Language
import Model
import Streams
import Testing

@Suite("Joins that cannot be")
struct JoinMistakeTests {
    private func codes(_ definition: StreamDefinition) -> [String] {
        Story([definition]).diagnostics.map { "\($0.code) \($0.message)" }
    }

    private func joined(
        with: String, by: [String] = [], _ kind: JoinDefinition.Kind
    ) -> StreamDefinition {
        var definition = joining(kind)
        definition.processing = [
            .joinWith(
                JoinDefinition(with: Located(with), by: by.map { Located($0) }, kind))
        ]
        return definition
    }

    private static let second = JoinDefinition.Kind.interval(before: .second, after: .zero)

    @Test("what is wrong is told with the reason")
    func refused() {
        let second = JoinMistakeTests.second
        #expect(
            codes(joined(with: "other", second)) == [
                "E0232 no source of this stream is `other`"
            ])
        #expect(
            codes(joined(with: "telemetry/+/n", .interval(before: .day * 3650, after: .zero)))
                == ["E0232 a join keeps events for 7d at most, not for 3650d"])
        #expect(
            codes(joined(with: "telemetry/+/n", .interval(before: .zero, after: .zero)))
                == ["E0213 `before` and `after` must together be more than nothing"])
        #expect(
            codes(joined(with: "telemetry/+/n", by: ["x"], second)) == [
                "E0205 no source has a field `x`"
            ])
        #expect(
            codes(joined(with: "telemetry/+/n", by: ["t"], second)) == [
                "E0232 `t` is missing in the events that are joined to the others"
            ])
        #expect(
            codes(joined(with: "telemetry/+/n", by: ["h"], second)) == [
                "E0232 `h` is missing in the events that others are joined to"
            ])
        for kind in [
            WindowDefinition.Kind.count(3), .session(gap: .second, longest: nil), .sliding(.second),
        ] {
            #expect(
                codes(joined(with: "telemetry/+/n", .window(WindowDefinition(kind)))) == [
                    "E0232 events are joined in tumbling or hopping windows only"
                ])
        }
        #expect(
            codes(
                joined(
                    with: "telemetry/+/n",
                    .window(WindowDefinition(.hopping(size: .second, every: .minute)))))
                == ["E0232 there are events in no window: one of 1s begins every 1m"])
        #expect(
            codes(joined(with: "telemetry/+/n", .window(WindowDefinition(size: .zero))))
                == ["E0213 a window's size must be more than nothing, not 0s"])
    }

    @Test("sources that cannot be told apart, and steps that cannot stand there")
    func sources() {
        var definition = joining(JoinMistakeTests.second)
        definition.sources.removeFirst()
        definition.patterns = []
        #expect(
            codes(definition) == ["E0232 there is no other source to join with `telemetry/+/n`"])
        definition = joining(
            JoinMistakeTests.second, partner: [("id", "topic[1]"), ("t", "payload.value")])
        #expect(Set(codes(definition).map { $0.prefix(5) }) == ["E0216", "E0232"])
        definition = joining(JoinMistakeTests.second)
        definition.processing.insert(
            .deduplicate(by: [], within: nil, at: .unknown), at: 0)
        #expect(
            codes(definition) == [
                "E0222 a join of sources must stand before steps that remember events"
            ])
        definition = joining(JoinMistakeTests.second)
        definition.processing += definition.processing
        #expect(codes(definition) == ["E0232 a stream joins its sources once"])
        definition = joining(JoinMistakeTests.second)
        definition.sources[1].mapping = [
            (Located("id"), Located("payload.value")), (Located("h"), Located("payload.value")),
        ]
        #expect(codes(definition).map { $0.prefix(5) }.contains("E0216"))
    }

    @Test("behind an aggregate there is nothing to join, and nothing joined is revised")
    func places() {
        var definition = joining(JoinMistakeTests.second)
        let join = definition.processing[0]
        definition.window = WindowDefinition(size: .second)
        definition.patterns = []
        let aggregate = ProcessingDefinition.aggregate(
            by: [Located("id")],
            functions: [AggregateDefinition(name: Located("n"), function: Located("count"))])
        definition.processing = [aggregate, join]
        #expect(
            codes(definition) == ["E0222 a step of type join must stand before the aggregate"])
        definition.processing = [join, aggregate]
        #expect(codes(definition) == [])
        definition.retention = Located(.minute)
        #expect(codes(definition).map { $0.prefix(5) } == ["E0224"])
    }

    @Test("memory is bounded, and told")
    func memory() {
        var limits = StreamLimits()
        limits.joinRowsPerKey = 10
        let story = Story([joining(JoinMistakeTests.second)], limits: limits)
        let parts = story.processor.memoryBounds(registry: story.registry)[0].parts
        #expect(parts.first { $0.what == "join" }?.count == 2 * 8 * 10)
        #expect(parts.first { $0.what == "joined rows" }?.count == limits.joinRows)
    }

    @Test("damaged bytes are refused or read; they never trap")
    func damaged() {
        let streams = [
            joining(.interval(before: .seconds(9), after: .seconds(9)), keeps: true),
            joining(.window(WindowDefinition(.hopping(size: .seconds(9), every: .seconds(2))))),
        ]
        for stream in streams {
            var story = Story([stream])
            _ = ["1 a 20", "2 a n=1i", "3 b n=1i", "3 b 5", "4 c 7", "5 a 3", "5 a n=2i"]
                .map { story.step($0) }
            var writer = ByteWriter()
            story.processor.snapshot(into: &writer)
            var random = SplitMix64(state: 11)
            var refused = 0
            for _ in 0..<2000 {
                var copy = writer.bytes
                copy[Int.random(in: 0..<copy.count, using: &random)] = UInt8.random(
                    in: 0...255, using: &random)
                var other = Story([stream])
                var reader = ByteReader(copy)
                do throws(RecordError) {
                    try other.processor.restore(from: &reader)
                    _ = other.step("300 a 1")
                    _ = other.step("300 a n=1i")
                } catch {
                    refused += 1
                }
            }
            #expect(refused > 50, "seed 11")
        }
    }
}
