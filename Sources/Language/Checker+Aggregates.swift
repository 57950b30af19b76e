import Model

extension Checker {
    mutating func aggregate(
        _ found: (function: AggregateFunction, quantile: Double?), _ call: Expression.Call,
        _ range: Range<Int>
    ) -> Typed? {
        let takesQuantile = found.function == .percentile && found.quantile == nil
        let isPair = found.function.argument == .twoNumbers
        let isTwo = ["min", "max"].contains(call.function) && call.arguments.count == 2
        let parameters = isPair ? ["x", "y"] : takesQuantile ? ["x", "q"] : ["x"]
        guard
            let bound = bind(
                call, parameters, required: found.function == .count ? 0 : parameters.count, range,
                help: isTwo ? ["the smaller or larger of two values is `\(call.function)2`"] : [])
        else { return nil }
        var quantile = found.quantile
        if takesQuantile, let share = bound[1] {
            quantile = parameter(share, "q", in: 0...1, isWhole: false)
            if quantile == nil { return nil }
        }
        return aggregate(
            (found.function, quantile), of: bound[0], with: isPair ? bound[1] : nil,
            over: call.over, written: source[range], range)
    }

    /// An aggregate over `over`, or else over the rule's `within`, or over the events of an earlier
    /// step. Nil `argument` counts rows.
    mutating func aggregate(
        _ function: (AggregateFunction, quantile: Double?), of argument: Expression?,
        with other: Expression? = nil, over: Expression.Call.Over?, written: String,
        _ range: Range<Int>
    ) -> Typed? {
        if scope == .rule, let label = argument.flatMap({ label(in: $0) }) {
            return aggregate(function, of: argument, ofEventsOf: label, over: over, range)
        }
        guard let span = span(over, of: written, range) else { return nil }
        if let merged = merged(function, of: argument, over: over, span, range) { return merged }
        guard let (input, measure) = input(of: function.0, argument, .aggregate, range) else {
            return nil
        }
        var call = AggregateCall(
            function: function.0, argument: .program(input), over: span,
            quantile: function.quantile)
        if case .events(let count)? = over { call.events = count }
        if let other {
            guard let (second, _) = self.input(of: function.0, other, .aggregate, range) else {
                return nil
            }
            call.second = second
        }
        return read(function.0, at: UInt64(slot(call)), measure, range)
    }

    /// An aggregate of a window's column that the same aggregate has made: what the windows have
    /// seen, merged. `count` counts rows, as always.
    private mutating func merged(
        _ function: (AggregateFunction, quantile: Double?), of argument: Expression?,
        over: Expression.Call.Over?, _ span: Milliseconds, _ range: Range<Int>
    ) -> Typed? {
        guard function.0 != .count, scope == .rule, case .name(let name)? = argument?.node,
            let index = find(name), schema.columns[index].aggregate == function.0,
            schema.columns[index].quantile == function.quantile
        else { return nil }
        var call = AggregateCall(
            function: function.0, argument: .column(index), over: span,
            quantile: function.quantile)
        if case .events(let count)? = over { call.events = count }
        return column(index, at: slot(call), range)
    }

    private mutating func read(
        _ function: AggregateFunction, at slot: UInt64, _ measure: Measure?, _ range: Range<Int>
    ) -> Typed {
        let result = function.result(of: measure)
        return Typed(
            node: builder.leaf(result.type.load, slot), type: result.type, range: range,
            measure: result.measure)
    }

    private mutating func span(
        _ over: Expression.Call.Over?, of written: String, _ range: Range<Int>
    ) -> Milliseconds? {
        switch scope {
        case .row, .step:
            source.report(
                .notOnOneRow, "`\(written)` spans time, and here one row at a time is looked at",
                at: range, help: ["use it in the condition of a pattern"])
            return nil
        case .aggregate, .capture:
            source.report(
                .notOnOneRow, "an aggregate cannot stand inside another", at: range)
            return nil
        case .rule:
            switch over {
            case .span(let span)?: return span
            case .events?: return .zero
            case nil: break
            }
            if let trailing {
                usesWithin = true
                return trailing
            }
            source.report(
                .aggregateWithoutSpan,
                "`\(written)` needs to know how far to look back"
                    + (isMatchBounded ? "; `within` bounds the whole match here" : ""), at: range,
                help: isMatchBounded
                    ? ["give it a span of its own: \(spelled(written)) over 5m"]
                    : ["add the span to the whole condition: … within 5m"])
            return nil
        }
    }

    /// `max_temp` as a call, which alone can have an `over`.
    private func spelled(_ written: String) -> String {
        guard written.last != ")", let underscore = written.lastIndex(of: "_") else {
            return written
        }
        let field = written[written.index(after: underscore)...]
        return "\(written[..<underscore])(\(field))"
    }

    /// What goes into the aggregate on each row. For `count` a condition counts where it is true,
    /// any other value where it is there.
    private mutating func input(
        of function: AggregateFunction, _ argument: Expression?, _ inner: Scope, _ range: Range<Int>
    ) -> (Program, Measure?)? {
        let outer = (builder, scope)
        (builder, scope) = (Builder(), inner)
        defer { (builder, scope) = outer }
        guard let argument else {
            return emit(builder.leaf(.constant, 1), .boolean, range).map { ($0, nil) }
        }
        guard let typed = check(argument) else { return nil }
        if function == .count {
            var node = typed.node
            if typed.type != .boolean {
                node = builder.unary(.not, builder.unary(typed.type.isMissing, node))
            }
            return emit(node, .boolean, range).map { ($0, nil) }
        }
        guard function.takesAnyType || requireNumber(typed) else { return nil }
        return emit(typed.node, typed.type, range).map { ($0, typed.measure) }
    }

    /// The finished code.
    mutating func emit(_ node: Int, _ type: ValueType, _ range: Range<Int>) -> Program? {
        if let program = builder.program(node, type: type) { return program }
        source.report(.tooDeep, "too complex", at: range)
        return nil
    }

    // MARK: Events of earlier steps

    /// The step whose events the expression speaks of.
    private func label(in expression: Expression) -> Label? {
        for name in expression.names where find(name) == nil {
            if let label = labels.first(where: { $0.name == name }) { return label }
            if let reference = reference(name) { return reference.label }
        }
        return nil
    }

    /// `open.temperature` taken apart.
    func reference(_ name: String) -> (label: Label, field: String)? {
        for label in labels where name.hasPrefix(label.name) {
            if name == label.name { return (label, "") }
            let rest = name.dropFirst(label.name.count)
            if rest.first == "." { return (label, String(rest.dropFirst())) }
        }
        return nil
    }

    private mutating func aggregate(
        _ function: (AggregateFunction, quantile: Double?), of argument: Expression?,
        ofEventsOf label: Label, over: Expression.Call.Over?, _ range: Range<Int>
    ) -> Typed? {
        guard isReadable(label, isAggregate: true, range), let argument else { return nil }
        if function.0.argument == .twoNumbers {
            source.report(
                .badReference, "`\(function.0.rawValue)` cannot be over the events of a step",
                at: range)
            return nil
        }
        if over != nil {
            source.report(
                .typeMismatch,
                "`\(source[range])` is over the events of the step `\(label.name)`, "
                    + "so it has no `over`", at: range, help: ["remove the `over`"])
            return nil
        }
        var whole: Expression? = argument
        if case .name(label.name) = argument.node {
            if function.0 == .count { whole = nil }
        }
        guard
            let (input, measure) = input(
                of: function.0, whole, .capture(step: label.step), range)
        else { return nil }
        let what = Rule.Capture.What.aggregate(function.0, quantile: function.quantile, of: input)
        return read(
            function.0, at: slot(Rule.Capture(step: label.step, what)), measure, range)
    }

    /// The value of a field at the first event of an earlier step.
    mutating func capture(
        _ reference: (label: Label, field: String), _ range: Range<Int>
    ) -> Typed? {
        guard let index = column(of: reference, range), isReadable(reference.label, range) else {
            return nil
        }
        let slot = slot(Rule.Capture(step: reference.label.step, .first(column: index)))
        return field(index, at: slot, range)
    }

    /// A name inside an aggregate over a step's events.
    mutating func captured(_ name: String, of step: Int, _ range: Range<Int>) -> Typed? {
        guard let reference = reference(name), find(name) == nil else {
            let label = labels.first { $0.step == step }?.name ?? ""
            source.report(
                .badReference,
                "this aggregate is over the events of the step `\(label)`, and "
                    + "`\(name)` is none of their fields", at: range,
                help: find(name) == nil ? advice(on: name) : ["write \(label).\(name)"])
            return nil
        }
        guard reference.label.step == step else {
            source.report(
                .badReference, "an aggregate is over the events of one step, not of two", at: range)
            return nil
        }
        return column(of: reference, range).map { field($0, at: UInt64($0), range) }
    }

    private mutating func column(
        of reference: (label: Label, field: String), _ range: Range<Int>
    ) -> Int? {
        if let index = find(reference.field) { return index }
        let name = reference.label.name
        let known = schema.columns.map(\.name)
        if reference.field.isEmpty {
            source.report(
                .badReference, "`\(name)` is a step, not a value", at: range,
                help: [
                    "name one of its fields: \(name).\(known.first ?? "value")",
                    "or count its events: count(\(name))",
                ])
            return nil
        }
        let nearest = didYouMean(reference.field, among: known)
        source.report(
            .unknownName, "the events of `\(name)` have no `\(reference.field)`", at: range,
            help: nearest.map { ["did you mean `\(name).\($0)`?"] }
                ?? ["known here: " + known.prefix(12).joined(separator: ", ")])
        return nil
    }

    private mutating func isReadable(
        _ label: Label, isAggregate: Bool = false, _ range: Range<Int>
    ) -> Bool {
        let end = isAggregate ? running ?? readable : readable
        let problem: (String, [String])? =
            if label.isSilence {
                ("the step `\(label.name)` is a silence, which has no events", [])
            } else if isOfRow {
                (
                    "this is computed once an event, whatever has matched before it",
                    ["compare `\(source[range])` outside of it"]
                )
            } else if label.step >= end {
                (
                    "the events of `\(label.name)` are not there yet when this is decided",
                    ["refer to it in a later step"]
                )
            } else {
                nil
            }
        guard let (message, help) = problem else { return true }
        source.report(.badReference, message, at: range, help: help)
        return false
    }

    private mutating func slot(_ capture: Rule.Capture) -> UInt64 {
        let index = captures.firstIndex(of: capture) ?? captures.count
        if index == captures.count { captures.append(capture) }
        return Checker.captureSlots + UInt64(index)
    }
}

extension AggregateFunction {
    /// The type and measure of the result, given the measure of what goes in.
    func result(of measure: Measure?) -> (type: ValueType, measure: Measure?) {
        let measure: Measure? =
            switch unitRule {
            case .same: measure
            case .difference: measure?.difference
            case .none: nil
            case .perSecond, .timesSecond:
                resultUnit(of: measure?.unit).map { Measure(unit: $0) }
            }
        return (resultType(of: .number), measure)
    }

    /// Whether other values than numbers may go in.
    var takesAnyType: Bool { self == .count || self == .distinct || self == .approxDistinct }
}
