import Arguments
import Gateway
import Wire

let twinDiffVerb = Verb(
    name: "diff", summary: "tell which wishes are not fulfilled",
    usage: Usage(
        "iotflow twin diff [DEVICE] [--data DIR] [--json]",
        "Tells what is desired against what is reported, where they differ, of one device or all.",
        options: [.data, .socket, .json, .help],
        notes: "Exit status: 0 answered, 1 no such device, 69 no gateway and no store."),
    run: diffTwins)

@Sendable private func diffTwins(_ arguments: Arguments) throws(UsageError) -> Int32 {
    guard arguments.operands.count <= 1 else { throw UsageError("twin diff takes one device") }
    let device = arguments.operands.first
    let words = device.map { ["twin", "get", $0] } ?? ["twin", "list"]
    let data = arguments["data"] ?? "/var/lib/iotflow"
    guard
        let answer = askGateway(words, arguments, tells: false)
            ?? StoredTwins(at: data)?.reply(to: words)
    else {
        printError("iotflow: no gateway answers, and there is no store in \(data)")
        return 69
    }
    guard let document = try? Document(json: answer.span) else { return 1 }
    if document["error"] != nil { return printAnswer(answer, arguments) }
    let twins = if case .array(let twins) = document { twins } else { [document] }
    let differences = twins.flatMap(TwinDifference.all)
    if arguments.has("json") {
        printText(
            String(decoding: Document.array(differences.map(\.document)).json, as: UTF8.self)
                + "\n")
    } else if differences.isEmpty {
        printText("nothing is desired that is not so\n")
    } else {
        printText(
            table(
                [["DEVICE", "PROPERTY", "DESIRED", "REPORTED", "STATE"]] + differences.map(\.row))
        )
    }
    return 0
}

/// A wish that is not fulfilled.
private struct TwinDifference {
    var device: Document
    var property: Document
    var desired: Document
    var reported: Document
    /// The state of the property, and why, as far as the gateway says.
    var state: Document

    /// Those of one twin.
    static func all(of twin: Document) -> [TwinDifference] {
        guard case .map(let wishes)? = twin["desired"] else { return [] }
        return wishes.compactMap { wish in
            guard wish.value["in_sync"] != .boolean(true) else { return nil }
            let reported = wish.key.name.flatMap { twin["reported"]?[$0] }
            return TwinDifference(
                device: twin["device"] ?? .null, property: wish.key,
                desired: wish.value["value"] ?? .null, reported: reported?["value"] ?? .null,
                state: wish.value["state"] ?? .text("differs"))
        }
    }

    var row: [String] {
        [
            device.plain, property.plain, desired.plain,
            reported == .null ? "never" : reported.plain, state.plain,
        ]
    }

    var document: Document {
        .map([
            .init("device", device), .init("property", property), .init("desired", desired),
            .init("reported", reported), .init("state", state),
        ])
    }
}

extension Document {
    /// A key's text.
    var name: String? { if case .text(let text) = self { text } else { nil } }
}
