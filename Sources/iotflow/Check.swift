import Arguments
import Gateway
import Model
import Wire

let checkVerb = Verb(
    name: "check", summary: "tell everything that is wrong with a configuration",
    usage: Usage(
        "iotflow check [--json] PATH…",
        "Reads files and directories as the gateway would, compiles every expression, and\n"
            + "prints all that is wrong at once as FILE:LINE:COLUMN.",
        options: [.json, .help],
        notes: "Exit status: 0 without errors, 1 with errors."),
    run: check)

@Sendable private func check(_ arguments: Arguments) throws(UsageError) -> Int32 {
    let paths = arguments.operands.isEmpty ? ["/etc/iotflow"] : arguments.operands
    let (setup, diagnostics) = Setup.check(paths)
    if arguments.has("json") {
        let document = Document.map([
            .init("ok", .boolean(setup != nil)),
            .init("diagnostics", .array(diagnostics.map(\.document))),
        ])
        printText(String(decoding: document.json, as: UTF8.self) + "\n")
    } else {
        for diagnostic in diagnostics { printError(Setup.render(diagnostic)) }
        let errors = diagnostics.count { $0.severity == .error }
        let warnings = diagnostics.count - errors
        if errors > 0 {
            printError("\(errors) error\(errors == 1 ? "" : "s")")
        } else {
            printText(
                "ok" + (warnings > 0 ? " (\(warnings) warning\(warnings == 1 ? "" : "s"))" : "")
                    + "\n")
        }
    }
    return setup == nil ? 1 : 0
}

extension Diagnostic {
    fileprivate var document: Document {
        .map([
            .init("severity", .text(severity.rawValue)), .init("code", .text(code)),
            .init("message", .text(message)), .init("file", .text(place.file)),
            .init("line", .integer(Int64(place.line))),
            .init("column", .integer(Int64(place.column))),
            .init("length", .integer(Int64(length))),
            .init("help", .array(help.map { .text($0) })),
        ])
    }
}
