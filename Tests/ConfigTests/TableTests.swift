import Config
import Engine
import Foundation
import Model
import Streams
import Testing

@Suite("Reference tables and their files")
struct TableTests {
    private static let workflow = """
        devices: {groups: {rooms: {range: "room-{1..2}", model: room, tags: {kind: A}}}}
        models: {room: {properties: {t: {type: float, unit: celsius}}}}
        tables:
          limits: {file: limits.csv, key: [model]}
        streams:
          s:
            sources:
              - {group: rooms, topic: telemetry/+/t, mapping: {id: "topic[1]", t: payload.value}}
            processing:
              - {type: enrich, tags: [kind]}
              - {type: enrich, table: limits, on: {model: kind}}
            patterns: [{name: hot, condition: t > most}]
        """

    private func load(
        _ csv: String?, _ table: String = "{file: limits.csv, key: [model]}"
    ) -> (configuration: Configuration?, diagnostics: [Diagnostic]) {
        let text = TableTests.workflow.replacing("{file: limits.csv, key: [model]}", with: table)
        return Configuration.load(
            texts: [("test.yaml", text)] + (csv.map { [("limits.csv", $0)] } ?? []))
    }

    private func table(_ csv: String, _ table: String) throws -> ReferenceTable {
        let (configuration, diagnostics) = load(csv, table)
        #expect(diagnostics.map(line) == [])
        return try #require(configuration?.definition.tables.first)
    }

    @Test("columns are what they are said to hold, or what all their values are")
    func types() throws {
        let plain = try table(
            """
            model,a,b,c,d,e,f,g
            x,1,1.5,true,2026-01-01T00:00:00Z,007,,1
            y,,-2e3,false,2026-01-02,8,,x
            """, "{file: limits.csv, key: [model]}")
        #expect(plain.key.map(\.type) == [.text])
        #expect(
            plain.columns.map(\.type) == [
                .integer, .number, .boolean, .timestamp, .text, .text, .text,
            ])
        let declared = try table(
            "model,a,b\n1,1,2\n2,3,4\n",
            "{file: limits.csv, key: [model], columns: {model: text, a: number, b: fahrenheit}}")
        #expect(declared.key.map(\.type) == [.text])
        #expect(declared.columns.map(\.type) == [.number, .number])
        #expect(declared.columns.map(\.unit?.symbol) == [nil, "degF"])
    }

    @Test("quotes, line ends, blanks and a byte order mark are read as they are meant")
    func quoting() throws {
        let one = try table(
            "\u{FEFF}model, vendor \r\n\"a, \"\"b\"\"\", x \r\n\r\n\"c\nd\",\"\"",
            "{file: limits.csv, key: [model]}")
        let two = try table(
            "model,vendor\n\"a, \"\"b\"\"\",\"x\"\n\"c\nd\",\"\"\n",
            "{file: limits.csv, key: [model]}")
        #expect(one.columns.map(\.name) == ["vendor"])
        let other = try table(
            "model,vendor\n\"a, \"\"b\"\"\",x\n\"c\nd\",\n", "{file: limits.csv, key: [model]}")
        let streams = [one, two, other].map { compiled($0) }
        #expect(streams[0] == streams[1])
        #expect(streams[0] != streams[2])
    }

    /// A snapshot of a stream that uses the table, which tells its content.
    private func compiled(_ table: ReferenceTable) -> [UInt8] {
        let stream = StreamDefinition(
            name: Located("s"),
            sources: [
                SourceDefinition(
                    topic: Located("telemetry/+/t"),
                    mapping: [(Located("model"), Located("topic[1]"))])
            ],
            processing: [.lookup(LookupDefinition(table: table.name))])
        var diagnostics: [Diagnostic] = []
        let processor = StreamProcessor(
            streams: [stream], aggregations: [], tables: [table], registry: Registry(),
            diagnostics: &diagnostics)
        #expect(diagnostics.map(line) == [])
        var writer = ByteWriter()
        processor.snapshot(into: &writer)
        return writer.bytes
    }

    struct Mistake: CustomTestStringConvertible, Sendable {
        var csv: String
        var table = "{file: limits.csv, key: [model]}"
        var lines: [String]
        var testDescription: String { csv.prefix(40).description }
    }

    static let temporal = "{file: limits.csv, key: [model], valid_from: since}"

    static let mistakes = [
        Mistake(
            csv: "",
            lines: [
                "limits.csv:1:1 E0123 the file is empty; its first row names the columns"
            ]),
        Mistake(
            csv: "model,most\nA,1\nB\nC,1,2\n",
            lines: [
                "limits.csv:3:1 E0123 the row has 1 values, and the header 2 names",
                "limits.csv:4:5 E0123 the row has 3 values, and the header 2 names",
            ]),
        Mistake(
            csv: "model,most\nA,\"1\nB,2\n",
            lines: ["limits.csv:2:3 E0123 the quote that begins here is not closed"]),
        Mistake(
            csv: "model,most\nA,1\"\n",
            lines: ["limits.csv:2:4 E0123 a quote stands inside a value"]),
        Mistake(
            csv: "model,most\n\"A\"x,1\n",
            lines: ["limits.csv:2:4 E0123 something stands behind the closing quote"]),
        Mistake(
            csv: "model,,most,most\nA,1,2,3\n",
            lines: [
                "limits.csv:1:7 E0123 a column has no name",
                "limits.csv:1:13 E0123 there are two columns called `most`",
            ]),
        Mistake(
            csv: "A,1\nB,2\n",
            lines: ["test.yaml:4:36 E0118 the table's file has no column `model`"]),
        Mistake(
            csv: "model,most\nA,1\nB,2\nA,3\n",
            lines: ["limits.csv:4:1 E0125 there are two rows for `A`"]),
        Mistake(
            csv: "model,since,most\nA,2026-01-01,1\nA,2026-01-01T00:00:00Z,2\nA,2026-01-02,2\n",
            table: temporal,
            lines: [
                "limits.csv:3:1 E0125 there are two rows for `A` from 2026-01-01T00:00:00.000Z on"
            ]),
        Mistake(
            csv: "model,since,most\nA,,1\n,2026-01-01,2\nB,yesterday,2\nC,2026,1\nD,1784124000,1\n"
                + "E,1784124000000,1\nE,0,1\nF,0,1\n", table: temporal,
            lines: [
                "limits.csv:2:3 E0124 a row needs a `since`",
                "limits.csv:3:1 E0124 a row needs a `model`",
                "limits.csv:4:3 E0124 a point in time is wanted, not `yesterday`",
                "limits.csv:5:3 E0124 a point in time is wanted, not `2026`",
                "limits.csv:6:3 E0124 a point in time is wanted, not `1784124000`",
            ]),
        Mistake(
            csv: "model,most,ok,n\nA,warm,true,1\nB, nan ,yes,1.5\n",
            table: "{file: limits.csv, key: [model], "
                + "columns: {most: celsius, ok: boolean, n: integer}}",
            lines: [
                "limits.csv:2:3 E0124 a number is wanted, not `warm`",
                "limits.csv:3:4 E0124 a number is wanted, not `nan`",
                "limits.csv:3:9 E0124 true or false is wanted, not `yes`",
                "limits.csv:3:13 E0124 a whole number is wanted, not `1.5`",
            ]),
        Mistake(
            csv: "model,most\nA,1\n",
            table: "{file: limits.csv, key: [model], columns: {most: celsus}}",
            lines: ["test.yaml:4:60 E0113 `celsus` is no type and no unit"]),
        Mistake(
            csv: "model,most\nA,1\n",
            table: "{file: limits.csv, key: [model], valid_from: model, columns: {mst: text}}",
            lines: [
                "test.yaml:4:56 E0119 `model` is in the key, so that it cannot be the time too",
                "test.yaml:4:73 E0118 the table's file has no column `mst`",
            ]),
        Mistake(
            csv: "model,most\nA,1\n", table: "{file: limits.csv, key: [model, model]}",
            lines: ["test.yaml:4:43 E0117 `model` is in the key twice"]),
        Mistake(
            csv: "model,most\nA,1\n", table: "{key: []}",
            lines: [
                "test.yaml:4:11 E0105 a table needs `file`",
                "test.yaml:4:17 E0111 `key` has 0 elements; it takes 1 to 16",
            ]),
    ]

    @Test(
        "what is wrong with a file is told at its line and column, all at once", arguments: mistakes
    )
    func wrong(_ mistake: Mistake) {
        let (configuration, diagnostics) = load(mistake.csv, mistake.table)
        #expect(configuration == nil)
        let lines = diagnostics.map {
            "\($0.place.file):\($0.place.line):\($0.place.column) \($0.code) \($0.message)"
        }
        #expect(lines == mistake.lines)
    }

    @Test("a file that is not there is told where it is named; what is no UTF-8, and too much")
    func unreadable() throws {
        let (_, missing) = load(nil)
        #expect(
            missing.map(line) == [
                "4:18 E0100 cannot read limits.csv: No such file or directory"
            ])
        let directory = FileManager.default.temporaryDirectory.appending(
            path: "tables-\(UInt64.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let workflow = directory.appending(path: "site.yaml")
        let csv = directory.appending(path: "limits.csv")
        try TableTests.workflow.write(to: workflow, atomically: true, encoding: .utf8)
        func codes(_ data: Data) throws -> [String] {
            try data.write(to: csv)
            return Configuration.load(paths: [workflow.path()]).1.map {
                "\($0.place.file == csv.path() ? "csv" : "yaml"):\($0.place.line) \($0.code)"
            }
        }
        #expect(try codes(Data("model,most\nA,1\n".utf8)) == [])
        #expect(try codes(Data([0x6D, 0x2C, 0xFF, 0x0A])) == ["csv:1 E0123"])
        #expect(try codes(Data("model,most\nA,\0\n".utf8)) == ["csv:2 E0123"])
        var many = "model,most\n"
        for row in 0...100_000 { many += "\(row),1\n" }
        #expect(try codes(Data(many.utf8)) == ["csv:100003 E0102"])
        #expect(
            try codes(Data(("model" + (0..<256).map { ",c\($0)" }.joined() + "\n").utf8)) == [
                "csv:1 E0102"
            ])
        #expect(
            try codes(Data(repeating: UInt8(ascii: "x"), count: 17 << 20)) == ["csv:1 E0102"])
        var wrong = "model,most\n"
        for row in 0..<100 { wrong += ",\(row)\n" }
        #expect(try codes(Data(wrong.utf8)).count == 20)
    }

    @Test("any bytes are read or refused with a place in them; they never trap")
    func bytes() {
        let csv = Array(
            "model,since,most,\"a \"\"b\"\"\"\r\nA,2026-01-01, 1.5 ,\nB,0,,\"x\ny\"\n".utf8)
        let alphabet = Array("\",\n\r \t0.aA\u{0}\u{E9}".utf8) + [0xFF]
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix64(state: seed)
        var accepted = 0
        for _ in 0..<2000 {
            var copy = csv
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                let place = Int.random(in: 0..<copy.count, using: &random)
                let byte = alphabet.randomElement(using: &random) ?? 0
                switch Int.random(in: 0..<3, using: &random) {
                case 0: copy[place] = byte
                case 1: copy.insert(byte, at: place)
                default: copy.remove(at: place)
                }
            }
            let report = Report()
            var fields: [Node.Entry] = []
            for (key, value) in [("file", "t.csv"), ("valid_from", "since")] {
                fields.append(.init(key: Located(key), value: Node(.scalar(value, .plain))))
            }
            fields.append(
                .init(
                    key: Located("key"),
                    value: Node(.sequence([Node(.scalar("model", .plain))]))))
            let root = Node(
                .mapping([
                    .init(
                        key: Located("tables"),
                        value: Node(
                            .mapping([
                                .init(key: Located("t"), value: Node(.mapping(fields)))
                            ])))
                ]))
            _ = Configuration.decode([root], known: KnownNames(), files: ["t.csv": copy], report)
            if report.diagnostics.isEmpty { accepted += 1 }
            let lines = copy.count { $0 == 0x0A } + 1
            for diagnostic in report.diagnostics where diagnostic.place.file == "t.csv" {
                #expect(diagnostic.place.line <= lines, "seed \(seed)")
            }
        }
        #expect((100..<1990).contains(accepted), "seed \(seed)")
    }

    @Test(
        "steps that are neither one thing nor the other",
        arguments: [
            ("{type: enrich}", ["E0105"]),
            ("{type: enrich, tags: [kind], table: limits}", ["E0119"]),
            ("{type: enrich, tags: [kind], on: [a], fields: [b]}", ["E0119", "E0119"]),
            ("{type: join}", ["E0105", "E0105"]),
            (
                "{type: join, fields: [t], within: 1m, after: 1s, unmatched: keep}",
                ["E0119", "E0119"]
            ),
            ("{type: join, with: x}", ["E0105"]),
            ("{type: join, with: x, after: 1s, fields: [t], within: 1m}", ["E0119", "E0119"]),
            ("{type: join, with: x, after: 1s, window: {size: 1m}}", ["E0119"]),
            ("{type: join, with: x, window: {type: session}}", ["E0105"]),
            ("{type: join, with: x, after: 1s, unmatched: maybe}", ["E0112"]),
        ])
    func steps(_ text: String, _ codes: [String]) {
        let (configuration, diagnostics) = Configuration.load(
            texts: [
                (
                    "test.yaml",
                    "streams: {s: {sources: [{topic: telemetry/+/t, mapping: {t: payload.value}}], "
                        + "processing: [\(text)]}}"
                )
            ])
        #expect(configuration == nil)
        #expect(diagnostics.map(\.code) == codes, "\(diagnostics.map(line))")
    }

    @Test("joins as they are written")
    func joins() throws {
        let (configuration, diagnostics) = Configuration.load(
            texts: [
                (
                    "test.yaml",
                    """
                    streams:
                      s:
                        sources: [{topic: telemetry/+/t, mapping: {t: payload.value}}]
                        processing:
                          - {type: join, with: a, by: [t], before: 1s, after: 2s, unmatched: keep}
                          - {type: join, with: b, window: {type: hopping, size: 2m, every: 1m}}
                    """
                )
            ])
        #expect(diagnostics.map(line) == [])
        let steps = try #require(configuration?.definition.streams.first?.processing)
        guard case .joinWith(let first) = steps[0], case .joinWith(let second) = steps[1],
            case .interval(let before, let after) = first.kind,
            case .window(let window) = second.kind
        else {
            Issue.record("\(steps)")
            return
        }
        #expect(first.with.value == "a")
        #expect(first.by.map(\.value) == ["t"])
        #expect(first.keepsUnmatched)
        #expect(before == .second)
        #expect(after == .second * 2)
        #expect(!second.keepsUnmatched)
        #expect(window.kind == .hopping(size: .minute * 2, every: .minute))
    }
}
