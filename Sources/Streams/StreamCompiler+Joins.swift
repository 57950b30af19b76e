import Language
import Model

/// Joins of a stream's sources with others of its sources.
extension StreamCompiler {
    /// The longest that a join may hold a row.
    static let joinSpanMax = Milliseconds.day * 7

    /// Compiles the sources whose rows are partners: they say nothing of what a row is about.
    mutating func compilePartners(
        _ definitions: [SourceDefinition], into result: inout SourceColumns
    ) {
        if definitions.isEmpty { return }
        let own = result
        result.isWithDevice = false
        result.isWithoutDevice = false
        for definition in definitions { compileSource(definition, into: &result) }
        result.firstPartner = own.sources.count
        result.hasPartnerDevices = result.isWithDevice
        result.isWithDevice = own.isWithDevice
        result.isWithoutDevice = own.isWithoutDevice
        result.upstreamKeys = own.upstreamKeys
        // The name of a partner's device is a text like any other.
        let names = result.deviceColumns.filter { !own.deviceColumns.contains($0) }
        result.deviceColumns = own.deviceColumns
        result.valueColumns.formUnion(names)
        let column = result.columns.count
        result.columns.append(Schema.Column(name: "", type: .integer))
        for index in result.sources.indices {
            result.sources[index] = result.sources[index].numbered(
                index, in: column, naming: index < own.sources.count ? [] : names)
        }
    }

    /// Adds the join to the steps, or reports what is wrong with it.
    mutating func compileJoin(
        _ join: JoinDefinition, _ input: inout SourceColumns, _ steps: inout CompiledSteps
    ) {
        if steps.stepsBeforeJoin != nil {
            report(
                .badJoin, "a stream joins its sources once", at: join.place,
                help: ["join what comes out in a stream that follows this one"])
            return
        }
        steps.stepsBeforeJoin = steps.steps.count
        steps.texts += join.by.map(\.value)
        if steps.steps.contains(where: \.isOrdered) {
            report(
                .misplacedStep, "a join of sources must stand before steps that remember events",
                at: join.place,
                help: ["only filters, derivations and enrichments may stand before it"])
        }
        guard let firstPartner = input.firstPartner, firstPartner > 0 else {
            return reportPartner(join, input)
        }
        guard firstPartner < input.sources.count, let kind = compileKind(join) else { return }
        let by = join.by.compactMap { readField($0, input) }
        guard by.count == join.by.count else { return }
        if by.isEmpty, input.isWithoutDevice || !input.hasPartnerDevices {
            report(
                .badJoin, "some of the events that are joined are about no device", at: join.place,
                help: ["say which fields must be equal: by: [<field>]"])
        }
        for (column, field) in zip(by, join.by) { requireOnBothSides(column, field, input) }
        requireApart(join, by, input)
        let tags = steps.steps.flatMap { step in
            if case .tags(let tags) = step { tags.map(\.column) } else { [Int]() }
        }
        steps.join = JoinPlan(
            kind: kind, keepsUnmatched: join.keepsUnmatched, by: by,
            sourceColumn: input.sources[0].numberColumn ?? 0, firstPartner: firstPartner,
            isFollowing: input.sources.map { $0.upstream != nil }, ownColumns: Set(tags))
    }

    private mutating func reportPartner(_ join: JoinDefinition, _ input: SourceColumns) {
        if input.firstPartner != nil {
            report(
                .badJoin, "there is no other source to join with `\(join.with.value)`",
                at: join.with)
        } else if !input.sources.isEmpty {
            report(
                .badJoin, "no source of this stream is `\(join.with.value)`", at: join.with,
                help: suggestion(join.with.value, among: input.names, "sources"))
        }
    }

    private mutating func compileKind(_ join: JoinDefinition) -> JoinPlan.Kind? {
        switch join.kind {
        case .interval(let before, let after):
            if before < .zero || after < .zero || max(before, after) == .zero {
                report(
                    .badDuration, "`before` and `after` must together be more than nothing",
                    at: join.place)
                return nil
            }
            guard isShort(before, join), isShort(after, join) else { return nil }
            return .interval(before: before, after: after)
        case .window(let window):
            guard let plan = compileWindow(window, name: nil, []) else { return nil }
            guard let (size, every) = plan.aligned else {
                report(
                    .badJoin, "events are joined in tumbling or hopping windows only",
                    at: window.place)
                return nil
            }
            guard every <= size else {
                report(
                    .badJoin, "there are events in no window: one of \(size) begins every \(every)",
                    at: window.place)
                return nil
            }
            guard isShort(size, join) else { return nil }
            return .window(size: size, every: every, offset: plan.offset)
        }
    }

    private mutating func isShort(_ span: Milliseconds, _ join: JoinDefinition) -> Bool {
        if span <= StreamCompiler.joinSpanMax { return true }
        report(
            .badJoin,
            "a join keeps events for \(StreamCompiler.joinSpanMax) at most, not for \(span)",
            at: join.place,
            help: ["for what hardly ever changes use a table, or a join with `fields`"])
        return false
    }

    private mutating func requireOnBothSides(
        _ column: Int, _ field: Located<String>, _ input: SourceColumns
    ) {
        guard let first = input.firstPartner else { return }
        let sides = [
            input.sources[..<first].contains { input.fills(column, $0) },
            input.sources[first...].contains { input.fills(column, $0) },
        ]
        let isDevice = input.deviceColumns.contains(column)
        let isOfSources = sides[0] || sides[1]
        let isMissing = [
            !sides[0] && !(isDevice && input.isWithDevice),
            !sides[1] && !(isDevice && input.hasPartnerDevices),
        ]
        // What a step adds is there for both.
        guard isOfSources || isDevice, isMissing[0] || isMissing[1] else { return }
        report(
            .badJoin,
            "`\(field.value)` is missing in the events "
                + (isMissing[1] ? "that are joined to the others" : "that others are joined to"),
            at: field, help: ["add it to the mapping of every source"])
    }

    /// A joined row can hold a field only once.
    private mutating func requireApart(
        _ join: JoinDefinition, _ by: [Int], _ input: SourceColumns
    ) {
        guard let first = input.firstPartner else { return }
        for column in input.columns.indices
        where !input.columns[column].name.isEmpty && !by.contains(column)
            && !input.deviceColumns.contains(column)
            && input.sources[..<first].contains(where: { input.fills(column, $0) })
            && input.sources[first...].contains(where: { input.fills(column, $0) })
        {
            report(
                .badJoin,
                "both sides of the join have a field `\(input.columns[column].name)`",
                at: join.with, help: ["give it another name in the mapping of one of them"])
        }
    }
}

extension SourceColumns {
    /// Whether a source's own mapping fills a column.
    fileprivate func fills(_ column: Int, _ source: SourcePlan) -> Bool {
        source.fills.contains { $0.column == column }
            || source.upstream?.fills.contains { $0.column == column } ?? false
    }
}

extension SourcePlan {
    /// Where the source's number belongs.
    fileprivate var numberColumn: Int? {
        fills.first { if case .sourceNumber = $0.fill { true } else { false } }?.column
    }

    /// The same source, which tells its number and, in some columns, its devices' names as texts.
    fileprivate func numbered(_ number: Int, in column: Int, naming names: [Int]) -> SourcePlan {
        var fills = fills.map { fill in
            names.contains(fill.column) && fill.fill == .deviceName
                ? (column: fill.column, fill: Fill.partnerName) : fill
        }
        fills.append((column, .sourceNumber(number)))
        return SourcePlan(
            topic: topic, group: group, lateness: lateness, idleTimeout: idleTimeout,
            fills: fills, upstream: upstream, sequence: sequence, conversions: conversions)
    }
}
