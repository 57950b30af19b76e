import Foundation
import Testing

/// What a newcomer sees: the whole text, word for word. `REWRITE=1` writes it anew, to be read.
@Suite("Ten mistakes in one file")
struct TenMistakesTests {
    private static let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Fixtures")

    @Test("each is told with its code, place, line, cause and a way out")
    func text() throws {
        let directory = TenMistakesTests.fixtures.path()
        let outcome = try Program.iotflow.run(["check", directory + "/ten_mistakes.yaml"])
        #expect(outcome.status == 1)
        #expect(outcome.output == "")
        let told = outcome.errors.replacing(directory + "/", with: "")
        let expected = TenMistakesTests.fixtures.appending(path: "ten_mistakes.txt")
        if ProcessInfo.processInfo.environment["REWRITE"] != nil {
            try told.write(to: expected, atomically: true, encoding: .utf8)
        }
        #expect(told == (try String(contentsOf: expected, encoding: .utf8)))
        #expect(told.hasSuffix("\n10 errors\n"))
        var heads = 0
        var codes: Set<Substring> = []
        let lines = told.split(separator: "\n")
        for (index, line) in lines.enumerated() {
            guard
                let head = line.wholeMatch(of: /ten_mistakes.yaml:\d+:\d+: error: .+ \[(E\d{4})\]/)
            else { continue }
            heads += 1
            codes.insert(head.1)
            try #require(index + 3 < lines.count)
            #expect(lines[index + 2].wholeMatch(of: /\s*\^~*/) != nil, "\(line)")
            #expect(lines[index + 3].hasPrefix("help: "), "\(line)")
        }
        #expect(heads == 10)
        #expect(codes.count >= 9, "ten different mistakes")
    }
}
