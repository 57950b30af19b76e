import Testing

@Suite("Numbered events of devices with units of their own")
struct NumberedEventsTests {
    private static let workflow = """
        devices: {list: {in-1: {model: inside}, out-1: {model: outside}}}
        models:
          inside: {properties: {t: {type: float, unit: celsius}, seq: {type: integer}}}
          outside: {properties: {t: {type: float, unit: fahrenheit}, seq: {type: integer}}}
        workflow: site
        streams:
          air:
            sources:
              - topic: telemetry/+
                lateness: 5s
                mapping: {device_id: "topic[1]", t: payload.t}
                sequence: payload.seq
                units: {t: celsius}
            window: {size: 1m}
            processing:
              - type: aggregate
                by: [device_id]
                functions:
                  - {name: n, function: count}
                  - {name: swing, function: max, expression: abs(delta(t))}
                  - {name: warm, function: count, expression: t > 20}
              - {type: filter, expression: n changed or previous(n) is missing}
        """

    private static let rows = [
        "2026-01-01T00:00:10Z,in-1,20,1", "2026-01-01T00:00:20Z,in-1,25,2",
        "2026-01-01T00:00:20Z,in-1,25,2", "2026-01-01T00:00:30Z,out-1,32,1",
        "2026-01-01T00:00:40Z,out-1,50,2", "2026-01-01T00:01:10Z,in-1,24,3",
        "2026-01-01T00:00:10Z,in-1,20,1", "2026-01-01T00:01:20Z,in-1,22,4",
        "2026-01-01T00:02:10Z,in-1,21,5", "2026-01-01T00:01:20Z,in-1,22,4",
    ]

    @Test("what comes twice counts once, in one unit, and only news comes out")
    func run() throws {
        let scratch = try Scratch()
        let workflow = try scratch.write("site.yaml", NumberedEventsTests.workflow)
        let input = try scratch.write(
            "in.csv", (["time,device,t,seq"] + NumberedEventsTests.rows).joined(separator: "\n"))
        let outcome = try Program.iotflow.run(
            ["run-stream", workflow, "--input", input, "--stream", "air"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(
            outcome.output.split(separator: "\n").dropFirst().map(String.init) == [
                "2026-01-01T00:01:00.000Z,row,air,2026-01-01T00:00:00.000Z,"
                    + "device_id=in-1,n=2;swing=5.0;warm=1",
                "2026-01-01T00:01:00.000Z,row,air,2026-01-01T00:00:00.000Z,"
                    + "device_id=out-1,n=2;swing=10.0;warm=0",
                "2026-01-01T00:03:00.000Z,row,air,2026-01-01T00:02:00.000Z,"
                    + "device_id=in-1,n=1;swing=1.0;warm=1",
            ])
    }

    @Test("the memory of numbers and of steps is in the plan")
    func memory() throws {
        let scratch = try Scratch()
        let workflow = try scratch.write("site.yaml", NumberedEventsTests.workflow)
        let outcome = try Program.iotflow.run(["plan", workflow, "--memory"])
        #expect(outcome.output.contains("sequences"))
        #expect(outcome.output.contains("steps behind windows"))
    }
}
