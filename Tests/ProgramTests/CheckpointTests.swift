import Foundation
import Testing
import Wire

@Suite("A checkpoint of another version", .serialized)
struct CheckpointTests {
    /// Makes the checkpoint's streams one of another layout: the byte before the list of them.
    private func age(_ data: String, layout: UInt8) throws {
        let url = URL(filePath: data + "/data.mdb")
        var bytes = try Data(contentsOf: url)
        // One stream, its name's length, its name.
        let list = Data([1, 4] + Array("heat".utf8))
        var places = 0
        var start = bytes.startIndex
        while let range = bytes.range(of: list, in: start..<bytes.endIndex) {
            bytes[range.lowerBound - 1] = layout
            start = range.upperBound
            places += 1
        }
        try #require(places > 0, "no checkpoint was found")
        try bytes.write(to: url)
    }

    @Test(
        "is told as such; with --start-empty nothing that is stored is lost",
        arguments: [(UInt8(0), "an older"), (200, "a newer")])
    func other(_ layout: UInt8, _ words: String) throws {
        let scratch = try Scratch()
        let file = try scratch.write("site.yaml", siteText(data: scratch.path))
        let data = scratch.path + "/data"
        var daemon = try Daemon(configuration: file, data: data)
        #expect(try daemon.post(["telemetry", "room-1", "t"], "31", id: 1) == 0x44)
        #expect(daemon.stop() == 0)
        try age(data, layout: layout)

        let refused = try Program.iotflowd.run([
            "--config", file, "--data", data, "--listen", "127.0.0.1:0",
        ])
        #expect(refused.status == 69)
        #expect(
            refused.errors.contains(
                "the checkpoint cannot be read: \(words) version of iotflow wrote it, in layout "
                    + "\(layout); this one reads layout "))
        #expect(refused.errors.contains("With --start-empty the gateway starts all the same"))
        #expect(!refused.errors.contains("damaged"))

        daemon = try Daemon(configuration: file, data: data, options: ["--start-empty"])
        #expect(daemon.log.contains("windows and patterns start empty, commands go on"))
        let twin = try Program.iotflow.run(["twin", "get", "room-1", "--data", data, "--json"])
        #expect(twin.json?["reported"]?["t"]?["value"] == .number(31))
        #expect(twin.json?["reported"]?["t"]?["version"] == .integer(1))
        let status = try Program.iotflow.run(["status", "--data", data, "--json"])
        #expect(status.json?["intake"]?["checkpoints_dropped"] == .integer(1))
        #expect(try daemon.post(["telemetry", "room-1", "t"], "32", id: 2) == 0x44)
        try daemon.awaitUpstream(1)
        #expect(daemon.stop() == 0)
        // The match before and the one after are both upstream, under their own numbers.
        let upstream = try String(
            contentsOfFile: scratch.path + "/upstream.ndjson", encoding: .utf8)
        let matches = upstream.split(separator: "\n").filter { $0.contains("\"hot\"") }
        #expect(matches.count == 2)

        daemon = try Daemon(configuration: file, data: data)
        #expect(!daemon.log.contains("start empty"), "the new checkpoint can be read")
        #expect(daemon.stop() == 0)
    }
}
