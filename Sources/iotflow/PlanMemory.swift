import Arguments
import Engine
import Gateway
import Model
import Streams
import Wire

let planVerb = Verb(
    name: "plan", summary: "tell what a workflow can come to need",
    usage: Usage(
        "iotflow plan PATH… --memory [--json]",
        "Prints the most memory that each stream's and aggregation's state can take, with as\n"
            + "many devices as the configuration admits, and their sum.",
        options: [Option("memory", "m", "memory; what is printed by default"), .json, .help],
        notes: "Exit status: 0 done, 1 the configuration has errors."),
    run: plan)

@Sendable private func plan(_ arguments: Arguments) throws(UsageError) -> Int32 {
    guard !arguments.operands.isEmpty else { throw UsageError("which configuration?") }
    let (setup, diagnostics) = Setup.check(arguments.operands)
    for diagnostic in diagnostics { printError(Setup.render(diagnostic)) }
    guard let setup else { return 1 }
    let bounds = setup.plan.memoryBounds()
    if arguments.has("json") {
        let document = Document.map([
            .init("streams", .array(bounds.map(\.document))),
            .init("total", .integer(Int64(bounds.totalBytes))),
        ])
        printText(String(decoding: document.json, as: UTF8.self) + "\n")
    } else {
        let rows = bounds.flatMap { stream in
            [[stream.name, sizeText(stream.bytes)]]
                + stream.parts.map {
                    ["  \($0.what)", sizeText($0.bytes), "\($0.count) x \($0.bytesEach) B"]
                }
        }
        printText(table(rows + [["total", sizeText(bounds.totalBytes)]]))
    }
    return 0
}

extension StreamMemory {
    fileprivate var document: Document {
        .map([
            .init("name", .text(name)), .init("bytes", .integer(Int64(bytes))),
            .init(
                "parts",
                .array(
                    parts.map {
                        .map([
                            .init("what", .text($0.what)),
                            .init("count", .integer(Int64($0.count))),
                            .init("bytes_each", .integer(Int64($0.bytesEach))),
                            .init("bytes", .integer(Int64($0.bytes))),
                        ])
                    })),
        ])
    }
}

private func sizeText(_ bytes: Int) -> String {
    if bytes < 1 << 20 { return "\((bytes + 1023) / 1024) KiB" }
    return "\((Double(bytes) / 1_048_576 * 10).rounded() / 10) MiB"
}
