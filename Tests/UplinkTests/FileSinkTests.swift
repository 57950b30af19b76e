import Foundation
import Model
import Testing
import Uplink

private func lines(_ path: String) throws -> [String] {
    try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
}

private func ids(_ lines: [String]) -> [UInt64] {
    lines.compactMap { line in
        let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        return (object?["id"] as? NSNumber)?.uint64Value
    }
}

private func uplink(
    _ outbox: MemoryOutbox, _ settings: FileSinkSettings,
    backOff: BackOff = BackOff(first: Milliseconds(1), limit: Milliseconds(20))
) -> Pump {
    let delivery = DeliverySettings(
        window: 1, batchRecords: 10, batchBytes: 1 << 20, backOff: backOff)
    let sink = SinkSettings(name: "file", kind: .file(settings), delivery: delivery)
    return Pump(
        uplink: Uplink(
            sinks: [sink], cursors: ["file": outbox.cursors("file")], outbox: outbox.closures))
}

@Suite struct FileSinkTests {
    let outbox = MemoryOutbox()
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test func everyRecordIsOneLineUrgentLanesFirst() throws {
        outbox.add(25, to: .aggregate)
        outbox.add(3, to: .match)
        let pump = uplink(outbox, FileSinkSettings(path: directory.file("out.ndjson")))
        #expect(pump.run { outbox.isDelivered(to: "file") })
        let written = ids(try lines(directory.file("out.ndjson")))
        #expect(written == [26, 27, 28] + Array(1...25))
        #expect(pump.status?.state == .connected)
        #expect(pump.status?.acknowledged == 28)
        #expect(pump.uplink.isQuiet)
    }

    @Test func aRestartContinuesBehindTheCursor() throws {
        let settings = FileSinkSettings(path: directory.file("out.ndjson"))
        outbox.add(5, to: .command)
        #expect(uplink(outbox, settings).run { outbox.isDelivered(to: "file") })
        outbox.add(5, to: .command)
        #expect(uplink(outbox, settings).run { outbox.isDelivered(to: "file") })
        #expect(ids(try lines(settings.path)) == Array(1...10))
    }

    @Test("a torn last line is cut off at opening", arguments: [0, 1, 9, 200_000])
    func tornLine(wholeLine length: Int) throws {
        let path = directory.file("out.ndjson")
        let whole = length == 0 ? "" : String(repeating: "x", count: length) + "\n"
        let torn = String(repeating: "y", count: 100_000)
        try Data((whole + torn).utf8).write(to: URL(fileURLWithPath: path))
        outbox.add(1, to: .match)
        let pump = uplink(outbox, FileSinkSettings(path: path))
        #expect(pump.run { outbox.isDelivered(to: "file") })
        let expected = whole + "{\"id\":1,\"lane\":\"match\"}\n"
        #expect(try String(contentsOfFile: path, encoding: .utf8) == expected)
    }

    @Test func filesRotateBySizeAndOldOnesGo() throws {
        let path = directory.file("out.ndjson")
        outbox.add(100, to: .match)
        // A batch of ten lines is about 250 bytes, so two of them fill a file.
        let pump = uplink(outbox, FileSinkSettings(path: path, rotateBytes: 520, kept: 2))
        #expect(pump.run { outbox.isDelivered(to: "file") })
        #expect(ids(try lines(path + ".2")) == Array(41...60))
        #expect(ids(try lines(path + ".1")) == Array(61...80))
        #expect(ids(try lines(path)) == Array(81...100))
        #expect(!FileManager.default.fileExists(atPath: path + ".3"))
    }

    @Test func aFileThatCannotBeOpenedIsAStateWithAReason() throws {
        let path = directory.file("missing/out.ndjson")
        outbox.add(1, to: .match)
        let pump = uplink(outbox, FileSinkSettings(path: path))
        #expect(pump.run { (pump.status?.failures ?? 0) >= 2 })
        #expect(pump.status?.lastError == "\(path): No such file or directory")
        try FileManager.default.createDirectory(
            atPath: directory.file("missing"), withIntermediateDirectories: false)
        #expect(pump.run { outbox.isDelivered(to: "file") })
        #expect(pump.status?.lastError == nil)
    }

    @Test(.enabled(if: SmallDisk.isAvailable, "mounting a small tmpfs needs root"))
    func aFullDiskIsAStateAndNothingIsLost() throws {
        let disk = try SmallDisk(at: directory.file("disk"), bytes: 64 << 10)
        let ballast = disk.path + "/ballast"
        try Data(count: 48 << 10).write(to: URL(fileURLWithPath: ballast))
        outbox.add(2000, to: .match)
        let path = disk.path + "/out.ndjson"
        let pump = uplink(outbox, FileSinkSettings(path: path))
        #expect(pump.run { (pump.status?.failures ?? 0) >= 2 })
        #expect(
            pump.status?.lastError?.hasSuffix("no space left; records wait in the outbox") == true)
        guard case .backingOff = pump.status?.state else {
            Issue.record("expected a back-off")
            return
        }
        let before = outbox.cursor("file", .match)
        #expect(before > 0)
        #expect(ids(try lines(path)) == Array(1...before), "whole lines only")
        try FileManager.default.removeItem(atPath: ballast)
        outbox.add(1, to: .command)
        #expect(pump.run { outbox.isDelivered(to: "file") })
        #expect(ids(try lines(path)).sorted() == Array(1...2001))
        pump.uplink.close()
    }
}

/// A file system with little room, mounted for one test.
private final class SmallDisk {
    static let isAvailable = geteuid() == 0

    let path: String

    init(at path: String, bytes: Int) throws {
        self.path = path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false)
        try #require(run("/bin/mount", "-t", "tmpfs", "-o", "size=\(bytes)", "tmpfs", path) == 0)
    }

    deinit { _ = try? run("/bin/umount", "-l", path) }
}

private func run(_ program: String, _ arguments: String...) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
}
