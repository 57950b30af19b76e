import Arguments

// Requests that change a twin, done once the gateway has them safe.

private let slot = Option("slot", "S", argument: "N", "how urgent the wish is, 1 to 16 [8]")
private let notes = "Exit status: 0 done, 1 refused or no such device, 69 no gateway."

let twinSetVerb = Verb(
    name: "set", summary: "wish a value",
    usage: Usage(
        "iotflow twin set DEVICE PROPERTY VALUE [--slot N] [--for TIME] [--data DIR] [--json]",
        "Wishes a value for a property. Of several wishes the one in the lowest slot holds.",
        options: [
            slot, Option("for", "F", argument: "TIME", "how long it is wished: 1h"), .data,
            .socket, .json, .help,
        ], notes: notes),
    run: { arguments throws(UsageError) in
        guard arguments.operands.count == 3 else {
            throw UsageError("twin set takes a device, a property and a value")
        }
        return try change(
            ["set"] + arguments.operands + [arguments["slot"] ?? "-", arguments["for"] ?? "-"],
            arguments)
    })

let twinRelinquishVerb = Verb(
    name: "relinquish", summary: "take a wish back",
    usage: Usage(
        "iotflow twin relinquish DEVICE PROPERTY [--slot N] [--data DIR] [--json]",
        "Takes the wish in one slot back; those in others stay.",
        options: [slot, .data, .socket, .json, .help], notes: notes),
    run: { arguments throws(UsageError) in
        guard arguments.operands.count == 2 else {
            throw UsageError("twin relinquish takes a device and a property")
        }
        return try change(
            ["relinquish"] + arguments.operands + [arguments["slot"] ?? "-"], arguments)
    })

let twinReassertVerb = decision("reassert", "send what is desired once more")
let twinAcceptVerb = decision("accept", "give the wish up for what the device reports")
let twinDeleteVerb = decision("delete", "remove a twin, or one property of it")

private func decision(_ name: String, _ summary: String) -> Verb {
    Verb(
        name: name, summary: summary,
        usage: Usage(
            "iotflow twin \(name) DEVICE [PROPERTY] [--data DIR] [--json]",
            "Decides about a twin, or one property of it: \(summary).",
            options: [.data, .socket, .json, .help], notes: notes),
        run: { arguments throws(UsageError) in
            guard (1...2).contains(arguments.operands.count) else {
                throw UsageError("twin \(name) takes a device, and perhaps a property")
            }
            let all = arguments.operands.count == 1 ? ["-"] : []
            return try change([name] + arguments.operands + all, arguments)
        })
}

private func change(_ words: [String], _ arguments: Arguments) throws(UsageError) -> Int32 {
    try checkWords(words)
    guard let answer = askGateway(["twin"] + words, arguments) else { return 69 }
    return printAnswer(answer, arguments)
}

/// What the control socket's line cannot hold.
func checkWords(_ words: [String]) throws(UsageError) {
    if words.contains(where: { $0.isEmpty || $0.utf8.contains { $0 == 0x09 || $0 == 0x0a } }) {
        throw UsageError("an operand may not be empty, and has no tabs or line breaks")
    }
}
