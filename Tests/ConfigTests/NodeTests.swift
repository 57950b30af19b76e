import Config
import Model
import Testing

@Suite("YAML becomes a tree that knows its places")
struct NodeTests {
    private func read(_ text: String) throws -> Node {
        let report = Report()
        let node = NodeReader.read(Array(text.utf8), file: "test.yaml", report)
        #expect(report.sorted.map(line) == [])
        return try #require(node)
    }

    /// `key@line:column=text@line:column` for the entries of a mapping of scalars.
    private func entries(_ node: Node) -> [String] {
        guard case .mapping(let entries) = node.content else { return [] }
        return entries.map { entry in
            guard case .scalar(let text, _) = entry.value.content else { return entry.key.value }
            let (key, value) = (entry.key.place, entry.value.place)
            return "\(entry.key.value)@\(key.line):\(key.column)="
                + "\(text)@\(value.line):\(value.column)+\(entry.value.length)"
        }
    }

    @Test(
        "a scalar's place is its first character, inside the quotes",
        arguments: [
            ("a: plain text", ["a@1:1=plain text@1:4+10"]),
            ("a: \"in quotes\"", ["a@1:1=in quotes@1:5+9"]),
            ("a: 'single'", ["a@1:1=single@1:5+6"]),
            ("a: \"\"", ["a@1:1=@1:5+1"]),
            ("\"a\": 1\n'b': 2", ["a@1:2=1@1:6+1", "b@2:2=2@2:6+1"]),
            ("a: |\n  first\n  second", ["a@1:1=first\nsecond@2:3+5"]),
            ("a: >-\n\n    folded", ["a@1:1=\nfolded@3:5+6"]),
            ("a: &name \"anchored\"", ["a@1:1=anchored@1:11+8"]),
            ("a: !!str 5", ["a@1:1=5@1:10+1"]),
            ("{a: 1, b: 2}", ["a@1:2=1@1:5+1", "b@1:8=2@1:11+1"]),
            ("a: é\nb: {ü: 1}", ["a@1:1=é@1:4+2", "b"]),
            ("\"é\": \"ü\"", ["é@1:2=ü@1:8+2"]),
            ("a: 1\r\nb: 2\r\n", ["a@1:1=1@1:4+1", "b@2:1=2@2:4+1"]),
            ("\u{FEFF}a: 1", ["a@1:1=1@1:4+1"]),
        ])
    func places(text: String, expected: [String]) throws {
        #expect(entries(try read(text)) == expected)
    }

    @Test("an alias stands for what its anchor holds")
    func aliases() throws {
        let node = try read("a: &x {k: 1}\nb: *x")
        guard case .mapping(let entries) = node.content else { throw Missing() }
        #expect(self.entries(entries[1].value) == ["k@1:8=1@1:11+1"])
    }

    @Test("an empty file, and one of comments, hold nothing", arguments: ["", "\n", "# words\n"])
    func nothing(text: String) {
        let report = Report()
        #expect(NodeReader.read(Array(text.utf8), file: "test.yaml", report) == nil)
        #expect(report.sorted.isEmpty)
    }

    @Test(
        "what is not YAML is told with its place",
        arguments: [
            ("a:\n\tb: 1", "2:1 E0101 a tab cannot indent (use spaces)"),
            ("a: [1, 2", "1:9 E0101 expected `,` or `]`"),
            ("a: {b: 1\nc: 2", "2:2 E0101 expected `,` or `}`"),
            ("a: 1\n b: 2", "2:3 E0101 a `:` cannot stand here"),
            ("a: \"open\n", "1:4 E0101 the quotes are never closed"),
            ("a: @home", "1:4 E0101 `@` cannot start a value (put the value in double quotes)"),
            ("a: 1\nbroken\nc: 2", "2:1 E0101 a key without `:`"),
            ("a: 1\n---\nb: 2", "2:1 E0101 a second document starts here"),
            ("a: *b", "1:4 E0101 `*b` refers to no complete `&b` before it"),
            ("a: &a [*a]", "1:8 E0101 `*a` refers to no complete `&a` before it"),
            ("a: !odd 1", "1:4 E0101 tags such as `!odd` are not used here"),
            ("[a]: 1", "1:1 E0101 a key must be a word"),
            ("a: 1\nb: 2\na: 3", "3:1 E0103 `a` stands here a second time (it is first set at"),
            ("a: x\u{07}y", "1:5 E0101 the file is not clean UTF-8"),
        ])
    func mistakes(text: String, expected: String) {
        let report = Report()
        _ = NodeReader.read(Array(text.utf8), file: "test.yaml", report)
        let lines = report.sorted.map(line)
        #expect(lines.count == 1)
        #expect(lines.first?.hasPrefix(expected) == true, "\(lines)")
    }

    @Test("bytes that are not UTF-8 are told with their place")
    func notUnicode() {
        let report = Report()
        _ = NodeReader.read(Array("a: 1\nb: ".utf8) + [0xFF, 0x41], file: "test.yaml", report)
        #expect(
            report.sorted.map { "\($0.place.line):\($0.place.column) \($0.code)" } == [
                "2:4 E0101"
            ])
    }
}

struct Missing: Error {}
