import Arguments

let sequenceVerb = Verb(
    name: "sequence", summary: "run sequences of commands",
    actions: [
        Verb(
            name: "run", summary: "start a sequence, or tell what it would do",
            usage: Usage(
                "iotflow sequence run NAME [--device DEVICE] [--key KEY] [--dry-run] [--data DIR]",
                "Has the running gateway start a command sequence of its configuration, and\n"
                    + "prints what came of it so far; with --dry-run, what it would do.",
                options: [
                    Option("device", "D", argument: "DEVICE", "the device that the run is about"),
                    Option(
                        "key", "k", argument: "KEY",
                        "the same key is the same run, for a day [a new one]"),
                    Option("dry-run", "n", "only tell what it would do"),
                    .data, .socket, .json, .help,
                ],
                notes: "Exit status: 0 started, 1 refused or no such, 69 no gateway."),
            run: { arguments throws(UsageError) in
                guard let name = arguments.operands.first, arguments.operands.count == 1 else {
                    throw UsageError("sequence run takes the name of a sequence")
                }
                let action = arguments.has("dry-run") ? "rehearse" : "run"
                let words =
                    ["sequence", action, name, arguments["device"] ?? "-"]
                    + [arguments["key"] ?? randomKey()]
                try checkWords(words)
                guard let answer = askGateway(words, arguments) else { return 69 }
                return printAnswer(answer, arguments)
            })
    ])
