import Model

/// What the room finds wrong, with the stable codes of the documentation.
enum StreamFault: String {
    case unknownGroup = "E0201"
    case badTopic = "E0202"
    case badMapping = "E0203"
    case unknownFunction = "E0204"
    case unknownField = "E0205"
    case duplicateName = "E0206"
    case aggregateWithoutWindow = "E0207"
    case unknownDimension = "E0208"
    case needsNumber = "E0209"
    case windowWithoutAggregate = "E0210"
    case unknownProperty = "E0211"
    case badGrouping = "E0212"
    case badDuration = "E0213"
    case secondAggregate = "E0214"
    case missingField = "E0215"
    case conflictingSources = "E0216"
    case empty = "E0217"
    case unknownDevice = "E0218"
    case tooManyOpenWindows = "E0219"
    case tooManyCoveringWindows = "E0220"
    case badCount = "E0221"
    case misplacedStep = "E0222"
    case badStep = "E0223"
    case cannotRevise = "E0224"
    case unknownUpstream = "E0225"
    case circularStreams = "E0226"
    case badUpstream = "E0227"
    case unknownTable = "E0230"
    case badLookup = "E0231"
    case badJoin = "E0232"
    case noTimeouts = "E0235"

    var severity: Diagnostic.Severity {
        switch self {
        case .unknownDimension, .windowWithoutAggregate, .unknownProperty, .unknownDevice,
            .noTimeouts:
            .warning
        default: .error
        }
    }
}

extension StreamCompiler {
    mutating func report(
        _ fault: StreamFault, _ message: String, at place: Place, length: Int = 1,
        help: [String] = []
    ) {
        diagnostics.append(
            Diagnostic(
                fault.severity, code: fault.rawValue, message, at: place, length: max(1, length),
                help: help))
    }

    /// Reports under the whole of a text.
    mutating func report(
        _ fault: StreamFault, _ message: String, at text: Located<String>, help: [String] = []
    ) {
        report(fault, message, at: text.place, length: text.value.utf8.count, help: help)
    }

    mutating func requireUnique(_ names: [Located<String>], _ what: String) {
        var seen: Set<String> = []
        for name in names where !seen.insert(name.value).inserted {
            report(.duplicateName, "there are two \(what)s called `\(name.value)`", at: name)
        }
    }

    /// `did you mean` if something is near, else what there is.
    func suggestion(_ word: String, among known: [String], _ what: String) -> [String] {
        if let near = didYouMean(word, among: known) { return ["did you mean `\(near)`?"] }
        if known.isEmpty { return [] }
        return ["\(what): " + known.prefix(12).joined(separator: ", ")]
    }
}
