import Language
import Model
import Streams
import Testing

/// What windows are kept for: devices, their groups and tags, words, and expressions.
@Suite("Grouping")
struct WindowGroupTests {
    private func story(
        _ dimensions: [String], _ groupings: [(name: String, expression: String)] = [],
        kpis: [(name: String, expression: String)] = [],
        sources: [SourceDefinition] = [source(group: nil)]
    ) -> Story {
        var definition = aggregation(
            [("n", "count"), ("sum", "sum")], by: dimensions + groupings.map(\.name),
            windows: [("m", "10s"), ("h", "20s")], sources: sources)
        definition.groupings = groupings.map { (Located($0.name), Located($0.expression)) }
        definition.indicators = kpis.map { (Located($0.name), Located($0.expression)) }
        return Story([], [definition])
    }

    @Test("by the groups of devices, at every level")
    func groups() {
        var story = story(["group"])
        #expect(story.diagnostics.isEmpty)
        story.play(
            """
            1  a 1 |
            2  m 2 |
            3  b 4 |
            20 a 0 | m [0,10) meters n=1 sum=2.0; m [0,10) sensors n=2 sum=5.0; \
            h [0,20) meters n=1 sum=2.0; h [0,20) sensors n=2 sum=5.0
            """)
    }

    @Test("of several groups, the first that the sources name")
    func groupOfSource() {
        var registry = Story.registry()
        let late = registry.addGroup("late")
        if let a = registry.device(named: "a"), var entry = registry.entry(a) {
            entry.groups.append(late)
            registry.add(entry)
        }
        for (group, expected) in [(nil, "sensors"), ("sensors", "sensors"), ("late", "late")]
            as [(String?, String)]
        {
            let definition = aggregation(
                [("n", "count")], by: ["group"], windows: [("m", "10s")],
                sources: [source(group: group)])
            var story = Story([], [definition], registry: registry)
            #expect(story.step("1 a 1").isEmpty)
            #expect(story.step("20 a 1") == ["m [0,10) \(expected) n=1"])
        }
    }

    @Test("by an expression beside a tag, and a KPI of what it says")
    func expression() {
        var story = story(
            ["floor"], [("hot", "t > 5"), ("band", "round(t / 10)")],
            kpis: [("mean", "sum / n"), ("alarm", "hot = \"true\" and n > 1")])
        #expect(story.diagnostics.isEmpty, "\(story.diagnostics)")
        story.play(
            """
            1  a 6    |
            2  b 8    |
            3  d 4    |
            4  a -1   |
            5  b 3    |
            20 c 0    | m [0,10) 1,false,0.0 n=2 sum=2.0 mean=1.0 alarm=false; \
            m [0,10) 1,true,1.0 n=2 sum=14.0 mean=7.0 alarm=true; \
            m [0,10) 2,false,0.0 n=1 sum=4.0 mean=4.0 alarm=false; \
            h [0,20) 1,false,0.0 n=2 sum=2.0 mean=1.0 alarm=false; \
            h [0,20) 1,true,1.0 n=2 sum=14.0 mean=7.0 alarm=true; \
            h [0,20) 2,false,0.0 n=1 sum=4.0 mean=4.0 alarm=false
            """)
    }

    @Test("by the hour and the day of the week of the event")
    func time() {
        var story = story([], [("hour", "hour()"), ("weekend", "weekday() > 5")])
        #expect(story.diagnostics.isEmpty, "\(story.diagnostics)")
        // 1970-01-01 was a Thursday.
        story.play(
            """
            3599.999 a 1 |
            3600     a 2 | m [3590,3600) 0,false n=1 sum=1.0; h [3580,3600) 0,false n=1 sum=1.0
            172800   a 3 | m [3600,3610) 1,false n=1 sum=2.0; h [3600,3620) 1,false n=1 sum=2.0
            180000   a 4 | m [172800,172810) 0,true n=1 sum=3.0; \
            h [172800,172820) 0,true n=1 sum=3.0
            """)
    }

    @Test("a stream's aggregate may be by an expression, a device and a field of words")
    func inStreams() {
        var definition = stream([("many", "n > 1")], window: "10s")
        definition.sources = [
            source(mapping: [("id", "topic[1]"), ("property", "topic[2]"), ("t", "payload.value")])
        ]
        definition.processing = [
            .group(name: Located("late"), expression: Located("hour() >= 1")),
            .aggregate(
                by: [Located("id"), Located("late"), Located("property"), Located("group")],
                functions: [AggregateDefinition(name: Located("n"), function: Located("count"))]),
        ]
        var story = Story([definition])
        #expect(story.diagnostics.isEmpty, "\(story.diagnostics)")
        story.play(
            """
            1    a 6 |
            2    a 7 |
            3601 a 1 | [0,10) a,false,t,sensors n=2; many a,false,t,sensors 0-10 n=2
            3610 a 0 | [3600,3610) a,true,t,sensors n=1
            """)
    }

    @Test("what cannot be grouped by")
    func mistakes() {
        #expect(
            story(["t"]).diagnostics.map { "\($0.code) \($0.help.last ?? "")" } == [
                "E0212 or by an expression: {name: band, expression: round(t / 5)}"
            ])
        #expect(story([], [("t", "t > 5")]).diagnostics.map(\.code) == ["E0206"])
        #expect(story([], [("x", "y > 5")]).diagnostics.map(\.code).first?.hasPrefix("E03") == true)
        #expect(story([], [("x", "avg(t) > 5")]).diagnostics.count == 1)
    }

    @Test("a restart keeps the groups")
    func restart() throws {
        var story = story(["group"], [("hour", "hour()")])
        _ = story.step("1 a 1")
        var writer = ByteWriter()
        story.processor.snapshot(into: &writer)
        var reader = ByteReader(writer.bytes)
        try story.processor.restore(from: &reader)
        #expect(story.step("12 a 1") == ["m [0,10) sensors,0 n=1 sum=1.0"])
    }
}
