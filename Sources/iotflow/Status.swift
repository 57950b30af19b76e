import Arguments
import Gateway
import Wire

let statusVerb = Verb(
    name: "status", summary: "what the running gateway has done and how it is",
    usage: Usage(
        "iotflow status [--data DIR] [--json]",
        "Asks the running gateway for its report, its counters and its latencies.",
        options: [.data, .socket, .json, .help],
        notes: "Exit status: 0 answered, 69 no gateway runs there."),
    run: status)

@Sendable private func status(_ arguments: Arguments) throws(UsageError) -> Int32 {
    guard let answer = askGateway(["status"], arguments) else { return 69 }
    return printAnswer(answer, arguments) { $0.withoutDetections }
}

extension Document {
    /// The status without the single detections, of which there may be thousands.
    fileprivate var withoutDetections: Document {
        guard case .map(let entries) = self else { return self }
        return .map(
            entries.filter { $0.key != .text("latest") }
                .map { Entry($0.key, $0.value.withoutDetections) })
    }
}

/// Asks the gateway that the options name; tells where nobody answers.
func askGateway(
    _ words: [String], _ arguments: Arguments, tells: Bool = true
) -> [UInt8]? {
    let places = controlSockets(arguments)
    for place in places {
        if let answer = ask(words, at: place) { return answer }
    }
    if tells {
        printError("iotflow: no gateway answers at \(places.joined(separator: " or "))")
    }
    return nil
}

/// Where the gateway that the options name may listen.
private func controlSockets(_ arguments: Arguments) -> [String] {
    arguments["socket"].map { [$0] } ?? arguments["data"].map { [$0 + "/control.sock"] }
        ?? ["/run/iotflow/control.sock", "/var/lib/iotflow/control.sock"]
}

/// Takes lines from the gateway until `body` answers false; tells where nobody answers.
func followGateway(
    _ words: [String], _ arguments: Arguments, _ body: ([UInt8]) -> Bool
) -> Bool {
    let places = controlSockets(arguments)
    for place in places where follow(words, at: place, body) { return true }
    printError("iotflow: no gateway answers at \(places.joined(separator: " or "))")
    return false
}

/// Prints a gateway's answer as JSON or as aligned lines; 1 where it is an error.
func printAnswer(
    _ answer: [UInt8], _ arguments: Arguments,
    outlining shown: (Document) -> Document = { $0 },
    text: (Document) -> String = { $0.outline }
) -> Int32 {
    let document = try? Document(json: answer.span)
    if case .text(let error)? = document?["error"] {
        printError("iotflow: \(error)")
        return 1
    }
    if arguments.has("json") {
        printText(String(decoding: answer, as: UTF8.self) + "\n")
    } else if let document {
        printText(text(shown(document)))
    }
    return 0
}
