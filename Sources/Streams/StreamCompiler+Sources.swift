import Language
import Model

/// The sources of a stream, compiled, and the fields they fill together.
struct SourceColumns: Sendable {
    var sources: [SourcePlan] = []
    var columns: [Schema.Column] = []
    /// Columns that hold the device's name.
    var deviceColumns: [Int] = []
    /// Columns that hold a value; the others hold parts of the topic.
    var valueColumns: Set<Int> = []
    /// Every device that a source may take; nil for those yet unknown.
    var devices: [Device] = []
    /// Columns that an expression fills only so that rows are grouped by them.
    var groupings: Set<Int> = []
    /// Where a row's number is that finds the partials it carries.
    var carrier: Int?
    /// What the rows of followed streams are grouped by.
    var upstreamKeys: [Int] = []
    /// Whether there are rows about no device, and rows about one; partners of a join not counted.
    var isWithoutDevice = false
    var isWithDevice = false
    /// Takes the devices' numbers of their events.
    var sequence: Int?
    /// Whether these are the fields of windows.
    var isWindow = false
    /// What each source is called where another is joined with it.
    var names: [String] = []
    /// The first of the sources whose rows are partners in a join; nil where there are none.
    var firstPartner: Int?
    /// Whether partners are about devices.
    var hasPartnerDevices = true

    /// The key of rows that nothing groups.
    var ownKey: [KeyTable.KeyField] {
        guard isWithoutDevice else { return [.device(name: deviceName)] }
        return upstreamKeys.map { .column($0, name: columns[$0].name) }
    }

    /// What the device's name is called.
    var deviceName: String { deviceColumns.first.map { columns[$0].name } ?? "device_id" }
}

extension StreamCompiler {
    /// Sources that are called `partner` come last, so that a joined row's own fields are in front.
    mutating func compileSources(
        _ definitions: [SourceDefinition], of name: Located<String>, partner: String? = nil
    ) -> SourceColumns {
        var result = SourceColumns()
        if definitions.isEmpty {
            report(.empty, "`\(name.value)` has no sources", at: name)
        }
        result.names = definitions.map(\.joinName)
        for definition in definitions where definition.joinName != partner {
            compileSource(definition, into: &result)
        }
        compilePartners(definitions.filter { $0.joinName == partner }, into: &result)
        if result.isWithDevice, result.isWithoutDevice {
            report(
                .conflictingSources,
                "some sources of `\(name.value)` are about devices, and others are not", at: name)
        }
        return result
    }

    mutating func compileSource(
        _ source: SourceDefinition, into result: inout SourceColumns
    ) {
        if let upstream = source.upstream {
            return compileUpstream(upstream, source.mapping, into: &result)
        }
        result.isWithDevice = true
        let group = source.group.flatMap { findGroup($0) }
        for (what, span) in [("lateness", source.lateness), ("idle_timeout", source.idleTimeout)]
        where span < .zero {
            report(.badDuration, "\(what) cannot be \(span)", at: source.topic.place)
        }
        guard let topic = readTopic(source.topic) else {
            // So that expressions do not complain of fields that are only a consequence.
            for (field, _) in source.mapping where column(field.value, in: result) == nil {
                result.columns.append(Schema.Column(name: field.value, type: .number))
                result.valueColumns.insert(result.columns.count - 1)
            }
            return
        }
        var devices = group.map { registry.groups[$0].members } ?? registry.devices
        if let name = topic.device {
            devices = devices.filter { registry.name(of: $0) == name }
            if devices.isEmpty {
                let members = group.map { registry.groups[$0].members } ?? registry.devices
                let names = members.map { registry.name(of: $0) }
                report(
                    .unknownDevice, "there is no device `\(name)` here yet", at: source.topic,
                    help: didYouMean(name, among: names).map { ["did you mean `\($0)`?"] } ?? [])
            }
        }
        if let property = topic.property, !topic.isWholeDatagram {
            warnOfUnknownProperty(property, source.topic, devices)
        }
        requireUnique(source.mapping.map(\.field), "field")
        var fills: [(column: Int, fill: SourcePlan.Fill)] = []
        for (field, path) in source.mapping {
            guard let fill = readPath(path, topic) else {
                if column(field.value, in: result) == nil {
                    result.columns.append(Schema.Column(name: field.value, type: .number))
                    result.valueColumns.insert(result.columns.count - 1)
                }
                continue
            }
            if case .property(let name) = fill, topic.property == nil {
                warnOfUnknownProperty(name, path, devices)
            }
            let unit = source.units.first { $0.field.value == field.value }?.unit
            fills.append((addColumn(field, fill, topic, devices, unit, to: &result), fill))
        }
        let conversions = compileUnits(source, fills, topic, devices, result)
        let sequence = source.sequence.flatMap { compileSequence($0, topic, devices, &result) }
        if let sequence { fills.append((sequence.column, sequence.fill)) }
        result.devices += devices
        result.sources.append(
            SourcePlan(
                topic: topic, group: group, lateness: source.lateness,
                idleTimeout: source.idleTimeout, fills: fills, sequence: sequence?.column,
                conversions: conversions))
    }

    private mutating func findGroup(_ name: Located<String>) -> Int? {
        if let index = registry.groups.firstIndex(where: { $0.name == name.value }) { return index }
        report(
            .unknownGroup, "there is no device group `\(name.value)`", at: name,
            help: suggestion(name.value, among: registry.groups.map(\.name), "groups"))
        return nil
    }

    private mutating func readTopic(_ text: Located<String>) -> TopicFilter? {
        do throws(TopicFilter.Problem) {
            return try TopicFilter(text.value)
        } catch {
            report(
                .badTopic, "`\(text.value)` is not a topic: \(error)", at: text,
                help: [
                    "one property of every device    telemetry/+/temperature",
                    "whole datagrams of every device telemetry/+",
                ])
            return nil
        }
    }

    /// A property that no model has may still come, but is more often a mistake.
    mutating func warnOfUnknownProperty(
        _ property: String, _ text: Located<String>, _ devices: [Device]
    ) {
        let models = models(of: devices)
        if models.isEmpty || models.contains(nil) { return }
        let known = models.compactMap { $0 }.sorted().flatMap {
            registry.models[$0].properties.map(\.name)
        }
        if known.contains(property) { return }
        report(
            .unknownProperty, "no device here has a property `\(property)` in its model", at: text,
            help: suggestion(property, among: known, "properties"))
    }

    // MARK: Mapping

    mutating func readPath(
        _ path: Located<String>, _ topic: TopicFilter
    ) -> SourcePlan.Fill? {
        switch path.value {
        case "topic[0]": return .root
        case "topic[1]": return .deviceName
        case "topic[2]" where !topic.isWholeDatagram: return .propertyName
        case "payload.value" where !topic.isWholeDatagram: return .value
        default: break
        }
        let text = path.value
        if text.hasPrefix("payload."), text.utf8.count > 8 {
            let property = String(text.dropFirst(8))
            if topic.isWholeDatagram { return .property(property) }
            if topic.property == nil || topic.property == property { return .property(property) }
            report(
                .badMapping, "a reading of `\(topic.property ?? "")` has no `\(property)`",
                at: path, help: ["its own value is payload.value"])
            return nil
        }
        let whole = topic.isWholeDatagram
        report(
            .badMapping, "`\(text)` names nothing in a message", at: path,
            help: [
                "the device's name  topic[1]",
                whole
                    ? "a property's value payload.temperature" : "the value          payload.value",
            ])
        return nil
    }

    private func column(_ name: String, in result: SourceColumns) -> Int? {
        result.columns.firstIndex { $0.name == name }
    }

    /// The column of a field, new or shared with an earlier source.
    private mutating func addColumn(
        _ field: Located<String>, _ fill: SourcePlan.Fill, _ topic: TopicFilter,
        _ devices: [Device], _ unit: Unit?, to result: inout SourceColumns
    ) -> Int {
        var new = Schema.Column(name: field.value, type: .text)
        switch fill {
        case .root, .deviceName, .propertyName, .partnerName, .sourceNumber: break
        case .value: measure(topic.property, on: devices, into: &new)
        case .property(let name): measure(name, on: devices, into: &new)
        }
        if let unit, new.type == .integer || new.type == .number {
            (new.type, new.unit) = (.number, unit)
        }
        guard let index = column(field.value, in: result) else {
            result.columns.append(new)
            switch fill {
            case .root, .propertyName, .partnerName, .sourceNumber: break
            case .deviceName: result.deviceColumns.append(result.columns.count - 1)
            case .value, .property: result.valueColumns.insert(result.columns.count - 1)
            }
            return result.columns.count - 1
        }
        result.columns[index].aggregate = nil
        let isDevice = result.deviceColumns.contains(index)
        if isDevice != (fill == .deviceName) {
            report(
                .conflictingSources,
                "`\(field.value)` is the device's name in one source and not in another", at: field)
        }
        reconcile(index, field, new, in: &result)
        return index
    }

    /// Lets two sources fill one column, if their values mean the same.
    mutating func reconcile(
        _ index: Int, _ field: Located<String>, _ new: Schema.Column,
        in result: inout SourceColumns
    ) {
        let known = result.columns[index]
        if known.choices != new.choices { result.columns[index].choices = [] }
        let numeric: Set<ValueType> = [.integer, .number]
        if known.type != new.type {
            guard numeric.contains(known.type), numeric.contains(new.type) else {
                return report(
                    .conflictingSources,
                    "`\(field.value)` is \(known.type.rawValue) in an earlier source and "
                        + "\(new.type.rawValue) here", at: field)
            }
            result.columns[index].type = .number
        }
        if known.unit != new.unit {
            report(
                .conflictingSources,
                "`\(field.value)` is in \(known.unit?.symbol ?? "no unit") in an earlier "
                    + "source and in \(new.unit?.symbol ?? "no unit") here", at: field,
                help: (known.unit ?? new.unit).map {
                    ["convert it, in both: units: {\(field.value): \"\($0.symbol)\"}"]
                } ?? [])
        }
    }

    // MARK: Models

    /// The models of devices; nil among them for devices without one.
    func models(of devices: [Device]) -> Set<Int?> {
        var models: Set<Int?> = []
        for device in devices { models.insert(registry.entry(device)?.model) }
        return models
    }

    /// Gives a column the type, unit and choices that the devices' models have for a property, or
    /// for any: a float unless all of them say otherwise, and a unit if all models agree on it.
    private func measure(
        _ property: String?, on devices: [Device], into column: inout Schema.Column
    ) {
        let models = models(of: devices)
        let found = models.compactMap { $0 }.flatMap { model in
            registry.models[model].properties.filter { property == nil || $0.name == property }
        }
        column.type = .number
        guard let first = found.first else { return }
        if !models.contains(nil), found.allSatisfy({ $0.type == first.type }) {
            column.type = first.type
        }
        if found.allSatisfy({ $0.unit == first.unit }) { column.unit = first.unit }
        if found.allSatisfy({ $0.choices == first.choices }) { column.choices = first.choices }
    }
}

extension TopicFilter.Problem: CustomStringConvertible {
    var description: String {
        switch self {
        case .empty: "it is empty"
        case .emptySegment(let place): "segment \(place + 1) is empty"
        case .wildcardInsideSegment(let segment): "a wildcard must be alone, not as in `\(segment)`"
        case .hashNotLast: "`#` must be the last segment"
        case .notTelemetry(let root): "it must begin with `telemetry`, not `\(root)`"
        case .tooDeep: "topics are telemetry/{device}/{property}"
        }
    }
}
