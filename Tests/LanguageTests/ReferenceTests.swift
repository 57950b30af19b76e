import Foundation
import Language
import Testing

/// iotflow-workflow(5) and the language's own table say the same. `REWRITE=1` brings the page up
/// to date.
@Suite struct ReferenceTests {
    private static let page = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../packaging/man/iotflow-workflow.5").standardized

    @Test func `the manual page lists what the language has, and nothing else`() throws {
        let text = try String(contentsOf: ReferenceTests.page, encoding: .utf8)
        let marks = (begin: ".\\\" begin reference\n", end: ".\\\" end reference\n")
        let begin = try #require(text.range(of: marks.begin))
        let end = try #require(text.range(of: marks.end))
        let reference = ReferenceTests.roff()
        if ProcessInfo.processInfo.environment["REWRITE"] != nil {
            let new = text[..<begin.upperBound] + reference + text[end.lowerBound...]
            try String(new).write(to: ReferenceTests.page, atomically: true, encoding: .utf8)
            return
        }
        let lines = text[begin.upperBound..<end.lowerBound].split(separator: "\n")
        let expected = reference.split(separator: "\n")
        for line in expected where !lines.contains(line) {
            Issue.record("the page lacks: \(line)")
        }
        for line in lines where !expected.contains(line) {
            Issue.record("the language lacks: \(line)")
        }
        #expect(lines == expected)
    }

    @Test func `every entry has its words, and no two are of one name`() {
        for entry in Reference.entries {
            #expect(!entry.form.isEmpty && entry.meaning.hasSuffix("."), "\(entry)")
            #expect(entry.result.isEmpty == (entry.kind == .step || entry.kind == .clause))
        }
        let names = Reference.entries.map { "\($0.kind) \($0.name)" }
        #expect(Set(names).count == names.count)
        for kind in Reference.Kind.allCases {
            #expect(Reference.entries.contains { $0.kind == kind })
        }
        let aggregates = Reference.entries.filter { $0.kind == .aggregate }.map(\.name)
        #expect(aggregates.dropLast() == AggregateFunction.allCases.map(\.rawValue)[...])
        let detectors = Reference.entries.filter { $0.kind == .detector }.map(\.name)
        #expect(detectors == Detector.allCases.map(\.rawValue))
    }

    private static func roff() -> String {
        var lines: [String] = []
        for kind in Reference.Kind.allCases {
            lines.append(".SS \(kind.rawValue)")
            for entry in Reference.entries where entry.kind == kind {
                lines.append(".TP")
                lines.append(".B \(escaped(entry.form))")
                let result = entry.result.isEmpty ? "" : " Gives: \(entry.result)."
                lines.append(escaped(entry.meaning + result))
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("-", with: "\\-")
    }
}
