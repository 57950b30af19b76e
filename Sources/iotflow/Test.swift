import Arguments
import Engine
import Gateway
import Model
import Simulation

let testVerb = Verb(
    name: "test", summary: "run the tests that workflow files carry",
    usage: Usage(
        "iotflow test [--name NAME] PATH…",
        "Runs the tests under `tests:` with the gateway's own engine under a virtual clock, and\n"
            + "prints what was expected and what was found wherever they differ.",
        options: [
            Option("name", "n", argument: "NAME", "run only the test of this name"), .help,
        ],
        notes: "Exit status: 0 all tests passed, 1 a test failed, there is none, or the "
            + "configuration has\nerrors."),
    run: test)

@Sendable private func test(_ arguments: Arguments) throws(UsageError) -> Int32 {
    guard !arguments.operands.isEmpty else { throw UsageError("which configuration?") }
    let (setup, diagnostics) = Setup.check(arguments.operands)
    for diagnostic in diagnostics { printError(Setup.render(diagnostic)) }
    guard let setup else { return 1 }
    var tests = setup.definition.tests
    guard !tests.isEmpty else {
        printError("iotflow test: there are no tests; write them under `tests:`")
        return 1
    }
    if let name = arguments["name"] {
        let known = tests.map(\.name).joined(separator: ", ")
        tests.removeAll { $0.name != name }
        guard !tests.isEmpty else {
            printError("iotflow test: no test '\(name)'; there is: \(known)")
            return 1
        }
    }
    var failed = 0
    for test in tests {
        let run = TestRun(test, plan: setup.plan)
        printText("\(run.isOK ? "ok" : "FAILED") \(test.name)\n")
        for line in run.missing { printText("  expected: \(line)\n") }
        for line in run.unexpected { printText("  found:    \(line)\n") }
        if !run.isOK { failed += 1 }
    }
    let count = "\(tests.count) test\(tests.count == 1 ? "" : "s")"
    printText(failed == 0 ? "\(count) passed\n" : "\(failed) of \(count) failed\n")
    return failed == 0 ? 0 : 1
}
