import Language
import Model
import Streams
import Testing

@Suite("What reference tables tell")
struct LookupTests {
    private static func row(_ key: String, _ since: String?, _ most: Double?, _ maker: String)
        -> ReferenceTable.Row
    {
        ReferenceTable.Row(
            key: [.text(key)], since: since.map { seconds($0) } ?? .distantPast,
            values: [most.map { .number($0) }, .text(maker)])
    }

    private func table(_ rows: [ReferenceTable.Row], key: ValueType = .text) -> ReferenceTable {
        ReferenceTable(
            Located("limits"), key: [.init("floor", key)],
            columns: [.init("most", .number, Unit("fahrenheit")), .init("maker", .text)],
            rows: rows)
    }

    private func looking(
        _ lookup: LookupDefinition = LookupDefinition(table: Located("limits")),
        condition: String = "t > -99", behind: [ProcessingDefinition] = []
    ) -> StreamDefinition {
        var definition = stream([("p", condition)])
        definition.processing = [.enrich(tags: [Located("floor")])] + behind + [.lookup(lookup)]
        return definition
    }

    @Test("a row is found by its key; of what is unknown fields are missing, and it is counted")
    func plain() {
        var story = Story(
            [looking()],
            tables: [table([Self.row("1", nil, 86, "x"), Self.row("3", nil, nil, "y")])])
        #expect(story.diagnostics.map(\.message) == [])
        #expect(
            story.hear(
                """
                1 a 20
                2 d 20
                3 c 20
                """) == [
                    "p a 1-1 id=a t=20.0 floor=1 most=86.0 maker=x",
                    "p d 2-2 id=d t=20.0 floor=2 most=? maker=?",
                    "p c 3-3 id=c t=20.0 floor=? most=? maker=?",
                ])
        #expect(story.counters.unmatched == 2)
    }

    @Test("units of a table are checked and converted")
    func units() {
        let rows = [Self.row("1", nil, 86, "x")]
        var story = Story([looking(condition: "t > most")], tables: [table(rows)])
        #expect(story.hear("1 a 30\n2 a 30.5").map { $0.prefix(9) } == ["p a 2-2 i"])
        let wrong = ReferenceTable(
            Located("limits"), key: [.init("floor", .text)],
            columns: [.init("most", .number, Unit("%"))], rows: [])
        let diagnostics = Story([looking(condition: "t > most")], tables: [wrong]).diagnostics
        #expect(diagnostics.count == 1)
        #expect(diagnostics[0].code.hasPrefix("E03"))
    }

    @Test("with times, the version that held at the event's time counts, in any order of arrival")
    func temporal() {
        let rows = [
            Self.row("1", "10", 2, "second"), Self.row("1", "5", 1, "first"),
            Self.row("2", "7", 3, "other"), Self.row("1", "20", 4, "third"),
        ]
        var definition = looking()
        definition.sources[0].lateness = .seconds(30)
        var story = Story([definition], tables: [table(rows)])
        let heard = story.hear(
            """
            20     a 1
            4.999  a 2
            19.999 a 3
            5      a 4
            10     b 5
            9.999  b 6
            7      d 7
            6      d 8
            """)
        #expect(
            heard.map { $0.split(separator: " ").suffix(1).joined() } == [
                "maker=third", "maker=?", "maker=second", "maker=first", "maker=second",
                "maker=first", "maker=other", "maker=?",
            ])
        #expect(story.counters.unmatched == 2)
    }

    @Test("fields can have other names, and the key may be any fields, also behind other steps")
    func names() {
        let lookup = LookupDefinition(
            table: Located("limits"), on: [(Located("floor"), Located("n2"))],
            fields: [(Located("cap"), Located("most"))])
        var definition = looking(
            lookup,
            behind: [
                .deduplicate(by: [Located("t")], within: .seconds(9), at: .unknown),
                .derive(name: Located("n2"), expression: Located("round(t / 10 celsius)")),
            ])
        definition.name = Located("s")
        let rows = [2, 3].map {
            ReferenceTable.Row(
                key: [.integer($0)], values: [.number(Double($0) * 100), .text("x")])
        }
        var story = Story([definition], tables: [table(rows, key: .integer)])
        #expect(story.diagnostics.map(\.message) == [])
        #expect(
            story.hear("1 a 20\n2 a 20\n3 a 31\n4 a 55").map { $0.split(separator: " ").last } == [
                "cap=200.0", "cap=300.0", "cap=?",
            ])
        #expect(story.counters.unmatched == 1)
    }

    @Test(
        "what is wrong with a look-up is told",
        arguments: [
            (
                LookupDefinition(table: Located("limit")), ValueType.text,
                ["E0230 there is no table `limit`"]
            ),
            (
                LookupDefinition(table: Located("limits")), .number,
                ["E0231 `floor` of `limits` is float, and `floor` is string"]
            ),
            (
                LookupDefinition(
                    table: Located("limits"), on: [(Located("storey"), Located("floor"))]), .text,
                [
                    "E0231 `storey` is not in the key of `limits`",
                    "E0231 the key of `limits` is floor, and `floor` is not given",
                ]
            ),
            (
                LookupDefinition(
                    table: Located("limits"), on: [(Located("floor"), Located("x"))]), .text,
                ["E0205 there is no field `x`"]
            ),
            (
                LookupDefinition(
                    table: Located("limits"), fields: [(Located("most"), Located("mst"))]), .text,
                ["E0205 the table `limits` has no column `mst`"]
            ),
            (
                LookupDefinition(
                    table: Located("limits"), fields: [(Located("t"), Located("most"))]), .text,
                ["E0206 there is a field `t` already"]
            ),
        ])
    func refused(_ lookup: LookupDefinition, _ key: ValueType, _ expected: [String]) {
        var definition = looking(lookup)
        definition.patterns = []
        let story = Story([definition], tables: [table([], key: key)])
        #expect(story.diagnostics.map { "\($0.code) \($0.message)" } == expected)
    }

    @Test("behind an aggregate a window's row finds what holds at its end")
    func windows() {
        var definition = stream(
            [("p", "avg_t > most")], window: "10s", measures: [("avg_t", "avg")], by: ["floor"])
        definition.processing += [
            .lookup(LookupDefinition(table: Located("limits"))),
            .derive(name: Located("room"), expression: Located("most - avg_t")),
            .filter(expression: Located("maker != \"x\"")),
        ]
        let rows = [
            Self.row("1", "0", 32, "a"), Self.row("1", "15", 50, "b"), Self.row("2", "25", 0, "x"),
        ]
        var story = Story([definition], tables: [table(rows)])
        #expect(story.diagnostics.map(\.message) == [])
        #expect(
            story.hear("1 a 5\n11 b 5\n21 d 20\n39 a 0").map { $0.replacing(".0 ", with: " ") } == [
                "[0,10) 1 avg_t=5 most=32 maker=a room=-9.0",
                "p 1 0-10 avg_t=5 most=32 maker=a "
                    + "room=-9.0", "[10,20) 1 avg_t=5 most=50 maker=b room=9.0",
                "[30,40) 1 avg_t=0 most=50 maker=b room=18.0",
            ])
        #expect(story.counters.unmatched == 0)
    }

    @Test("a stream whose table could not be read is left out without a word")
    func unreadable() {
        let story = Story([looking()], tables: [ReferenceTable(unreadable: Located("limits"))])
        #expect(story.diagnostics.isEmpty)
        #expect(story.processor.counters.streams.isEmpty)
    }

    @Test("another content is another stream, which begins anew; the memory is told")
    func content() throws {
        var definition = looking(condition: "t > 0 for 10s")
        definition.name = Located("s")
        let old = [Self.row("1", nil, 86, "x")]
        func heard(_ rows: [ReferenceTable.Row]) throws -> [String] {
            var story = Story([definition], tables: [table(old)])
            _ = story.step("1 a 20")
            _ = story.step("2 a 20")
            var writer = ByteWriter()
            story.processor.snapshot(into: &writer)
            story = Story([definition], tables: [table(rows)])
            var reader = ByteReader(writer.bytes)
            try story.processor.restore(from: &reader)
            return story.step("12 a 20")
        }
        #expect(try heard(old).count == 1)
        #expect(try heard([Self.row("1", nil, 87, "x")]) == [])
        #expect(try heard(old + [Self.row("2", nil, 87, "x")]) == [])
        let story = Story([definition], tables: [table(old)])
        let bounds = story.processor.memoryBounds(registry: story.registry)
        #expect(bounds.last?.name == "tables")
        #expect(bounds.last?.parts.map(\.what) == ["limits"])
        #expect(bounds.last?.parts.map(\.count) == [1])
        #expect((bounds.last?.bytes ?? 0) > 100)
    }
}
