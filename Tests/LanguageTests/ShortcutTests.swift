import Model
import Testing

@testable import Language

/// One comparison with a constant, which is not run as code, says what it says as a part of more.
@Suite struct ShortcutTests {
    private static let schema = Schema(columns: [.init(name: "x", type: .number)])

    private static let texts = ["x < 2", "x <= 2", "x > 2", "x >= 2", "2 < x", "2 <= x", "2 > x"]
    private static let values: [Value?] = [
        .number(1), .number(2), .number(3), .integer(2), .integer(.min), .number(.infinity),
        .text("2"), nil,
    ]

    private func program(_ text: String) throws -> Program {
        var diagnostics: [Diagnostic] = []
        let program = Program.compile(
            Located(text), schema: ShortcutTests.schema, expecting: nil, diagnostics: &diagnostics)
        return try #require(program)
    }

    @Test(arguments: texts) func `a comparison says the same as a part of more`(
        text: String
    ) throws {
        let alone = try program(text)
        let part = try program("\(text) or x + 1 < x")
        #expect(Shortcut(alone.code) != .none)
        #expect(Shortcut(part.code) == .none)
        for value in ShortcutTests.values {
            #expect(
                alone.holds([value]) == part.holds([value]), "\(text): \(String(describing: value))"
            )
        }
        #expect(alone.holds([]) == nil)
    }

    @Test func `a number is read as it is read by what does more`() throws {
        let alone = try program("x")
        let part = try program("x * 1")
        #expect(Shortcut(alone.code) == .number(slot: 0))
        for value in ShortcutTests.values {
            #expect(
                alone.evaluate([value]) == part.evaluate([value]), "\(String(describing: value))")
        }
        #expect(alone.evaluate([]) == nil)
        #expect(alone.holds([.number(1)]) == nil)
    }
}
