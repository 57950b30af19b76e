package import Model

/// A pattern's condition, compiled: the steps that must be seen, what links them, and the clauses
/// behind them.
///
/// Programs read a row of slots: the schema's columns, then a slot per entry of `aggregates`, then
/// one per entry of `calls`, then one per entry of `captures`. Those inside aggregates read the
/// columns and then a slot per entry of `fed`.
package struct Rule: Sendable {
    /// At least one.
    package var steps: [Step]
    /// `links[i]` leads from step i to step i + 1.
    package var links: [Link]
    /// Of several events, the last comes less than this after the first. Of a single step with
    /// aggregates, the span that they look back over, `(t - within, t]`. Of a single group, also
    /// how long a device counts after the condition was true.
    package var within: Milliseconds?
    /// After a match the next may begin with the event behind the one this began with; otherwise
    /// it begins behind the last.
    package var isOverlapping = false
    /// Columns whose values divide the key further.
    package var per: [Int] = []
    /// After a match, how long the same key stays quiet.
    package var cooldown: Milliseconds?
    /// Where this is true, everything begun is forgotten.
    package var until: Program?
    /// What the stream must compute and append to the row before the conditions are evaluated.
    package var aggregates: [AggregateCall]
    /// What is computed of a row and those before it.
    package var calls: [Call] = []
    /// The same of a row that aggregates take in, before they do.
    package var fed: [Call] = []
    /// What later conditions read of the events of earlier steps.
    package var captures: [Capture] = []

    /// The most windows or events that `for N consecutive` may ask for.
    package static let countMax: Int64 = 100_000
    /// The most steps a sequence may have.
    package static let stepsMax = 16
    /// The furthest event that `previous` may look back to.
    package static let previousMax = 1000

    /// One event, run of events, or silence.
    package struct Step: Sendable {
        package var label: String?
        package var what: What
        package var sustained: Sustained

        /// What is waited for.
        package enum What: Sendable {
            case condition(Program)
            /// `no data for`, `no event for`: nothing of the key for this long.
            case noData(Milliseconds)
            /// `no x > 3 for`: no event of the key for which it is true, for this long.
            case absence(of: Program, Milliseconds)
            /// Devices of the key's, or a group, for which it is true.
            case group(Quantifier, of: String?, Program)
        }

        package init(
            _ what: What, sustained: Sustained = .once, label: String? = nil
        ) {
            self.what = what
            self.sustained = sustained
            self.label = label
        }
    }

    /// How many devices of a group it takes.
    package enum Quantifier: Hashable, Sendable {
        case any, all
        case atLeast(Int)
        /// Rounded up to whole devices.
        case percent(Double)
    }

    /// What may lie between two steps.
    package enum Link: Sendable {
        /// `then`: anything.
        case relaxed
        /// `immediately then`: nothing of the key.
        case strict
        /// `without c then`: nothing for which this is true, unless it is the next step itself.
        case without(Program)
    }

    /// How long or how often a condition must hold.
    package enum Sustained: Hashable, Sendable {
        /// Once is enough.
        case once
        /// On `[t0, t0 + duration)`; fires at `t0 + duration`, once a run.
        case duration(Milliseconds)
        /// In this many adjacent, non-empty windows.
        case consecutiveWindows(Int)
        /// In this many events of the key that follow each other.
        case consecutiveEvents(Int)
        /// In `count` of any `of` adjacent windows that follow each other.
        case someWindows(count: Int, of: Int)
        /// In `count` of any `of` events of the key that follow each other.
        case someEvents(count: Int, of: Int)
        /// `at least N times`: N or more events, others between them; greedy, until the next step.
        case atLeastTimes(Int)
        /// `N times`, `exactly N times`: N events, others between them.
        case exactlyTimes(Int)
    }

    /// What a later condition reads of a step's events: `open.temperature` is the step's first
    /// event's, `avg(open.temperature)` is over all of them.
    package struct Capture: Hashable, Sendable {
        package var step: Int
        package var what: What

        /// Which of its values.
        package enum What: Hashable, Sendable {
            /// The value of this column at the step's first event.
            case first(column: Int)
            /// Over all events of the step so far.
            case aggregate(AggregateFunction, quantile: Double?, of: Program)
        }

        package init(step: Int, _ what: What) {
            self.step = step
            self.what = what
        }
    }

    /// A sequence; what is not given here is set afterwards.
    package init(
        steps: [Step], links: [Link] = [], within: Milliseconds? = nil,
        cooldown: Milliseconds? = nil, aggregates: [AggregateCall] = []
    ) {
        precondition(!steps.isEmpty && links.count == steps.count - 1)
        self.steps = steps
        self.links = links
        self.within = within
        self.cooldown = cooldown
        self.aggregates = aggregates
    }

    /// A single condition.
    package init(
        condition: Program, sustained: Sustained = .once, within: Milliseconds? = nil,
        cooldown: Milliseconds? = nil, aggregates: [AggregateCall] = []
    ) {
        self.init(
            steps: [Step(.condition(condition), sustained: sustained)], within: within,
            cooldown: cooldown, aggregates: aggregates)
    }

    /// Of a rule with one step that is a condition: the condition. Nil for all others.
    package var onlyCondition: Program? {
        guard steps.count == 1, case .condition(let program) = steps[0].what else { return nil }
        return program
    }
}

/// One aggregate that a condition reads.
package struct AggregateCall: Hashable, Sendable {
    package var function: AggregateFunction
    /// For `percentile`: which, from 0 to 1.
    package var quantile: Double?
    package var argument: Argument
    /// For `correlation`: the other value of the row.
    package var second: Program?
    /// The trailing span `(t - over, t]` it covers. Ignored where `events` is there.
    package var over: Milliseconds
    /// `over 6 events`: this event of the key and those before it, so many in all.
    package var events: Int?

    /// What is aggregated.
    package enum Argument: Hashable, Sendable {
        /// Evaluated on every row; its value goes in. For `count` only true counts.
        case program(Program)
        /// A window's column that carries a partial of this very aggregate: partials are merged.
        case column(Int)
    }

    package init(
        function: AggregateFunction, argument: Argument, over: Milliseconds,
        quantile: Double? = nil, events: Int? = nil, second: Program? = nil
    ) {
        self.function = function
        self.second = second
        self.argument = argument
        self.over = over
        self.quantile = quantile
        self.events = events
    }
}

/// A function that remembers the rows of its key: the stream computes it once a row, in the total
/// order, and appends its value.
package struct Call: Hashable, Sendable {
    package var kind: Kind
    /// Evaluated on the row: its columns, then aggregates, if there are any, then the calls before
    /// this one.
    package var argument: Program
    /// What the slot holds.
    package var type: ValueType

    /// Which function it is.
    package enum Kind: Hashable, Sendable {
        /// The argument's value this many events of the key earlier; missing where it was, or
        /// where there were not that many.
        case previous(Int)
        /// When the event was. The argument is not looked at.
        case time
        /// Seconds since the event before; missing at the first. The argument is not looked at.
        case elapsed
        /// True where the argument was last there longer ago than this; a timer, not the next
        /// event, tells. Unknown before the first.
        case stale(after: Milliseconds)
        /// Its parameters in the order of `Detector.parameters`, defaults filled in.
        case detector(Detector, [Double])
        /// What the argument's past leads to; missing where that is not known.
        case outlook(Outlook)
    }

    package init(_ kind: Kind, of argument: Program, type: ValueType) {
        self.kind = kind
        self.argument = argument
        self.type = type
    }
}
