import Arguments
import Engine
import Gateway
import Model
import Simulation
import Wire

let whatIfVerb = Verb(
    name: "what-if", summary: "tell how twins would go on",
    usage: Usage(
        "iotflow twin what-if [PATH…] [--data DIR] --for SPAN [OPTION]…",
        "Clones twins, from the store in DIR or new from PATH, and tells how they would go on: "
            + "the\ngateway's own engine and the behaviours of the models under a virtual clock. "
            + "Nothing\nis sent or written, and the gateway may be running.",
        options: [
            Option("devices", argument: "NAMES", "devices and groups, by commas [all]"),
            Option("set", argument: "DEVICE.PROPERTY=VALUE", "held at the start; repeated"),
            Option(
                "command", argument: "'DEVICE: NAME KEY=VALUE… at SPAN'",
                "given then; repeated"),
            Option("scenario", argument: "NAME", "what devices measure meanwhile"),
            Option("for", argument: "SPAN", "how long"),
            Option("step", argument: "SPAN", "time between two samples [1m]"),
            Option("seed", argument: "N", "the seed of the noise [1]"),
            Option("csv", nil, "print the samples as CSV"),
            .data, .json, .help,
        ],
        notes: "Exit status: 0 told, 1 not a configuration or no store."),
    run: whatIf)

/// Why the question cannot be put.
private struct WhatIfError: Error {
    var description: String
    init(_ description: String) { self.description = description }
}

func whatIf(_ arguments: Arguments) throws(UsageError) -> Int32 {
    let paths = arguments.operands
    guard !paths.isEmpty || arguments.has("data") else {
        throw UsageError("what-if needs a configuration or --data")
    }
    guard let duration = try arguments.positiveSpan("for") else {
        throw UsageError("what-if needs --for")
    }
    let step = try arguments.positiveSpan("step") ?? .minute
    let seed = try arguments.value("seed", as: UInt64.self) ?? 1
    do throws(WhatIfError) {
        let (engine, scenarios) = try clone(paths, data: arguments["data"])
        let registry = engine.registry
        var question = WhatIf.Question(
            devices: try devices(arguments["devices"], registry),
            scenario: try scenario(arguments["scenario"], scenarios), duration: duration,
            step: step, seed: seed)
        question.settings = try arguments.all("set").map { text throws(WhatIfError) in
            try setting(text, registry)
        }
        for (index, text) in arguments.all("command").enumerated() {
            question.commands.append(try command(text, number: index + 1, registry))
        }
        guard question.steps <= WhatIf.samplesMax / max(1, question.devices.count * 8) else {
            throw WhatIfError("so many samples do not fit; take a longer --step")
        }
        let seen = question.devices.compactMap { engine.lastSeen($0) }.max()
        let start = question.scenario.start ?? seen ?? SimulationRun.defaultStart
        let result = WhatIf(question, engine: engine, start: start)
        if arguments.has("json") {
            printText(String(decoding: result.document(registry).json, as: UTF8.self) + "\n")
        } else if arguments.has("csv") {
            printText(result.csv(registry))
        } else {
            printText(result.text(registry))
        }
        return 0
    } catch {
        printError("iotflow twin what-if: \(error.description)")
        return 1
    }
}

extension Arguments {
    fileprivate func positiveSpan(_ name: String) throws(UsageError) -> Milliseconds? {
        guard let text = self[name] else { return nil }
        guard let span = Milliseconds(text), span > .zero else {
            throw UsageError("--\(name): '\(text)' is not a span such as 1h30m")
        }
        return span
    }
}

/// An engine of the configuration, or of the one the store was run with, with the store's twins.
private func clone(
    _ paths: [String], data: String?
) throws(WhatIfError) -> (Engine, [ScenarioDefinition]) {
    var stored: StoredClone?
    if let data {
        do throws(StoredJournalError) {
            stored = try StoredClone(at: data)
        } catch {
            throw WhatIfError(error.description)
        }
    }
    let checked: (setup: Setup?, diagnostics: [Diagnostic])
    if !paths.isEmpty {
        checked = stored.map { Setup.check(paths, known: $0.known) } ?? Setup.check(paths)
    } else if let stored, let sources = stored.sources {
        checked = Setup.check(sources, known: stored.known)
    } else {
        throw WhatIfError("the store does not have the configuration in force; name it")
    }
    guard let setup = checked.setup else {
        for diagnostic in checked.diagnostics { printError(Setup.render(diagnostic)) }
        throw WhatIfError("the configuration has errors")
    }
    var engine = Engine(setup.plan)
    for device in stored?.fill(&engine) ?? [] {
        printError("the twin of \(engine.registry.name(of: device)) is damaged and left out")
    }
    return (engine, setup.definition.scenarios)
}

private func scenario(
    _ name: String?, _ scenarios: [ScenarioDefinition]
) throws(WhatIfError) -> ScenarioDefinition {
    guard let name else { return ScenarioDefinition(name: "", duration: .zero) }
    if let found = scenarios.first(where: { $0.name == name }) { return found }
    let known = scenarios.map(\.name).joined(separator: ", ")
    throw WhatIfError("no scenario '\(name)'" + (known.isEmpty ? "" : "; there is: \(known)"))
}

private func devices(_ names: String?, _ registry: Registry) throws(WhatIfError) -> [Device] {
    guard let names else { return registry.devices }
    var found: [Device] = []
    for name in names.split(separator: ",").map(String.init) {
        let group = registry.group(named: name)?.members
        let members = if let group { group } else { [try device(name, registry)] }
        for device in members where !found.contains(device) { found.append(device) }
    }
    return found
}

private func device(_ name: String, _ registry: Registry) throws(WhatIfError) -> Device {
    if let device = registry.device(named: name) { return device }
    let known = registry.devices.map { registry.name(of: $0) }
    let guess = didYouMean(name, among: known).map { "; did you mean \($0)?" } ?? ""
    throw WhatIfError("no device or group is called '\(name)'" + guess)
}

/// `DEVICE.PROPERTY=VALUE`; a device's name may have points in it.
private func setting(
    _ text: String, _ registry: Registry
) throws(WhatIfError) -> (device: Device, property: Property, value: Value) {
    let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
    guard parts.count == 2, let point = parts[0].lastIndex(of: ".") else {
        throw WhatIfError("--set: '\(text)' is not DEVICE.PROPERTY=VALUE")
    }
    let name = String(parts[0][parts[0].index(after: point)...])
    let device = try device(String(parts[0][..<point]), registry)
    guard let property = registry.property(named: name) else {
        throw WhatIfError("--set: no property is called '\(name)'")
    }
    let value = scalar(parts[1])
    guard let model = registry.model(of: property, on: device) else {
        return (device, property, value)
    }
    do throws(PropertyModel.Misfit) {
        return (device, property, try model.accept(value))
    } catch {
        throw WhatIfError("--set: \(error)")
    }
}

/// `DEVICE: NAME KEY=VALUE… [at SPAN]`.
private func command(
    _ text: String, number: Int, _ registry: Registry
) throws(WhatIfError) -> (at: Milliseconds, request: CommandRequest) {
    let wrong = WhatIfError("--command: '\(text)' is not 'DEVICE: NAME KEY=VALUE… at SPAN'")
    guard let colon = text.lastIndex(of: ":") else { throw wrong }
    var words = text[text.index(after: colon)...].split(separator: " ").map(String.init)
    var at = Milliseconds.zero
    if words.count >= 3, words[words.count - 2] == "at" {
        guard let span = Milliseconds(words[words.count - 1]), span >= .zero else { throw wrong }
        at = span
        words.removeLast(2)
    }
    guard let name = words.first else { throw wrong }
    let device = try device(String(text[..<colon]), registry)
    if let model = registry.entry(device)?.model {
        let known = registry.models[model].commands.map(\.name)
        guard known.contains(name) else {
            let guess = didYouMean(name, among: known).map { "; did you mean \($0)?" } ?? ""
            throw WhatIfError("--command: no command '\(name)'" + guess)
        }
    }
    var request = CommandRequest(
        principal: "what-if", key: "\(number)", device: device, name: name)
    for word in words.dropFirst() {
        let pair = word.split(separator: "=", maxSplits: 1).map(String.init)
        guard pair.count == 2 else { throw wrong }
        request.parameters.append(Field(pair[0], scalar(pair[1])))
    }
    return (at, request)
}

/// A number, a boolean or a text.
private func scalar(_ text: String) -> Value {
    if let integer = Int64(text) { return .integer(integer) }
    if let number = Double(text), number.isFinite { return .number(number) }
    switch text {
    case "true": return .boolean(true)
    case "false": return .boolean(false)
    default: return .text(text)
    }
}
