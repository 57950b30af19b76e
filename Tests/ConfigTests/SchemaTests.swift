import Config
import Foundation
import Glibc
import Model
import Testing

@Suite("The JSON Schema and the decoder are one")
struct SchemaTests {
    private static let schemaPath = repositoryFile("etc/iotflow.schema.json")

    @Test("the shipped schema is what the tables of keys say; REWRITE=1 writes it anew")
    func shipped() throws {
        if ProcessInfo.processInfo.environment["REWRITE"] == "1" {
            try SchemaText.json.write(
                toFile: Self.schemaPath, atomically: true, encoding: .utf8)
        }
        let shipped = try String(contentsOfFile: Self.schemaPath, encoding: .utf8)
        #expect(shipped == SchemaText.json, "run REWRITE=1 swift test --filter SchemaTests")
    }

    @Test("every key of the tables is read by the decoder and described")
    func keys() throws {
        let report = Report()
        let path = repositoryFile("Tests/ConfigTests/Fixtures/everything.yaml")
        let bytes = Array(try Data(contentsOf: URL(filePath: path)))
        let root = try #require(NodeReader.read(bytes, file: path, report))
        _ = Configuration.decode([root], known: KnownNames(), report)
        #expect(report.sorted.map(line) == [])
        var known: Set<String> = []
        for shape in Shape.file.all {
            for key in shape.keys {
                known.insert("\(shape.title).\(key.name)")
                #expect(!key.summary.isEmpty, "\(shape.title).\(key.name)")
            }
        }
        #expect(known.subtracting(report.keysRead).sorted() == [])
        #expect(known.count > 100)
    }

    @Test(
        "files that the gateway accepts are valid, and none with a wrong key",
        arguments: [
            (samplePath, true), (repositoryFile("etc/iotflow.yaml"), true),
            (repositoryFile("etc/examples/hvac_optimization.yaml"), true),
            (repositoryFile("Tests/ConfigTests/Fixtures/everything.yaml"), true),
            (repositoryFile("Tests/ConfigTests/Fixtures/hvac_tests.yaml"), true),
            (repositoryFile("Tests/ConfigTests/Fixtures/twenty_mistakes.yaml"), false),
        ])
    func valid(path: String, isValid: Bool) throws {
        let (configuration, _) = Configuration.load(paths: [path])
        #expect((configuration != nil) == isValid)
        let validator = repositoryFile("Tests/ConfigTests/Fixtures/validate.py")
        // The command is copied for the call; the paths are the repository's own.
        let status = unsafe system("python3 '\(validator)' '\(Self.schemaPath)' '\(path)'")
        #expect(status == (isValid ? 0 : 2 << 8))
    }
}
