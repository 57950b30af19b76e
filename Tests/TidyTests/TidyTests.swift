import Testing

@Suite struct TidyTests {
    private static let files = Result { try SourceFile.all() }

    @Test(arguments: Rule.allCases)
    func theHouseKeeps(_ rule: Rule) throws {
        let files = try Self.files.get()
        #expect(files.count > 50, "the package was found")
        let findings = files.flatMap(rule.check).map(\.description)
        #expect(findings == [])
    }
}

/// A bad sample of each rule, and good ones beside it.
@Suite struct RuleTests {
    struct Sample: CustomTestStringConvertible {
        var rule: Rule
        var path = "Sources/Store/Sample.swift"
        var text: String
        /// The lines that are to be found, one finding each.
        var lines: [Int]

        var testDescription: String { "\(rule.rawValue): \(text.prefix(60))" }
    }

    static let samples: [Sample] = [
        Sample(
            rule: .fileLength, text: String(repeating: "let x = 1\n", count: 501), lines: [501]),
        Sample(rule: .fileLength, text: String(repeating: "let x = 1\n", count: 500), lines: []),
        Sample(
            rule: .lineLength, text: "\n// " + String(repeating: "é", count: 98) + "\n",
            lines: [2]),
        Sample(rule: .lineLength, text: String(repeating: "é", count: 100) + "\n", lines: []),
        Sample(rule: .functionLength, text: function(lines: 71), lines: [2]),
        Sample(rule: .functionLength, text: function(lines: 70), lines: []),
        Sample(
            rule: .functionLength, text: "protocol P {\n    func f()\n}\n" + function(lines: 69),
            lines: []),
        Sample(
            rule: .functionLength,
            text: "func f() {\n    // }\n    print(\"}\", \"\\(\"}\")\", #\"}\"#)\n"
                + String(repeating: "    f()\n", count: 70) + "}\n",
            lines: [1]),
        Sample(
            rule: .pureRooms, path: "Sources/Twins/Sample.swift",
            text: "import Glibc\npackage import Model\nimport Streams\n// import Foundation\n",
            lines: [1, 3]),
        Sample(
            rule: .pureRooms, path: "Sources/Wire/Sample.swift", text: "import struct Loop.Clock\n",
            lines: [1]),
        Sample(rule: .pureRooms, text: "import Glibc\nimport Synchronization\n", lines: []),
        Sample(
            rule: .foreignImports, path: "Sources/firmware-sim/main.swift",
            text: "import FoundationEssentials\nimport NIOCore\ninternal import Yams\n",
            lines: [1, 2, 3]),
        Sample(
            rule: .foreignImports, path: "Tests/StoreTests/Sample.swift",
            text: "import Foundation\n", lines: []),
        Sample(
            rule: .cModules, text: "import CLMDB\nimport CLinux\npackage import CLMDB\n",
            lines: [2, 3]),
        Sample(rule: .cModules, text: "internal import CLMDB\n", lines: []),
        Sample(rule: .names, path: "Sources/Store/StoreUtil.swift", text: "\n", lines: [1]),
        Sample(
            rule: .names, text: "struct A {}\nfinal class QueueManager {}\nenum RowHelper {}\n",
            lines: [2, 3]),
        Sample(
            rule: .names, path: "Sources/IoTFlow/TwinManager.swift",
            text: "public struct TwinManager {}\n", lines: []),
        Sample(
            rule: .leftovers, text: "// TODO: later\nlet a = \"TODO\"\n/* a\n FIXME */\n",
            lines: [1, 4]),
        Sample(
            rule: .traps,
            text: "func f() { fatalError(\"no\") }\nlet a = try! g()\nlet b = c as! D\n"
                + "// try! never\nlet d = \"try!\"\n", lines: [1, 2, 3]),
        Sample(
            rule: .documentation,
            text: """
                package struct A {
                    package var size = 0
                    package init(size: Int) { self.size = size }
                    package init(a: Int,
                        b: Int
                    ) {
                        size = a
                        self.b = b
                    }
                    package init(text: String) {
                        guard let size = Int(text) else { return }
                        for _ in 0..<3 { print(size) }
                    }
                    package func twice() -> Int { 2 * size }
                    package static func < (left: A, right: A) -> Bool { left.size < right.size }
                    package func long() {
                        print(1)
                        print(2)
                        print(3)
                        print(4)
                    }
                    func hidden() {
                        print(1)
                        print(2)
                        print(3)
                        print(4)
                    }
                }
                /// Good.
                @safe
                package final class B {}
                package protocol C {}

                """, lines: [1, 10, 16, 32]),
    ]

    private static func function(lines: Int) -> String {
        "struct S {\n    func f(\n        a: [Int] = [{ 1 }()]\n    ) -> Int {\n"
            + String(repeating: "        f()\n", count: lines - 4) + "    }\n}\n"
    }

    @Test(arguments: samples)
    func findsWhatItShould(_ sample: Sample) {
        let found = sample.rule.check(SourceFile(path: sample.path, text: sample.text))
        #expect(found.map(\.line) == sample.lines)
    }

    @Test func everyRuleHasABadSample() {
        for rule in Rule.allCases {
            #expect(Self.samples.contains { $0.rule == rule && !$0.lines.isEmpty })
        }
    }
}
