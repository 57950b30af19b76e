/// libyaml's complaints in words that tell what to change.
struct SyntaxWords {
    private(set) var message: String
    private(set) var help: [String] = []
    /// The byte to point at.
    private(set) var offset: Int

    init(_ failure: YAMLEvents.Failure, in source: inout SourceText) {
        if let byte = failure.byte {
            offset = min(byte, source.bytes.count)
            message = "the file is not clean UTF-8: \(failure.problem)"
            return
        }
        let opening = source.offset(failure.contextMark)
        offset = source.offset(failure.mark)
        let character = offset < source.bytes.count ? source.bytes[offset] : 0
        switch failure.problem {
        case "found character that cannot start any token" where character == 0x09,
            "found a tab character where an indentation space is expected",
            "found a tab character that violates indentation":
            message = "a tab cannot indent"
            help = ["use spaces"]
        case "found character that cannot start any token":
            message = "`\(UnicodeScalar(character))` cannot start a value"
            help = ["put the value in double quotes"]
        case "mapping values are not allowed in this context":
            message = "a `:` cannot stand here"
            help = ["indent the line like its neighbours, or put a value with `: ` in quotes"]
        case "could not find expected ':'":
            message = "a key without `:`"
            offset = opening
        case "found unexpected end of stream" where failure.context.contains("quoted scalar"):
            message = "the quotes are never closed"
            offset = opening
        case "did not find expected ',' or '}'", "did not find expected ',' or ']'":
            message = "expected `,` or `\(failure.problem.hasSuffix("'}'") ? "}" : "]")`"
            help = ["the bracket was opened at \(source.place(offset: opening).words)"]
        case "did not find expected key", "did not find expected '-' indicator":
            message = "the indentation does not fit what is above"
            help = ["the block started at \(source.place(offset: opening).words)"]
        default:
            let context = failure.context.isEmpty ? "" : " \(failure.context)"
            message = failure.problem + context
        }
    }
}
