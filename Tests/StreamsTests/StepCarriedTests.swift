import Language
import Model
import Streams
import Testing

/// Rows of a stream's windows carry what the windows have seen to the streams that follow it.
@Suite("What followed rows carry")
struct StepCarriedTests {
    /// Windows of 10 s by device, with an aggregate of each kind.
    private let upstream: StreamDefinition = {
        var definition = stream(
            window: "10s",
            measures: [
                ("avg_t", "avg"), ("max_t", "max"), ("min_t", "min"), ("sum_t", "sum"),
                ("p50_t", "median"), ("sd_t", "stddev"), ("n", "count"), ("last_t", "last"),
            ])
        definition.name = Located("up")
        return definition
    }()

    private func following(
        _ condition: String? = nil, window: WindowDefinition? = nil,
        measures: [(name: String, function: String, field: String)] = [],
        steps: [ProcessingDefinition] = [], more: [SourceDefinition] = []
    ) -> StreamDefinition {
        var processing = steps
        if !measures.isEmpty {
            processing.append(
                .aggregate(
                    by: [Located("id")],
                    functions: measures.map {
                        AggregateDefinition(
                            name: Located($0.name), function: Located($0.function),
                            field: Located($0.field))
                    }))
        }
        return StreamDefinition(
            name: Located("down"), sources: [SourceDefinition(.stream(Located("up")))] + more,
            window: window, processing: processing,
            patterns: condition.map {
                [PatternDefinition(name: Located("p"), condition: Located($0))]
            } ?? [])
    }

    /// Three readings in the first window and one in the second, and what the stream `down` says.
    private func heard(
        _ follower: StreamDefinition, restart: Bool = false
    ) throws -> [String] {
        var story = Story([upstream, follower])
        #expect(story.diagnostics.isEmpty, "\(story.diagnostics)")
        var heard: [StreamOutput] = []
        for (time, value) in [(1, 1), (2, 2), (3, 6), (11, 11), (25, 0), (45, 0), (75, 0)] {
            story.accept(
                story.reading("\(time)", "a", "\(value)"), at: seconds("\(time)"), into: &heard)
            guard restart else { continue }
            var writer = ByteWriter()
            story.processor.snapshot(into: &writer)
            story = Story([upstream, follower])
            var reader = ByteReader(writer.bytes)
            try story.processor.restore(from: &reader)
            #expect(reader.isAtEnd)
        }
        return heard.compactMap { output in
            switch output {
            case .row(let row) where row.name == "down": text(output)
            case .match(let match):
                "\(Double(match.time.milliseconds) / 1000)"
            default: nil
            }
        }
    }

    @Test(
        "a window merges what the same aggregate has made: as if it had seen the events",
        arguments: [
            ("avg", "avg_t", "5.0"), ("max", "max_t", "11.0"), ("min", "min_t", "1.0"),
            ("sum", "sum_t", "20.0"), ("median", "p50_t", "4.0"),
            ("stddev", "sd_t", "\(StepCarriedTests.sd)"),
            ("last", "last_t", "11.0"),
            // Of another aggregate the values count; and rows are counted as ever.
            ("max", "avg_t", "11.0"), ("avg", "max_t", "8.5"), ("count", "n", "2"),
            ("sum", "n", "4"), ("p90", "p50_t", "10.1"),
        ])
    func windows(function: String, field: String, result: String) throws {
        for window in [
            WindowDefinition(size: .seconds(20), offset: .seconds(5)),
            WindowDefinition(
                .hopping(size: .seconds(20), every: .seconds(20)), offset: .seconds(5)),
            WindowDefinition(.count(2)), WindowDefinition(.sliding(.seconds(15))),
            WindowDefinition(.session(gap: .seconds(11), longest: .seconds(12))),
        ] {
            for restart in [false, true] {
                let follower = following(window: window, measures: [("x", function, field)])
                let rows = try heard(follower, restart: restart)
                #expect(
                    rows.contains { $0.hasSuffix("a x=\(result)") },
                    "\(window.kind): \(function) of \(field) gives \(rows)")
            }
        }
    }

    static let sd = (62.0 / 3).squareRoot()

    @Test(
        "over a span partials are merged, whether the aggregate is written or not",
        arguments: [
            // The windows end at 10 (1, 2, 6: mean 3) and 20 (11); the mean of all four is 5.
            ("avg_t = 5 within 1m", ["20.0"]), ("avg(avg_t) over 1m = 5", ["20.0"]),
            ("avg(avg_t) over 2 events = 5", ["20.0"]),
            ("max_t - min_t = 10 within 15s", ["20.0"]),
            ("median(p50_t) over 1m = 4", ["20.0"]),
            ("stddev(sd_t) over 1m > 4.53", ["20.0"]),
            // Of another aggregate the values count.
            ("avg(max_t) over 1m = 8.5", ["20.0"]), ("sum(n) over 1m = 4", ["20.0"]),
            ("count(n) over 1m = 2", ["20.0"]),
        ])
    func spans(condition: String, times: [String]) throws {
        for restart in [false, true] {
            #expect(try heard(following(condition), restart: restart) == times, "\(condition)")
        }
    }

    @Test("the same in the patterns of the stream itself")
    func ownWindows() {
        var definition = upstream
        definition.patterns = [
            PatternDefinition(
                name: Located("p"), condition: Located("avg(avg_t) over 1m = 5"))
        ]
        var story = Story([definition])
        #expect(story.diagnostics.isEmpty)
        for line in ["1 a 1", "2 a 2", "3 a 6", "11 a 11"] { _ = story.step(line) }
        #expect(story.step("25 a 0").contains { $0.hasPrefix("p a 10-20") })
    }

    @Test("behind steps that remember rows only values are left")
    func steps() throws {
        let step = ProcessingDefinition.deduplicate(by: [], within: nil, at: .unknown)
        let follower = following(
            window: WindowDefinition(size: .seconds(20), offset: .seconds(5)),
            measures: [("x", "avg", "avg_t")], steps: [step])
        #expect(try heard(follower).first == "[5,25) a x=7.0")
    }

    @Test("a field that two sources fill has values only")
    func mixed() throws {
        let follower = following(
            window: WindowDefinition(size: .seconds(20), offset: .seconds(5)),
            measures: [("x", "avg", "avg_t")],
            more: [source(mapping: [("id", "topic[1]"), ("avg_t", "payload.value")])])
        // The windows' averages, 3 and 11, and all readings from 5 to 25.
        #expect(try heard(follower)[1] == "[5,25) a x=\((3.0 + 11 + 11) / 3)")
    }

    @Test("what waiting rows carry is bounded and told")
    func memory() {
        let story = Story([upstream, following("avg_t = 5 within 1m")])
        let parts = story.processor.memoryBounds(registry: story.registry)[1].parts
        #expect(parts.contains { $0.what == "partials of waiting rows" && $0.bytesEach > 80 })
    }
}
