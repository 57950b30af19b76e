import Config
import Engine
import Foundation
import Model
import Testing

@Suite("No text can hurt the reader")
struct RobustnessTests {
    private func read(_ text: String) -> [String] {
        let report = Report()
        _ = NodeReader.read(Array(text.utf8), file: "test.yaml", report)
        return report.sorted.map(line)
    }

    @Test("a billion laughs are refused", .timeLimit(.minutes(5)))
    func billionLaughs() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...30 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        #expect(
            read(text) == [
                "6:20 E0102 with its aliases expanded the file has more than 400000 values"
            ])
    }

    @Test(
        "deep nesting is refused", .timeLimit(.minutes(5)),
        arguments: [
            Bomb("brackets", String(repeating: "[", count: 500_000)),
            Bomb("braces", String(repeating: "{a: ", count: 500_000)),
            Bomb("dashes", String(repeating: "- ", count: 500_000)),
            Bomb(
                "indentation",
                (0..<2000).map { String(repeating: " ", count: $0) + "a:\n" }.joined()),
        ])
    func deep(bomb: Bomb) {
        let text = bomb.text
        let said = read(text)
        #expect(said.count == 1)
        #expect(said.first?.contains("E0102 more than 32 levels deep") == true, "\(said)")
    }

    @Test("a file that is too large is refused before it is parsed")
    func large() {
        #expect(
            read(String(repeating: "#", count: (4 << 20) + 1)) == [
                "1:1 E0102 the file has 4194305 bytes; at most 4194304 are read"
            ])
    }

    @Test("one long line of many values is read in time", .timeLimit(.minutes(5)))
    func longLine() {
        let text = "é: [" + String(repeating: "é, ", count: 200_000) + "z]"
        #expect(read(text) == [])
    }

    @Test("mutated files are accepted or refused, and never trap", .timeLimit(.minutes(5)))
    func mutated() throws {
        let paths = [samplePath, repositoryFile("Tests/ConfigTests/Fixtures/everything.yaml")]
        let originals = try paths.map { Array(try Data(contentsOf: URL(filePath: $0))) }
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SplitMix64(state: seed)
        let pieces: [[UInt8]] = [
            "{", "}", "[", "]", ":", ",", "\"", "'", "&a ", "*a", "|\n", ">", "- ", "\t", "\n", "#",
            "99999999999999999999", "-1", "1e999", "nan", "{1..9999999999}", "{", "..", "\u{0}",
            "~", "\u{85}", "\u{2028}", "\r", "é", "!!int ", "%", "@", "?", "<<: *a", "null", "0s",
        ].map { Array($0.utf8) }
        var refused = 0
        for round in 0..<400 {
            var bytes = originals[round % originals.count]
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let at = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[at] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: at)
                case 2: bytes.removeSubrange(at..<min(bytes.count, at + 40))
                default:
                    let piece = pieces[Int.random(in: 0..<pieces.count, using: &generator)]
                    bytes.insert(contentsOf: piece, at: at)
                }
            }
            let report = Report()
            let root = NodeReader.read(bytes, file: "test.yaml", report)
            _ = Configuration.decode(root.map { [$0] } ?? [], known: KnownNames(), report)
            if report.hasErrors { refused += 1 }
            let isPlaced = report.diagnostics.allSatisfy {
                $0.place.line >= 1 && $0.place.column >= 1 && $0.length >= 1
            }
            #expect(isPlaced, "seed \(seed), round \(round): \(report.diagnostics)")
        }
        #expect(refused > 100, "seed \(seed)")
    }
}

/// A text too long to be printed.
struct Bomb: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let text: String

    init(_ name: String, _ text: String) {
        testDescription = name
        self.text = text
    }
}
