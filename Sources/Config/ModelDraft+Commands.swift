import Language
import Model

extension ModelDraft {
    mutating func addCommands(_ fields: Fields, _ report: Report) {
        guard let node = fields.node("commands") else { return }
        guard case .sequence(let names) = node.content else {
            let entries = Scalars.table(node, "commands", report)
            for entry in entries { addCommand(entry, report) }
            checkCompensations(entries, report)
            return
        }
        for name in names.compactMap({ Scalars.text($0, report) })
        where Scalars.isName(name, report) {
            if model.commands.contains(where: { $0.name == name.value }) {
                report.add(
                    .duplicateName, "the command `\(name.value)` is listed twice", at: name.place,
                    length: name.value.utf8.count)
            } else {
                model.commands.append(CommandModel(name: name.value))
            }
        }
    }

    private mutating func addCommand(_ entry: Node.Entry, _ report: Report) {
        var command = CommandModel(name: entry.key.value)
        guard let fields = Fields(entry.value, .command, report) else { return }
        command.method = fields.choice("method", as: CommandModel.Method.self) ?? .post
        if let path = fields.text("path") {
            command.path = path.value.split(separator: "/").map(String.init)
        }
        command.query = fields.texts("query").map(\.value)
        command.inputs = parameters("input", fields, report)
        command.outputs = parameters("output", fields, report)
        for write in fields.table("writes") {
            guard let property = Scalars.text(write.value, report) else { continue }
            let names = model.properties.map(\.name)
            if !names.contains(property.value) {
                report.add(
                    .unknownReference, "the model has no property `\(property.value)`",
                    at: write.value, help: report.suggestion(property.value, among: names))
            }
            let inputs = command.inputs.map(\.name)
            if !inputs.isEmpty, !inputs.contains(write.key.value) {
                report.add(
                    .unknownReference, "the command has no input `\(write.key.value)`",
                    at: write.key.place, length: write.key.value.utf8.count,
                    help: report.suggestion(write.key.value, among: inputs))
            }
            command.writes.append((write.key.value, property.value))
        }
        command.isIdempotent = fields.boolean("idempotent") ?? true
        command.executionTimeout = fields.duration("timeout")
        command.compensation = fields.text("compensate")?.value
        command.isConcurrent = fields.boolean("concurrent") ?? false
        command.needsApproval = fields.choice("approval")?.value == "required"
        command.verify = fields.text("verify")
        checkVerify(command, report)
        model.commands.append(command)
    }

    private func parameters(
        _ key: String, _ fields: Fields, _ report: Report
    ) -> [PropertyModel] {
        fields.table(key).compactMap { entry in
            // A word alone is the type.
            var node = entry.value
            if case .scalar = node.content, !node.isNull {
                node = Node(
                    .mapping([.init(key: Located("type", at: node.place), value: node)]),
                    at: node.place)
            }
            return Fields(node, .parameter, report).map {
                PropertyModel(typed: entry.key, $0, report)
            }
        }
    }

    /// The condition is one on what the model has.
    private func checkVerify(_ command: CommandModel, _ report: Report) {
        guard let verify = command.verify else { return }
        let columns = model.properties.map {
            Schema.Column(name: $0.name, type: $0.type, unit: $0.unit, choices: $0.choices)
        }
        var diagnostics: [Diagnostic] = []
        _ = Program.compile(
            verify, schema: Schema(columns: columns), expecting: .boolean,
            diagnostics: &diagnostics)
        report.add(diagnostics)
    }

    private func checkCompensations(_ entries: [Node.Entry], _ report: Report) {
        let names = model.commands.map(\.name)
        for command in model.commands {
            guard let other = command.compensation,
                let entry = entries.first(where: { $0.key.value == command.name }),
                case .mapping(let keys) = entry.value.content,
                let node = keys.first(where: { $0.key.value == "compensate" })?.value
            else { continue }
            if other == command.name {
                report.add(.conflict, "`\(other)` cannot take itself back", at: node)
            } else if !names.contains(other) {
                report.add(
                    .unknownReference, "the model has no command `\(other)`", at: node,
                    help: report.suggestion(other, among: names))
            }
        }
    }
}
