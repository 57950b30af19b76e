import Arguments
import Gateway
import Wire

let twinVerb = Verb(
    name: "twin", summary: "the twins of devices: what they are, were and would be",
    actions: [
        Verb(
            name: "get", summary: "show one twin",
            usage: Usage(
                "iotflow twin get DEVICE [--data DIR] [--json]",
                "Shows what the gateway knows of a device: reported and desired values with "
                    + "version, time\nand source. " + storedText,
                options: [.data, .socket, .json, .help],
                notes: "Exit status: 0 answered, 1 no such device, 69 no gateway and no store."),
            run: { arguments throws(UsageError) in
                guard arguments.operands.count == 1 else {
                    throw UsageError("twin get takes one device")
                }
                return answer(["get"] + arguments.operands, arguments) {
                    printAnswer($0, arguments, text: twinText)
                }
            }),
        Verb(
            name: "list", summary: "show all twins, a line each",
            usage: Usage(
                "iotflow twin list [--data DIR] [--json]",
                "Lists the devices, when they were seen last and what they reported. "
                    + storedText,
                options: [.data, .socket, .json, .help],
                notes: "Exit status: 0 answered, 69 no gateway and no store."),
            run: { arguments throws(UsageError) in
                guard arguments.operands.isEmpty else {
                    throw UsageError("twin list takes no operand")
                }
                return answer(["list"], arguments) {
                    arguments.has("json") ? printAnswer($0, arguments) : printList($0)
                }
            }),
        twinDiffVerb, twinWatchVerb, twinSetVerb, twinRelinquishVerb, twinReassertVerb,
        twinAcceptVerb, twinDeleteVerb, twinHistoryVerb, twinForecastVerb, whatIfVerb,
    ])

private let storedText = "While no gateway\nruns, as of the store's last checkpoint."

/// Asks the gateway, or the store where none runs.
private func answer(
    _ words: [String], _ arguments: Arguments, print: ([UInt8]) -> Int32
) -> Int32 {
    let words = ["twin"] + words
    let data = arguments["data"] ?? "/var/lib/iotflow"
    guard
        let answer = askGateway(words, arguments, tells: false)
            ?? StoredTwins(at: data)?.reply(to: words)
    else {
        printError("iotflow: no gateway answers, and there is no store in \(data)")
        return 69
    }
    return print(answer)
}

/// A line per device: name, model, when it was seen last, and its reported values.
private func printList(_ answer: [UInt8]) -> Int32 {
    guard case .array(let twins)? = try? Document(json: answer.span) else { return 1 }
    var rows: [[String]] = [["DEVICE", "MODEL", "LAST SEEN", "REPORTED"]]
    for twin in twins {
        var values: [String] = []
        if case .map(let entries)? = twin["reported"] {
            values = entries.map { "\($0.key.plain)=\($0.value["value"]?.plain ?? "")" }
        }
        rows.append([
            twin["device"]?.plain ?? "", twin["model"]?.plain ?? "-",
            twin["last_seen"].flatMap { $0 == .null ? nil : $0.plain } ?? "never",
            values.joined(separator: " "),
        ])
    }
    printText(table(rows))
    return 0
}
