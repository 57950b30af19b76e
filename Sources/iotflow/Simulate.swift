import Arguments
import Engine
import Gateway
import Model
import Simulation
import Wire

let simulateVerb = Verb(
    name: "simulate", summary: "run a workflow against emulated devices under a virtual clock",
    usage: Usage(
        "iotflow simulate PATH… --scenario NAME [--duration 1h] [--seed N] [--json]",
        "Runs the gateway's own engine against the scenario's devices, as fast as it goes.\n"
            + "The same seed gives the same report, byte for byte.",
        options: [
            Option("scenario", "S", argument: "NAME", "which of the configuration's scenarios"),
            Option(
                "duration", "D", argument: "SPAN", "how long, in place of the scenario's: 1h30m"),
            Option("seed", "n", argument: "N", "the seed of the noise [1]"),
            .json, .help,
        ],
        notes: "Exit status: 0 done, 1 the configuration has errors or no such scenario."),
    run: simulate)

@Sendable private func simulate(_ arguments: Arguments) throws(UsageError) -> Int32 {
    guard !arguments.operands.isEmpty else { throw UsageError("which configuration?") }
    let seed = try arguments.value("seed", as: UInt64.self) ?? 1
    var duration: Milliseconds?
    if let text = arguments["duration"] {
        guard let span = Milliseconds(text), span > .zero else {
            throw UsageError("--duration: '\(text)' is not a span such as 1h30m")
        }
        duration = span
    }
    let (setup, diagnostics) = Setup.check(arguments.operands)
    for diagnostic in diagnostics { printError(Setup.render(diagnostic)) }
    guard let setup else { return 1 }
    let scenarios = setup.definition.scenarios
    let name = arguments["scenario"] ?? scenarios.first?.name ?? ""
    guard let scenario = scenarios.first(where: { $0.name == name }) else {
        let known = scenarios.map(\.name).joined(separator: ", ")
        printError("iotflow simulate: no scenario '\(name)'; there is: \(known)")
        return 1
    }
    var run = SimulationRun(plan: setup.plan, scenario: scenario, duration: duration, seed: seed)
    run.run()
    let report = run.engine.report
    if arguments.has("json") {
        printText(String(decoding: report.document.json, as: UTF8.self) + "\n")
    } else {
        printText(report.text)
    }
    return 0
}
