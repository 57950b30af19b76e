import Arguments
import Config
import Engine
import Interchange
import Model
import Wire

let modelVerb = Verb(
    name: "model", summary: "list, show and exchange models: model export MODEL --format wot",
    usage: Usage(
        "iotflow model list | show MODEL | export MODEL --format wot|sdf|dtdl [--config PATH]…\n"
            + "       iotflow model import FILE --format wot|lwm2m|sdf",
        "Lists and shows the models of a configuration, writes one as a WoT Thing Model, an SDF\n"
            + "definition or a DTDL interface, and turns a file in such a format, or of the LwM2M\n"
            + "registry, into YAML. What the format cannot hold is named on standard error.",
        options: [
            Option(
                "config", "c", argument: "PATH", "a file or directory to read [/etc/iotflow]"),
            Option("format", "f", argument: "FORMAT", "wot, sdf, dtdl or lwm2m"), .json, .help,
        ],
        notes: "Exit status: 0 done, 1 no such model, or a file that cannot be read."),
    run: model)

@Sendable private func model(_ arguments: Arguments) throws(UsageError) -> Int32 {
    let words = arguments.operands
    switch (words.first, words.count) {
    case ("list", 1): return list(arguments)
    case ("show", 2): return show(words[1], arguments)
    case ("export", 2): return try exportModel(words[1], arguments)
    case ("import", 2): return try importModels(words[1], arguments)
    case ("list", _): throw UsageError("model list takes no operand")
    case ("show", _), ("export", _): throw UsageError("model \(words[0]) takes one model")
    case ("import", _): throw UsageError("model import takes one file")
    default:
        throw UsageError("model list, model show MODEL, model export MODEL or model import FILE")
    }
}

/// The models of the configuration; nil, and told, where it has errors.
private func models(_ arguments: Arguments) -> [DeviceModel]? {
    let paths = arguments.all("config")
    let (configuration, diagnostics) = Configuration.load(
        paths: paths.isEmpty ? ["/etc/iotflow"] : paths)
    for diagnostic in diagnostics {
        printError("\(diagnostic.place.file):\(diagnostic.place.line): \(diagnostic.message)")
    }
    return configuration?.definition.registry.models
}

private func find(_ name: String, _ arguments: Arguments) -> DeviceModel? {
    guard let models = models(arguments) else { return nil }
    if let model = models.first(where: { $0.name == name }) { return model }
    let near = didYouMean(name, among: models.map(\.name)).map { "; did you mean \($0)?" }
    printError("iotflow: there is no model '\(name)'\(near ?? "")")
    return nil
}

private func list(_ arguments: Arguments) -> Int32 {
    guard let models = models(arguments) else { return 1 }
    if arguments.has("json") {
        let documents = models.map { model in
            Document.map([
                .init("name", .text(model.name)), .init("version", .text(model.version)),
                .init("properties", .integer(Int64(model.properties.count))),
                .init("commands", .integer(Int64(model.commands.count))),
            ])
        }
        printText(String(decoding: Document.array(documents).json, as: UTF8.self) + "\n")
        return 0
    }
    var rows = [["MODEL", "VERSION", "PROPERTIES", "COMMANDS"]]
    for model in models {
        rows.append([
            model.name, model.version, "\(model.properties.count)", "\(model.commands.count)",
        ])
    }
    printText(table(rows))
    return 0
}

private func show(_ name: String, _ arguments: Arguments) -> Int32 {
    guard let model = find(name, arguments) else { return 1 }
    let text = ModelText.yaml([model])
    if arguments.has("json") {
        let document = Document.map([.init("name", .text(name)), .init("yaml", .text(text))])
        printText(String(decoding: document.json, as: UTF8.self) + "\n")
    } else {
        printText(text)
    }
    return 0
}

private func exportModel(_ name: String, _ arguments: Arguments) throws(UsageError) -> Int32 {
    guard let format = arguments["format"], ["wot", "sdf", "dtdl"].contains(format) else {
        throw UsageError("which --format? wot, sdf or dtdl")
    }
    guard let model = find(name, arguments) else { return 1 }
    let (document, losses) =
        switch format {
        case "wot": (ThingModel.document(of: model), [Loss]())
        case "sdf": SemanticDefinition.document(of: model)
        default: DigitalTwinDefinition.document(of: model)
        }
    guard arguments.has("json") else {
        printText(document.indented)
        tell(losses)
        return 0
    }
    let answer = Document.map([
        .init("format", .text(format)), .init("document", document), .init("lost", lost(losses)),
    ])
    printText(String(decoding: answer.json, as: UTF8.self) + "\n")
    return 0
}

private func importModels(_ path: String, _ arguments: Arguments) throws(UsageError) -> Int32 {
    guard let format = arguments["format"], ["wot", "sdf", "lwm2m"].contains(format) else {
        throw UsageError("which --format? wot, lwm2m or sdf")
    }
    let (read, diagnostics) = Configuration.bytes(of: path)
    for diagnostic in diagnostics { printError("iotflow: \(diagnostic.message)") }
    guard let bytes = read else { return 1 }
    do throws(InterchangeError) {
        let imported: Imported
        switch format {
        case "wot": imported = try ThingModel.models(try json(bytes))
        case "sdf": imported = try SemanticDefinition.models(try json(bytes))
        default: imported = try ObjectRegistry.models(bytes)
        }
        let file = path.split(separator: "/").last.map(String.init) ?? path
        let text = ModelText.yaml(
            imported.models, heading: "From \(file) (\(format)).", losses: imported.losses)
        if arguments.has("json") {
            let answer = Document.map([
                .init("models", .array(imported.models.map { .text($0.name) })),
                .init("yaml", .text(text)), .init("lost", lost(imported.losses)),
            ])
            printText(String(decoding: answer.json, as: UTF8.self) + "\n")
        } else {
            printText(text)
            tell(imported.losses)
        }
        return 0
    } catch {
        printError("\(path):\(separator(error))\(error)")
        return 1
    }
}

/// A place follows the file's name at once, anything else after a blank.
private func separator(_ error: InterchangeError) -> String {
    if case .malformed = error { "" } else { " " }
}

private func json(_ bytes: [UInt8]) throws(InterchangeError) -> Document {
    do throws(WireError) {
        return try Document(json: bytes.span)
    } catch {
        throw InterchangeError(error, in: bytes)
    }
}

private func tell(_ losses: [Loss]) {
    for loss in losses { printError("not carried over: \(loss)") }
}

private func lost(_ losses: [Loss]) -> Document {
    .array(
        losses.map {
            .map([.init("path", .text($0.path)), .init("reason", .text($0.reason))])
        })
}
