package import Model

/// An expression over a row of a stream, and the functions in it that remember the rows of the key
/// before it.
package struct Formula: Hashable, Sendable {
    /// Reads the row's columns, then a slot per entry of `calls`.
    package let program: Program
    /// Computed of each row, in the total order.
    package let calls: [Call]
    /// How many columns there were when it was compiled.
    package let width: Int
    /// Of its value. A difference of temperatures has none: it is not a temperature.
    package let unit: Unit?

    /// Whether it must see all rows of a key, in the total order. The row's own time is no memory.
    package var remembers: Bool { calls.contains { $0.kind != .time } }

    /// The value of a formula that remembers nothing, on a row of this time. `extended` is storage
    /// that is used again and again.
    package func value(
        of row: [Value?], at time: Instant, in extended: inout [Value?]
    ) -> Value? {
        if calls.isEmpty { return program.evaluate(row) }
        extended.removeAll(keepingCapacity: true)
        extended += row.prefix(width)
        for _ in calls { extended.append(.timestamp(time)) }
        return program.evaluate(extended)
    }

    /// Compiles an expression, of whatever type it has unless one is expected. Nil, and errors in
    /// `diagnostics`, where it cannot be. Where it is to be counted, a condition has a value only
    /// where it is true.
    package static func compile(
        _ text: Located<String>, schema: Schema, expecting: ValueType? = nil,
        isCounted: Bool = false, diagnostics: inout [Diagnostic]
    ) -> Formula? {
        var parser = Parser(text)
        let expression = parser.expression()
        var checker = Checker(schema, parser.source, .step)
        let formula = checker.formula(expression, expecting: expecting, isCounted: isCounted)
        diagnostics += checker.source.diagnostics
        return checker.source.hasErrors ? nil : formula
    }
}

extension Checker {
    fileprivate mutating func formula(
        _ expression: Expression, expecting: ValueType?, isCounted: Bool
    ) -> Formula? {
        let width = schema.columns.count
        if expecting != nil {
            return compile(expression, expecting: expecting).map { finished($0, width, nil) }
        }
        guard let typed = check(expression) else { return nil }
        var node = typed.node
        if isCounted, typed.type == .boolean {
            // True or unknown is true, false or unknown is unknown.
            node = builder.binary(.or, node, builder.leaf(.constant, Missing.boolean))
        }
        let isTemperature = typed.measure?.unit.dimension == .temperature
        let isSpread = isTemperature && typed.measure?.isDifference == true
        return emit(node, typed.type, expression.range).map {
            finished($0, width, isSpread ? nil : typed.measure?.unit)
        }
    }

    private func finished(_ program: Program, _ width: Int, _ unit: Unit?) -> Formula {
        Formula(
            program: program.withCalls(at: width),
            calls: calls.map { call in
                var call = call
                call.argument = call.argument.withCalls(at: width)
                return call
            }, width: width, unit: unit)
    }
}

extension Program {
    /// The same code, what calls leave being found from this slot on.
    func withCalls(at first: Int) -> Program {
        relocated { slot in
            slot >= Checker.callSlots && slot < Checker.captureSlots
                ? slot - Checker.callSlots + UInt64(first) : slot
        }
    }
}
