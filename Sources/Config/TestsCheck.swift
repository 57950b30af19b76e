import Model
import Streams

extension Draft {
    /// Reports devices, patterns and streams of tests that do not exist, and values that a device's
    /// model does not take; the others become what the model has.
    mutating func checkTests(_ registry: Registry, _ report: Report) {
        let patterns = streams.flatMap(\.patterns).flatMap { pattern in
            let name = pattern.name.value
            return pattern.reportsTimeouts ? [name, name + "/timeout"] : [name]
        }
        let sources = streams.map(\.name.value) + aggregations.map(\.name.value)
        for test in tests {
            let devices =
                test.events.map(\.device) + test.matches.compactMap(\.device)
                + (test.commands ?? []).map(\.device)
            for device in devices where registry.device(named: device.value) == nil {
                let known = registry.devices.lazy.map { registry.name(of: $0) }
                report.add(
                    .unknownReference, "there is no device `\(device.value)`", at: device.place,
                    length: device.value.utf8.count,
                    help: report.suggestion(device.value, among: known))
            }
            for pattern in test.matches.map(\.pattern) + (test.only ?? []) {
                check(pattern, "pattern", patterns, report)
            }
            for row in test.rows { check(row.stream, "stream or aggregation", sources, report) }
        }
        for test in tests.indices {
            for event in tests[test].events.indices {
                take(&tests[test].events[event], registry, report)
            }
        }
    }

    private func take(
        _ event: inout TestDefinition.Event, _ registry: Registry, _ report: Report
    ) {
        guard let device = registry.device(named: event.device.value),
            let index = registry.entry(device)?.model
        else { return }
        let model = registry.models[index]
        for place in event.values.indices {
            let field = event.values[place]
            guard let value = field.value.value else { continue }
            guard let property = model.properties.first(where: { $0.name == field.value.name })
            else {
                report.add(
                    .unknownReference,
                    "`\(model.name)` has no property `\(field.value.name)`", at: field.place,
                    help: report.suggestion(
                        field.value.name, among: model.properties.map(\.name)))
                continue
            }
            guard let taken = property.take(value, at: field.place, report) else { continue }
            event.values[place].value.value = taken
        }
    }
}

extension PropertyModel {
    /// A value as it is written, perhaps with a unit behind it: `70 degF`.
    fileprivate func take(_ written: Value, at place: Place, _ report: Report) -> Value? {
        let length = written.description.utf8.count
        var value = written
        var given: Unit?
        if type == .number || type == .integer, case .text(let text) = written,
            let blank = text.firstIndex(of: " "), let number = Double(text[..<blank]),
            number.isFinite
        {
            let spelling = String(text[text.index(after: blank)...].drop { $0 == " " })
            given = Unit(spelling)
            guard given != nil else {
                report.add(
                    .unknownUnit, "no unit is spelt `\(spelling)`", at: place, length: length,
                    help: report.suggestion(spelling, among: Unit.names))
                return nil
            }
            guard unit != nil else {
                report.add(
                    .conflict, "`\(name)` has no unit in its model, so \(text) means nothing here",
                    at: place, length: length, help: ["write the number alone: \(text[..<blank])"])
                return nil
            }
            value = .number(number)
        }
        do throws(Misfit) {
            return try accept(value, in: given)
        } catch {
            report.add(
                code(of: error), error.description, at: place, length: length,
                help: help(for: error, written, report))
            return nil
        }
    }

    private func code(of misfit: Misfit) -> Code {
        switch misfit {
        case .wrongUnit: return .conflict
        case .outOfRange: return .outOfRange
        case .unknownChoice: return .unknownChoice
        case .wrongType:
            switch type {
            case .number, .integer: return .notANumber
            case .boolean: return .notABoolean
            case .timestamp: return .notAnInstant
            case .text, .position: return .wrongKind
            }
        }
    }

    private func help(for misfit: Misfit, _ written: Value, _ report: Report) -> [String] {
        switch (misfit, written) {
        case (.unknownChoice, .text(let text)): return report.suggestion(text, among: choices)
        case (.wrongType, _) where type == .text: return ["put it in quotes: \"\(written)\""]
        case (.wrongUnit, _), (.outOfRange, _):
            return unit.map { ["values of `\(name)` are in \($0.symbol)"] } ?? []
        default: return []
        }
    }
}
