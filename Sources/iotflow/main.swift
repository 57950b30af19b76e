import Arguments
import Glibc
import Model

// START HERE: a verb is a file of the same name.
let verbs: [Verb] = [
    auditVerb, checkVerb, commandVerb, evalVerb, modelVerb, planVerb, replayVerb, runStreamVerb,
    sequenceVerb, simulateVerb, statusVerb, testVerb, twinVerb, whyVerb,
]

func help() -> String {
    let width = verbs.map(\.name.count).max() ?? 0
    let lines = verbs.map { verb in
        "  " + verb.name + String(repeating: " ", count: width - verb.name.count + 2)
            + verb.summary + "\n"
    }
    return """
        Usage: iotflow VERB …

        Checks, simulates and asks an IoT workflow gateway.

        \(lines.joined())
        'iotflow VERB --help' tells more. --version prints the version.

        """
}

func run(_ arguments: [String]) -> Int32 {
    guard let name = arguments.first else {
        printError(help())
        return 64
    }
    switch name {
    case "--help", "-h", "help":
        printText(help())
        return 0
    case "--version", "-V":
        printText("iotflow \(version)\n")
        return 0
    default: break
    }
    guard let verb = verbs.first(where: { $0.name == name }) else {
        let guess = didYouMean(name, among: verbs.map(\.name)).map { "; did you mean \($0)?" }
        printError("iotflow: no verb '\(name)'\(guess ?? "")\nTry 'iotflow --help'.")
        return 64
    }
    return verb.run(Array(arguments.dropFirst()))
}

exit(run(Array(CommandLine.arguments.dropFirst())))
