import Model
import Streams
import Testing

@Suite("Patterns that remember rows")
struct PatternCallTests {
    /// Plays the script as it is, and again with a restart behind every line. Of what comes out,
    /// who and when is told; by line, or of the whole with all that is left at its end.
    private func expect(
        _ condition: String, _ script: String, window: String? = nil,
        isWhole: Bool = false,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for restarts in [false, true] {
            var story = Story([stream([("m", condition)], window: window, idle: "10s")])
            #expect(story.diagnostics.isEmpty, sourceLocation: sourceLocation)
            var (all, due): ([String], [String]) = ([], [])
            for line in (isWhole ? script + "\n@100000|" : script).split(separator: "\n") {
                let halves = line.split(separator: "|", omittingEmptySubsequences: false)
                let wanted = halves.dropFirst().joined().split(separator: " ").map(String.init)
                let heard = story.step(String(halves[0])).map { output in
                    output.split(separator: " ")[1...2].joined(separator: ":")
                }
                all += heard
                due += wanted
                #expect(
                    isWhole || heard == wanted, "\(line)\(restarts ? ", with restarts" : "")",
                    sourceLocation: sourceLocation)
                if restarts { restart(&story) }
            }
            #expect(!isWhole || all == due, "\(script)", sourceLocation: sourceLocation)
        }
    }

    private func restart(_ story: inout Story) {
        var writer = ByteWriter()
        story.processor.snapshot(into: &writer)
        var fresh = Story(story.streams, story.aggregations)
        var reader = ByteReader(writer.bytes)
        #expect(throws: Never.self) { try fresh.processor.restore(from: &reader) }
        var again = ByteWriter()
        fresh.processor.snapshot(into: &again)
        #expect(again.bytes == writer.bytes)
        story.processor = fresh.processor
    }

    @Test(
        "values are compared with earlier ones of the key",
        arguments: [
            ("t > previous(t) + 5", "1 a 1|\n2 b 90|\n3 a 7|a:3-3\n4 b 91|"),
            ("t = previous(t, 2)", "1 a 1|\n2 a 2|\n2 b 1|\n3 a 1|a:3-3\n4 a 1|"),
            ("t changed", "1 a 1|\n2 b 2|\n3 a 1|\n4 a 2|a:4-4\n5 b 2|"),
            ("t crosses above 30", "1 a 31|\n2 a 29|\n3 a 31|a:3-3\n4 a 32|\n5 b 31|"),
            ("delta(t) >= 5", "1 a 1|\n2 a 6|a:2-2\n3 b 9|\n4 a 7|"),
            ("rate(t per 1m) > 60", "1 a 1|\n3 a 4|a:3-3\n4 a 5|\n4 b 99|"),
            ("hour() >= 8", "28799.999 a 1|\n28800 a 1|a:28800-28800"),
            // Of two events of one time, the first does not see the second.
            ("sum(t) over 2 events > 10", "1 a 1|\n2 a 9|\n2 a 3|a:2-2\n3 a 1|"),
            ("t > 1 then t < previous(t) - 5 within 1h", "1 a 9|\n2 a 8|\n3 b 0|\n4 a 2|a:1-4"),
        ])
    func earlier(_ condition: String, _ script: String) {
        expect(condition, script, isWhole: true)
    }

    @Test("a detector learns each key by itself")
    func detector() {
        var script = ""
        for second in 1...24 {
            script += "\(second) a \(10 + second % 2)|\n\(second) b \(90 + second % 2)|\n"
        }
        expect("zscore(t, window: 10) > 4", script + "30 b 90.5|\n30 a 90.5|a:30-30", isWhole: true)
    }

    @Test("stale fires once, a millisecond after the span, when the watermark says so")
    func stale() {
        expect(
            "t is stale after 5m",
            """
            1 a 7|
            100 b 1|
            301 b 1|
            301.001 b 1|a:301.001-301.001
            500 b 1|
            501 a 1|
            600 a 1|
            600 b 1|
            802 b 1|
            900 b 1|
            900.001 b 1|a:900.001-900.001
            """)
        // At the clock's pace when all is silent: from 11 on, 10 s behind.
        expect("t is stale after 5m", "1 a 7|\n@310.999|\n@311|a:301.001-301.001\n@9999|")
    }

    @Test("of two spans, the condition turns true once")
    func twoSpans() {
        let script = "1 a 7|\n2.001 b 1|a:2.001-2.001\n3 b 1|\n3.5 b 1|\n4 b 1|"
        expect("t is stale after 1s or t is stale after 2s", script)
    }

    @Test("stale is a step as any other")
    func steps() {
        expect(
            "t > 5 then t is stale after 10s within 1m",
            "1 a 7|\n2 c 1|\n9 b 1|\n11.001 b 1|a:1-11.001\n13 b 1|")
        expect(
            "t is stale after 10s for 5s",
            "1 a 7|\n11.001 b 1|\n16 b 1|\n16.001 b 1|a:11.001-16.001\n20 b 1|")
        expect(
            "t is not stale after 10s for 20s", "1 a 7|\n5 b 1|\n14 b 1|\n23 b 1|\n25 b 1|b:5-25")
    }
}
