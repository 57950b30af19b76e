import Testing

@Suite("Memory of patterns")
struct PatternMemoryTests {
    private let site = """
        gateway:
          memory_limit: LIMIT
        devices: {groups: {doors: {range: "door-{1..4000}"}}}
        streams:
          visits:
            sources:
              - {group: doors, topic: telemetry/+/open, mapping: {open: payload.value}}
            patterns:
              - {name: long, condition: open = 1 then open = 0 within 30d overlapping}
              - {name: counted, condition: open = 1 100000 times within 30d}
        """

    @Test("what a million partial matches would take is refused, and told part by part")
    func refused() throws {
        let scratch = try Scratch()
        for (limit, status) in [("1GB", Int32(0)), ("16MB", 1)] {
            let file = try scratch.write(
                "\(limit).yaml", site.replacing("LIMIT", with: limit))
            let outcome = try Program.iotflow.run(["check", file])
            #expect(outcome.status == status, "\(outcome.errors)")
            guard status == 1 else { continue }
            #expect(outcome.errors.contains("E0403"))
            // Of 4000 doors 256 each would be a million; a pattern may hold a tenth of that.
            #expect(outcome.errors.contains(/visits: partials long: 100000 x \d+ B = \d+ B/))
            #expect(outcome.errors.contains(/visits: partials counted: 100000 x \d+ B = \d+ B/))
        }
    }
}
