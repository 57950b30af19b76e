import Arguments
import Engine
import Gateway
import Language
import Model
import Streams
import Wire

let evalVerb = Verb(
    name: "eval", summary: "evaluate an expression or a rule over a file of events",
    usage: Usage(
        "iotflow eval EXPRESSION --events FILE [--select] [--config PATH…]",
        "Evaluates an expression of the workflow language for each row of a CSV, NDJSON or SenML\n"
            + "file and writes its value, or the rows for which it is true. Of a rule, which\n"
            + "looks at more than one row (a then b within 1m, x > 3 for 2m), it writes the\n"
            + "matches of each device as run-stream does. The file's columns are the\n"
            + "expression's names, besides device_id and time.",
        options: [
            Option("events", "e", argument: "FILE", "CSV, NDJSON or SenML; - is standard input"),
            Option("select", "s", "write the rows for which the expression is true"),
            Option("config", "C", argument: "PATH", "take types and units from these models"),
            Option(
                "lateness", argument: "SPAN",
                "how far out of order rows may be for a rule [5s]"),
        ] + EventTable.Names.options + [
            Option("output", "o", argument: "FILE", "by its name CSV or NDJSON [-]"),
            Option("format", "f", argument: "FORMAT", "the results' format: csv or ndjson"), .help,
        ],
        notes: "Exit status: 0 done, 1 the expression is wrong, the input could not be read, or\n"
            + "some of its rows were no events."),
    run: eval)

@Sendable private func eval(_ arguments: Arguments) throws(UsageError) -> Int32 {
    guard arguments.operands.count == 1 else { throw UsageError("which expression?") }
    guard let inputPath = arguments["events"] else { throw UsageError("which --events?") }
    let outputPath = arguments["output"] ?? "-"
    let format = try ResultText.Format(arguments, output: outputPath, input: inputPath)
    let names = try EventTable.Names(arguments)
    var lateness = Milliseconds.seconds(5)
    if let text = arguments["lateness"] {
        guard let span = Milliseconds(text), span >= .zero else {
            throw UsageError("--lateness: '\(text)' is not a span such as 30s")
        }
        lateness = span
    }
    var registry = Registry()
    if arguments.has("config") {
        let (setup, diagnostics) = Setup.check(arguments.all("config"))
        for diagnostic in diagnostics { printError(Setup.render(diagnostic)) }
        guard let setup else { return 1 }
        registry = setup.plan.registry
    }
    let text = Located(arguments.operands[0], at: Place(file: "expression", line: 1, column: 1))
    let isSelection = arguments.has("select")
    do throws(EventError) {
        var source = try EventSource(inputPath, names, registry)
        var first: [Reading] = []
        _ = try source.next(into: &first)
        let expression = EvaluatedExpression(
            text, isSelection: isSelection, lateness: lateness, first: first, &source)
        switch expression {
        case .wrong(let diagnostics):
            for diagnostic in diagnostics { printError(diagnostic.render(sourceLine: text.value)) }
            return 1
        case .row(let row):
            var run = Evaluation(
                row, isSelection: isSelection, source, to: try EventOutput(outputPath), as: format)
            try run.run(first: first)
            return tell(inputPath, run.complaints, rejected: run.rejected)
        case .rule(let processor):
            var run = StreamRun(
                processor, source, to: try EventOutput(outputPath), as: ResultText(format))
            try run.run(first: first)
            let late = run.counters.streams.reduce(0) { $0 + $1.late }
            if late > 0 { printError("\(late) rows came later than --lateness allows") }
            return tell(inputPath, run.complaints, rejected: run.rejected)
        }
    } catch {
        printError("iotflow eval: \(error)")
        return 1
    }
}

/// Says what was left out of a file; the exit status.
func tell(_ path: String, _ complaints: [String], rejected: Int) -> Int32 {
    for complaint in complaints { printError("\(path): \(complaint)") }
    if rejected > 0 { printError("\(rejected) rows were left out") }
    return rejected == 0 ? 0 : 1
}
