import Arguments
import Gateway
import Wire

let twinVerb = Verb(
    name: "twin", summary: "show the twins of devices: twin get DEVICE, twin list",
    usage: Usage(
        "iotflow twin get DEVICE | list [--data DIR] [--json]",
        "Shows what the gateway knows of a device: reported and desired values with version, time\n"
            + "and source. While no gateway runs, as of the store's last checkpoint.",
        options: [.data, .socket, .json, .help],
        notes: "Exit status: 0 answered, 1 no such device, 69 no gateway and no store."),
    run: twin)

@Sendable private func twin(_ arguments: Arguments) throws(UsageError) -> Int32 {
    switch (arguments.operands.first, arguments.operands.count) {
    case ("get", 2), ("list", 1):
        let words = ["twin"] + arguments.operands
        let data = arguments["data"] ?? "/var/lib/iotflow"
        guard
            let answer = askGateway(words, arguments, tells: false)
                ?? StoredTwins(at: data)?.reply(to: words)
        else {
            printError("iotflow: no gateway answers, and there is no store in \(data)")
            return 69
        }
        if arguments.operands[0] == "list", !arguments.has("json") { return printList(answer) }
        return printAnswer(answer, arguments)
    case ("get", _): throw UsageError("twin get takes one device")
    case ("list", _): throw UsageError("twin list takes no operand")
    default: throw UsageError("twin get DEVICE or twin list")
    }
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
