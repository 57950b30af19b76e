import Model

// Functions and operators that remember earlier rows of their key.
extension Checker {
    /// Where the rows of a rule or a step have what calls and captures leave there is known only
    /// when all aggregates are; until then these stand for it.
    static let callSlots: UInt64 = 1 << 40
    static let captureSlots: UInt64 = 1 << 41

    mutating func mayRemember(_ range: Range<Int>) -> Bool {
        let text = source[range]
        switch scope {
        case .rule, .step, .aggregate:
            return true
        case .row:
            source.report(
                .notOnOneRow,
                "`\(text)` needs to know when or after what a row comes, and here one row is "
                    + "looked at alone", at: range, help: ["use it in the condition of a pattern"])
        case .capture:
            source.report(
                .notOnOneRow,
                "`\(text)` cannot stand inside an aggregate over the events of a step", at: range,
                help: ["make it a field of its own in a step before"])
        }
        return false
    }

    /// The node that reads what `kind` computes of the argument; equal calls share a slot. Inside
    /// an aggregate it reads the row that the aggregate takes in.
    mutating func remember(
        _ kind: Call.Kind, of argument: Typed? = nil, type: ValueType, _ range: Range<Int>
    ) -> Int? {
        let node = argument?.node ?? builder.leaf(.constant, 1)
        guard let program = emit(node, argument?.type ?? .boolean, range) else { return nil }
        let call = Call(kind, of: program, type: type)
        let known = scope == .aggregate ? fed : calls
        let index = known.firstIndex(of: call) ?? known.count
        if index == known.count {
            if scope == .aggregate { fed.append(call) } else { calls.append(call) }
        }
        return builder.leaf(type.load, Checker.callSlots + UInt64(index))
    }

    /// Checks what is computed once a row, whatever matches: it reads no earlier steps.
    mutating func checkOfRow(_ expression: Expression) -> Typed? {
        let outer = isOfRow
        isOfRow = true
        defer { isOfRow = outer }
        return check(expression)
    }

    mutating func remembering(
        _ function: Function, _ arguments: [Expression?], per: Milliseconds?, _ range: Range<Int>
    ) -> Typed? {
        guard mayRemember(range) else { return nil }
        if function == .elapsed { return elapsed(range) }
        guard let first = arguments[0], let argument = checkOfRow(first) else { return nil }
        var count = 1
        if function == .previous, let expression = arguments[1] {
            guard
                let given = parameter(
                    expression, "n", in: 1...Double(Rule.previousMax), isWhole: true)
            else { return nil }
            count = Int(given)
        }
        guard let before = previous(count, of: argument, range) else { return nil }
        if function == .previous { return before }
        if argument.type != .timestamp, !requireNumber(argument) { return nil }
        guard let delta = arithmetic(.subtract, argument, before, range) else { return nil }
        if function == .delta { return delta }
        guard let elapsed = elapsed(range) else { return nil }
        let rate = builder.binary(.divideNumber, asNumber(delta).node, elapsed.node)
        let seconds = Double((per ?? .second).count) / 1000
        return Typed(
            node: builder.binary(.multiplyNumber, rate, builder.number(seconds)), type: .number,
            range: range)
    }

    private mutating func elapsed(_ range: Range<Int>) -> Typed? {
        remember(.elapsed, type: .number, range).map {
            Typed(
                node: $0, type: .number, range: range,
                measure: Unit("s").map { Measure(unit: $0) })
        }
    }

    private mutating func previous(
        _ count: Int, of argument: Typed, _ range: Range<Int>
    ) -> Typed? {
        guard let node = remember(.previous(count), of: argument, type: argument.type, range)
        else { return nil }
        return Typed(
            node: node, type: argument.type, range: range, measure: argument.measure,
            choices: argument.choices)
    }

    // MARK: Operators

    mutating func isStale(
        _ operand: Expression, after span: Milliseconds, _ isNegated: Bool, _ range: Range<Int>
    ) -> Typed? {
        guard mayRemember(range), let typed = checkOfRow(operand),
            let node = remember(.stale(after: span), of: typed, type: .boolean, range)
        else { return nil }
        return Typed(
            node: isNegated ? builder.unary(.not, node) : node, type: .boolean, range: range)
    }

    mutating func changed(_ operand: Expression, _ range: Range<Int>) -> Typed? {
        guard mayRemember(range), let now = checkOfRow(operand),
            let before = previous(1, of: now, range)
        else { return nil }
        return compare(.notEqual, now, before, range)
    }

    /// By how much it rose; a fall is negative.
    mutating func changedBy(
        _ sign: BinaryOperator, _ operand: Expression, _ amount: Expression, _ range: Range<Int>
    ) -> Typed? {
        guard mayRemember(range) else { return nil }
        let (now, amount) = (checkOfRow(operand), check(amount))
        guard let now, let amount, now.type == .timestamp || requireNumber(now),
            let before = previous(1, of: now, operand.range),
            let delta = arithmetic(.subtract, now, before, operand.range)
        else { return nil }
        return compare(sign, delta, amount, range)
    }

    /// It is on the far side of the level now and was not before.
    mutating func crosses(
        _ operand: Expression, _ isAbove: Bool, _ level: Expression, _ range: Range<Int>
    ) -> Typed? {
        guard mayRemember(range) else { return nil }
        let (now, level) = (checkOfRow(operand), checkOfRow(level))
        guard let now, let level, let before = previous(1, of: now, operand.range) else {
            return nil
        }
        var levelBefore = level
        if !level.isLiteral {
            guard let earlier = previous(1, of: level, level.range) else { return nil }
            levelBefore = earlier
        }
        guard let isBeyond = compare(isAbove ? .greater : .less, now, level, range),
            let wasNot = compare(
                isAbove ? .lessOrEqual : .greaterOrEqual, before, levelBefore, range)
        else { return nil }
        return Typed(
            node: builder.binary(.and, isBeyond.node, wasNot.node), type: .boolean, range: range)
    }

    // MARK: Detectors

    mutating func detect(
        _ detector: Detector, _ call: Expression.Call, _ range: Range<Int>
    ) -> Typed? {
        guard mayRemember(range) else { return nil }
        if call.over != nil {
            source.report(
                .typeMismatch, "`\(call.function)` has no `over`", at: range,
                help: ["its parameters: " + detector.parameters.map(\.name).joined(separator: ", ")]
            )
            return nil
        }
        let parameters = detector.parameters
        // The value itself, and all up to the last that has no standard.
        let required = 1 + (parameters.lastIndex { $0.isRequired }.map { $0 + 1 } ?? 0)
        guard
            let bound = bind(
                call, ["x"] + parameters.map(\.name), required: required, range),
            let first = bound[0]
        else { return nil }
        var settings: [Double] = []
        for (parameter, given) in zip(parameters, bound.dropFirst()) {
            guard let given else {
                settings.append(parameter.standard)
                continue
            }
            if let value = self.parameter(
                given, parameter.name, in: parameter.range, isWhole: parameter.isWhole)
            {
                settings.append(value)
            }
        }
        if settings.count == parameters.count, let fault = detector.fault(settings) {
            source.report(.badParameter, fault, at: range)
            return nil
        }
        guard let argument = checkOfRow(first), requireNumber(argument),
            settings.count == parameters.count,
            let node = remember(
                .detector(detector, settings), of: asNumber(argument), type: .number, range)
        else { return nil }
        return Typed(node: node, type: .number, range: range)
    }
}
