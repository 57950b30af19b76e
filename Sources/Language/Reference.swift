/// Every word of the language with what it is for: what suggestions choose from, and what
/// iotflow-workflow(5) is checked against.
package enum Reference {
    /// One construct.
    package struct Entry: Hashable, Sendable {
        package var kind: Kind
        /// What it is called, unique within its kind.
        package var name: String
        /// How it is written.
        package var form: String
        /// What it gives, of what it is given; empty for clauses.
        package var result: String
        /// One sentence.
        package var meaning: String
    }

    package enum Kind: String, CaseIterable, Sendable {
        case step = "Steps"
        case clause = "Clauses"
        case relation = "Operators"
        case function = "Functions"
        case aggregate = "Aggregates"
        case detector = "Detectors"
        case outlook = "Forecasts"
    }

    package static let entries: [Entry] =
        steps + clauses + operators + Function.allCases.map(\.entry)
        + AggregateFunction.allCases.map(\.entry) + [percentiles] + Detector.allCases.map(\.entry)
        + OutlookFunction.allCases.map(\.entry)

    /// The names that a call may have.
    static let functions: [String] =
        Function.allCases.map(\.rawValue) + AggregateFunction.allCases.map(\.rawValue)
        + Detector.allCases.map(\.rawValue) + OutlookFunction.allCases.map(\.rawValue)

    /// The words that may stand behind an operand.
    static let words: [String] = (operators + clauses).flatMap { entry in
        entry.name.split(separator: " ").map(String.init).filter { word in
            word.allSatisfy { $0.isLetter && $0.isLowercase }
        }
    }

    private static let percentiles = Entry(
        kind: .aggregate, name: "pNN", form: "pNN(x)", result: "number, unit of x",
        meaning: "The percentile that the digits name: p50, p95, p999 for 99.9 %.")

    // MARK: What is no call

    private static func entry(
        _ kind: Kind, _ name: String, _ form: String, _ meaning: String, _ result: String = ""
    ) -> Entry {
        Entry(kind: kind, name: name, form: form, result: result, meaning: meaning)
    }

    private static let steps = [
        entry(
            .step, "condition", "CONDITION",
            "An event, or a window's row, of the key for which it is true."),
        entry(.step, "label", "NAME: STEP", "Names a step, so that later ones may refer to it."),
        entry(
            .step, "no data", "no data for DURATION",
            "Nothing of the key came for so long; told when the time is up."),
        entry(.step, "no event", "no event for DURATION", "The same as no data."),
        entry(
            .step, "no", "no CONDITION for DURATION",
            "No event of the key for which it is true came for so long."),
        entry(
            .step, "any devices", "any devices [in GROUP]: CONDITION",
            "It is true for at least one device of the group."),
        entry(
            .step, "all devices", "all devices [in GROUP]: CONDITION",
            "It is true for every device of the group."),
        entry(
            .step, "at least devices", "at least N devices [in GROUP]: CONDITION",
            "It is true for so many devices of the group, or more."),
        entry(
            .step, "% devices", "[at least] N% devices [in GROUP]: CONDITION",
            "It is true for this share of the group, rounded up to whole devices."),
        entry(
            .step, "field of a step", "LABEL.FIELD",
            "The value of the field at the first event of an earlier step."),
        entry(
            .step, "aggregate of a step", "avg(LABEL.FIELD), count(LABEL)",
            "An aggregate over all events of an earlier step; in a step of several events, also "
                + "over its own so far."
        ),
    ]

    private static let clauses = [
        entry(
            .clause, "then", "STEP then STEP", "The next event that fits, whatever lies between."),
        entry(
            .clause, "immediately then", "STEP immediately then STEP",
            "The very next event of the key must fit."),
        entry(
            .clause, "without then", "STEP without CONDITION then STEP",
            "As then, but ended by an event for which it is true, unless that fits itself."),
        entry(
            .clause, "for", "CONDITION for DURATION",
            "It must stay true so long; told when the time is up, once until it is not true."),
        entry(
            .clause, "for consecutive", "CONDITION for N consecutive windows|events",
            "It must be true in so many adjacent windows, or events that follow each other."),
        entry(
            .clause, "for of", "CONDITION for N of M windows|events",
            "It must be true in N of any M windows or events that follow each other."),
        entry(
            .clause, "at least times", "CONDITION at least N times",
            "N events or more, with others between them."),
        entry(
            .clause, "exactly times", "CONDITION exactly N times",
            "N events, with others between them."),
        entry(.clause, "times", "CONDITION N times", "The same as exactly N times."),
        entry(
            .clause, "within", "RULE within DURATION",
            "Of several events: the last comes less than this after the first. Of one: the span "
                + "of its aggregates, or how long a device counts after it was true."),
        entry(
            .clause, "per", "RULE per FIELD, ...",
            "Each value of the fields is followed separately."),
        entry(
            .clause, "overlapping", "RULE overlapping",
            "The next match may begin with the event behind the one this began with."),
        entry(
            .clause, "cooldown", "RULE cooldown DURATION", "How long a key rests after a match."),
        entry(
            .clause, "until", "RULE until CONDITION",
            "Where it is true, everything begun is forgotten."),
    ]

    private static let operators = [
        entry(.relation, "or", "C or C", "True where one is.", "condition"),
        entry(.relation, "and", "C and C", "True where both are.", "condition"),
        entry(.relation, "not", "not C", "True where it is false.", "condition"),
        entry(.relation, "<", "x < y", "Smaller.", "condition"),
        entry(.relation, "<=", "x <= y", "Smaller or equal.", "condition"),
        entry(.relation, ">", "x > y", "Greater.", "condition"),
        entry(.relation, ">=", "x >= y", "Greater or equal.", "condition"),
        entry(.relation, "=", "x = y, x == y", "Equal.", "condition"),
        entry(.relation, "!=", "x != y", "Not equal.", "condition"),
        entry(
            .relation, "between and", "x [not] between y and z", "At least y and at most z.",
            "condition"),
        entry(.relation, "in", "x [not] in [A, B]", "One of the values.", "condition"),
        entry(
            .relation, "is missing", "x is [not] missing", "There is no value.", "condition"),
        entry(
            .relation, "is stale after", "x is [not] stale after DURATION",
            "The last value came longer ago than this.", "condition"),
        entry(
            .relation, "changed", "x changed", "It is not what it was at the event before.",
            "condition"),
        entry(
            .relation, "changed by", "x changed by > y",
            "How much more it is than at the event before, compared.", "condition"),
        entry(
            .relation, "crosses above", "x crosses above y",
            "It is greater, and was not at the event before.", "condition"),
        entry(
            .relation, "crosses below", "x crosses below y",
            "It is smaller, and was not at the event before.", "condition"),
        entry(
            .relation, "+", "x + y", "Sum; of a timestamp and a duration, a timestamp.", "number"),
        entry(
            .relation, "-", "x - y, -x", "Difference; of two timestamps, in seconds.", "number"),
        entry(.relation, "*", "x * y", "Product.", "number"),
        entry(.relation, "/", "x / y", "Quotient; missing where y is 0.", "number"),
        entry(.relation, "%", "x % y", "Remainder, with the sign of x.", "number"),
        entry(
            .relation, "over", "AGGREGATE over DURATION|N events",
            "The span of one aggregate, ending with this event.", "as the aggregate"),
    ]
}
