import Model
import Streams
import Testing

extension Story {
    /// Plays a script as it is, and once more with a restart behind each line.
    mutating func playTwice(
        _ script: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        #expect(diagnostics.isEmpty, "\(diagnostics)", sourceLocation: sourceLocation)
        var restarted = self
        play(script, sourceLocation: sourceLocation)
        for line in script.split(separator: "\n") {
            restarted.play(String(line), sourceLocation: sourceLocation)
            try restarted.restart()
        }
    }

    /// Goes on with what a snapshot holds.
    mutating func restart() throws {
        var writer = ByteWriter()
        processor.snapshot(into: &writer)
        var fresh = Story(streams, aggregations, registry: registry)
        var reader = ByteReader(writer.bytes)
        try fresh.processor.restore(from: &reader)
        #expect(reader.isAtEnd)
        var again = ByteWriter()
        fresh.processor.snapshot(into: &again)
        #expect(again.bytes == writer.bytes)
        processor = fresh.processor
    }
}
