import Arguments
import Engine
import Gateway
import Glibc
import Model
import Streams
import Wire

let runStreamVerb = Verb(
    name: "run-stream", summary: "run a workflow's streams over a file of events",
    usage: Usage(
        "iotflow run-stream PATH… --input FILE [--output FILE] [--stream NAME]",
        "Runs the gateway's own streams over events from a file, as fast as it goes, and writes\n"
            + "window rows, matches and late events. Time is that of the newest event.",
        options: [
            Option("input", "i", argument: "FILE", "CSV, NDJSON or SenML; - is standard input"),
            Option("output", "o", argument: "FILE", "by its name CSV or NDJSON [-]"),
            Option("stream", "S", argument: "NAME", "only this stream or aggregation"),
            Option("format", "f", argument: "FORMAT", "the results' format: csv or ndjson"),
        ] + EventTable.Names.options + [
            Option("stats", "t", "print events, seconds and events per second"), .help,
        ],
        notes: "A row is a device, a time, and either columns called property and value, or a\n"
            + "column per property. In SenML a name is DEVICE/PROPERTY or DEVICE:PROPERTY.\n\n"
            + "Exit status: 0 done, 1 the configuration has errors, the input could not be\n"
            + "read, or some of its rows were no events."),
    run: runStream)

@Sendable private func runStream(_ arguments: Arguments) throws(UsageError) -> Int32 {
    guard !arguments.operands.isEmpty else { throw UsageError("which configuration?") }
    guard let inputPath = arguments["input"] else { throw UsageError("which --input?") }
    let outputPath = arguments["output"] ?? "-"
    let format = try ResultText.Format(arguments, output: outputPath, input: inputPath)
    let names = try EventTable.Names(arguments)
    let (setup, diagnostics) = Setup.check(arguments.operands)
    for diagnostic in diagnostics { printError(Setup.render(diagnostic)) }
    guard let setup else { return 1 }
    var definition = setup.definition
    if let name = arguments["stream"] {
        definition.streams.removeAll { $0.name.value != name }
        definition.aggregations.removeAll { $0.name.value != name }
    }
    guard !definition.streams.isEmpty || !definition.aggregations.isEmpty else {
        let all = setup.definition
        let known = all.streams.map(\.name.value) + all.aggregations.map(\.name.value)
        printError("iotflow run-stream: no such stream; there is: \(known.joined(separator: ", "))")
        return 1
    }
    var found: [Diagnostic] = []
    let processor = StreamProcessor(
        streams: definition.streams, aggregations: definition.aggregations,
        tables: definition.tables, registry: setup.plan.registry, diagnostics: &found)
    do throws(EventError) {
        let source = try EventSource(inputPath, names, setup.plan.registry)
        var run = StreamRun(
            processor, source, to: try EventOutput(outputPath), as: ResultText(format))
        let start = seconds()
        try run.run()
        if arguments.has("stats") { printStatistics(run, seconds: seconds() - start) }
        return tell(inputPath, run.complaints, rejected: run.rejected)
    } catch {
        printError("iotflow run-stream: \(error)")
        return 1
    }
}

private func printStatistics(_ run: borrowing StreamRun, seconds: Double) {
    let rate = seconds > 0 ? Int64(Double(run.events) / seconds) : 0
    let time = (seconds * 1000).rounded() / 1000
    let late = run.counters.streams.reduce(0) { $0 + $1.late }
    printError(
        "events \(run.events)  results \(run.results)  late \(late)  seconds \(time)"
            + "  events/s \(rate)")
}

/// A clock that only runs forward.
private func seconds() -> Double {
    var time = timespec()
    // The struct is ours; the call fills it.
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
