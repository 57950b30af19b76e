import Model

/// The functions that look at one row, or at it and those of its key before it, by the name they
/// are written with.
enum Function: String, CaseIterable {
    case abs, round, min2, max2, clamp, coalesce
    case previous, delta, rate, elapsed, hour, weekday

    var parameters: [String] {
        switch self {
        case .abs, .round, .delta, .rate: ["x"]
        case .min2, .max2, .coalesce: ["x", "y"]
        case .clamp: ["x", "low", "high"]
        case .previous: ["x", "n"]
        case .elapsed: []
        case .hour, .weekday: ["t"]
        }
    }

    /// How many of them must be given.
    var required: Int {
        switch self {
        case .previous: 1
        case .hour, .weekday: 0
        default: parameters.count
        }
    }

    /// Whether more may follow.
    var hasMore: Bool { self == .coalesce }

    var entry: Reference.Entry {
        let (form, result, meaning) = description
        return Reference.Entry(
            kind: .function, name: rawValue, form: form, result: result, meaning: meaning)
    }

    private var description: (form: String, result: String, meaning: String) {
        switch self {
        case .abs: ("abs(x)", "number, unit of x", "Without the sign.")
        case .round:
            ("round(x)", "number, unit of x", "The nearest whole number, halves away from zero.")
        case .min2: ("min2(x, y)", "number, unit of x", "The smaller of two values.")
        case .max2: ("max2(x, y)", "number, unit of x", "The larger of two values.")
        case .clamp: ("clamp(x, low, high)", "number, unit of x", "At least low, at most high.")
        case .coalesce: ("coalesce(x, y, ...)", "as x", "The first value that is not missing.")
        case .previous:
            ("previous(x[, n])", "as x", "The value at the event before, or n events before.")
        case .delta:
            ("delta(x)", "number, difference of x", "How much more it is than at the event before.")
        case .rate:
            (
                "rate(x [per DURATION])", "number",
                "The same by time since the event before; per second if not told otherwise."
            )
        case .elapsed: ("elapsed()", "number, s", "The time since the event before.")
        case .hour:
            ("hour([t])", "0 to 23", "The hour of the event, or of a timestamp, in UTC.")
        case .weekday:
            (
                "weekday([t])", "1 to 7",
                "The day of the week of the event, or of a timestamp, in UTC; 1 is Monday."
            )
        }
    }
}

extension AggregateFunction {
    var entry: Reference.Entry {
        let form =
            switch self {
            case .count: "count(C), count(x), count(*)"
            case .percentile: "percentile(x, q)"
            case .correlation: "correlation(x, y)"
            case .rate: "rate(x) over DURATION|N events"
            default: "\(rawValue)(x)"
            }
        return Reference.Entry(
            kind: .aggregate, name: rawValue, form: form, result: result,
            meaning: summary.prefix(1).uppercased() + summary.dropFirst() + ".")
    }

    private var result: String {
        switch (resultType(of: .number), unitRule) {
        case (.integer, _): "whole number"
        case (.text, _): "text"
        case (_, .same): "number, unit of x"
        case (_, .difference): "number, difference of x"
        case (_, .perSecond): "number, unit of x by second"
        case (_, .timesSecond): "number, unit of x times second"
        case (_, .none): "number"
        }
    }
}

extension Detector {
    var entry: Reference.Entry {
        let settings = parameters.map { parameter in
            let whole = Int64(exactly: parameter.standard).map { "\($0)" }
            let standard = parameter.isRequired ? "N" : whole ?? "\(parameter.standard)"
            return ", \(parameter.name): \(standard)"
        }
        return Reference.Entry(
            kind: .detector, name: rawValue, form: "\(rawValue)(x\(settings.joined()))",
            result: "number", meaning: summary)
    }
}
