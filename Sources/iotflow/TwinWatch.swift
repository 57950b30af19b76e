import Arguments
import Gateway
import Wire

let twinWatchVerb = Verb(
    name: "watch", summary: "print each value that changes",
    usage: Usage(
        "iotflow twin watch [DEVICE] [--count N] [--data DIR] [--json]",
        "Prints a line for each value that changes, of one device or all, until interrupted.",
        options: [
            Option("count", "n", argument: "N", "end after so many changed twins"),
            .data, .socket, .json, .help,
        ],
        notes: "Exit status: 0 ended, 1 refused, 69 no gateway."),
    run: watchTwins)

@Sendable private func watchTwins(_ arguments: Arguments) throws(UsageError) -> Int32 {
    guard arguments.operands.count <= 1 else { throw UsageError("twin watch takes one device") }
    let words = ["watch"] + arguments.operands
    try checkWords(words)
    let count = try arguments.value("count", as: Int.self)
    var (lines, known) = (0, [String: Document]())
    var failure: String?
    let isFollowed = followGateway(words, arguments) { line in
        guard let twin = try? Document(json: line.span) else { return true }
        if let error = twin["error"] {
            failure = error.plain
            return false
        }
        lines += 1
        if arguments.has("json") {
            printText(String(decoding: line, as: UTF8.self) + "\n")
        } else {
            let device = twin["device"]?.plain ?? ""
            printText(changes(from: known[device], to: twin, device))
            known[device] = twin
        }
        return count.map { lines < $0 } ?? true
    }
    guard isFollowed else { return 69 }
    guard let failure else { return 0 }
    printError("iotflow: \(failure)")
    return 1
}

/// A line for each value that is not as it was; at first for all.
private func changes(from before: Document?, to twin: Document, _ device: String) -> String {
    var lines = ""
    for half in ["reported", "desired"] {
        guard case .map(let entries)? = twin[half] else { continue }
        for entry in entries {
            guard let name = entry.key.name,
                before?[half]?[name]?["version"] != entry.value["version"]
            else { continue }
            let time = entry.value["time"]?.plain ?? ""
            lines += "\(time) \(device) \(half) \(name)=\(entry.value["value"]?.plain ?? "")\n"
        }
        guard case .map(let gone)? = before?[half] else { continue }
        for entry in gone where entry.key.name.flatMap({ twin[half]?[$0] }) == nil {
            lines += "- \(device) \(half) \(entry.key.plain) relinquished\n"
        }
    }
    return lines
}
