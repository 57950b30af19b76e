package import Model

/// A pattern's condition, compiled: what must hold on a row, and for how long.
package struct Rule: Sendable {
    /// Reads the row's columns, then one slot per aggregate call, in that order.
    package var condition: Program
    package var sustained: Sustained
    /// The span that aggregates look back over, `(t - within, t]`; nil where no aggregate spans
    /// time.
    package var within: Milliseconds?
    /// After a match, how long the same key stays quiet.
    package var cooldown: Milliseconds?
    /// What the stream must compute and append to the row before the condition is evaluated.
    package var aggregates: [AggregateCall]

    /// The most windows or events that `for N consecutive` may ask for.
    package static let countMax: Int64 = 100_000

    /// How long a condition must keep holding before it is a match.
    package enum Sustained: Hashable, Sendable {
        /// Once is enough.
        case once
        /// On `[t0, t0 + duration)`; fires at `t0 + duration`, once a run.
        case duration(Milliseconds)
        /// In this many adjacent, non-empty windows.
        case consecutiveWindows(Int)
        /// In this many events of the key that follow each other.
        case consecutiveEvents(Int)
    }

    package init(
        condition: Program, sustained: Sustained = .once, within: Milliseconds? = nil,
        cooldown: Milliseconds? = nil, aggregates: [AggregateCall] = []
    ) {
        self.condition = condition
        self.sustained = sustained
        self.within = within
        self.cooldown = cooldown
        self.aggregates = aggregates
    }
}

/// One aggregate that a condition reads.
package struct AggregateCall: Hashable, Sendable {
    package var function: AggregateFunction
    package var argument: Argument
    /// The trailing span `(t - over, t]` it covers.
    package var over: Milliseconds

    package enum Argument: Hashable, Sendable {
        /// Evaluated on every row; its value goes in. For `count` only true counts.
        case program(Program)
        /// A window's column that carries a partial of this very aggregate: partials are merged.
        case column(Int)
    }

    package init(function: AggregateFunction, argument: Argument, over: Milliseconds) {
        self.function = function
        self.argument = argument
        self.over = over
    }
}
