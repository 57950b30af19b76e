import Testing

@Suite("iotflow eval")
struct EvalTests {
    private static let events = """
        time,device,t,mode
        2026-01-01T00:00:10Z,room-1,20.5,cool
        2026-01-01T00:00:20Z,room-2,,heat
        2026-01-01T00:00:30Z,room-3,31,cool
        """

    private func run(_ arguments: [String]) throws -> Outcome {
        let scratch = try Scratch()
        let file = try scratch.write("in.csv", EvalTests.events)
        return try Program.iotflow.run(["eval"] + arguments + ["--events", file])
    }

    @Test("one value per row, none where something is missing")
    func values() throws {
        let outcome = try run(["t * 2"])
        #expect(outcome.status == 0)
        #expect(outcome.errors == "")
        #expect(
            outcome.output == """
                time,device,value
                2026-01-01T00:00:10.000Z,room-1,41.0
                2026-01-01T00:00:20.000Z,room-2,
                2026-01-01T00:00:30.000Z,room-3,62.0

                """)
    }

    @Test("--select writes the rows for which the condition is true")
    func select() throws {
        let outcome = try run(["t > 30 and mode = \"cool\"", "--select", "--format", "ndjson"])
        #expect(outcome.status == 0)
        #expect(
            outcome.output == """
                {"time":"2026-01-01T00:00:30.000Z","device":"room-3",\
                "values":{"t":31.0,"mode":"cool"}}

                """)
    }

    @Test("a mistake in the expression is shown with a caret")
    func mistake() throws {
        let outcome = try run(["tt + 1"])
        #expect(outcome.status == 1)
        #expect(outcome.output == "")
        #expect(outcome.errors.hasPrefix("expression:1:1: error:"))
        #expect(outcome.errors.contains("\ntt + 1\n^~\n"))
    }

    @Test("a value under --select is no condition")
    func noCondition() throws {
        #expect(try run(["t", "--select"]).status == 1)
    }
}
