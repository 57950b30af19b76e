import Foundation
import Model
import Synchronization
import Testing
import Uplink
import Wire

private func fileSink(_ name: String, _ path: String) -> SinkSettings {
    SinkSettings(name: name, kind: .file(FileSinkSettings(path: path)))
}

@Suite(.timeLimit(.minutes(5))) struct UplinkThreadTests {
    let outbox = MemoryOutbox()
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test func recordsLeaveWhenTheyAreAnnounced() throws {
        let thread = try UplinkThread(
            sinks: [fileSink("file", directory.file("out.ndjson"))], cursors: [:],
            outbox: outbox.closures)
        try waitFor("the sink") { thread.statuses.first?.state == .connected }
        for _ in 1...5 {
            outbox.add(10, to: .match)
            thread.recordsAdded()
            try waitFor("delivery") { outbox.isDelivered(to: "file") }
        }
        thread.stop()
        #expect(thread.statuses.first?.state == .stopped)
        #expect(thread.statuses.first?.acknowledged == 50)
    }

    @Test func oneSinkThatFailsDoesNotHoldUpAnother() throws {
        outbox.add(10, to: .match)
        let broken = MQTTSinkSettings(host: "127.0.0.1", port: try freePort(), gateway: "gw1")
        let thread = try UplinkThread(
            sinks: [
                SinkSettings(name: "mqtt", kind: .mqtt(broken)),
                fileSink("file", directory.file("out.ndjson")),
            ], cursors: [:], outbox: outbox.closures)
        try waitFor("the other sink") { outbox.isDelivered(to: "file") }
        try waitFor("the failure") { (thread.statuses.first?.failures ?? 0) > 0 }
        thread.stop()
        #expect(outbox.cursor("mqtt", .match) == 0)
    }

    @Test func stoppingLetsMessagesUnderWayArrive() throws {
        let broker = try Broker()
        let changes = Log()
        let sink = MQTTSinkSettings(host: "127.0.0.1", port: broker.port, gateway: "gw1")
        let thread = try UplinkThread(
            sinks: [SinkSettings(name: "mqtt", kind: .mqtt(sink))], cursors: [:],
            outbox: outbox.closures, onChange: { changes.add("\($0.name) \($0.isConnected)") })
        try waitFor("the broker") { thread.statuses.first?.isConnected == true }
        outbox.add(2000, to: .aggregate)
        thread.recordsAdded()
        try waitFor("a start") { outbox.cursor("mqtt", .aggregate) > 0 }
        thread.stop()
        #expect(
            thread.statuses.first?.acknowledged == outbox.cursor("mqtt", .aggregate),
            "everything that was sent was acknowledged")
        #expect(changes.lines.last == "mqtt false")
        #expect(changes.lines.contains("mqtt true"))
    }

    @Test func storedRecordsBecomeLinesWithTheirIds() throws {
        let record = OutboxRecord(
            sequence: 7, kind: .match, workflow: "hvac", name: "hot",
            time: Instant(milliseconds: 0), key: [Field("device_id", .text("t1"))],
            fields: [Field("temperature", .number(30.5))])
        var writer = ByteWriter()
        record.encode(to: &writer)
        let stored: [Delivery.StoredRecord] = [(6, [0xff]), (7, writer.bytes)]
        let path = directory.file("out.ndjson")
        let uplink = Uplink(
            sinks: [fileSink("file", path)],
            outbox: Outbox(
                gateway: "gw1", epoch: 3,
                read: { lane, after, _, _ in
                    lane == .match ? stored.filter { $0.sequence > after } : []
                },
                acknowledge: { _, _, _ in }))
        let pump = Pump(uplink: uplink)
        #expect(pump.run { pump.status?.acknowledged == 1 })
        #expect(pump.status?.unreadable == 1, "damaged bytes are counted, not fatal")
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let line = Array(record.json(gateway: "gw1", epoch: 3)) + [10]
        #expect(Array(text.utf8) == line)
        #expect(text.hasPrefix(#"{"id":"gw1/3/7","kind":"match""#))
    }
}

/// Lines that any thread may add.
private final class Log: Sendable {
    private let storage = Mutex<[String]>([])

    func add(_ line: String) { storage.withLock { $0.append(line) } }
    var lines: [String] { storage.withLock { $0 } }
}
