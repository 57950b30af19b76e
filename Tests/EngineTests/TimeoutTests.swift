import Config
import Engine
import Model
import Testing

@Suite("Partial matches that run out of their time")
struct TimeoutTests {
    private static func text(_ timeouts: Bool) -> String {
        """
        devices: {groups: {rooms: {range: "room-{1..2}"}}}
        streams:
          doors:
            sources: [{topic: telemetry/+/open, mapping: {open: payload.value}, lateness: 0s}]
            patterns:
              - name: visit
                condition: open = 1 then open = 0 within 10s
                actions: [log_visit]
                timeouts: \(timeouts)
        """
    }

    @Test(
        "go upstream beside the matches, where asked for, and nothing acts on them",
        arguments: [true, false])
    func published(_ timeouts: Bool) throws {
        let (configuration, diagnostics) = Configuration.load(
            texts: [("doors.yaml", TimeoutTests.text(timeouts))])
        #expect(diagnostics.map(\.message) == [])
        var bench = Bench(try Bench.plan(try #require(configuration).definition))
        let interned = bench.engine.intern(propertyNamed: "open")
        let open = try #require(interned)
        for (seconds, room, value) in [
            (1.0, "room-1", 1.0), (2, "room-2", 1), (3, "room-2", 0), (20, "room-2", 0),
        ] {
            let reading = Reading(
                device: try bench.device(room), property: open,
                time: Bench.instant(seconds), value: .number(value))
            bench.step([.reading(reading)], at: seconds)
        }
        let records = bench.records.filter { $0.kind == .match }
        #expect(records.map(\.name) == ["visit"] + (timeouts ? ["visit/timeout"] : []))
        #expect(bench.log.count == 1)
        #expect(bench.engine.report.detectedPatterns.map(\.count) == [1])
        guard timeouts else { return }
        let timeout = try #require(records.last)
        #expect(timeout.time == Bench.instant(11))
        #expect(timeout.start == Bench.instant(1))
        #expect(timeout.key.first?.value == .text("room-1"))
        #expect(timeout.fields.contains(Field("steps_taken", .integer(1))))
    }
}
