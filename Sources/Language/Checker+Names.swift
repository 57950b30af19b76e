import Model

// A name is a declared column, which includes the aliases of a window's aggregates; or else it is
// implicit: `max_temp` is the maximum of `temp`, or of the one column whose name begins so.
extension Checker {
    func find(_ name: String) -> Int? { schema.columns.firstIndex { $0.name == name } }

    mutating func resolve(_ name: String, _ range: Range<Int>) -> Typed? {
        if case .capture(let step) = scope { return captured(name, of: step, range) }
        if let index = find(name) { return read(index, range) }
        if let reference = reference(name) { return capture(reference, range) }
        for (function, quantile, field) in implicitAggregates(name) {
            switch columns(named: field, for: function) {
            case let found where found.count == 1:
                return implicit((function, quantile), of: found[0], name, range)
            case let found where found.count > 1:
                let names = found.map { schema.columns[$0].name }
                source.report(
                    .ambiguousName,
                    "`\(name)` could be the \(name.dropLast(field.count + 1)) of "
                        + names.joined(separator: " or "), at: range,
                    help: names.map { "write \(name.dropLast(field.count))\($0)" })
                return nil
            default:
                continue
            }
        }
        source.report(
            .unknownName, "there is no `\(name)` here", at: range, help: advice(on: name))
        return nil
    }

    func advice(on name: String) -> [String] {
        let known = schema.columns.map(\.name).filter { !$0.isEmpty }
        if let dot = name.firstIndex(of: "."), known.contains(String(name[dot...].dropFirst())),
            let label = didYouMean(String(name[..<dot]), among: labels.map(\.name))
        {
            return ["did you mean `\(label)\(name[dot...])`?"]
        }
        if let last = name.split(separator: ".").last, last.count < name.count,
            known.contains(String(last))
        {
            return ["did you mean `\(last)`?"]
        }
        let ofSteps = labels.flatMap { label in
            [label.name] + known.map { "\(label.name).\($0)" }
        }
        if let nearest = didYouMean(name, among: known + ofSteps + implicitNames) {
            return ["did you mean `\(nearest)`?"]
        }
        return known.isEmpty ? [] : ["known here: " + known.prefix(12).joined(separator: ", ")]
    }

    private var implicitNames: [String] {
        guard scope == .rule else { return [] }
        return schema.columns.filter { $0.type == .number || $0.type == .integer }.flatMap {
            column in AggregateFunction.allCases.map { "\($0.rawValue)_\(column.name)" }
        }
    }

    /// What the name may stand for, the longest function first: `stddev_pop_x` is no `stddev`.
    private func implicitAggregates(
        _ name: String
    ) -> [(function: AggregateFunction, quantile: Double?, field: Substring)] {
        name.indices.reversed().compactMap { index in
            guard name[index] == "_", let found = AggregateFunction.named(String(name[..<index]))
            else {
                return nil
            }
            let field = name[name.index(after: index)...]
            return field.isEmpty ? nil : (found.function, found.quantile, field)
        }
    }

    /// The column of that name, or else all whose names begin so and that can be aggregated.
    private func columns(named field: Substring, for function: AggregateFunction) -> [Int] {
        if let exact = find(String(field)) { return [exact] }
        return schema.columns.indices.filter { index in
            let column = schema.columns[index]
            let isNumeric = column.type == .number || column.type == .integer
            return column.name.hasPrefix(field) && (function == .count || isNumeric)
        }
    }

    /// A column read as it is or, under `within`, merged over the span if it carries a partial.
    private mutating func read(_ index: Int, _ range: Range<Int>) -> Typed {
        let column = schema.columns[index]
        var slot = index
        if let aggregate = column.aggregate, scope == .rule, let trailing {
            usesWithin = true
            slot = self.slot(
                AggregateCall(
                    function: aggregate, argument: .column(index), over: trailing,
                    quantile: column.quantile))
        }
        return self.column(index, at: slot, range)
    }

    /// What a window's column holds, or a merger of such, found at `slot`.
    mutating func column(_ index: Int, at slot: Int, _ range: Range<Int>) -> Typed {
        var typed = field(index, at: UInt64(slot), range)
        if schema.columns[index].aggregate?.unitRule == .difference {
            typed.measure = typed.measure?.difference
        }
        return typed
    }

    /// A column's value that is found at `slot`.
    mutating func field(_ index: Int, at slot: UInt64, _ range: Range<Int>) -> Typed {
        let column = schema.columns[index]
        return Typed(
            node: builder.leaf(column.type.load, slot), type: column.type, range: range,
            measure: column.unit.map { Measure(unit: $0) }, choices: column.choices)
    }

    private mutating func implicit(
        _ function: (AggregateFunction, quantile: Double?), of column: Int, _ name: String,
        _ range: Range<Int>
    ) -> Typed? {
        let field = Expression(.name(schema.columns[column].name), range)
        return aggregate(function, of: field, over: nil, written: name, range)
    }

    /// The row's slot for an aggregate; equal calls share one.
    mutating func slot(_ call: AggregateCall) -> Int {
        let index = aggregates.firstIndex(of: call) ?? aggregates.count
        if index == aggregates.count { aggregates.append(call) }
        return schema.columns.count + index
    }
}

extension Measure {
    /// The measure of a spread or a deviation. Only where zero is arbitrary does it matter.
    var difference: Measure {
        Measure(unit: unit, isDifference: unit.dimension == .temperature)
    }
}
