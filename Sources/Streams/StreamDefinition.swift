package import Model

/// A stream as it is written: sources, an optional window, processing steps, patterns.
package struct StreamDefinition: Sendable {
    package var name: Located<String>
    package var sources: [SourceDefinition]
    package var window: WindowDefinition?
    /// A window was written, and is wrong in a way that has been told.
    package var hasBrokenWindow = false
    package var processing: [ProcessingDefinition]
    package var patterns: [PatternDefinition]
    /// How long after their end windows are kept, so that a late event revises them; nil if none
    /// does.
    package var retention: Located<Milliseconds>?
    /// Whether late events, beside being counted, are published.
    package var publishesLate: Bool

    package init(
        name: Located<String>, sources: [SourceDefinition], window: WindowDefinition? = nil,
        processing: [ProcessingDefinition] = [], patterns: [PatternDefinition] = [],
        retention: Located<Milliseconds>? = nil, publishesLate: Bool = false
    ) {
        self.retention = retention
        self.publishesLate = publishesLate
        self.name = name
        self.sources = sources
        self.window = window
        self.processing = processing
        self.patterns = patterns
    }

    /// The first step that joins the sources with one of them.
    var join: JoinDefinition? {
        for case .joinWith(let join) in processing { return join }
        return nil
    }
}

/// Where events come from, and how their event time is judged.
package struct SourceDefinition: Sendable {
    /// Only devices of this group; nil for every device that the topic matches.
    package var group: Located<String>?
    /// `telemetry/+/temperature`: `+` is one segment, a final `#` any number.
    package var topic: Located<String>
    /// Field name to what fills it: `topic[1]`, `payload.value`, `payload.{property}`.
    package var mapping: [(field: Located<String>, path: Located<String>)]
    /// How far behind the newest event another may be and still count.
    package var lateness: Milliseconds
    /// Silence on the clock after which the source no longer holds the watermark back.
    package var idleTimeout: Milliseconds
    /// `payload.seq`: the device's own number of the event. An event with a number that the device
    /// has given before is dropped, and events of one time are in the order of their numbers.
    package var sequence: Located<String>?
    /// Fields whose values are converted, from the unit of each device's model.
    package var units: [(field: Located<String>, unit: Unit)] = []
    /// Where events come from if not from devices; then there is no topic.
    package var upstream: Upstream?

    /// What another stream puts out.
    package enum Upstream: Sendable {
        /// The rows of a stream's window, each at the window's end.
        case stream(Located<String>)
        /// A pattern's matches.
        case pattern(Located<String>)

        package var name: Located<String> {
            switch self {
            case .stream(let name), .pattern(let name): name
            }
        }
    }

    /// What the source is called where another is joined with it.
    var joinName: String { upstream?.name.value ?? topic.value }

    /// Takes what another stream puts out: all its fields, if `mapping` names none.
    package init(
        _ upstream: Upstream, mapping: [(field: Located<String>, path: Located<String>)] = []
    ) {
        self.init(topic: Located("", at: upstream.name.place), mapping: mapping, lateness: .zero)
        self.upstream = upstream
    }

    package init(
        group: Located<String>? = nil, topic: Located<String>,
        mapping: [(field: Located<String>, path: Located<String>)],
        lateness: Milliseconds = .seconds(5), idleTimeout: Milliseconds = .seconds(30)
    ) {
        self.group = group
        self.topic = topic
        self.mapping = mapping
        self.lateness = lateness
        self.idleTimeout = idleTimeout
    }
}

/// How rows are gathered before they are aggregated.
package struct WindowDefinition: Sendable {
    package var kind: Kind
    /// Moves the bounds of tumbling and hopping windows, which are aligned to the epoch.
    package var offset: Milliseconds
    package var place: Place

    package enum Kind: Hashable, Sendable {
        /// `[start, start + size)`, one behind the other.
        case tumbling(size: Milliseconds)
        /// `[start, start + size)`, one beginning every so often.
        case hopping(size: Milliseconds, every: Milliseconds)
        /// A row joins its key's session iff it comes less than `gap` after the row before, and
        /// less than `longest` after the first. The session closes at the last row plus `gap`, or
        /// at its greatest length.
        case session(gap: Milliseconds, longest: Milliseconds?)
        /// So many rows of the key, in the total order.
        case count(Int)
        /// `(t - span, t]` for every row, t being its time.
        case sliding(Milliseconds)
    }

    package init(_ kind: Kind, offset: Milliseconds = .zero, at place: Place = .unknown) {
        self.kind = kind
        self.offset = offset
        self.place = place
    }

    /// A tumbling window.
    package init(size: Milliseconds, offset: Milliseconds = .zero, at place: Place = .unknown) {
        self.init(.tumbling(size: size), offset: offset, at: place)
    }

    /// The time it covers; a session's gap, and nothing for a count.
    package var size: Milliseconds {
        switch kind {
        case .tumbling(let size), .hopping(let size, _), .sliding(let size): size
        case .session(let gap, _): gap
        case .count: .zero
        }
    }
}

/// One step between a source and the patterns. Behind an aggregate a device's rows are those of a
/// key.
package enum ProcessingDefinition: Sendable {
    case filter(expression: Located<String>)
    case aggregate(by: [Located<String>], functions: [AggregateDefinition])
    /// Adds or replaces a column.
    case derive(name: Located<String>, expression: Located<String>)
    /// Adds a column that rows are to be grouped by; there is none of that name yet.
    case group(name: Located<String>, expression: Located<String>)
    /// Adds tags of the device as columns.
    case enrich(tags: [Located<String>])
    /// Drops rows that are alike in these columns, or in all and of one device, less than `within`
    /// after one that passed; nil for those of one time.
    case deduplicate(by: [Located<String>], within: Milliseconds?, at: Place)
    /// Drops a device's rows whose value is within a band around the last that passed.
    case deadband(field: Located<String>, Band)
    /// Puts out a device's new value when it has lasted so long, at that moment.
    case debounce(field: Located<String>, for: Milliseconds)
    /// Keeps one row of a device of each period, aligned to the epoch; the last comes out at the
    /// period's end, and with that time.
    case sample(every: Milliseconds, keep: Kept, at: Place)
    /// Adds the change of a field since the device's row before, in such a time.
    case rate(field: Located<String>, name: Located<String>, per: Milliseconds)

    /// Adds columns of a reference table.
    case lookup(LookupDefinition)
    /// Joins the stream's other sources with one of them.
    case joinWith(JoinDefinition)
    /// As-of join: fields that an event lacks are those of the latest event alike in `on` (or of
    /// the same device) that has them and is less than `within` older.
    case join(fields: [Located<String>], on: [Located<String>], within: Milliseconds, at: Place)

    /// How far from the last value that passed another must be to pass: more than this.
    package enum Band: Hashable, Sendable {
        case absolute(Double)
        /// Of the last value.
        case percent(Double)
    }

    /// Which row of a period.
    package enum Kept: String, Hashable, CaseIterable, Sendable { case first, last }
}

/// What a step takes from a reference table.
package struct LookupDefinition: Sendable {
    package var table: Located<String>
    /// By column of the table's key the event's field; by default those of the same names.
    package var on: [(column: Located<String>, field: Located<String>)]
    /// By field the table's column; by default all.
    package var fields: [(field: Located<String>, column: Located<String>)]

    package init(
        table: Located<String>, on: [(column: Located<String>, field: Located<String>)] = [],
        fields: [(field: Located<String>, column: Located<String>)] = []
    ) {
        self.table = table
        self.on = on
        self.fields = fields
    }
}

/// Which events of a stream's sources make one.
package struct JoinDefinition: Sendable {
    /// A source by its topic, or by the stream or pattern it follows: its events are partners of
    /// the other sources' events.
    package var with: Located<String>
    /// Events alike in these fields; those of one device where there are none.
    package var by: [Located<String>]
    package var kind: Kind
    /// Whether an event without a partner comes out too.
    package var keepsUnmatched: Bool
    package var place: Place

    package enum Kind: Sendable {
        /// The partner's time is in `[t - before, t + after)`. What is joined has the later time,
        /// and what is unmatched the time `t + after`.
        case interval(before: Milliseconds, after: Milliseconds)
        /// The partner is in the same tumbling or hopping window. What comes out has the time of
        /// the window's end.
        case window(WindowDefinition)
    }

    package init(
        with: Located<String>, by: [Located<String>] = [], _ kind: Kind,
        keepsUnmatched: Bool = false, at place: Place = .unknown
    ) {
        self.with = with
        self.by = by
        self.kind = kind
        self.keepsUnmatched = keepsUnmatched
        self.place = place
    }
}

/// `{name: avg_temp, function: avg, field: temperature}`.
package struct AggregateDefinition: Sendable {
    package var name: Located<String>
    package var function: Located<String>
    /// Nil for `count`, which counts rows.
    package var field: Located<String>?
    /// In place of a field: computed of each row. Of a condition `count` counts where it is true.
    package var expression: Located<String>?
    /// The second field, for `correlation`.
    package var by: Located<String>?
    /// For `percentile`: which, from 0 to 1.
    package var quantile: Double?

    package init(
        name: Located<String>, function: Located<String>, field: Located<String>? = nil,
        expression: Located<String>? = nil, by: Located<String>? = nil, quantile: Double? = nil
    ) {
        self.expression = expression
        self.name = name
        self.function = function
        self.field = field
        self.by = by
        self.quantile = quantile
    }
}

/// A condition to watch for, and what to do when it is met.
package struct PatternDefinition: Sendable {
    package var name: Located<String>
    package var condition: Located<String>
    package var actions: [Located<String>]
    /// True for `priority: critical`: decided and acted upon in the turn the event arrives.
    package var isCritical: Bool
    /// Whether what began to match and ran out of its time is reported too.
    package var reportsTimeouts = false

    package init(
        name: Located<String>, condition: Located<String>, actions: [Located<String>] = [],
        isCritical: Bool = false
    ) {
        self.name = name
        self.condition = condition
        self.actions = actions
        self.isCritical = isCritical
    }
}

/// A telemetry aggregation as it is written: metrics over a group, by dimension, in several
/// windows.
package struct AggregationDefinition: Sendable {
    package var name: Located<String>
    package var sources: [SourceDefinition]
    /// Tag names (`building`), `device_id`, `group`, or one of `groupings`.
    package var dimensions: [Located<String>]
    /// Dimensions that are expressions over an event.
    package var groupings: [(name: Located<String>, expression: Located<String>)] = []
    package var metrics: [AggregateDefinition]
    package var windows: [(name: Located<String>, window: WindowDefinition)]
    /// How long after their end windows are kept, so that a late event revises them; nil if none
    /// does.
    package var retention: Located<Milliseconds>?
    /// Whether late events, beside being counted, are published.
    package var publishesLate = false
    /// Expressions over metrics, dimensions and the indicators above.
    package var indicators: [(name: Located<String>, expression: Located<String>)]

    package init(
        name: Located<String>, sources: [SourceDefinition], dimensions: [Located<String>],
        metrics: [AggregateDefinition],
        windows: [(name: Located<String>, window: WindowDefinition)],
        indicators: [(name: Located<String>, expression: Located<String>)] = []
    ) {
        self.indicators = indicators
        self.name = name
        self.sources = sources
        self.dimensions = dimensions
        self.metrics = metrics
        self.windows = windows
    }
}
