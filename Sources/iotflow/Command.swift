import Arguments
import Glibc
import Wire

let commandVerb = Verb(
    name: "command", summary: "send commands to devices, and see what became of them",
    actions: [
        sendVerb, listVerb, about("show", "show one command"),
        about("cancel", "end one command early"),
        about("approve", "let one go that waits for approval"),
    ])

private let sendVerb = Verb(
    name: "send", summary: "have a device run a command",
    usage: Usage(
        "iotflow command send DEVICE NAME [PARAMETER=VALUE …] [--data DIR] [--json]",
        "Has the running gateway send a command, and prints it once it is safe.",
        options: [
            Option("priority", "p", argument: "P", "critical, high, normal or low [normal]"),
            Option("ttl", "t", argument: "TIME", "not begun by then, it expires: 30s, 5m"),
            Option(
                "key", "k", argument: "KEY",
                "the same key is the same command, for a day [a new one]"),
            Option("wait", "w", "wait until the command has ended"),
            .data, .socket, .json, .help,
        ],
        notes: "Exit status: 0 taken, or with --wait succeeded, 1 refused or failed, 69 no gateway."
    ),
    run: send)

private let listVerb = Verb(
    name: "list", summary: "list the commands under way, and those that ended last",
    usage: Usage(
        "iotflow command list [--data DIR] [--json]",
        "Lists the commands that the running gateway knows, a line each.",
        options: [.data, .socket, .json, .help], notes: "Exit status: 0 listed, 69 no gateway."),
    run: list)

private func about(_ name: String, _ summary: String) -> Verb {
    Verb(
        name: name, summary: summary,
        usage: Usage(
            "iotflow command \(name) ID [--data DIR] [--json]",
            "Asks the running gateway to \(summary).", options: [.data, .socket, .json, .help],
            notes: "Exit status: 0 done, 1 refused or no such command, 69 no gateway."),
        run: { arguments throws(UsageError) in
            guard arguments.operands.count == 1 else {
                throw UsageError("command \(name) takes the id of one command")
            }
            let words = ["command", name] + arguments.operands
            try checkWords(words)
            guard let answer = askGateway(words, arguments) else { return 69 }
            return printAnswer(answer, arguments)
        })
}

@Sendable private func send(_ arguments: Arguments) throws(UsageError) -> Int32 {
    let operands = arguments.operands
    guard operands.count >= 2 else {
        throw UsageError("command send takes a device and a command's name")
    }
    for parameter in operands.dropFirst(2) where !parameter.contains("=") {
        throw UsageError("'\(parameter)' is not PARAMETER=VALUE")
    }
    let words =
        ["command", "send", operands[0], operands[1], arguments["priority"] ?? "-"]
        + [arguments["ttl"] ?? "-", arguments["key"] ?? randomKey()] + operands.dropFirst(2)
    try checkWords(words)
    guard let answer = askGateway(words, arguments) else { return 69 }
    guard arguments.has("wait"), let sent = try? Document(json: answer.span),
        let id = sent["id"]?.name
    else { return printAnswer(answer, arguments) }
    return wait(id, arguments)
}

/// Asks again and again until the command has ended; 0 where it succeeded.
private func wait(_ id: String, _ arguments: Arguments) -> Int32 {
    while true {
        guard let answer = askGateway(["command", "show", id], arguments) else { return 69 }
        let shown = try? Document(json: answer.span)
        guard shown?["is_final"] == .boolean(false) else {
            let status = printAnswer(answer, arguments)
            return status == 0 && shown?["state"] != .text("succeeded") ? 1 : status
        }
        usleep(100_000)
    }
}

@Sendable private func list(_ arguments: Arguments) throws(UsageError) -> Int32 {
    guard arguments.operands.isEmpty else { throw UsageError("command list takes no operand") }
    guard let answer = askGateway(["command", "list"], arguments) else { return 69 }
    guard !arguments.has("json"), case .array(let commands)? = try? Document(json: answer.span)
    else { return printAnswer(answer, arguments) }
    var rows = [["ID", "DEVICE", "COMMAND", "STATE", "UPDATED", "RESULT"]]
    for command in commands {
        rows.append(
            ["id", "device", "command", "state", "updated", "result"].map {
                command[$0]?.plain ?? ""
            })
    }
    printText(table(rows))
    return 0
}

/// A key that nobody had before.
func randomKey() -> String { String(UInt64.random(in: .min ... .max), radix: 16) }
