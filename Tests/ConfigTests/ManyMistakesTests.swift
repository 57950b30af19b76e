import Config
import Engine
import Foundation
import Model
import Testing

@Suite("Everything wrong is shown at once")
struct ManyMistakesTests {
    @Test("twenty mistakes in one file, in the order of its lines")
    func twenty() throws {
        let path = repositoryFile("Tests/ConfigTests/Fixtures/twenty_mistakes.yaml")
        let (configuration, diagnostics) = Configuration.load(paths: [path])
        #expect(configuration == nil)
        // Each wrong line of the file says its code in a comment.
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let expected = text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
            .compactMap { number, line in
                line.split(separator: "# ").last.flatMap { comment in
                    comment.wholeMatch(of: /E01\d\d/).map { "\(number + 1) \($0.output)" }
                }
            }
        #expect(expected.count == 20)
        #expect(diagnostics.map { "\($0.place.line) \($0.code)" } == expected)
        #expect(diagnostics.allSatisfy { $0.place.file == path })
    }

    @Test("a name defined in two files is told with both places")
    func twoFiles() {
        let (configuration, diagnostics) = Configuration.load(texts: [
            ("a.yaml", "models: {m: {}}\nscenarios: {s: {duration: 1h}}"),
            ("b.yaml", "\nmodels:\n  m: {}\nscenarios: {s: {duration: 1h}}"),
        ])
        #expect(configuration == nil)
        #expect(diagnostics.map(\.place.file) == ["b.yaml", "b.yaml"])
        #expect(
            diagnostics.map(line) == [
                "3:3 E0117 the model `m` is defined twice (it is first defined at a.yaml:1:10)",
                "4:13 E0117 the scenario `s` is defined twice (it is first defined at a.yaml:2:13)",
            ])
    }

    @Test("any file may hold any section, and refer to what another one defines")
    func merged() throws {
        let (configuration, diagnostics) = Configuration.load(texts: [
            ("1.yaml", "workflow: one\ndevices: {groups: {g: {members: [a], model: m}}}"),
            ("2.yaml", "workflow: two\nmodels: {m: {telemetry: [t]}}\ngateway: {name: here}"),
        ])
        #expect(diagnostics.isEmpty)
        let merged = try #require(configuration)
        #expect(merged.workflows.map(\.value) == ["one", "two"])
        #expect(merged.definition.workflow == "one")
        #expect(merged.definition.registry.models.map(\.name) == ["m"])
        #expect(merged.gateway.name == "here")
    }

    @Test("the report ends somewhere")
    func bounded() {
        let keys = (0..<2000).map { "bad\($0): 1" }.joined(separator: "\n")
        let (_, diagnostics) = Configuration.load(texts: [("test.yaml", keys)])
        #expect(diagnostics.count == Report.limit)
    }

    @Test("groups cannot fill the memory with ranges, nor a model with properties")
    func expansion() {
        let groups = (0..<40).map { "g\($0): {range: \"g\($0)-{1..20000}\"}" }
        let names = (0..<40_000).map { "p\($0)" }.joined(separator: ", ")
        let (_, diagnostics) = Configuration.load(texts: [
            ("a.yaml", "devices: {groups: {\(groups.joined(separator: ", "))}}"),
            ("b.yaml", "models: {m: {properties: {\(names)}}}"),
        ])
        #expect(diagnostics.filter { $0.code == "E0115" }.count == 36)
        #expect(
            diagnostics.contains {
                $0.message == "the model has 40000 properties; at most 1024 are allowed"
            })
    }

    @Test("codes are stable and each has a meaning")
    func codes() {
        #expect(Code.allCases.map(\.rawValue) == (100...125).map { "E0\($0)" })
        #expect(Set(Code.allCases.map(\.meaning)).count == Code.allCases.count)
    }
}
