import Config
import Foundation
import Model
import Testing

/// A file of the repository, by its path from the root.
func repositoryFile(_ path: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: path).path()
}

let samplePath = repositoryFile("Tests/ConfigTests/Fixtures/hvac_optimization.yaml")

/// One diagnostic on one line: `4:7 E0104 a stream has no key ... (did you mean ...)`.
func line(_ diagnostic: Diagnostic) -> String {
    let help = diagnostic.help.isEmpty ? "" : " (\(diagnostic.help.joined(separator: "; ")))"
    return "\(diagnostic.place.line):\(diagnostic.place.column) \(diagnostic.code) "
        + diagnostic.message + help
}

/// The configuration of a text that must be right.
func accepted(
    _ text: String, sourceLocation: SourceLocation = #_sourceLocation
) throws -> Configuration {
    let (configuration, diagnostics) = Configuration.load(texts: [("test.yaml", text)])
    #expect(diagnostics.map(line) == [], sourceLocation: sourceLocation)
    return try #require(configuration, sourceLocation: sourceLocation)
}

/// A generator for tests whose seed is printed with a failure.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }
}
