import Language
import Model
import Testing

@Suite struct RenderTests {
    private func diagnostic(column: Int, length: Int) -> Diagnostic {
        Diagnostic(
            code: "E0313", "there is no `temprature` here",
            at: Place(file: "rules.yaml", line: 14, column: column), length: length,
            help: ["did you mean `temperature`?"])
    }

    @Test func `place, line, underline, help`() {
        let text = diagnostic(column: 7, length: 10).render(sourceLine: "when: temprature > 5")
        #expect(
            text == """
                rules.yaml:14:7: error: there is no `temprature` here [E0313]
                when: temprature > 5
                      ^~~~~~~~~~
                help: did you mean `temperature`?
                """)
    }

    @Test(arguments: [
        ("\twhen: x", 8, 1, "\t      ^"),
        ("größe: x", 10, 1, "       ^"),
        ("温度: x", 9, 1, "      ^"),
        ("a: 温度", 4, 6, "   ^~~~"),
        ("a: x", 4, 99, "   ^"),
        ("a", 99, 3, " ^"),
        ("", 1, 1, "^"),
        ("a: \u{1b}x", 5, 1, "    ^"),
    ])
    func `the caret stands under the character meant`(
        line: String, column: Int, length: Int, underline: String
    ) {
        let rendered = diagnostic(column: column, length: length).render(sourceLine: line)
        let lines = rendered.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 4)
        #expect(lines.count > 2 && lines[2] == underline)
        #expect(!rendered.contains("\u{1b}"))
    }

    @Test func `without a line or a file only the words`() {
        let here = diagnostic(column: 7, length: 3).render(sourceLine: nil)
        #expect(
            here == """
                rules.yaml:14:7: error: there is no `temprature` here [E0313]
                help: did you mean `temperature`?
                """)
        let nowhere = Diagnostic(.warning, code: "E0313", "no such name", at: .unknown)
        #expect(nowhere.render(sourceLine: nil) == "warning: no such name [E0313]")
    }
}
