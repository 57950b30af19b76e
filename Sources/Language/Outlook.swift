package import Model

/// What a call that looks ahead is after: `forecast`, `time_to`, `remaining_life`.
package struct Outlook: Hashable, Sendable {
    package var aim: Aim
    /// Values are taken as the means of steps of this length.
    package var step: Milliseconds
    /// In steps; zero where there is none.
    package var season: Int

    /// What is asked for.
    package enum Aim: Hashable, Sendable {
        /// The mean of the step that ends so many steps later.
        case value(steps: Int)
        /// Seconds until a trend reaches the limit.
        case crossing(Limit)
        /// The same along a straight line or an exponential curve.
        case life(Limit)
    }

    /// What a value must reach.
    package struct Limit: Hashable, Sendable {
        package var value: Double
        /// Whether it is reached from below.
        package var isAbove: Bool

        package init(_ value: Double, isAbove: Bool) {
            self.value = value
            self.isAbove = isAbove
        }

        /// Whether a value is at the limit or beyond.
        package func isReached(by other: Double) -> Bool {
            isAbove ? other >= value : other <= value
        }
    }

    package init(_ aim: Aim, step: Milliseconds, season: Int = 0) {
        self.aim = aim
        self.step = step
        self.season = season
    }

    /// How many steps are remembered of each key.
    package static let samples = 256
    /// The furthest step that may be asked for.
    static let mostSteps: Int64 = 48
    /// The steps that a season may have.
    static let seasonSteps: ClosedRange<Int64> = 2...96
}

/// The functions that look ahead, by the name they are written with.
enum OutlookFunction: String, CaseIterable {
    case forecast
    case timeTo = "time_to"
    case remainingLife = "remaining_life"

    var parameters: [String] {
        self == .forecast ? ["x", "ahead", "step", "season"] : ["condition", "step"]
    }

    /// How many of them must be given.
    var required: Int { self == .forecast ? 2 : 1 }

    /// A step's length where none is given.
    var standardStep: Milliseconds { self == .timeTo ? .minute : .hour * 6 }

    var entry: Reference.Entry {
        let (form, result, meaning) = description
        return Reference.Entry(
            kind: .outlook, name: rawValue, form: form, result: result, meaning: meaning)
    }

    private var description: (form: String, result: String, meaning: String) {
        switch self {
        case .forecast:
            (
                "forecast(x, DURATION, step: DURATION, season: DURATION)", "number, unit of x",
                "What the mean of a step will be after so long, by the method that would have done "
                    + "best lately; missing where none has any skill."
            )
        case .timeTo:
            (
                "time_to(x > LIMIT, step: 1m)", "number, s",
                "How long until the trend of x reaches the limit, 0 beyond it; missing where it "
                    + "leads elsewhere or has no skill."
            )
        case .remainingLife:
            (
                "remaining_life(x > LIMIT, step: 6h)", "number, s",
                "The same by a straight line or an exponential curve, whichever would have done "
                    + "better."
            )
        }
    }
}
