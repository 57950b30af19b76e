import Model

extension Checker {
    /// Brings both sides to one unit, for a comparison or a choice between them. Literals follow
    /// the other side, so what is converted when compiling is not converted when running.
    mutating func align(
        _ left: Typed, _ right: Typed, _ range: Range<Int>
    ) -> (left: Typed, right: Typed)? {
        var (left, right) = (left, right)
        switch (left.measure, right.measure) {
        case (nil, nil):
            break
        case (let measure?, nil):
            guard adopt(measure, by: &right, literal: left) else { return nil }
        case (nil, let measure?):
            guard adopt(measure, by: &left, literal: right) else { return nil }
        case (let first?, let second?):
            guard first.unit.dimension == second.unit.dimension else {
                mismatch(left, right, first, second, range)
                return nil
            }
            if first.isDifference != second.isDifference {
                // A literal beside a difference is one: `max - min > 5 K`.
                if right.isLiteral, first.isDifference {
                    right.measure?.isDifference = true
                } else if left.isLiteral, second.isDifference {
                    left.measure?.isDifference = true
                } else {
                    mismatch(left, right, first, second, range)
                    return nil
                }
            }
            if left.isLiteral, !right.isLiteral, let measure = right.measure {
                left = convert(left, to: measure)
            } else if let measure = left.measure {
                right = convert(right, to: measure)
            }
        }
        return (left, right)
    }

    /// A side without a unit takes the other's, unless that is a literal, whose unit then means
    /// nothing.
    private mutating func adopt(_ measure: Measure, by side: inout Typed, literal: Typed) -> Bool {
        if literal.isLiteral, !side.isLiteral {
            let text = source[side.range]
            source.report(
                .noUnit,
                "the unit of `\(text)` is not known, so `\(source[literal.range])` cannot be "
                    + "converted", at: literal.range,
                help: ["write the number alone", "or declare the unit of `\(text)`"])
            return false
        }
        side.measure = measure
        return true
    }

    mutating func mismatch(
        _ left: Typed, _ right: Typed, _ first: Measure, _ second: Measure, _ range: Range<Int>
    ) {
        var help: [String] = []
        if second.unit.dimension == .time, first.unit.dimension == .length, right.isLiteral {
            let text = source[right.range]
            help = ["`\(text)` is a duration; metres are written with a space: `\(spaced(text))`"]
        } else if let literal = [right, left].first(where: \.isLiteral) {
            let unit = literal.range == right.range ? first.unit : second.unit
            let digits = source[literal.range].prefix { !$0.isLetter && $0 != " " && $0 != "%" }
            help = ["give both the same unit: \(digits) \(unit.symbol)"]
        } else {
            help = ["only values of one kind can be compared, added or subtracted"]
        }
        source.report(
            .unitMismatch,
            "`\(source[left.range])` is \(first.description) (\(first.unit.symbol)), "
                + "`\(source[right.range])` is \(second.description) (\(second.unit.symbol))",
            at: range, help: help)
    }

    private func spaced(_ text: String) -> String {
        let digits = text.prefix { !$0.isLetter }
        return digits + " " + text.dropFirst(digits.count)
    }

    /// The value expressed in `measure`, which has the same dimension.
    mutating func convert(_ typed: Typed, to measure: Measure) -> Typed {
        guard let from = typed.measure, from != measure else { return typed }
        var result = asNumber(typed)
        result.measure = measure
        if let bits = builder.constant(result.node) {
            let converted = from.convert(Double(bitPattern: bits), to: measure)
            result.node = builder.number(thirteenDigits(converted))
            return result
        }
        let (factor, offset) = from.line(to: measure)
        if factor != 1 {
            result.node = builder.binary(
                .multiplyNumber, result.node, builder.number(factor))
        }
        if offset != 0 {
            result.node = builder.binary(.addNumber, result.node, builder.number(offset))
        }
        return result
    }

    /// An integer as a double; anything else as it is.
    mutating func asNumber(_ typed: Typed) -> Typed {
        guard typed.type == .integer else { return typed }
        var result = typed
        result.type = .number
        if let bits = builder.constant(typed.node) {
            result.node = builder.number(Double(Int64(bitPattern: bits)))
        } else {
            result.node = builder.unary(.integerToNumber, typed.node)
        }
        return result
    }

    /// Both sides as integers if both are, else both as doubles.
    mutating func unify(_ left: Typed, _ right: Typed) -> (left: Typed, right: Typed) {
        if left.type == right.type { return (left, right) }
        return (asNumber(left), asNumber(right))
    }
}

/// What people mean by a literal: 122 degF is 50 Cel, not 50.00000000000001.
private func thirteenDigits(_ value: Double) -> Double {
    let magnitude = value.magnitude
    guard magnitude > 1e-15, magnitude < 1e12 else { return value }
    var scale = 1.0
    while magnitude * scale < 1e12 { scale *= 10 }
    return (value * scale).rounded() / scale
}
