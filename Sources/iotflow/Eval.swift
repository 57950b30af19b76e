import Arguments
import Engine
import Gateway
import Language
import Model

let evalVerb = Verb(
    name: "eval", summary: "evaluate an expression over a file of events",
    usage: Usage(
        "iotflow eval EXPRESSION --events FILE [--select] [--config PATH…]",
        "Evaluates an expression of the workflow language for each row of a CSV or NDJSON file\n"
            + "and writes its value, or the rows for which it is true. The file's columns are the\n"
            + "expression's names, besides device_id and time.",
        options: [
            Option("events", "e", argument: "FILE", "CSV or NDJSON; - is standard input"),
            Option("select", "s", "write the rows for which the expression is true"),
            Option("config", "c", argument: "PATH", "take types and units from these models"),
        ] + EventTable.Names.options + [
            Option("output", "o", argument: "FILE", "by its name CSV or NDJSON [-]"),
            Option("format", "f", argument: "FORMAT", "the results' format: csv or ndjson"), .help,
        ],
        notes: "Patterns that look at more than one row (within, for, then) are what run-stream\n"
            + "is for.\n\n"
            + "Exit status: 0 done, 1 the expression is wrong, the input could not be read, or\n"
            + "some of its rows were no events."),
    run: eval)

@Sendable private func eval(_ arguments: Arguments) throws(UsageError) -> Int32 {
    guard arguments.operands.count == 1 else { throw UsageError("which expression?") }
    guard let inputPath = arguments["events"] else { throw UsageError("which --events?") }
    let outputPath = arguments["output"] ?? "-"
    let format = try arguments.choice("format", as: ResultText.Format.self)
    let timeUnit = try arguments.choice("time-unit", as: FieldText.TimeUnit.self) ?? .auto
    let names = try EventTable.Names(arguments)
    var registry = Registry()
    if arguments.has("config") {
        let (setup, diagnostics) = Setup.check(arguments.all("config"))
        for diagnostic in diagnostics { printError(Setup.render(diagnostic)) }
        guard let setup else { return 1 }
        registry = setup.plan.registry
    }
    let expression = Located(
        arguments.operands[0], at: Place(file: "expression", line: 1, column: 1))
    do throws(EventError) {
        let inputFormat = ResultText.Format(path: inputPath)
        let input = try EventInput(inputPath)
        var run = Evaluation(
            expression, isSelection: arguments.has("select"),
            EventTable(names, timeUnit: timeUnit, registry: registry),
            to: try EventOutput(outputPath),
            as: format ?? ResultText.Format(path: outputPath) ?? inputFormat ?? .ndjson)
        try run.run(input, inputFormat)
        for diagnostic in run.diagnostics {
            printError(diagnostic.render(sourceLine: expression.value))
        }
        for complaint in run.complaints { printError("\(inputPath): \(complaint)") }
        if run.rejected > 0 { printError("\(run.rejected) rows were left out") }
        let isWrong = run.diagnostics.contains { $0.severity == .error }
        return isWrong || run.rejected > 0 ? 1 : 0
    } catch {
        printError("iotflow eval: \(error)")
        return 1
    }
}
