import Language
import Model

/// What a source says of its events beside what fills the fields: their numbers, and units to
/// convert to.
extension StreamCompiler {
    /// The column that takes the number. All sources of a stream share it, and it has no name.
    mutating func compileSequence(
        _ path: Located<String>, _ topic: TopicFilter, _ devices: [Device],
        _ result: inout SourceColumns
    ) -> (column: Int, fill: SourcePlan.Fill)? {
        guard topic.isWholeDatagram else {
            report(
                .badMapping, "one reading has no number of its own", at: path,
                help: ["take whole datagrams: topic: telemetry/+"])
            return nil
        }
        guard let fill = readPath(path, topic) else { return nil }
        guard case .property(let name) = fill else {
            report(
                .badMapping, "`\(path.value)` is no number that the device gives its events",
                at: path, help: ["name a property of the datagram: payload.seq"])
            return nil
        }
        warnOfUnknownProperty(name, path, devices)
        if let column = result.sequence { return (column, fill) }
        result.columns.append(Schema.Column(name: "", type: .integer))
        result.sequence = result.columns.count - 1
        return (result.columns.count - 1, fill)
    }

    mutating func compileUnits(
        _ source: SourceDefinition, _ fills: [(column: Int, fill: SourcePlan.Fill)],
        _ topic: TopicFilter, _ devices: [Device], _ input: SourceColumns
    ) -> [SourcePlan.Conversion] {
        requireUnique(source.units.map(\.field), "unit")
        warnOfMixedUnits(source, fills, topic, devices, input)
        return source.units.compactMap { field, unit in
            let found = fills.first { input.columns[$0.column].name == field.value }
            guard let (column, fill) = found, let property = property(of: fill, topic) else {
                report(
                    .unknownField, "no property fills a field `\(field.value)` here", at: field,
                    help: suggestion(
                        field.value,
                        among: fills.filter { property(of: $0.fill, topic) != nil }.map {
                            input.columns[$0.column].name
                        }, "fields"))
                return nil
            }
            guard input.columns[column].type == .number else {
                report(
                    .needsNumber,
                    "only numbers have units, and `\(field.value)` is "
                        + input.columns[column].type.rawValue, at: field)
                return nil
            }
            var units = registry.models.map { model in
                model.properties.first { $0.name == property }?.unit
            }
            for model in models(of: devices).compactMap({ $0 }).sorted() {
                guard let own = units[model], own.dimension != unit.dimension else { continue }
                report(
                    .conflictingSources,
                    "`\(property)` of the model `\(registry.models[model].name)` is in "
                        + "\(own.symbol), which cannot be converted to \(unit.symbol)", at: field)
            }
            for index in units.indices where units[index] == unit { units[index] = nil }
            return SourcePlan.Conversion(column: column, target: unit, units: units)
        }
    }

    /// The one property that a fill takes.
    private func property(of fill: SourcePlan.Fill, _ topic: TopicFilter) -> String? {
        switch fill {
        case .value: topic.property
        case .property(let name): name
        case .root, .deviceName, .propertyName, .partnerName, .sourceNumber: nil
        }
    }

    /// Values that differ in nothing but the unit are a mistake that no number shows.
    private mutating func warnOfMixedUnits(
        _ source: SourceDefinition, _ fills: [(column: Int, fill: SourcePlan.Fill)],
        _ topic: TopicFilter, _ devices: [Device], _ input: SourceColumns
    ) {
        let models = models(of: devices).compactMap { $0 }.sorted()
        for (column, fill) in fills {
            guard let name = property(of: fill, topic),
                let field = source.mapping.first(where: {
                    $0.field.value == input.columns[column].name
                })?.field,
                !source.units.contains(where: { $0.field.value == field.value })
            else { continue }
            let units = models.flatMap { registry.models[$0].properties }
                .filter { $0.name == name }.compactMap(\.unit)
            guard let first = units.first,
                let other = units.first(where: { $0 != first && $0.dimension == first.dimension })
            else { continue }
            report(
                .conflictingSources,
                "`\(name)` is in \(first.symbol) on some devices and in \(other.symbol) on others",
                at: field, help: ["convert it: units: {\(field.value): \"\(first.symbol)\"}"])
        }
    }
}
