import Model

extension PropertyModel {
    /// What a property and a parameter have in common: type, values, unit, range, step and default,
    /// each checked against the others.
    init(typed name: Located<String>, _ fields: Fields, _ report: Report) {
        let type = fields.choice("type", as: Shape.PropertyType.self) ?? .float
        self.init(name: name.value, type: type.valueType)
        readChoices(type, name, fields, report)
        unit = fields.unit("unit")
        range = range(fields, report)
        let isNumeric = self.type == .number || self.type == .integer
        for key in ["unit", "range", "step"] where !isNumeric && fields.has(key) {
            refuse(key, "a number", fields, report)
        }
        step = fields.number("step")
        checkStep(fields, report)
        readDefault(fields, report)
    }

    func refuse(_ key: String, _ owner: String, _ fields: Fields, _ report: Report) {
        report.add(
            .conflict,
            "`\(key)` belongs to \(owner), and `\(name)` is of type "
                + (choices.isEmpty ? type.rawValue : "enum"), at: fields.place(key),
            length: key.utf8.count)
    }

    private mutating func readChoices(
        _ type: Shape.PropertyType, _ name: Located<String>, _ fields: Fields, _ report: Report
    ) {
        if type == .choice, !fields.has("values") {
            report.add(
                .missingKey, "the enum `\(name.value)` needs `values`", at: name.place,
                length: name.value.utf8.count, help: ["write `values: [low, high]`"])
        }
        guard let node = fields.node("values") else { return }
        if type != .choice {
            report.add(
                .conflict, "`values` belongs to the type enum, not \(type.rawValue)",
                at: fields.place("values"), length: 6, help: ["write `type: enum`"])
        }
        switch node.content {
        case .mapping(let entries) where entries.isEmpty:
            report.add(
                .outOfRange, "`values` has 0 elements; it takes at least 1", at: node)
        case .sequence(let elements) where elements.isEmpty:
            report.add(
                .outOfRange, "`values` has 0 elements; it takes at least 1", at: node)
        case .mapping(let entries):
            for entry in entries {
                let number = Scalars.integer(entry.value, in: .min ... .max, report)
                guard let number else { continue }
                if choiceNumbers.contains(Int64(number)) {
                    report.add(
                        .duplicateName, "\(number) stands for another value already",
                        at: entry.value)
                }
                choices.append(entry.key.value)
                choiceNumbers.append(Int64(number))
            }
        case .sequence(let elements):
            for element in elements {
                guard let word = Scalars.label(element, report) else { continue }
                if choices.contains(word) {
                    report.add(
                        .duplicateName, "`\(Node.shortened(word))` is listed twice", at: element)
                } else {
                    choices.append(word)
                }
            }
        case .scalar:
            report.add(
                .wrongKind, "`values` must be a list, not \(node.words)", at: node,
                help: ["write `values: [low, high]` or `values: {low: 0, high: 1}`"])
        }
    }

    private func range(_ fields: Fields, _ report: Report) -> ClosedRange<Double>? {
        let bounds = fields.list("range")
        let numbers = bounds.compactMap { Scalars.number($0, in: -1e300...1e300, report) }
        guard numbers.count == 2 else { return nil }
        guard numbers[0] <= numbers[1] else {
            report.add(
                .outOfRange, "the range runs backwards, from \(numbers[0]) to \(numbers[1])",
                at: bounds[0], help: ["write the lower bound first"])
            return nil
        }
        return numbers[0]...numbers[1]
    }

    private func checkStep(_ fields: Fields, _ report: Report) {
        guard let step, let range else { return }
        let length = range.upperBound - range.lowerBound
        if PropertyModel.divides(step, length) { return }
        let last = range.lowerBound + (length / step).rounded(.down) * step
        report.add(
            .conflict,
            "steps of \(step) do not lead from \(range.lowerBound) to \(range.upperBound)",
            at: fields.place("step"), length: 4, help: ["the last one ends at \(last)"])
    }

    private mutating func readDefault(_ fields: Fields, _ report: Report) {
        guard let node = fields.node("default"), let value = Scalars.value(node, report)?.value
        else { return }
        do throws(Misfit) {
            defaultValue = try accept(desired: value)
        } catch {
            let code: Code =
                switch error {
                case .outOfRange: .outOfRange
                case .unknownChoice: .unknownChoice
                case .wrongType, .wrongUnit: .wrongKind
                }
            let near = choices.isEmpty ? [] : report.suggestion(value.description, among: choices)
            report.add(code, "no default: \(error)", at: node, help: near)
        }
    }
}
