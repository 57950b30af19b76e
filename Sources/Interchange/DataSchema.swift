import Model
import Wire

/// The words of JSON Schema, with units, in which both WoT and SDF tell what a value may be.
enum DataSchema {
    enum Dialect {
        case thingModel, semanticDefinition

        /// How our terms are spelt that the vocabulary lacks.
        static let prefix = "iotflow:"
    }

    /// The terms of a property's value.
    static func entries(
        of property: PropertyModel, _ dialect: Dialect
    ) -> [Document.Entry] {
        var entries = typeEntries(of: property, dialect)
        if let unit = property.unit { entries.append(.init("unit", .text(unit.symbol))) }
        if let range = property.range {
            entries.append(.init("minimum", Document(plain: range.lowerBound)))
            entries.append(.init("maximum", Document(plain: range.upperBound)))
        }
        if let step = property.step {
            let isMultiple = PropertyModel.divides(step, property.range?.lowerBound ?? 0)
            entries.append(
                .init(
                    isMultiple ? "multipleOf" : Dialect.prefix + "step", Document(plain: step)))
        }
        if let value = property.defaultValue {
            entries.append(.init("default", document(of: value, property, dialect)))
        }
        return entries
    }

    private static func typeEntries(
        of property: PropertyModel, _ dialect: Dialect
    ) -> [Document.Entry] {
        switch property.type {
        case .number: return [.init("type", .text("number"))]
        case .integer: return [.init("type", .text("integer"))]
        case .boolean: return [.init("type", .text("boolean"))]
        case .timestamp where dialect == .thingModel:
            return [.init("type", .text("string")), .init("format", .text("date-time"))]
        case .timestamp:
            return [.init("type", .text("number")), .init("sdfType", .text("unix-time"))]
        case .position: return position
        case .text where property.choices.isEmpty: return [.init("type", .text("string"))]
        case .text where property.choiceNumbers.isEmpty:
            return [
                .init("type", .text("string")),
                .init("enum", .array(property.choices.map { .text($0) })),
            ]
        case .text where dialect == .thingModel:
            return [
                .init("type", .text("integer")),
                .init(
                    "oneOf",
                    .array(
                        zip(property.choices, property.choiceNumbers).map {
                            .map([.init("const", .integer($1)), .init("title", .text($0))])
                        })),
            ]
        case .text:
            return [
                .init("type", .text("number")),
                .init(
                    "sdfChoice",
                    .map(
                        zip(property.choices, property.choiceNumbers).map {
                            .init($0, .map([.init("const", .integer($1))]))
                        })),
            ]
        }
    }

    private static let position: [Document.Entry] = {
        func part(_ unit: String, _ limit: Int64?) -> Document {
            var entries: [Document.Entry] = [
                .init("type", .text("number")), .init("unit", .text(unit)),
            ]
            if let limit {
                entries.append(.init("minimum", .integer(-limit)))
                entries.append(.init("maximum", .integer(limit)))
            }
            return .map(entries)
        }
        return [
            .init("type", .text("object")),
            .init(
                "properties",
                .map([
                    .init("lat", part("lat", 90)), .init("lon", part("lon", 180)),
                    .init("alt", part("m", nil)),
                ])),
            .init("required", .array([.text("lat"), .text("lon")])),
        ]
    }()

    private static func document(
        of value: Value, _ property: PropertyModel, _ dialect: Dialect
    ) -> Document {
        switch value {
        case .text(let text):
            guard let place = property.choices.firstIndex(of: text),
                place < property.choiceNumbers.count
            else { return .text(text) }
            return .integer(property.choiceNumbers[place])
        case .timestamp(let instant) where dialect == .semanticDefinition:
            return Document(plain: Double(instant.milliseconds) / 1000)
        case .number(let number): return Document(plain: number)
        default: return Document(value)
        }
    }

    // MARK: Reading

    /// The property that the terms describe; nil, and told, where there is no type for it.
    static func property(
        named name: String, _ keys: inout Keys, at path: String, _ losses: inout [Loss]
    ) -> PropertyModel? {
        guard var property = typed(name, &keys, at: path, &losses) else { return nil }
        if let spelling = keys.take("unit") {
            if case .text(let text) = spelling, let unit = Unit(text), property.isNumeric {
                property.unit = unit
            } else {
                losses.append(Loss(path + ".unit", "no unit of ours is \(words(spelling))"))
            }
        }
        readRange(&property, &keys, at: path, &losses)
        let ours = keys.number(Dialect.prefix + "step")
        if let multiple = keys.take("multipleOf") ?? ours.map({ Document(plain: $0) }) {
            let start = ours == nil ? property.range?.lowerBound ?? 0 : 0
            if let step = multiple.finiteNumber, step > 0, property.isNumeric,
                PropertyModel.divides(step, start), property.isDivided(by: step)
            {
                property.step = step
            } else {
                losses.append(Loss(path + ".multipleOf", "its steps do not lead through the range"))
            }
        }
        if let value = keys.take("default") {
            if let accepted = accepted(value, property) {
                property.defaultValue = accepted
            } else {
                losses.append(Loss(path + ".default", "no value of \(name) is \(words(value))"))
            }
        }
        return property
    }

    private static func accepted(_ document: Document, _ property: PropertyModel) -> Value? {
        guard let value = Value(document) else { return nil }
        do throws(PropertyModel.Misfit) {
            return try property.accept(desired: value)
        } catch { return nil }
    }

    private static func readRange(
        _ property: inout PropertyModel, _ keys: inout Keys, at path: String,
        _ losses: inout [Loss]
    ) {
        let (low, high) = (keys.take("minimum"), keys.take("maximum"))
        guard low != nil || high != nil else { return }
        guard let low = low?.finiteNumber, let high = high?.finiteNumber, low <= high,
            abs(low) <= 1e300, abs(high) <= 1e300, property.isNumeric
        else {
            losses.append(Loss(path + ".range", "a range has a minimum and a maximum here"))
            return
        }
        property.range = low...high
    }

    private static func typed(
        _ name: String, _ keys: inout Keys, at path: String, _ losses: inout [Loss]
    ) -> PropertyModel? {
        let type = keys.text("type")
        let choices = keys.table("sdfChoice")
        var (words, numbers) = ([String](), [Int64]())
        for choice in choices {
            words.append(choice.name)
            if case .integer(let number)? = choice.value["const"] { numbers.append(number) }
        }
        if case .array(let ones)? = keys.take("oneOf") {
            for one in ones.prefix(1024) {
                guard case .text(let title)? = one["title"] else { continue }
                words.append(title)
                if case .integer(let number)? = one["const"] { numbers.append(number) }
            }
        }
        if case .array(let texts)? = keys.take("enum"), type == "string" {
            words = texts.prefix(1024).compactMap {
                if case .text(let text) = $0 { text } else { nil }
            }
        }
        switch type {
        case _ where !words.isEmpty:
            guard Set(words).count == words.count, type == "string" || numbers.count == words.count,
                Set(numbers).count == numbers.count, !words.contains("")
            else { break }
            let isNumbered = numbers.count == words.count
            return PropertyModel(
                name: name, type: .text, choices: words, choiceNumbers: isNumbered ? numbers : [])
        case "number":
            let isTime = keys.text("sdfType") == "unix-time"
            return PropertyModel(name: name, type: isTime ? .timestamp : .number)
        case "integer": return PropertyModel(name: name, type: .integer)
        case "boolean": return PropertyModel(name: name, type: .boolean)
        case "string":
            let isTime = keys.text("format") == "date-time"
            return PropertyModel(name: name, type: isTime ? .timestamp : .text)
        case "object":
            let parts = keys.table("properties").map(\.name)
            _ = keys.take("required")
            if parts.contains("lat"), parts.contains("lon"), parts.count <= 3 {
                return PropertyModel(name: name, type: .position)
            }
        default: break
        }
        losses.append(Loss(path, "no type of ours holds \(type ?? "a value without a type")"))
        return nil
    }

    private static func words(_ document: Document) -> String {
        String(decoding: document.json.prefix(80), as: UTF8.self)
    }
}

extension PropertyModel {
    var isNumeric: Bool { type == .number || type == .integer }

    /// Whether steps of this length lead from one end of the range to the other.
    func isDivided(by step: Double) -> Bool {
        guard let range else { return true }
        return PropertyModel.divides(step, range.upperBound - range.lowerBound)
    }
}
