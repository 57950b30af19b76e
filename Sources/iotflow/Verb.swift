import Arguments
import Model

/// One thing that `iotflow` can be asked to do.
struct Verb: Sendable {
    var name: String
    var summary: String
    var usage: Usage
    /// What it is followed by, as in `twin get`; empty for a verb of one word.
    var actions: [Verb] = []
    /// Does it and returns the exit status: 0 done, 1 not so, 2 where verbs that compare cannot
    /// tell, 64 usage, 69 no gateway to ask.
    var run: @Sendable (Arguments) throws(UsageError) -> Int32
}

extension Verb {
    /// A verb of two words, each pair with options of its own.
    init(name: String, summary: String, actions: [Verb]) {
        let width = actions.map(\.name.count).max() ?? 0
        let lines = actions.map { action in
            "  " + action.name + String(repeating: " ", count: width - action.name.count + 2)
                + action.summary
        }
        let names = actions.map(\.name).joined(separator: ", ")
        self.init(
            name: name, summary: summary,
            usage: Usage(
                "iotflow \(name) ACTION …", lines.joined(separator: "\n"), options: [.help],
                notes:
                    "Exit status: that of the action.\n"
                    + "'iotflow \(name) ACTION --help' tells more."),
            actions: actions,
            run: { _ throws(UsageError) in throw UsageError("which of \(names)?") })
    }

    /// Runs it with the arguments after its name, and tells what is wrong with them.
    func run(_ arguments: [String], under prefix: String = "iotflow") -> Int32 {
        let title = "\(prefix) \(name)"
        if let word = arguments.first, !word.hasPrefix("-"), !actions.isEmpty {
            if let action = actions.first(where: { $0.name == word }) {
                return action.run(Array(arguments.dropFirst()), under: title)
            }
            let guess = didYouMean(word, among: actions.map(\.name))
                .map { "; did you mean \($0)?" }
            printError("\(title): no action '\(word)'\(guess ?? "")\nTry '\(title) --help'.")
            return 64
        }
        do throws(UsageError) {
            let rest = try Arguments(arguments, options: usage.options)
            if rest.has("help") {
                printText(usage.text)
                return 0
            }
            return try run(rest)
        } catch {
            printError("\(title): \(error)\nTry '\(title) --help'.")
            return 64
        }
    }
}

extension Option {
    static let json = Option("json", "j", "print JSON")
    static let data = Option(
        "data", "d", argument: "DIR", "the gateway's data directory [/var/lib/iotflow]")
    static let socket = Option(
        "socket", "s", argument: "PATH", "the gateway's control socket [in the data directory]")
}
